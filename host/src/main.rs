//! The command `buildout-host`; everything is in the library.

fn main() -> std::process::ExitCode {
    // First of all: a shim must have a single thread, and does nothing else.
    buildout_host::confine::shim::main().unwrap_or_else(buildout_host::cli::main)
}
