//! The Python behind a shim of pyenv: a shell script that chooses a Python by files of the working directory. It takes much
//! longer to answer than the Python itself.

use std::path::{Path, PathBuf};

use base::environment::Environment;

/// The longest file that names versions, in bytes.
const LONGEST: u64 = 4 << 10;

/// The file with the version for a directory and those below it.
const LOCAL: &str = ".python-version";

/// The Python that a shim starts in an environment, whose variables come before files. `None` as for [`behind_shim`].
pub fn started_by_shim(program: &Path, environment: &Environment) -> Option<PathBuf> {
    let variable = |name: &str| environment.variables.get(name).filter(|value| !value.is_empty());
    match (variable("PYENV_VERSION"), variable("PYENV_DIR")) {
        (Some(named), _) => of_version(program, &root_of_shim(program)?, named),
        (None, Some(directory)) => behind_shim(program, &environment.directory.join(directory)),
        (None, None) => behind_shim(program, &environment.directory),
    }
}

/// The Python that a shim would start in `directory`, without variables of pyenv. `None` if `executable` is not a shim, or if
/// that is not certain.
pub fn behind_shim(executable: &Path, directory: &Path) -> Option<PathBuf> {
    let root = root_of_shim(executable)?;
    let local = directory.ancestors().map(|directory| directory.join(LOCAL)).find(|file| file.exists());
    let named = base::files::read_at_most(&local.unwrap_or_else(|| root.join("version")), LONGEST).ok()?;
    of_version(executable, &root, &String::from_utf8(named).ok()?)
}

/// The directory of the pyenv whose shim this is, or leads to if it is a link.
fn root_of_shim(executable: &Path) -> Option<PathBuf> {
    let linked = || executable.is_symlink().then(|| executable.canonicalize().ok()).flatten();
    root_of_file(executable).or_else(|| root_of_file(&linked()?))
}

fn root_of_file(executable: &Path) -> Option<PathBuf> {
    let root = executable.parent().filter(|parent| parent.ends_with("shims"))?.parent()?;
    let text = String::from_utf8(base::files::read_at_most(executable, LONGEST).ok()?).ok()?;
    let starts = format!("exec \"{}\" exec", root.join("libexec/pyenv").display());
    (text.starts_with("#!") && text.contains(&starts)).then(|| root.to_owned())
}

/// The program of the version that a file or a variable names.
fn of_version(executable: &Path, root: &Path, named: &str) -> Option<PathBuf> {
    // Only the first line with a version counts for the first choice; several versions can have several programs.
    let mut versions = named.lines().filter(|line| !line.trim_start().starts_with('#')).flat_map(str::split_whitespace);
    let (version, None) = (versions.next()?, versions.next()) else { return None };
    let is_plain = version.starts_with(|first: char| first.is_ascii_digit())
        && version.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'));
    let program = root.join("versions").join(version).join("bin").join(executable.file_name()?);
    (is_plain && program.is_file()).then_some(program)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_the_nearest_file_counts() {
        let directory = tempfile::tempdir().unwrap();
        let at = |path: &str| directory.path().join(path);
        let write = |path: &str, text: &str| {
            std::fs::create_dir_all(at(path).parent().unwrap()).unwrap();
            std::fs::write(at(path), text).unwrap();
        };
        let shim = at("pyenv/shims/python3");
        write(
            "pyenv/shims/python3",
            &format!("#!/bin/bash\nexec \"{}\" exec x\n", at("pyenv/libexec/pyenv").display()),
        );
        write("pyenv/shims/other", "#!/bin/bash\n");
        for version in ["3.11.7", "3.12.1"] {
            write(&format!("pyenv/versions/{version}/bin/python3"), "");
        }
        write("pyenv/version", "3.11.7\n");
        write("project/inner/file", "");
        let t = |directory: &str| behind_shim(&shim, &at(directory));
        assert_eq!(t("project/inner"), Some(at("pyenv/versions/3.11.7/bin/python3")));
        write("project/.python-version", "# chosen\n3.12.1\n");
        assert_eq!(t("project/inner"), Some(at("pyenv/versions/3.12.1/bin/python3")));
        for uncertain in ["3.12.1 3.11.7\n", "3.12.1\n3.11.7\n", "3.12\n", "system\n", "../../x\n", ""] {
            write("project/.python-version", uncertain);
            assert_eq!(t("project/inner"), None, "{uncertain:?}");
        }
        assert_eq!(behind_shim(&at("pyenv/shims/other"), &at("project")), None);
        // A link in a directory of the `PATH` leads to the shim.
        std::os::unix::fs::symlink(&shim, at("project/python3")).unwrap();
        let linked = behind_shim(&at("project/python3"), &at("other"));
        assert_eq!(linked, Some(at("pyenv/versions/3.11.7/bin/python3")));
        assert_eq!(behind_shim(&at("pyenv/versions/3.11.7/bin/python3"), &at("project")), None);
    }
}
