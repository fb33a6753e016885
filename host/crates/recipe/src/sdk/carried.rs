//! The files that the host carries for recipe authors. `build.rs` writes the table of the files in `sdk/`.

use std::path::Path;

/// The directory of an SDK in a project.
pub const DIRECTORY: &str = "sdk";

/// A file that the host carries.
#[derive(Clone, Copy, Debug)]
pub(super) struct CarriedFile {
    /// Relative to `sdk/`.
    pub(super) path: &'static str,
    pub(super) contents: &'static [u8],
}

include!(concat!(env!("OUT_DIR"), "/carried.rs"));

/// A language for recipes that the host has an SDK or template for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Rust, with the crate `buildout-recipe`.
    Rust,
    /// Python.
    Python,
    /// JavaScript.
    JavaScript,
    /// C.
    C,
}

impl Language {
    /// All of them, in the order in which they are listed to the user.
    pub(crate) const ALL: [Self; 4] = [Self::Rust, Self::Python, Self::JavaScript, Self::C];

    /// Its name, as typed by the user; also the directory of its SDK.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::Python => "python",
            Self::JavaScript => "javascript",
            Self::C => "c",
        }
    }

    /// The language of that name.
    pub(crate) fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.name() == name)
    }

    /// The files that are copied to `sdk/` of a project: the WIT, and the SDK if there is one.
    pub(super) fn sdk(self) -> impl Iterator<Item = &'static CarriedFile> {
        CARRIED.iter().filter(move |file| {
            let first = Path::new(file.path).components().next().map(|first| first.as_os_str());
            first.is_some_and(|first| first == "wit" || first == self.name())
        })
    }

    /// The template of a project, with paths relative to the project.
    pub(super) fn template(self) -> impl Iterator<Item = (&'static Path, &'static CarriedFile)> {
        let directory = Path::new("templates").join(self.name());
        CARRIED.iter().filter_map(move |file| Some((Path::new(file.path).strip_prefix(&directory).ok()?, file)))
    }
}

/// The files of package `buildout:recipe`: name and text.
pub fn wit() -> impl Iterator<Item = (&'static str, &'static str)> {
    let wit = CARRIED.iter().filter(|file| file.path.starts_with("wit/") && file.path.ends_with(".wit"));
    wit.filter_map(|file| Some((file.path, std::str::from_utf8(file.contents).ok()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sources_are_carried() {
        assert!(wit().any(|(path, text)| path == "wit/world.wit" && text.contains("world recipe")));
        assert!(Language::Rust.sdk().any(|file| file.path == "rust/src/lib.rs"));
        assert!(Language::Rust.sdk().all(|file| !file.path.starts_with("templates/")));
        assert!(Language::Rust.template().any(|(path, _)| path == Path::new("Cargo.toml")));
        let extensions = ["wasm", "pyc", "o", "so"];
        let made = CARRIED
            .iter()
            .filter(|file| extensions.iter().any(|made| Path::new(file.path).extension() == Some(made.as_ref())));
        assert_eq!(made.map(|file| file.path).collect::<Vec<_>>(), [] as [&str; 0]);
    }
}
