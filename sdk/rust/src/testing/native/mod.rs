//! Commands, downloads, archives and paths for a recipe that runs natively, with real processes and files of this machine.
//!
//! Each module has the names and signatures of the host's interface. There is no confinement, no cache and no network.

pub(crate) mod archives;
pub(crate) mod commands;
pub(crate) mod downloads;
pub(crate) mod paths;

use std::cell::RefCell;

/// The part whose recipe is running in this thread. On a host, the call identifies it.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub(crate) buildout_directory: String,
    pub(crate) name: String,
}

thread_local! {
    static PART: RefCell<Option<Part>> = const { RefCell::new(None) };
    static OUTPUT: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Sets the part that is made in this thread.
pub(crate) fn select(part: Part) {
    PART.set(Some(part));
}

/// Returns and clears the logged output of commands.
pub(crate) fn take_output() -> Vec<u8> {
    OUTPUT.take()
}

fn part() -> Option<Part> {
    PART.with_borrow(Clone::clone)
}

fn log(printed: Vec<u8>) {
    OUTPUT.with_borrow_mut(|output| output.extend(printed));
}

#[cfg(test)]
mod tests;
