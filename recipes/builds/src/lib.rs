//! How built-in recipes build software: they provide and patch the sources, then run shell commands, one shell for each
//! step, in the part's build directory.
//!
//! `settings` reads the options that all such parts have, [`options`] describes them, `phases` are the steps, `inputs`
//! lists what decides the result, and `build` does the work; the other modules support these. A recipe provides the
//! commands ([`ShellCommands`]) and checks of the result ([`Checks`]). Knows nothing about particular software.

mod build;
mod environment;
mod inputs;
pub mod options;
mod phases;
mod reproduce;
mod settings;
mod shebang;
mod sources;
mod template;
mod values;

pub use build::Checks;
pub use phases::{ShellCommands, make};
pub use settings::BuildSettings;
pub use values::{decide, words};
