//! Any bytes as a state file: the reader never panics, and what it reads it writes so that it is read again.
#![no_main]

use state::{read_state, render};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(installed) = read_state("fuzz", bytes) {
        let again = read_state("fuzz", render(&installed).as_bytes());
        assert_eq!(again.ok(), Some(installed));
    }
});
