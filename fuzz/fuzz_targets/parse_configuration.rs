//! The parser of configurations: no bytes make it panic, and what it prints reads back as the same sections.

#![no_main]

use config::Location;
use config::parse::{ParsedFile, decode, parse, print};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let read = |bytes: &[u8]| -> Option<ParsedFile> {
        let source = decode(&Location::Path("/fuzz.cfg".into()), bytes.to_vec()).ok()?;
        parse(&source, &mut |expression| Ok(expression.len() % 2 == 0)).ok()
    };
    let Some(parsed) = read(bytes).filter(|parsed| !parsed.classic) else { return };
    let printed = print(&parsed.sections);
    let again = read(printed.as_bytes()).expect("what is printed can be read");
    if again.classic {
        return;
    }
    for (name, section) in &parsed.sections {
        for (option, value) in &section.options {
            assert_eq!(again.sections[name].options[option].raw.trim_end(), value.raw.trim_end(), "[{name}] {option}");
        }
    }
});
