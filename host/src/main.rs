//! The command `buildout-host`; everything is in the library.

/// A run allocates thousands of small values: with the C library's allocator, that took a quarter of the time
/// (docs/decisions).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    // Must come first: a shim must have a single thread, and does nothing else.
    confine::shim::main().unwrap_or_else(buildout_host::cli::main)
}
