//! Arguments shared by several commands: groups of flags, and words that are either assignments or names.

mod color;
mod configuration;
mod offline;
mod passphrase;
mod registry;
mod remote;
mod words;

pub(super) use color::{Color, GlobalArguments, is_dumb};
pub(super) use configuration::{ConfigFileArguments, ConfigurationArguments, DEFAULT_FILE};
pub(super) use offline::OfflineArguments;
pub(super) use passphrase::PassphraseArguments;
pub(super) use registry::{RegistryArguments, parse_reference};
pub(super) use remote::RemoteCacheArguments;
pub(super) use words::{AssignmentsAndNames, UsageError};
