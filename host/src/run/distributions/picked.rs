//! The report about versions without a pin: `show-picked-versions` and `update-versions-file`.

use std::io::Write as _;
use std::path::Path;

use base::event::{Event, Level, Report};
use base::files::FileError;
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
    if buildout.get("buildout", "show-picked-versions")?.as_deref() == Some("true") {
        say("Versions had to be automatically picked.");
        say("The following part definition lists the versions picked:");
        say(&lines.join("\n"));
    }
    let file = buildout.get("buildout", "update-versions-file")?.unwrap_or_default();
    if !file.is_empty() {
        let path = directory.join(&file);
        append(&path, &lines).map_err(FileError::of("write", &path))?;
        say(&format!("Picked versions have been written to {file}"));
    }
    Ok(())
}

/// Appends the lines to a file of versions; an existing one has its section already, and perhaps some of the lines.
fn append(path: &Path, lines: &[String]) -> std::io::Result<()> {
    let known = match std::fs::read_to_string(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        read => Some(read?),
    };
    let (heading, lines): (_, Vec<&str>) = match &known {
        Some(known) => {
            let is_new = |line: &&str| !known.lines().any(|known| known.trim_end() == *line);
            ("\n# Added by buildout-host\n", lines[1..].iter().map(String::as_str).filter(is_new).collect())
        }
        None => ("", lines.iter().map(String::as_str).collect()),
    };
    if lines.is_empty() {
        return Ok(());
    }
    let mut file = std::fs::OpenOptions::new().append(true).create(true).open(path)?;
    file.write_all(format!("{heading}{}\n", lines.join("\n")).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::append;

    #[test]
    fn a_line_is_written_once() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("versions.cfg");
        let lines =
            |names: &[&str]| ["[versions]"].iter().chain(names).map(|line| (*line).to_owned()).collect::<Vec<_>>();
        for names in [&["a = 1"][..], &["a = 1"], &["a = 1", "b = 2"]] {
            append(&path, &lines(names)).unwrap();
        }
        let written = std::fs::read_to_string(&path).unwrap();
        assert_eq!(written, "[versions]\na = 1\n\n# Added by buildout-host\nb = 2\n");
    }
}
