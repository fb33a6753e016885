//! Tests of [`super`], and a Python for the tests of others.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use base::digest::Digest;

use super::*;

/// A Python 3.11 on Linux with GNU C library 2.36.
pub(crate) fn python311() -> Python {
    let markers = [
        ("implementation_name", "cpython"),
        ("implementation_version", "3.11.7"),
        ("os_name", "posix"),
        ("platform_machine", "x86_64"),
        ("platform_python_implementation", "CPython"),
        ("platform_release", "6.1.0"),
        ("platform_system", "Linux"),
        ("platform_version", "#1 SMP"),
        ("python_full_version", "3.11.7"),
        ("python_version", "3.11"),
        ("sys_platform", "linux"),
    ];
    Python {
        executable: "/usr/bin/python3.11".into(),
        prefix: "/usr".into(),
        base_prefix: "/usr".into(),
        path: vec!["/usr/lib/python3.11".into()],
        index: None,
        version_info: [3, 11, 7],
        release: ("final".into(), 0),
        version_text: "3.11.7 (main, Dec  8 2023, 14:22:46) [GCC 13.2.0]".into(),
        directories: [("purelib".to_owned(), "/usr/lib/python3.11/site-packages".to_owned())].into(),
        platform: "linux-x86_64".into(),
        soabi: Some("cpython-311-x86_64-linux-gnu".into()),
        ext_suffix: Some(".cpython-311-x86_64-linux-gnu.so".into()),
        debug: false,
        free_threaded: false,
        bits: 64,
        glibc: Some([2, 36]),
        musl: None,
        markers: markers.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
    }
}

fn listed(tags: &Tags) -> Vec<String> {
    tags.in_order().map(ToString::to_string).collect()
}

/// The number of tags, and the SHA-256 of the list that `packaging.tags.sys_tags()` of packaging 26.4 returned.
#[test]
fn tags_are_those_of_packaging() {
    let t = |python: &Python, number: usize, digest: &str| {
        let list = listed(&python.tags());
        assert_eq!(list.len(), number, "{:?}", &list[..50]);
        assert_eq!(Digest::of(list.join("\n").as_bytes()).to_string(), digest, "{:?}", &list[..50]);
    };
    t(&python311(), 914, "d6379b984621391668e1d5bb809100c69d62e26eff39aa4fa3b8d93c4cc07da6");
    let python313 = Python { version_info: [3, 13, 0], ..python311() };
    t(&python313, 1060, "6732be67e0aa09ba0333ee9201bb212ad0f8a55907929ffe110b56e7e1ef8d0a");
}

#[test]
fn tags_of_other_pythons() {
    let first = |python: Python| listed(&python.tags())[0].clone();
    assert_eq!(
        first(Python { version_info: [3, 14, 0], free_threaded: true, ..python311() }),
        "cp314-cp314t-linux_x86_64"
    );
    let mut pypy = Python {
        ext_suffix: Some(".pypy310-pp73-x86_64-linux-gnu.so".into()),
        version_info: [3, 10, 14],
        ..python311()
    };
    pypy.markers.insert("implementation_name".into(), "pypy".into());
    assert_eq!(first(pypy), "pp310-pypy310_pp73-linux_x86_64");
    let musl = Python { glibc: None, musl: Some([1, 2]), ..python311() };
    assert_eq!(
        listed(&musl.tags())[1..4],
        ["cp311-cp311-musllinux_1_2_x86_64", "cp311-cp311-musllinux_1_1_x86_64", "cp311-cp311-musllinux_1_0_x86_64"]
    );
    let mac = Python { platform: "macosx-14.0-arm64".into(), glibc: None, ..python311() };
    assert_eq!(first(mac), "cp311-cp311-macosx_14_0_arm64");
}

#[test]
fn a_python_is_asked_once() {
    let directory = tempfile::tempdir().unwrap();
    let executable = directory.path().join("python");
    std::fs::write(&executable, b"\x7fELF").unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let start: Box<StartPython> = Box::new(move |_, _, _| {
        count.fetch_add(1, Ordering::SeqCst);
        Ok(format!("noise\u{1f}{}\u{1f}", serde_json::to_string(&python311()).unwrap()).into_bytes())
    });
    let cache = directory.path().join("cache");
    let ask = || Python::ask(&executable, &*start, Some(&cache)).unwrap();
    assert_eq!((ask(), ask()), (python311(), python311()));
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    // Another program at the same path is another Python, and so is one in another virtual environment.
    std::fs::write(&executable, b"\x7fELF2").unwrap();
    ask();
    std::fs::write(directory.path().join("pyvenv.cfg"), "home = /elsewhere").unwrap();
    ask();
    assert_eq!(asked.load(Ordering::SeqCst), 3);
    // A script may start another Python each time.
    std::fs::write(&executable, b"#!/bin/sh").unwrap();
    ask();
    ask();
    assert_eq!(asked.load(Ordering::SeqCst), 5);
}

#[test]
fn what_is_no_answer() {
    let directory = tempfile::tempdir().unwrap();
    for answer in ["", "hello", "\u{1f}{}\u{1f}", "\u{1f}{\"executable\": \"/x\"", "\u{1f}\u{1f}"] {
        let start: Box<StartPython> = Box::new(move |_, _, _| Ok(answer.as_bytes().to_vec()));
        let error = Python::ask(&directory.path().join("python"), &*start, None).unwrap_err();
        assert!(error.to_string().contains("like a Python"), "{error}");
    }
}

/// The real Python of this machine answers, if it is installed.
#[test]
fn the_real_python_answers() {
    let start: Box<StartPython> = Box::new(|path, arguments, _| {
        let output = std::process::Command::new(path).args(arguments).output().map_err(|error| error.to_string())?;
        Ok(output.stdout)
    });
    let executable = Path::new("/usr/bin/python3");
    if executable.exists() {
        let python = Python::ask(executable, &*start, None).unwrap();
        assert_eq!(python.version_info[0], 3);
        assert!(python.version_text.starts_with(&python.markers["python_version"]), "{}", python.version_text);
        assert!(python.directories["stdlib"].contains("python3"), "{:?}", python.directories);
        assert!(
            python.tags().rank(&Tag { python: "py3".into(), abi: "none".into(), platform: "any".into() }).is_some()
        );
    }
}
