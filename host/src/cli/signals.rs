//! Ctrl-C, SIGTERM and SIGHUP: the first signal interrupts the run, the second ends the process at once. So does a timeout if
//! the run cannot end, for example because the reader of its output has stopped.

use std::io::{self, Write as _};
use std::time::Duration;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use base::interrupt::Interrupt;

/// How much time the run has to end. The next run completes what is left.
const GRACE: Duration = Duration::from_secs(2);

/// How much time the last message has.
const LAST_WORDS: Duration = Duration::from_millis(50);

/// Starts listening. If nothing watches the interrupt (before and after parts are installed), the first signal ends the
/// process, as it would by default.
pub(super) fn listen() -> io::Result<Interrupt> {
    let interrupt = Interrupt::new()?;
    let ignored = ignored_signals();
    let heard = [SIGHUP, SIGINT, SIGTERM].into_iter().filter(|signal| ignored & (1 << (signal - 1)) == 0);
    let mut signals = Signals::new(heard)?;
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
                // In a separate thread: the reader of the errors may be the one that has stopped.
                let say = || drop(io::stderr().write_all(b"Error: Interrupted\n"));
                let _ = std::thread::Builder::new().name("say".into()).spawn(say);
                std::thread::sleep(LAST_WORDS);
                end();
            };
            // If the thread cannot be started, a second signal still works.
            let _ = std::thread::Builder::new().name("end".into()).spawn(later);
        }
    })?;
    Ok(interrupt)
}

/// The signals that this process was started to ignore (`nohup`, a shell's background jobs), as a mask. It keeps ignoring
/// them.
pub(super) fn ignored_signals() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    mask(&status, "SigIgn:").unwrap_or(0)
}

/// A mask of signals in the text of `/proc/PID/status` (proc_pid_status(5)).
fn mask(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    u64::from_str_radix(line.trim(), 16).ok()
}

#[cfg(test)]
mod tests {
    use super::mask;

    #[test]
    fn reads_masks_of_signals() {
        let status = "Name:\tx\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000001003\n";
        assert_eq!(mask(status, "SigIgn:"), Some(0x1003));
        assert_eq!(mask(status, "SigCgt:"), None);
    }
}
