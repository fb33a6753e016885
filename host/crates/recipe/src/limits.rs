//! How much a recipe may use: the numbers, and the limiter that the engine calls before memory grows.
//!
//! Knows nothing of parts.

use std::time::Duration;

use wasmtime::ResourceLimiter;

/// The largest component that is compiled, in bytes. A Python interpreter with its library has 18 MB.
pub(crate) const LARGEST_COMPILED: usize = 64 << 20;
/// How long compiling one component may take. The Python interpreter takes 10 s on two processors.
pub(crate) const COMPILE_TIME: Duration = Duration::from_secs(300);
/// Memory of one instance without a grant, in bytes. A Python interpreter needs some 40 MB.
pub(crate) const MEMORY: u64 = 128 << 20;
/// Time for one call without a grant.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(120);
/// Time that all requests for distributions of one call may take, in addition.
pub(crate) const PROVIDED: Duration = Duration::from_secs(2 * 3600);
/// Elements of all tables of one instance together.
const TABLE_ELEMENTS: usize = 1 << 20;
/// Core instances, memories and tables of one store: a component consists of a few.
const CORE_ITEMS: usize = 1000;

/// Bytes that the guest may pass in one call of the host or result of a call.
pub(crate) const DATA_PER_CALL: usize = 16 << 20;
/// Bytes of a downloaded file that one call returns.
pub(crate) const READ: u32 = 8 << 20;
/// Handles (files, streams, options) that one instance may have.
pub(crate) const HANDLES: usize = 10_000;
/// Parts that share one instance. Each may keep a handle.
pub(crate) const PARTS_PER_INSTANCE: usize = 1000;
/// Messages that one call may log.
pub(crate) const LOG_MESSAGES: usize = 10_000;
/// Bytes of one message; the rest is cut.
pub(crate) const LOG_MESSAGE: usize = 64 << 10;
/// Characters of a description of a recipe's activity.
pub(crate) const ACTIVITY: usize = 200;
/// Bytes that one call may print; further output is omitted.
pub(crate) const OUTPUT: usize = 4 << 20;
/// Bytes of a printed line; longer ones are broken.
pub(crate) const OUTPUT_LINE: usize = 64 << 10;
/// Bytes of arguments and environment of a native command (Linux accepts at most 2 MiB).
pub(crate) const COMMAND: usize = 1 << 20;
/// Characters of a native command that are shown.
pub(crate) const COMMAND_LINE: usize = 2000;
/// Bytes that a native command may print to be captured.
pub(crate) const CAPTURED: usize = 8 << 20;
/// Bytes of the log of a part's native commands.
pub(crate) const COMMAND_LOG: u64 = 1 << 30;
/// Lines of a native command that are shown when its part fails.
pub(crate) const COMMAND_TAIL: usize = 50;
/// Lines of standard error that are kept for the report of a trap.
pub(crate) const STDERR_LINES: usize = 50;
/// Bytes of the name of an option.
pub(crate) const OPTION_NAME: usize = 1 << 10;
/// Bytes of the value of an option.
pub(crate) const OPTION_VALUE: usize = 4 << 20;
/// Options that one call may set.
pub(crate) const OPTIONS_SET: usize = 10_000;
/// Failed lookups that one call may cause: each is kept until the call ends.
pub(crate) const LOOKUP_ERRORS: usize = 1000;
/// Paths that a part may own.
pub(crate) const PATHS: usize = 100_000;
/// Bytes of a path (PATH_MAX of Linux).
pub(crate) const PATH: usize = 4096;

/// The request that the limiter refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// More memory.
    Memory,
    /// More table elements.
    Tables,
}

/// Limits memory and tables of one instance.
#[derive(Debug)]
pub(crate) struct Limiter {
    memory: u64,
    tables: usize,
    /// The last refusal since [`Limiter::reset`].
    pub(crate) refused: Option<Refused>,
    memory_used: u64,
}

impl Limiter {
    /// Allows all memories together to take `memory` bytes.
    pub(crate) fn new(memory: u64) -> Self {
        Self { memory, tables: 0, refused: None, memory_used: 0 }
    }

    /// The limit of memory, in bytes.
    pub(crate) fn memory(&self) -> u64 {
        self.memory
    }

    /// Forgets the last refusal.
    pub(crate) fn reset(&mut self) {
        self.refused = None;
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let used = self.memory_used.saturating_add((desired - current) as u64);
        if used > self.memory {
            self.refused = Some(Refused::Memory);
            return Ok(false);
        }
        self.memory_used = used;
        Ok(true)
    }

    fn table_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let used = self.tables.saturating_add(desired - current);
        if used > TABLE_ELEMENTS {
            self.refused = Some(Refused::Tables);
            return Ok(false);
        }
        self.tables = used;
        Ok(true)
    }

    fn instances(&self) -> usize {
        CORE_ITEMS
    }

    fn tables(&self) -> usize {
        CORE_ITEMS
    }

    fn memories(&self) -> usize {
        CORE_ITEMS
    }
}
