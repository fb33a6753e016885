//! Ctrl-C and SIGTERM: the first signal interrupts the run, the second ends the process at once. So does a timeout if
//! the run cannot end, for example because the reader of its output has stopped.

use std::io;
use std::time::Duration;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use base::interrupt::Interrupt;

/// How much time the run has to end. The next run completes what is left.
const GRACE: Duration = Duration::from_secs(2);

/// Starts listening. If nothing watches the interrupt (before and after parts are installed), the first signal ends the
/// process, as it would by default.
pub(super) fn listen() -> io::Result<Interrupt> {
    let interrupt = Interrupt::new()?;
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    let raised = interrupt.clone();
    std::thread::Builder::new().name("signals".into()).spawn(move || {
        for signal in signals.forever() {
            // Native commands die with the process: their shims hold sockets to it.
            let end = move || std::process::exit(128 + signal);
            if !raised.raise(signal) {
                end();
            }
            let later = move || {
                std::thread::sleep(GRACE);
                end();
            };
            // If the thread cannot be started, a second signal still works.
            let _ = std::thread::Builder::new().name("end".into()).spawn(later);
        }
    })?;
    Ok(interrupt)
}
