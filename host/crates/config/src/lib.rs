//! The configuration: from texts to sections with raw options, as `extends`, `+=`, `-=` and assignments leave them.
//!
//! `parse` reads one text, `classic` does what only buildout 1.0 did within a text, `merge` says what a text does to a
//! section, `load` follows `extends`. Knows nothing of the network, of recipes, or of `${section:option}`: options are
//! substituted in [`crate::options`].

pub mod condition;
pub mod facts;
pub mod options;

mod assignment;
mod error;
mod location;
mod reader;
mod value;

pub mod parse;

pub use assignment::{Assignment, AssignmentError, Operator};
pub use base::source::redact;
pub use error::{ConfigError, Trouble};
pub use location::Location;
pub use predefined::is_predefined;
pub use reader::{ReadError, ReadSettings, Reader};
pub use value::{Configuration, HistoryItem, Operation, OptionValue, Options, Origin, Piece, Section};

mod classic;
mod macros;
mod merge;
mod predefined;

pub mod load;

pub(crate) use macros::Macros;

pub use load::{ConfigFile, LoadRequest, load};
