//! Components from registries as pinned in `recipes.lock`: the lock file decides; a recipe that is not in it is
//! resolved once and added.
//!
//! Does not know about parts or how a component is loaded: the trait [`Describe`] provides descriptions.

mod check;
mod describe;
mod error;
mod guard;
mod obtain;
mod sources;
mod verified;

pub use check::check_component;
pub use describe::{ComponentDescription, Describe, entry};
pub use error::LockingError;
pub use guard::LockFileGuard;
pub use obtain::{LockMode, Locking};
pub use sources::{ArtifactSources, ConnectionContext};
pub use verified::{ListedComponent, Obtained};
