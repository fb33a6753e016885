//! The command `buildout-host`; everything is in the library.

fn main() {}
