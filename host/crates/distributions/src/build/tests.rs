//! Builds have no unit tests: they are tested with real backends in `tests/installation/builds.rs` of this crate.
