//! Ctrl-C and SIGTERM: the first asks the run to end, the second ends the process at once. So does a timeout if the run
//! cannot end, for example because the reader of its output has stopped.

use std::io;
use std::time::Duration;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use base::interrupt::Interrupt;

/// How long the run has to end. What it leaves undone, the next one does.
const GRACE: Duration = Duration::from_secs(2);

/// Listens from now on. Where nobody watches the interrupt (before and after parts are made), the first signal ends the
/// process, as it would without this.
pub(super) fn listen() -> io::Result<Interrupt> {
    let interrupt = Interrupt::new()?;
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    let raised = interrupt.clone();
    std::thread::Builder::new().name("signals".into()).spawn(move || {
        for signal in signals.forever() {
            // Commands die with the process: their shims hold its sockets.
            let end = move || std::process::exit(128 + signal);
            if !raised.raise(signal) {
                end();
            }
            let later = move || {
                std::thread::sleep(GRACE);
                end();
            };
            // Without it, there still is the second signal.
            let _ = std::thread::Builder::new().name("end".into()).spawn(later);
        }
    })?;
    Ok(interrupt)
}
