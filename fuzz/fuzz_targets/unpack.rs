//! Any bytes as an archive: unpacking never panics, leaves nothing of what it refuses, and touches nothing outside.
#![no_main]

use std::fs;

use fetch::unpack::{UnpackLimits, UnpackOptions, unpack};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let directory = tempfile::tempdir().expect("a directory");
    let path = |name: &str| directory.path().join(name);
    fs::write(path("archive"), bytes).expect("a file");
    let limits = UnpackLimits { bytes: 1 << 20, entries: 100, ..UnpackLimits::default() };
    let options = UnpackOptions { strip_top_level: bytes.len().is_multiple_of(2), limits };
    let unpacked = unpack(&path("archive"), &path("out"), &options, &|| false);
    let mut names: Vec<_> =
        fs::read_dir(directory.path()).expect("entries").flatten().map(|entry| entry.file_name()).collect();
    names.sort();
    let expected: &[&str] = if unpacked.is_ok() { &["archive", "out"] } else { &["archive"] };
    assert_eq!(names, expected);
});
