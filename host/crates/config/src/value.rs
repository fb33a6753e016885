//! The parts of a configuration: sections, options, and where each option's value comes from.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use super::Location;
use base::collections::{Map, OrderedMap};
use base::source::Place;

/// The result of reading all files, after `extends`, increments and assignments, before macros and substitution.
#[derive(Clone, Debug)]
pub struct Configuration {
    /// The sections, in the order in which they first occur.
    pub sections: OrderedMap<String, Section>,
    /// Whether options are substituted in the style of buildout 1.0: the main file is classic.
    pub classic: bool,
    /// Directory of the main file (the working directory if there is none); displayed paths are relative to it.
    pub directory: PathBuf,
    /// The main file.
    pub(crate) file: Option<Location>,
    /// Every file that was read, including the main one.
    pub files: Vec<PathBuf>,
    /// Where the next run may find more of them: optional files that do not exist, and directories with copies of URLs.
    pub reserved: Vec<PathBuf>,
    /// The working directory, against which a relative `directory` is resolved.
    pub working_directory: PathBuf,
    /// Whether a program has changed it: some values have the origin [`Origin::Program`].
    pub is_changed: bool,
    /// What the user wrote, if a program has changed it.
    pub written: Option<Arc<Self>>,
    /// Notices for the user, although nothing is wrong: optional files that are missing.
    pub notices: Vec<String>,
    /// The files whose displayed name is not their full location: it omits the credentials of URLs.
    pub(super) unnamed: Map<String, Location>,
}

impl Configuration {
    /// Makes `executable` the running Python, unless a file or the command line specifies one.
    pub fn set_default_executable(&mut self, executable: &str) {
        let buildout = self.sections.get_mut("buildout");
        let value = buildout.and_then(|section| section.options.get_mut("executable"));
        if let Some(value) = value.filter(|value| *value.origin() == Origin::Default) {
            *value = Arc::new(OptionValue::set(executable, Origin::Default));
        }
    }

    /// The directory or URL of the file that `place` is in (`_profile_base_location_`).
    pub(crate) fn base_of(&self, place: &Place) -> String {
        let name = &place.source.name;
        match self.unnamed.get(name) {
            Some(location) => location.directory().as_written(),
            None => name.rsplit_once('/').map_or("", |(directory, _)| directory).to_owned(),
        }
    }
}

/// Options before substitution, by name. Names and values are shared between all copies.
pub type Options = OrderedMap<Arc<str>, Arc<OptionValue>>;

/// One section: its options, with macros (`<`) not expanded yet.
#[derive(Clone, Debug, Default)]
pub struct Section {
    /// The options, in the order in which they were first set. A section that starts with a macro may contain options
    /// whose name ends with ` +` or ` -`: they apply to the options from the macro.
    pub options: Options,
    /// The last header of the section; `None` for a section that is not in any file.
    pub place: Option<Place>,
}

/// An option before substitution.
#[derive(Clone, Debug, PartialEq)]
pub struct OptionValue {
    /// The value.
    pub raw: Arc<str>,
    /// The contributions, oldest first, never empty. A place that contributes through several paths of `extends` is
    /// listed once.
    pub history: Vec<HistoryItem>,
    /// The origin of each piece of `raw`, in order; empty if unknown.
    pub(crate) pieces: Vec<Piece>,
    /// Whether it came from a `[DEFAULT]` section: then it may be unused.
    pub(crate) inherited: bool,
}

/// A piece of an option's value, written at one place.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Piece {
    /// End of the piece in [`OptionValue::raw`], in bytes. It starts at the end of the previous one.
    pub(crate) end: usize,
    /// Its origin.
    pub(crate) origin: Origin,
}

/// One contribution to an option.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryItem {
    /// The operation.
    pub operation: Operation,
    /// The value that was set, added or removed.
    pub value: Arc<str>,
    /// Its origin.
    pub origin: Origin,
}

/// The operation of a contribution, with the names of `annotate`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// The first value.
    Set,
    /// A value that replaces an earlier one.
    Override,
    /// `+=`
    Add,
    /// `-=`
    Remove,
    /// A directory was made absolute.
    Directory,
}

impl fmt::Display for Operation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Set => "SET",
            Self::Override => "OVERRIDE",
            Self::Add => "ADD",
            Self::Remove => "REMOVE",
            Self::Directory => "DIRECTORY",
        })
    }
}

/// Where a contribution comes from.
#[derive(Clone, Debug)]
pub enum Origin {
    /// The host's own defaults.
    Default,
    /// Computed by the host (`directory`).
    Computed,
    /// Set by a recipe or an extension.
    Program,
    /// An assignment on the command line.
    CommandLine(Place),
    /// `+=` or `-=` had no previous value.
    Implicit,
    /// A file.
    File(Place),
}

impl Origin {
    /// The place of a contribution by a file.
    pub fn place(&self) -> Option<&Place> {
        match self {
            Self::File(place) => Some(place),
            _ => None,
        }
    }

    /// The text that a user wrote: in a file, or on the command line.
    pub(crate) fn written(&self) -> Option<&Place> {
        match self {
            Self::File(place) | Self::CommandLine(place) => Some(place),
            Self::Default | Self::Computed | Self::Program | Self::Implicit => None,
        }
    }
}

impl PartialEq for Origin {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::File(a), Self::File(b)) | (Self::CommandLine(a), Self::CommandLine(b)) => {
                a.start == b.start && a.end == b.end && Arc::ptr_eq(&a.source, &b.source)
            }
            _ => std::mem::discriminant(self) == std::mem::discriminant(other) && self.written().is_none(),
        }
    }
}

/// `file:line`, or one of zc.buildout's names for values that are not in a file.
impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => formatter.write_str("DEFAULT_VALUE"),
            Self::Computed => formatter.write_str("COMPUTED_VALUE"),
            Self::Program => formatter.write_str("PROGRAM_VALUE"),
            Self::CommandLine(_) => formatter.write_str("COMMAND_LINE_VALUE"),
            Self::Implicit => formatter.write_str("IMPLICIT_VALUE"),
            Self::File(place) => formatter.write_str(&place.line_name()),
        }
    }
}

impl Configuration {
    /// The main file, if there is one and it is not a URL.
    pub fn file_path(&self) -> Option<&std::path::Path> {
        match self.file.as_ref()? {
            Location::Path(path) => Some(path),
            Location::Url(_) => None,
        }
    }
}

impl OptionValue {
    /// A value that `origin` set.
    pub(crate) fn set(raw: impl Into<Arc<str>>, origin: Origin) -> Self {
        let raw = raw.into();
        let pieces = vec![Piece { end: raw.len(), origin: origin.clone() }];
        let history = vec![HistoryItem { operation: Operation::Set, value: Arc::clone(&raw), origin }];
        Self { raw, history, pieces, inherited: false }
    }

    /// The origin of the last contribution.
    pub fn origin(&self) -> &Origin {
        self.history.last().map_or(&Origin::Implicit, |item| &item.origin)
    }

    /// The last place where the option was written, in a file or on the command line.
    pub(crate) fn place(&self) -> Option<Place> {
        self.history.iter().rev().find_map(|item| item.origin.written()).cloned()
    }

    /// The place of one of the words in the value.
    pub(crate) fn place_of_word(&self, word: &str) -> Option<Place> {
        let found = self.raw.split_whitespace().find(|found| *found == word);
        // The words are slices of the value: the distance of their addresses is the offset.
        let offset = found.map(|found| found.as_ptr().addr() - self.raw.as_ptr().addr());
        match offset.and_then(|offset| self.origin_at(offset).written()) {
            Some(place) => Some(place.find_word(word)),
            None => self.place(),
        }
    }

    /// The place of a line of the value, if the value has it.
    pub(crate) fn place_of_line(&self, line: &str) -> Option<Place> {
        let found = self.raw.lines().map(str::trim).find(|found| *found == line)?;
        let offset = found.as_ptr().addr() - self.raw.as_ptr().addr();
        Some(self.origin_at(offset).written()?.find(line))
    }

    /// The origin of the byte at `offset` of the value.
    pub(crate) fn origin_at(&self, offset: usize) -> &Origin {
        self.pieces.iter().find(|piece| offset < piece.end).map_or_else(|| self.origin(), |piece| &piece.origin)
    }
}
