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

/// Appends the lines to a file of versions; an existing one has its section already.
fn append(path: &Path, lines: &[String]) -> std::io::Result<()> {
    let (heading, lines) = match path.exists() {
        true => ("\n# Added by buildout-host\n", &lines[1..]),
        false => ("", lines),
    };
    let mut file = std::fs::OpenOptions::new().append(true).create(true).open(path)?;
    file.write_all(format!("{heading}{}\n", lines.join("\n")).as_bytes())
}
