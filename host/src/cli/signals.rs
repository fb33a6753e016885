//! Ctrl-C and SIGTERM: the first asks the run to end, the second ends the process at once.

use std::io;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::confine::Interrupt;

/// Listens from now on. Where nobody watches the interrupt (before and after parts are made), the first signal ends the
/// process, as it would without this.
pub(super) fn listen() -> io::Result<Interrupt> {
    let interrupt = Interrupt::new()?;
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    let raised = interrupt.clone();
    std::thread::Builder::new().name("signals".into()).spawn(move || {
        for signal in signals.forever() {
            if !raised.raise(signal) {
                // Commands die with the process: their shims hold its sockets.
                std::process::exit(128 + signal);
            }
        }
    })?;
    Ok(interrupt)
}
