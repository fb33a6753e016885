//! The files that a recipe author starts from: the WIT, the SDKs and the templates, as the host carries them.
//!
//! Knows nothing of how a recipe is built.

mod carried;
mod name;
mod template;
mod unpack;

pub use carried::{DIRECTORY, Language, wit};
pub use template::{NewProject, create};
pub use unpack::refresh;
