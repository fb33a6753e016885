//! The Python behind a shim of pyenv: a shell script that chooses a Python by files of the working directory. It takes much
//! longer to answer than the Python itself.

use std::path::{Path, PathBuf};

use base::environment::Environment;

/// The longest file that names versions, in bytes.
const LONGEST: u64 = 4 << 10;

/// The file with the version for a directory and those below it.
const LOCAL: &str = ".python-version";

/// The Python that a shim starts in an environment: variables may choose it, too, and then it is not known.
pub fn started_by_shim(program: &Path, environment: &Environment) -> Option<PathBuf> {
    let is_chosen = ["PYENV_VERSION", "PYENV_DIR"].iter().any(|name| environment.variables.contains_key(*name));
    if is_chosen { None } else { behind_shim(program, &environment.directory) }
}

/// The Python that a shim would start in `directory`, without variables of pyenv. `None` if `executable` is not a shim, or if
/// that is not certain.
pub fn behind_shim(executable: &Path, directory: &Path) -> Option<PathBuf> {
    let shims = executable.parent().filter(|parent| parent.ends_with("shims"))?;
    let text = String::from_utf8(base::files::read_at_most(executable, LONGEST).ok()?).ok()?;
    let root = shims.parent()?;
    let starts = format!("exec \"{}\" exec", root.join("libexec/pyenv").display());
    if !text.starts_with("#!") || !text.contains(&starts) {
        return None;
    }
    let local = directory.ancestors().map(|directory| directory.join(LOCAL)).find(|file| file.exists());
    let named = base::files::read_at_most(&local.unwrap_or_else(|| root.join("version")), LONGEST).ok()?;
    let named = String::from_utf8(named).ok()?;
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
        assert_eq!(behind_shim(&at("pyenv/versions/3.11.7/bin/python3"), &at("project")), None);
    }
}
