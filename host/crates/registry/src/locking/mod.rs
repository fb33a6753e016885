//! Components of registries as `recipes.lock` has them: the lock decides; a recipe that is not in it is resolved once and
//! added.
//!
//! Knows neither parts nor how a component is loaded: what a component describes comes through the trait [`Describe`].

mod check;
mod describe;
mod error;
mod guard;
mod obtain;
mod publication;
mod sources;

pub use check::check_component;
pub use describe::{Describe, Description, entry};
pub use error::LockingError;
pub use guard::LockFileGuard;
pub use obtain::{LockMode, Locking};
pub use publication::{Obtained, Publication};
pub use sources::{Access, Source, Sources};
