//! The report about versions without a pin: `show-picked-versions` and `update-versions-file`.

use std::io;
use std::path::Path;

use base::event::{Event, Level, Report};
use base::files::{FileError, read_string, replace};
use config::options::Buildout;
use distributions::resolve::{Picked, picked_lines};

use super::error::NoDistributions;

/// Reports the versions that were picked in a run, as the buildout requests it.
pub(super) fn report(
    picked: &[Picked],
    buildout: &Buildout,
    directory: &Path,
    report: &dyn Report,
) -> Result<(), NoDistributions> {
    if picked.is_empty() {
        return Ok(());
    }
    let say = |text: &str| report.report(Event::Text { level: Level::Info, text: &format!("{text}\n") });
    let lines = picked_lines(picked);
    if buildout.get("buildout", "show-picked-versions")?.is_some_and(|value| value.trim() == "true") {
        say("Versions had to be automatically picked.");
        say("The following part definition lists the versions picked:");
        say(&lines.join("\n"));
    }
    let file = buildout.get("buildout", "update-versions-file")?.unwrap_or_default();
    if !file.is_empty() {
        let path = directory.join(&file);
        append(directory, &path, &lines)?;
        say(&format!("Picked versions have been written to {file}"));
    }
    Ok(())
}

/// Appends the lines to a file of versions; an existing one has its section already, and perhaps some of the lines. The
/// file is replaced as a whole, and no link is followed in the buildout: a recipe may have made it.
fn append(directory: &Path, path: &Path, lines: &[String]) -> Result<(), FileError> {
    let mut within = path.ancestors().take_while(|way| *way != directory && way.starts_with(directory));
    if let Some(link) = within.find(|way| way.is_symlink()) {
        let message = "it is a symbolic link, and the file of versions is not written through links";
        return Err(FileError::of("write through", link)(io::Error::other(message)));
    }
    let written = match read_string(path) {
        Ok(before) => {
            let is_new = |line: &&str| !before.lines().any(|known| known.trim_end() == *line);
            let new: Vec<&str> = lines[1..].iter().map(String::as_str).filter(is_new).collect();
            if new.is_empty() {
                return Ok(());
            }
            format!("{before}\n# Added by buildout-host\n{}\n", new.join("\n"))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => format!("{}\n", lines.join("\n")),
        Err(error) => return Err(FileError::of("read", path)(error)),
    };
    replace(path, written.as_bytes()).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(names: &[&str]) -> Vec<String> {
        ["[versions]"].iter().chain(names).map(|line| (*line).to_owned()).collect()
    }

    #[test]
    fn a_line_is_written_once() {
        let space = tempfile::tempdir().unwrap();
        let path = space.path().join("versions.cfg");
        for names in [&["a = 1"][..], &["a = 1"], &["a = 1", "b = 2"]] {
            append(space.path(), &path, &lines(names)).unwrap();
        }
        let written = std::fs::read_to_string(&path).unwrap();
        assert_eq!(written, "[versions]\na = 1\n\n# Added by buildout-host\nb = 2\n");
    }

    #[test]
    fn versions_are_not_written_through_links() {
        let space = tempfile::tempdir().unwrap();
        let root = space.path();
        let t = |name: &str| append(&root.join("b"), &root.join("b").join(name), &lines(&["a = 1"]));
        std::fs::create_dir_all(root.join("b/real")).unwrap();
        std::fs::create_dir(root.join("outside")).unwrap();
        std::fs::write(root.join("outside/decoy"), "precious").unwrap();
        std::os::unix::fs::symlink(root.join("outside/decoy"), root.join("b/link.cfg")).unwrap();
        std::os::unix::fs::symlink(root.join("outside"), root.join("b/directory")).unwrap();
        assert!(t("link.cfg").unwrap_err().to_string().contains("link.cfg"));
        assert!(t("directory/new.cfg").is_err() && !root.join("outside/new.cfg").exists());
        assert_eq!(std::fs::read_to_string(root.join("outside/decoy")).unwrap(), "precious");
        t("real/v.cfg").unwrap();
        assert_eq!(std::fs::read_to_string(root.join("b/real/v.cfg")).unwrap(), "[versions]\na = 1\n");
    }
}
