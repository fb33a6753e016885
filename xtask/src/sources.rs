//! Upstream sources that the tests build, fetched as Debian's source packages from where this machine has its packages.
//!
//! No mirror is named here: the machine's own package sources are read, and asked for sources instead of packages.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::workspace::{CommandFailure, Workspace, run};

/// Source packages.
const SOURCES: [&str; 8] = ["hello", "zlib", "xz-utils", "libpng1.6", "m4", "libtool", "libffi", "python3.11"];

/// Where the archives lie.
pub fn directory(workspace: &Workspace) -> PathBuf {
    workspace.target.join("sources")
}

/// Fetches the archives that are not there yet. `false` where the machine has no apt.
pub fn sources(workspace: &Workspace) -> Result<bool, CommandFailure> {
    let directory = directory(workspace);
    let missing: Vec<&str> =
        SOURCES.into_iter().filter(|name| find_archive(&directory, &format!("{name}_")).is_none()).collect();
    if missing.is_empty() {
        return Ok(true);
    }
    if !Path::new("/etc/apt").is_dir() {
        return Ok(false);
    }
    eprintln!("xtask: fetching the sources that tests build: {}", missing.join(" "));
    let apt = Apt::new(workspace.target.join("apt"))?;
    run(apt.get(["update", "-qq"]).current_dir(&apt.directory))?;
    fs::create_dir_all(&directory).map_err(|error| cannot("create", &directory, &error))?;
    run(apt.get(["source", "--download-only", "-qq"]).args(&missing).current_dir(&directory))?;
    Ok(true)
}

/// The upstream archive of a source package.
pub fn archive(workspace: &Workspace, package: &str) -> Result<PathBuf, CommandFailure> {
    let directory = directory(workspace);
    find_archive(&directory, &format!("{package}_"))
        .ok_or_else(|| CommandFailure::new(format!("No archive of {package} in {}", directory.display())))
}

fn find_archive(directory: &Path, begin: &str) -> Option<PathBuf> {
    let is_archive = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with(begin) && name.contains(".orig.tar.") && !name.ends_with(".asc")
    };
    fs::read_dir(directory).ok()?.flatten().map(|entry| entry.path()).find(is_archive)
}

/// apt with separate lists, so that the machine's are left as they are and no rights are needed.
struct Apt {
    directory: PathBuf,
}

impl Apt {
    fn new(directory: PathBuf) -> Result<Self, CommandFailure> {
        for name in ["lists/partial", "cache/archives/partial", "entries"] {
            let path = directory.join(name);
            fs::create_dir_all(&path).map_err(|error| cannot("create", &path, &error))?;
        }
        let suite = suite(&fs::read_to_string("/etc/os-release").unwrap_or_default());
        let entries = directory.join("entries");
        for (place, text) in entry_files() {
            let name = place.file_name().unwrap_or_default();
            let text = if place.extension().is_some_and(|extension| extension == "sources") {
                stanzas(&text, &suite)
            } else {
                lines(&text, &suite)
            };
            let path = entries.join(name);
            fs::write(&path, text).map_err(|error| cannot("write", &path, &error))?;
        }
        Ok(Self { directory })
    }

    fn get<const N: usize>(&self, arguments: [&str; N]) -> Command {
        let mut command = Command::new("apt-get");
        let at = |option: &str, name: &str| format!("{option}={}", self.directory.join(name).display());
        for option in [
            "Dir::Etc::SourceList=/dev/null".to_owned(),
            at("Dir::Etc::SourceParts", "entries"),
            at("Dir::State::Lists", "lists"),
            at("Dir::Cache", "cache"),
            "Acquire::Languages=none".to_owned(),
            "APT::Sandbox::User=".to_owned(),
        ] {
            command.arg("-o").arg(option);
        }
        command.args(arguments);
        command
    }
}

/// The machine's files of package sources.
fn entry_files() -> Vec<(PathBuf, String)> {
    let mut files = vec![PathBuf::from("/etc/apt/sources.list")];
    if let Ok(entries) = fs::read_dir("/etc/apt/sources.list.d") {
        files.extend(entries.flatten().map(|entry| entry.path()));
    }
    files.into_iter().filter_map(|path| Some((path.clone(), fs::read_to_string(path).ok()?))).collect()
}

/// The suite of the distribution itself: other entries of a machine rarely have sources.
fn suite(os_release: &str) -> String {
    let value = os_release.lines().find_map(|line| line.strip_prefix("VERSION_CODENAME=")).unwrap_or_default();
    value.trim_matches('"').to_owned()
}

/// The entries of one file in deb822 style, asking for sources.
fn stanzas(text: &str, suite: &str) -> String {
    let is_suite = |line: &str| line.starts_with("Suites:") && line.split_whitespace().any(|word| word == suite);
    let wanted = text.split("\n\n").filter(|stanza| stanza.lines().any(is_suite));
    let ask = |line: &str| if line.starts_with("Types:") { "Types: deb-src\n".to_owned() } else { format!("{line}\n") };
    wanted.map(|stanza| stanza.lines().map(ask).collect::<String>() + "\n").collect()
}

/// The entries of one file in the one-line style, asking for sources.
fn lines(text: &str, suite: &str) -> String {
    let wanted = text.lines().filter(|line| line.split_whitespace().any(|word| word == suite));
    wanted.filter_map(|line| Some(format!("deb-src {}\n", line.strip_prefix("deb ")?))).collect()
}

fn cannot(what: &str, path: &Path, error: &std::io::Error) -> CommandFailure {
    CommandFailure::new(format!("Cannot {what} {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::{lines, stanzas, suite};

    #[test]
    fn the_machines_entries_are_asked_for_sources() {
        assert_eq!(suite("NAME=x\nVERSION_CODENAME=bookworm\n"), "bookworm");
        let entries = "Types: deb\nURIs: http://mirror/debian\nSuites: bookworm bookworm-updates\n\n\
                       Types: deb\nURIs: http://other\nSuites: nodistro\n";
        let expected = "Types: deb-src\nURIs: http://mirror/debian\nSuites: bookworm bookworm-updates\n\n";
        assert_eq!(stanzas(entries, "bookworm"), expected);
        let entries = "# comment\ndeb [arch=amd64] http://mirror/debian bookworm main\ndeb http://other stable main\n";
        assert_eq!(lines(entries, "bookworm"), "deb-src [arch=amd64] http://mirror/debian bookworm main\n");
    }
}
