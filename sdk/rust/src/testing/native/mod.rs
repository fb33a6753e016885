//! Commands, downloads and locks of a recipe that runs natively: real processes, and files of this machine.
//!
//! Each module has the names and signatures of the host's interface. What the host adds is not here: no confinement, no
//! cache, no network.

pub(crate) mod commands;
pub(crate) mod downloads;
pub(crate) mod paths;

use std::cell::RefCell;

/// The part whose recipe is running in this thread: the host knows it from the call.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub(crate) buildout_directory: String,
    pub(crate) name: String,
}

thread_local! {
    static PART: RefCell<Option<Part>> = const { RefCell::new(None) };
    static OUTPUT: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// From now on, `part` is what is made in this thread.
pub(crate) fn turn_to(part: Part) {
    PART.set(Some(part));
}

/// What commands have printed to the part's log.
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
