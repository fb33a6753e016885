//! What the host reads and keeps: the Python runtime, caches, the temporary directory; and the clock.

use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use base::environment::Environment;
use base::files::check_trusted_directory;
use base::source::size;
use recipe::component::Component;

use super::{Check, CheckVerdict};

/// Less free space than this is a warning, in bytes.
const LITTLE_SPACE: u64 = 1 << 30;

pub(super) fn check(environment: &Environment, program: &Path) -> Vec<Check> {
    let variable = |name: &str| environment.variables.get(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let temporary = variable("TMPDIR").unwrap_or_else(|| "/tmp".into());
    vec![python_runtime(program), cache(environment), temporary_directory(&temporary)]
}

/// It is not made if it is missing.
fn temporary_directory(directory: &Path) -> Check {
    let name = "temporary directory";
    if directory.is_dir() {
        return space(name, directory);
    }
    let found = format!("{} is not a directory", directory.display());
    Check::new(name, CheckVerdict::Missing, found, "Make it, or set TMPDIR to another directory.")
}

fn python_runtime(program: &Path) -> Check {
    let name = "Python runtime";
    match Component::python_runtime_file(program) {
        Ok(path) => Check::good(name, path.display().to_string()),
        Err(error) => {
            let remedy = "Install the whole package: the file belongs next to the program, in ../share/buildout-host.";
            Check::new(name, CheckVerdict::Warning, format!("{error}; needed by Python recipes"), remedy)
        }
    }
}

fn cache(environment: &Environment) -> Check {
    let name = "cache";
    let Some(directory) = environment.cache_directory() else {
        let remedy = "Set HOME or XDG_CACHE_HOME, or recipes are compiled in each run.";
        return Check::new(
            name,
            CheckVerdict::Warning,
            "there is none: neither HOME nor XDG_CACHE_HOME is set",
            remedy,
        );
    };
    if let Err(distrust) = check_trusted_directory(&directory) {
        let remedy = "No other user may have write access to the cache: change the owner and the mode, or set \
                      XDG_CACHE_HOME to another directory.";
        return Check::new(name, CheckVerdict::Warning, distrust.to_string(), remedy);
    }
    space(name, &directory)
}

/// Whether a directory, or the nearest above it that exists, can be written to, and has space.
fn space(name: &'static str, directory: &Path) -> Check {
    let shown = directory.display();
    let existing = directory.ancestors().find(|path| path.is_dir()).unwrap_or(Path::new("/"));
    // The permissions do not decide it alone: root may write everywhere, but nothing can be made in /proc.
    if tempfile::tempfile_in(existing).is_err() {
        let remedy = format!("Make {} writable, or choose another directory.", existing.display());
        return Check::new(name, CheckVerdict::Warning, format!("{shown} cannot be written to"), remedy);
    }
    let Ok(statistics) = rustix::fs::statvfs(existing) else {
        return Check::good(name, format!("{shown}"));
    };
    let free = statistics.f_bavail.saturating_mul(statistics.f_frsize);
    let found = format!("{shown}, {} free", size(free));
    match free < LITTLE_SPACE {
        true => {
            Check::new(name, CheckVerdict::Warning, found, "Builds of large software may need more space: free some.")
        }
        false => Check::good(name, found),
    }
}

/// A clock that is behind makes certificates invalid, and makes `make` build again.
pub(super) fn clock(program: &Path) -> Check {
    let made = program.metadata().and_then(|metadata: Metadata| metadata.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
    let found = "it is before the day on which buildout-host was built or installed";
    match made.duration_since(SystemTime::now()) {
        Ok(behind) if behind > Duration::from_secs(86_400) => Check::new(
            "clock",
            CheckVerdict::Warning,
            found,
            "Set the clock: downloads fail when certificates look invalid.",
        ),
        _ => Check::good("clock", "plausible"),
    }
}
