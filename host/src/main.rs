//! The command `buildout-host`; everything is in the library.

/// Thousands of small values a run: the C library's allocator took a quarter of the time (docs/decisions).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    // First of all: a shim must have a single thread, and does nothing else.
    confine::shim::main().unwrap_or_else(buildout_host::cli::main)
}
