//! What an editor asks about configurations: errors, definitions, references, values, completions, formatting.
//!
//! Pure: knows no protocol, starts no recipe, opens no network connection. Files come from a [`config::Reader`]; texts that
//! an editor has open take the place of files ([`Documents`]). What recipes say of themselves comes from a [`RecipeCatalog`].

mod analysis;
mod complete;
mod definition;
mod diagnose;
mod documents;
mod format;
mod hover;
mod macros;
mod outlines;
mod position;
mod project;
mod recipes;
mod references;
mod rename;
mod symbol;
mod tolerant;

#[cfg(test)]
mod tests;

pub use analysis::Analysis;
pub use complete::{Completion, CompletionKind};
pub use diagnose::{Diagnostic, Severity};
pub use documents::Documents;
pub use format::format;
pub use outlines::{FileLink, OutlineSymbol};
pub use position::{Position, offset_of, position_of};
pub use project::{Project, ProjectSettings};
pub use recipes::{OptionDocumentation, RecipeCatalog, RecipeDocumentation, ValueForm};
pub use rename::RenameError;

/// A place in a file.
#[derive(Clone, Debug)]
pub struct Spot {
    /// The file.
    pub path: std::path::PathBuf,
    /// Its text, and the span in it.
    pub place: base::source::Place,
}

impl Spot {
    fn new(source: &std::sync::Arc<base::source::Source>, range: std::ops::Range<usize>) -> Self {
        Self { path: source.name.clone().into(), place: base::source::Place::new(source, range) }
    }

    /// A place in a file of the file system; a URL is none.
    fn of(place: &base::source::Place) -> Option<Self> {
        let path = std::path::PathBuf::from(&place.source.name);
        path.is_absolute().then(|| Self { path, place: place.clone() })
    }
}
