//! The steps of a build: the recipe's commands, and the user's commands between them.

use buildout_recipe::{Error, Options};
use shared_parts::filled;

use crate::template::expand;
use crate::values::words;

/// One step of a build.
pub(crate) struct BuildPhase {
    /// Its name in messages.
    pub(crate) name: &'static str,
    /// Its shell commands.
    pub(crate) command: String,
}

/// The recipe's shell commands, in which `%(NAME)s` is replaced by an option of the part.
#[derive(Debug)]
pub struct ShellCommands {
    /// Configures the sources.
    pub configure: String,
    /// Builds them.
    pub make: String,
    /// Installs the result.
    pub install: String,
    /// The absolute path of the installation, if it is not in the location.
    pub prefix: Option<String>,
}

/// The start of each `make` command, from `make-binary` and `make-options`.
///
/// # Errors
/// If an option cannot be read.
pub fn make(options: &Options) -> Result<String, Error> {
    let program = filled(options, "make-binary")?.unwrap_or_else(|| "make".to_owned());
    Ok(format!("{program} {}", words(options, "make-options", "")?).trim_end().to_owned())
}

/// All steps with commands, in order.
pub(crate) fn phases(options: &Options, commands: &ShellCommands) -> Result<Vec<BuildPhase>, Error> {
    let written = |name: &str| Ok::<_, Error>(filled(options, name)?.unwrap_or_default());
    let all = [
        ("pre-configure", written("pre-configure")?),
        ("configure", commands.configure.clone()),
        ("pre-build", written("pre-build")?),
        ("make", commands.make.clone()),
        ("pre-install", written("pre-install")?),
        ("make install", commands.install.clone()),
        ("post-install", written("post-install")?),
    ];
    let mut phases = Vec::new();
    for (name, command) in all {
        let command = expand(&command, &format!("The command of {name}"), |name| options.get(name))?;
        if !command.trim().is_empty() {
            phases.push(BuildPhase { name, command: command.trim().to_owned() });
        }
    }
    Ok(phases)
}
