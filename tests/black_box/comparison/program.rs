//! The real zc.buildout 6.0.1, installed once into the target directory from the index of the machine's pip.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use rustix::fs::{FlockOperation, flock};
use test_support::target_directory;

/// What is installed, in the versions with which the expected outcomes were made.
const PINNED: [&str; 5] =
    ["zc.buildout==6.0.1", "zc.recipe.egg==6.0.0", "setuptools==84.2.1", "packaging==26.4", "wheel==0.48.0"];

/// The virtual environment with zc.buildout. Its Python is the one for which distributions are installed.
pub(super) fn environment() -> &'static Path {
    static ENVIRONMENT: OnceLock<PathBuf> = OnceLock::new();
    ENVIRONMENT.get_or_init(|| {
        let directory = target_directory().join("zc-buildout-6.0.1");
        fs::create_dir_all(&directory).expect("a directory");
        // Several test programs can run at once.
        let lock = File::create(directory.join("lock")).expect("a file");
        flock(&lock, FlockOperation::LockExclusive).expect("a lock");
        let (python, complete) = (directory.join("bin/python"), directory.join("complete"));
        if fs::read_to_string(&complete).ok() != Some(PINNED.join(" ")) {
            run(Command::new("/usr/bin/env").args(["python3", "-m", "venv", "--clear"]).arg(&directory));
            run(Command::new(&python).args(["-m", "pip", "install", "--quiet"]).args(PINNED));
            let download = ["-m", "pip", "download", "--quiet", "--no-deps", "--dest"];
            run(Command::new(&python).args(download).arg(directory.join("wheels")).arg(PINNED[2]));
            fs::write(&complete, PINNED.join(" ")).expect("a file");
        }
        directory
    })
}

/// The name and the content of a wheel of setuptools.
pub(crate) fn setuptools() -> (String, Vec<u8>) {
    let directory = environment().join("wheels");
    let wheel = fs::read_dir(directory).expect("a directory").flatten().next().expect("a wheel");
    (wheel.file_name().into_string().expect("a name"), fs::read(wheel.path()).expect("a wheel"))
}

fn run(command: &mut Command) {
    let output = command.output().expect("it starts");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
