//! Conditions of section headers: no text makes them panic, and what an error blames is in the text.

#![no_main]

use std::path::Path;
use std::sync::Arc;

use config::condition::{Facts, PathKind, PythonFacts, System, VersionInfo, evaluate};

/// A machine on which nothing needs to be asked.
struct FixedMachine;

impl Facts for FixedMachine {
    fn python(&self) -> Result<Arc<PythonFacts>, String> {
        let version_info = VersionInfo { major: 3, minor: 11, micro: 2, release_level: "final".into(), serial: 0 };
        Ok(Arc::new(PythonFacts {
            version_info,
            version: "3.11.2 (main) [GCC]".into(),
            python_version: "3.11.2".into(),
            implementation: "CPython".into(),
            implementation_name: "cpython".into(),
            implementation_version: "3.11.2".into(),
        }))
    }

    fn system(&self) -> System {
        System {
            platform: "linux".into(),
            os_name: "posix".into(),
            pointer_bits: 64,
            little_endian: true,
            system: "Linux".into(),
            release: "6.1.0".into(),
            version: "#1".into(),
            machine: "x86_64".into(),
            node: "node".into(),
        }
    }

    fn os_release(&self) -> Result<Vec<(String, String)>, String> {
        Ok(vec![("ID".into(), "debian".into())])
    }

    fn look(&self, path: &Path) -> Option<PathKind> {
        (path == Path::new("/etc")).then_some(PathKind::Directory)
    }
}

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Err(error) = evaluate(text, &FixedMachine) {
        assert!(text.get(error.span.clone()).is_some(), "{error:?}");
    }
});
