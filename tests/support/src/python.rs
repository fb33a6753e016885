//! Python recipes in tests: the Python runtime is compiled once for all tests, not once for each home directory.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::Space;
use crate::paths::{host, target_directory};

/// Where the compiled forms are in a home directory.
const COMPILED: &str = ".cache/buildout-host/compiled";

/// The Python runtime, which `cargo xtask test` builds where there is a Python.
pub(crate) fn python_runtime() -> PathBuf {
    target_directory().join("python-runtime/python-runtime.wasm.zst")
}

impl Space {
    /// A space whose home directory has the compiled form of the Python runtime. Another home directory is `home`.
    pub fn with_python_runtime(&self, home: &Path) {
        assert!(python_runtime().exists(), "the Python runtime is not built: run `cargo xtask python-runtime` once");
        let kept = compiled();
        let to = home.join(COMPILED);
        fs::create_dir_all(&to).expect("a directory");
        fs::set_permissions(&to, std::os::unix::fs::PermissionsExt::from_mode(0o700)).expect("permissions");
        for entry in fs::read_dir(kept).expect("compiled forms") {
            let entry = entry.expect("an entry");
            fs::copy(entry.path(), to.join(entry.file_name())).expect("a copy");
        }
    }

    /// An empty buildout directory, for Python recipes.
    pub fn for_python() -> Self {
        let space = Self::new();
        space.with_python_runtime(&space.root().join("home"));
        space
    }
}

/// The directory of the compiled form that belongs to the program under test.
fn compiled() -> PathBuf {
    let directory = target_directory().join("python-runtime");
    let lock = File::create(directory.join("compiled.lock")).expect("a lock file");
    lock.lock().expect("the lock");
    let (home, made_of) = (directory.join("home"), directory.join("home.made-of"));
    let program = host().metadata().and_then(|found| found.modified()).expect("the time of the program");
    let identity = format!("{program:?}");
    if fs::read_to_string(&made_of).is_ok_and(|known| known == identity) {
        return home.join(COMPILED);
    }
    let _ = fs::remove_dir_all(&home);
    let space = Space::new();
    // A recipe that nothing has: what the runtime provides is asked first.
    space.write("buildout.cfg", "[buildout]\nparts = p\n\n[p]\nrecipe = no.such.recipe\n");
    let output = space.command(host()).args(["run", "-o"]).output().expect("the host runs");
    let printed = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    fs::create_dir_all(home.join(".cache/buildout-host")).expect("a directory");
    let made = space.root().join("home").join(COMPILED);
    assert!(made.join("key").exists(), "the Python runtime was not compiled: {printed}");
    copy_directory(&made, &home.join(COMPILED));
    fs::write(made_of, identity).expect("a record");
    home.join(COMPILED)
}

fn copy_directory(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a directory");
    for entry in fs::read_dir(from).expect("a directory") {
        let entry = entry.expect("an entry");
        fs::copy(entry.path(), to.join(entry.file_name())).expect("a copy");
    }
}
