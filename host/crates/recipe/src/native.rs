//! What native commands and downloads of a run share: the confinement, the slots of makes, the downloader, the wish to
//! end.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use wasmtime::Trap;

use super::grants::Granted;
use super::mounts::{holds, normalise};
use super::state::State;
use base::environment::Environment;
use base::event::Report;
use base::interrupt::Interrupt;
use base::jobs::Jobs;
use config::options::Buildout;
use confine::{self, ConfineError, Level, Policy};
use fetch::{DownloadSettings, Downloader};

/// Directories from which programs of the person's own `PATH` may come: a command can read them.
const PROGRAMS: [&str; 6] = ["/usr", "/bin", "/sbin", "/opt", "/nix/store", "/gnu/store"];
/// The `PATH` of commands where the person's own has none of these.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin";

/// How native commands are run.
#[derive(Clone, Debug)]
pub struct NativeSettings {
    /// How much they are confined.
    pub level: Level,
    /// Ends them.
    pub interrupt: Interrupt,
    /// What their makes share.
    pub jobs: Jobs,
}

/// What native commands and downloads of a run share.
pub(super) struct Native {
    pub(super) report: Arc<dyn Report>,
    pub(super) settings: NativeSettings,
    environment: Environment,
    /// Known from the first part on.
    buildout: OnceLock<Buildout>,
    /// Directories outside the buildout that some part may write: there may be links in them.
    written: Mutex<BTreeSet<PathBuf>>,
    runner: OnceLock<confine::Runner>,
    downloader: OnceLock<Downloader>,
}

/// The guest is unwound since the run is to end.
#[derive(Debug, thiserror::Error)]
#[error("interrupted")]
pub(super) struct Interrupted;

impl Native {
    pub(super) fn new(report: Arc<dyn Report>, settings: NativeSettings, environment: Environment) -> Self {
        let (buildout, written, runner, downloader) = Default::default();
        Self { report, settings, environment, buildout, written, runner, downloader }
    }

    /// Takes the buildout whose options say how files are fetched.
    pub(super) fn serve(&self, buildout: &Buildout) {
        self.buildout.get_or_init(|| buildout.clone());
    }

    /// Takes note of what a part may write.
    pub(super) fn note(&self, granted: &Granted) {
        let mut outside = granted.written().filter(|path| !holds(granted.directory(), path)).peekable();
        if outside.peek().is_some() {
            self.written().extend(outside.map(Path::to_owned));
        }
    }

    fn written(&self) -> MutexGuard<'_, BTreeSet<PathBuf>> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_interrupted(&self) -> bool {
        self.settings.interrupt.signal().is_some()
    }

    /// The buildout directory, to which paths are relative.
    pub(super) fn directory(&self) -> PathBuf {
        let named = self.buildout.get().and_then(|buildout| buildout.get("buildout", "directory").ok().flatten());
        named.map_or_else(|| self.environment.directory.clone(), PathBuf::from)
    }

    /// Starts commands.
    pub(super) fn runner(&self) -> Result<&confine::Runner, ConfineError> {
        if let Some(runner) = self.runner.get() {
            return Ok(runner);
        }
        let runner = confine::Runner::new()?;
        Ok(self.runner.get_or_init(|| runner))
    }

    /// Fetches files as `[buildout]` says.
    pub(super) fn downloader(&self) -> &Downloader {
        self.downloader.get_or_init(|| {
            let option = |name: &str| self.buildout.get().and_then(|known| known.get("buildout", name).ok().flatten());
            let kept = self.environment.cache_directory().unwrap_or_else(|| self.directory().join(".cache"));
            let settings =
                DownloadSettings::of_options(&option, &self.directory(), &kept.join("downloads"), &*self.report);
            Downloader::new(&self.environment, settings)
        })
    }

    /// The environment that each command of a part has.
    pub(super) fn variables(&self, granted: &Granted) -> BTreeMap<String, String> {
        let mut variables: BTreeMap<String, String> = granted.process.env.iter().cloned().collect();
        let home = match self.settings.level {
            Level::Full => PathBuf::from("/tmp"),
            Level::Partial | Level::None => granted.build_directory(),
        };
        let mut set = |name: &str, value: String| {
            variables.entry(name.to_owned()).or_insert(value);
        };
        set("PATH", search_path(self.environment.variables.get("PATH").map_or("", String::as_str)));
        set("HOME", home.to_string_lossy().into_owned());
        set("LANG", "C.UTF-8".to_owned());
        set("TERM", "dumb".to_owned());
        if let Some(flags) = self.settings.jobs.makeflags() {
            set("MAKEFLAGS", flags);
        }
        variables
    }

    /// The part's place among those that many buildouts share. Its recipe has decided it.
    fn shared_location(&self, granted: &Granted) -> Option<PathBuf> {
        let buildout =
            self.buildout.get().filter(|buildout| granted.shares() && buildout.is_initialised(&granted.part))?;
        let location = normalise(Path::new(&buildout.get(&granted.part, "location").ok()??));
        granted.is_shared(&location).then_some(location)
    }

    /// What a part's commands may reach. What does not exist cannot be shown to them.
    pub(super) fn policy(&self, granted: &Granted) -> Policy {
        let (mut read, mut write) = (Vec::new(), Vec::new());
        for (path, writable) in granted.directories() {
            // The root is granted to built-in recipes that only look; commands see the system's directories anyway.
            if path != Path::new("/") && path.exists() {
                if writable { write.push(path.to_owned()) } else { read.push(path.to_owned()) }
            }
        }
        write.extend(self.shared_location(granted).filter(|location| location.exists()));
        let written = self.written().iter().cloned().chain([granted.directory().to_owned()]).collect();
        Policy { read, write, written, level: self.settings.level, limits: confine::Limits::default() }
    }
}

/// The entries of the person's `PATH` that commands can use.
fn search_path(own: &str) -> String {
    let usable = |entry: &&str| PROGRAMS.iter().any(|directory| Path::new(entry).starts_with(directory));
    let entries: Vec<&str> = own.split(':').filter(usable).collect();
    if entries.is_empty() { PATH.to_owned() } else { entries.join(":") }
}

impl State {
    /// Ends the call if the run is to end, or its time is up: to be asked after what took long.
    pub(super) fn go_on(&self) -> wasmtime::Result<()> {
        if self.native.is_interrupted() {
            return Err(wasmtime::Error::new(Interrupted));
        }
        if self.call.left().is_zero() {
            return Err(Trap::Interrupt.into());
        }
        Ok(())
    }
}

/// Texts as the system takes them.
pub(super) fn system_texts(variables: BTreeMap<String, String>) -> BTreeMap<OsString, OsString> {
    variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect()
}

#[cfg(test)]
mod tests {
    use super::search_path;

    #[test]
    fn commands_find_programs_of_the_system_only() {
        assert_eq!(
            search_path("/root/.cargo/bin:/usr/lib/ccache:/usr/bin:bin::/opt/x/bin"),
            "/usr/lib/ccache:/usr/bin:/opt/x/bin"
        );
        assert_eq!(search_path("/home/me/bin"), super::PATH);
        assert_eq!(search_path("/usrlocal/bin:/bin"), "/bin");
    }
}
