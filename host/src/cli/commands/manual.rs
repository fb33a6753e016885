//! `man-pages`: writes the manual pages, for packages.

use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use clap_mangen::Man;

use super::PROGRAM;
use crate::cli::program::Program;
use crate::run::RunError;
use base::source::Explain;

/// `buildout-host man-pages`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  buildout-host man-pages ~/.local/share/man/man1")]
pub(in crate::cli) struct ManualArguments {
    /// The directory for the pages; created if it does not exist
    directory: PathBuf,
}

/// The pages cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("Cannot write manual pages to {directory}: {cause}")]
struct UnwritablePages {
    directory: String,
    cause: io::Error,
}

impl Explain for UnwritablePages {}

pub(super) fn execute(
    program: &Program,
    arguments: &ManualArguments,
    mut command: clap::Command,
) -> Result<(), RunError> {
    let directory = program.path(&arguments.directory);
    command.build();
    let written = std::fs::create_dir_all(&directory).and_then(|()| write(command, PROGRAM.to_owned(), &directory));
    Ok(written.map_err(|cause| UnwritablePages { directory: directory.display().to_string(), cause })?)
}

/// The page of a command, and those of its subcommands.
fn write(command: clap::Command, name: String, directory: &Path) -> io::Result<()> {
    for subcommand in command.get_subcommands().filter(|subcommand| !subcommand.is_hide_set()) {
        write(subcommand.clone(), format!("{name}-{}", subcommand.get_name()), directory)?;
    }
    let mut page = Vec::new();
    // `run` is shown under the name of the program, but has a separate page.
    Man::new(command.display_name(name.clone())).title(name.clone()).render(&mut page)?;
    std::fs::write(directory.join(name + ".1"), page)
}
