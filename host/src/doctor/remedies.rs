//! How a missing program is installed, for each package manager.

use super::system::PackageManager;

/// A program that buildouts use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BuildTool {
    Compiler,
    Make,
    Patch,
    Python,
    PythonHeaders,
}

/// What to do to have the tool.
pub(super) fn install(tool: BuildTool, packages: PackageManager) -> String {
    let Some(command) = command(packages) else {
        return format!("Install {} with the package manager of this distribution.", plain(tool));
    };
    format!("Install {}: {command} {}", plain(tool), names(tool, packages))
}

fn command(packages: PackageManager) -> Option<&'static str> {
    Some(match packages {
        PackageManager::Apt => "apt-get install",
        PackageManager::Dnf => "dnf install",
        PackageManager::Apk => "apk add",
        PackageManager::Pacman => "pacman -S",
        PackageManager::Zypper => "zypper install",
        PackageManager::Unknown => return None,
    })
}

fn plain(tool: BuildTool) -> &'static str {
    match tool {
        BuildTool::Compiler => "a C compiler and the headers of the C library",
        BuildTool::Make => "GNU make",
        BuildTool::Patch => "patch",
        BuildTool::Python => "Python 3",
        BuildTool::PythonHeaders => "the Python headers",
    }
}

fn names(tool: BuildTool, packages: PackageManager) -> &'static str {
    match (tool, packages) {
        (BuildTool::Compiler, PackageManager::Apt) => "gcc g++ libc6-dev",
        (BuildTool::Compiler, PackageManager::Apk) => "gcc g++ musl-dev",
        (BuildTool::Compiler, PackageManager::Pacman) => "gcc",
        (BuildTool::Compiler, _) => "gcc gcc-c++ glibc-devel",
        (BuildTool::Make, _) => "make",
        (BuildTool::Patch, _) => "patch",
        (BuildTool::Python | BuildTool::PythonHeaders, PackageManager::Pacman) => "python",
        (BuildTool::Python, _) => "python3",
        (BuildTool::PythonHeaders, PackageManager::Apt | PackageManager::Apk) => "python3-dev",
        (BuildTool::PythonHeaders, _) => "python3-devel",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_distribution_gets_its_own_command() {
        let t = |packages, expected: &str| assert!(install(BuildTool::Compiler, packages).ends_with(expected));
        t(PackageManager::Apt, ": apt-get install gcc g++ libc6-dev");
        t(PackageManager::Dnf, ": dnf install gcc gcc-c++ glibc-devel");
        t(PackageManager::Apk, ": apk add gcc g++ musl-dev");
        t(PackageManager::Pacman, ": pacman -S gcc");
        t(PackageManager::Unknown, "with the package manager of this distribution.");
    }
}
