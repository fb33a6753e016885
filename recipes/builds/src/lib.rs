//! How built-in recipes build software: sources that are brought and patched, then commands of the shell, one shell for
//! each step, in a build directory of the part's own.
//!
//! `settings` are the options that all such parts have, [`options`] describes them, `phases` are the steps, `build` does
//! the work, the others are parts of these. What is configured and how, a recipe says itself ([`Commands`]), and what it
//! looks at meanwhile ([`Checks`]). Knows nothing of a particular software.

mod build;
mod environment;
pub mod options;
mod phases;
mod reproduce;
mod settings;
mod shebang;
mod sources;
mod template;

pub use build::Checks;
pub use phases::{Commands, make};
pub use settings::{Settings, decide, words};
