//! The configuration: from files to sections with raw options, after `extends`, `+=`, `-=` and assignments.
//!
//! `parse` parses one file, `classic` adds the features that only buildout 1.0 had within a file, `merge` defines the
//! effect of a file on a section, `load` follows `extends`. Does not know about the network, recipes, or
//! `${section:option}`: [`crate::options`] substitutes options.

pub mod condition;
pub mod facts;
pub mod options;

mod assignment;
mod error;
mod location;
mod reader;
mod value;

pub mod parse;

pub(crate) use assignment::Operator;
pub use assignment::{Assignment, AssignmentError};
pub use error::{ConfigError, Trouble};
pub use location::Location;
pub use predefined::{KNOWN_OPTIONS, buildout_options, is_predefined};
pub use reader::{ReadError, ReadSettings, Reader};
pub(crate) use value::Piece;
pub use value::{Configuration, HistoryItem, Operation, OptionValue, Options, Origin, Section};

mod classic;
mod macros;
mod merge;
mod predefined;

pub mod load;

pub(crate) use macros::Macros;

pub use load::{ConfigFile, LoadRequest, load};
