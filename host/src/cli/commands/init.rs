//! `init`: writes the first configuration of a directory, by what is in it already.

use std::io;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::program::Program;
use crate::first::{Beginning, FILE};
use crate::run::RunError;
use base::files::{self, FileError};
use base::source::Explain;

const EXAMPLES: &str = "\
Examples:
  buildout-host init            Write a buildout.cfg that fits this directory
  buildout-host init hello      Create the directory hello, with a first buildout

In a directory with pyproject.toml or setup.py, the buildout installs that project. A file that
exists is never changed.";

/// `buildout-host init`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct InitArguments {
    /// The directory; created if it does not exist
    #[arg(value_name = "DIR", default_value = ".")]
    directory: PathBuf,
}

/// The directory cannot be created.
#[derive(Debug, thiserror::Error)]
#[error("Cannot create the directory {directory}: {cause}")]
struct NoDirectory {
    directory: String,
    cause: io::Error,
}

impl Explain for NoDirectory {}

pub(super) fn execute(program: &Program, arguments: &InitArguments) -> Result<(), RunError> {
    let directory = program.path(&arguments.directory);
    std::fs::create_dir_all(&directory)
        .map_err(|cause| NoDirectory { directory: directory.display().to_string(), cause })?;
    let beginning = Beginning::of(&directory);
    let mut lines = Vec::new();
    if let Some(text) = beginning.configuration() {
        lines.extend(write(&directory, FILE, &text)?);
    }
    lines.extend(write(&directory, ".gitignore", &beginning.ignored())?);
    lines.extend(next(&beginning, &arguments.directory));
    program.printer.text(&lines.join("\n"));
    Ok(())
}

/// Writes a file, if there is none of this name.
fn write(directory: &Path, name: &str, text: &str) -> Result<Option<String>, FileError> {
    let path = directory.join(name);
    if path.symlink_metadata().is_ok() {
        return Ok(None);
    }
    files::create(&path, text.as_bytes(), 0o666)?;
    Ok(Some(format!("Wrote {name}")))
}

/// What to do next.
fn next(beginning: &Beginning, directory: &Path) -> Vec<String> {
    let go = (directory != Path::new(".")).then(|| format!("  cd {}", directory.display()));
    let commands: &[&str] = match beginning {
        Beginning::Buildout => &[
            "  buildout-host plan             shows what would be done, and what each recipe may do",
            "  buildout-host run bootstrap    writes bin/buildout",
            "  bin/buildout                   makes the parts",
        ],
        Beginning::PythonProject { .. } => &[
            "  buildout-host run     installs the project and what it needs",
            "  bin/python            starts a Python that can import all of it",
            "  buildout-host lock    locks the versions in pylock.toml",
        ],
        Beginning::Empty => {
            &["  buildout-host plan    shows what would be done, and why", "  buildout-host run     makes the parts"]
        }
    };
    let first = match beginning {
        Beginning::Buildout => format!("There is a {FILE}: it usually runs as it is. Next:"),
        Beginning::PythonProject { requirement, is_guess: true, file, .. } => {
            format!("{file} does not show the name of the project: correct `eggs = {requirement}` in {FILE}. Next:")
        }
        Beginning::PythonProject { .. } | Beginning::Empty => "Next:".to_owned(),
    };
    std::iter::once(first).chain(go).chain(commands.iter().map(|line| (*line).to_owned())).collect()
}
