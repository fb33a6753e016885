//! A new recipe project, made from a template.
//!
//! The files of a template, and their names, contain `{{name}}` (`acme-notes`), `{{crate_name}}` (`acme_notes`),
//! `{{type_name}}` (`AcmeNotes`) and `{{title}}` (`Acme notes`) as placeholders for the new project's name.

use std::io;
use std::path::{Path, PathBuf};

use super::carried::Language;
use super::name::{self, InvalidName};
use super::unpack::{ProjectFileError, refresh, write};
use base::remedy::Remedy;
use base::source::Explain;

/// The settings of a new project.
#[derive(Clone, Debug)]
pub struct NewProject<'a> {
    /// The recipe package.
    pub name: &'a str,
    /// Its language.
    pub language: Language,
    /// Its directory, absolute: it must be empty or not exist.
    pub directory: &'a Path,
}

/// Why a project was not created.
#[derive(Clone, Debug, thiserror::Error)]
pub enum NewError {
    /// The name is not valid for a package.
    #[error("A recipe package cannot be called {name:?}: {why}")]
    Name {
        /// The name.
        name: String,
        /// The cause.
        why: InvalidName,
    },
    /// The directory is not empty.
    #[error("{} already exists, and is not an empty directory", .0.display())]
    Exists(PathBuf),
    /// buildout-host has no template for that language.
    #[error("buildout-host has no template for {}", .0.name())]
    NoTemplate(Language),
    /// A file could not be written.
    #[error(transparent)]
    Unpack(#[from] ProjectFileError),
}

impl Explain for NewError {
    fn hints(&self) -> Vec<String> {
        match self {
            Self::Name { .. } => vec!["For example: note, acme-notes.".into()],
            Self::Exists(_) | Self::NoTemplate(_) | Self::Unpack(_) => Vec::new(),
        }
    }

    fn remedies(&self) -> Vec<Remedy> {
        if matches!(self, Self::Exists(_)) { vec![Remedy::OtherProjectDirectory] } else { Vec::new() }
    }
}

/// Creates the project; returns its files, relative to its directory, without those of the SDK.
///
/// # Errors
/// When the name is not valid, the directory is not empty, or a file cannot be written.
pub fn create(new: &NewProject<'_>) -> Result<Vec<PathBuf>, NewError> {
    let NewProject { name, language, directory } = new;
    name::check(name).map_err(|why| NewError::Name { name: (*name).to_owned(), why })?;
    let is_free = match std::fs::read_dir(directory) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    };
    if !is_free {
        return Err(NewError::Exists((*directory).to_owned()));
    }
    let names = Names::of(name);
    let mut written = Vec::new();
    for (path, file) in language.template() {
        let path = PathBuf::from(names.put(&path.to_string_lossy()));
        let contents = match std::str::from_utf8(file.contents) {
            Ok(text) => names.put(text).into_bytes(),
            Err(_) => file.contents.to_vec(),
        };
        write(&directory.join(&path), &contents)?;
        written.push(path);
    }
    if written.is_empty() {
        return Err(NewError::NoTemplate(*language));
    }
    refresh(directory, *language)?;
    Ok(written)
}

/// The forms of a project's name.
struct Names([(&'static str, String); 4]);

impl Names {
    fn of(name: &str) -> Self {
        let words: Vec<&str> = name.split('-').collect();
        Self([
            ("{{name}}", name.to_owned()),
            ("{{crate_name}}", words.join("_")),
            ("{{type_name}}", words.iter().map(|word| capitalised(word)).collect()),
            ("{{title}}", capitalised(&words.join(" "))),
        ])
    }

    fn put(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (placeholder, name)| text.replace(placeholder, name))
    }
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_put_in_in_each_form() {
        let text = "{{name}} {{crate_name}} {{type_name}} {{title}} {{{{}}}} ${name}";
        assert_eq!(Names::of("acme-notes").put(text), "acme-notes acme_notes AcmeNotes Acme notes {{{{}}}} ${name}");
    }

    #[test]
    fn a_directory_that_holds_something_is_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("a"), "").unwrap();
        let new = NewProject { name: "note", language: Language::Rust, directory: directory.path() };
        assert!(matches!(create(&new), Err(NewError::Exists(_))));
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
    }
}
