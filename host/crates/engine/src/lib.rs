//! The settings of the WebAssembly engine, and the name by which a compiled form is matched to an engine.
//!
//! Does not know about the rest of the host: the program that compiles built-in recipes ahead of time uses this
//! crate.

use std::hash::{Hash as _, Hasher};
use std::num::NonZeroUsize;

use wasmtime::{Config, Engine};

/// The deepest wasm stack, in bytes: half of what a thread of the Rust test runner has.
const WASM_STACK: usize = 512 << 10;

/// An engine with the settings that all recipes are compiled for and run with.
///
/// # Errors
/// When the engine is not available on this machine.
pub fn engine() -> wasmtime::Result<Engine> {
    let mut config = Config::new();
    config.wasm_component_model(true);
    // Deadlines are enforced by raising the epoch.
    config.epoch_interruption(true);
    config.max_wasm_stack(WASM_STACK);
    // A trap names the recipe author's line, where the component has line tables.
    config.wasm_backtrace_details(wasmtime::WasmBacktraceDetails::Enable);
    config.wasm_backtrace_max_frames(NonZeroUsize::new(64));
    // Wasm frames are walked by frame pointers; the system's unwinder never needs them.
    config.native_unwind_info(false);
    Engine::new(&config)
}

/// Identifies the engine: a hash of the version, the settings and the processor features that decide whether it can
/// load a compiled form.
pub fn engine_key(engine: &Engine) -> String {
    let mut hasher = Fnv1a(0xcbf2_9ce4_8422_2325);
    engine.precompile_compatibility_hash().hash(&mut hasher);
    format!("wasmtime-{:016x}", hasher.finish())
}

/// FNV-1a, 64 bit (parameters from draft-eastlake-fnv): the same value in every build of this file.
struct Fnv1a(u64);

impl Hasher for Fnv1a {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}
