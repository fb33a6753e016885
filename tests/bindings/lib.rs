//! The package `bindings` has only a test, in `bindings.rs`.
