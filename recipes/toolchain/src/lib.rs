//! How Cargo builds recipes where rustup cannot fetch the target `wasm32-wasip2`: with a distribution's sources of the
//! standard library.
//!
//! The host uses it for recipe crates that are developed, `cargo xtask` for the built-in ones.

use std::path::{Path, PathBuf};

/// The target that recipes are built for.
pub const TARGET: &str = "wasm32-wasip2";

/// What to do when the target is missing and there is no fallback.
pub const MISSING_TARGET_HINT: &str = "Run: rustup target add wasm32-wasip2. If rustup cannot download it, install \
    Debian's packages rustc-web rust-web-src wasi-libc lld-22 instead.";

/// Where Debian's `rustc-web` is installed.
const DISTRIBUTION_RUSTC: &str = "/usr/bin/rustc";

/// Where Debian's `wasi-libc` is installed.
const WASI_LIBC: &str = "/usr/lib/wasm32-wasi";

/// Settings that make Cargo build the standard library itself.
#[derive(Debug)]
pub struct Fallback {
    /// Environment variables for Cargo.
    pub variables: Vec<(&'static str, String)>,
    /// Arguments for `cargo build`.
    pub arguments: [&'static str; 1],
}

/// Whether a compiler's messages say that the target is missing.
pub fn says_missing_target(message: &str) -> bool {
    message.contains(TARGET) && message.contains("may not be installed")
}

/// Whether the distribution's packages are installed.
pub fn distribution_has_sources() -> bool {
    Path::new(DISTRIBUTION_RUSTC).is_file() && Path::new(WASI_LIBC).is_dir()
}

/// Whether the Rust with that sysroot has the target.
pub fn has_target(sysroot: &Path) -> bool {
    let libraries = std::fs::read_dir(sysroot.join("lib/rustlib").join(TARGET).join("lib"));
    libraries.is_ok_and(|files| files.flatten().any(|file| file.file_name().to_string_lossy().starts_with("libcore-")))
}

/// The fallback, if the distribution's packages are installed. `sysroot` is that of the Rust whose Cargo is used: it has
/// the linker. `path` and `rustflags` are the variables `PATH` and `RUSTFLAGS` as they are.
pub fn fallback(sysroot: &Path, path: &str, rustflags: &str) -> Option<Fallback> {
    if !distribution_has_sources() {
        return None;
    }
    let linkers = linker_directories(sysroot)?;
    let search = std::env::join_paths(linkers.into_iter().chain(std::env::split_paths(path))).ok()?;
    let own = format!("-Clink-self-contained=no -L native={WASI_LIBC} -Clinker=wasm-component-ld");
    let variables = vec![
        ("RUSTC_BOOTSTRAP", "1".to_owned()),
        ("RUSTC", DISTRIBUTION_RUSTC.to_owned()),
        ("RUSTFLAGS", format!("{rustflags} {own}").trim_start().to_owned()),
        ("PATH", search.into_string().ok()?),
    ];
    Some(Fallback { variables, arguments: ["-Zbuild-std=std,panic_abort"] })
}

/// Directories of the sysroot that hold `wasm-component-ld` and `wasm-ld`.
fn linker_directories(sysroot: &Path) -> Option<[PathBuf; 2]> {
    let targets = std::fs::read_dir(sysroot.join("lib/rustlib")).ok()?;
    let tools = targets.flatten().map(|target| target.path().join("bin"));
    let found = tools.into_iter().find(|tools| tools.join("wasm-component-ld").is_file())?;
    let linkers = found.join("gcc-ld");
    Some([found, linkers])
}
