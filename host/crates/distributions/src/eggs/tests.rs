//! The eggs directory has no unit tests: it is tested with real installations in `tests/installation` of this crate.
