//! One call of a guest: what it may do, until when, and what it did.
//!
//! Knows neither the store nor the engine's bindings: the interfaces receive a call as the part of the store that they
//! may change.

pub(crate) mod deadline;
pub(crate) mod disk;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use base::interrupt::Interrupt;
use base::remedy::Remedy;
use base::source::{Explain, Place};
use config::options::{Buildout, OptionError};
use wasmtime::Trap;

use deadline::DeadlineWatch;
use disk::DiskGuard;

use crate::grants::locations::is_profile;
use crate::grants::mounts::Access;
use crate::grants::rights::Rights;
use crate::native::command_log::{CommandLog, FailedCommand};
use crate::native::reach::LateReach;
use crate::ownership::{KnownPaths, Made, Records, Unfinished};

/// Refused paths that are kept for the report of a failure.
const DENIED_KEPT: usize = 10;

/// The kind of call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Describe,
    /// A program is loaded.
    Load,
    Init,
    /// The inputs of a part are listed. Nothing is made.
    Inputs,
    Install,
    Update,
    Uninstall,
    /// An extension runs before the parts are initialized.
    Extend,
    /// An extension runs after the parts were made.
    Unload,
}

impl Phase {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Describe => "describe",
            Self::Load => "load",
            Self::Init => "init",
            Self::Inputs => "inputs",
            Self::Install => "install",
            Self::Update => "update",
            Self::Uninstall => "uninstall",
            Self::Extend | Self::Unload => "run",
        }
    }

    /// Whether a part is being made.
    pub(crate) fn is_making(self) -> bool {
        matches!(self, Self::Install | Self::Update)
    }

    /// Whether the call belongs to a part or an extension, which may use commands and downloads.
    pub(crate) fn is_of_program(self) -> bool {
        !matches!(self, Self::Describe | Self::Load | Self::Inputs)
    }
}

/// The guest is unwound because the run ends.
#[derive(Debug, thiserror::Error)]
#[error("interrupted")]
pub(crate) struct Interrupted;

/// Something that was refused because no grant allows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Denied {
    pub(crate) path: PathBuf,
    pub(crate) access: Access,
}

/// One call of the guest: what it may do, and what it did.
pub(crate) struct Call {
    pub(crate) phase: Phase,
    /// The part; empty for `describe`.
    pub(crate) part: Arc<str>,
    pub(crate) rights: Arc<Rights>,
    /// The buildout of the part; none for `describe`, and for `uninstall`, whose part may have no section.
    pub(crate) buildout: Option<Buildout>,
    /// A copy of the buildout in which reading initializes nothing, once it was needed.
    pub(crate) still: Option<Buildout>,
    /// The reference of the recipe.
    pub(crate) recipe: String,
    /// What native commands may reach.
    pub(crate) reach: Arc<LateReach>,
    /// The deadline of the call.
    pub(crate) deadline: Instant,
    pub(crate) watch: Option<DeadlineWatch>,
    interrupt: Interrupt,
    last_host_call: HostCall,
    /// Watches what the guest writes.
    pub(crate) disk: Arc<DiskGuard>,
    /// What the part created.
    pub(crate) made: Made,
    /// Options, as section and name, to which grants refer.
    pub(crate) granted_options: Arc<[(String, String)]>,
    /// What the state records of all parts.
    pub(crate) records: Arc<Records>,
    /// Whether native commands are confined: then the host knows what they make of the paths that they are to make.
    pub(crate) is_confined: bool,
    /// Where paths are announced that the part is about to make.
    pub(crate) unfinished: Arc<Unfinished>,
    /// Paths reported as created.
    pub(crate) created: Vec<String>,
    /// Lookups that failed, by reference number.
    pub(crate) lookup_errors: Vec<OptionError>,
    pub(crate) log_messages: usize,
    pub(crate) options_set: usize,
    /// How long requests for distributions have taken: their time does not count for the deadline.
    pub(crate) provided: Duration,
    /// Paths that were refused because no grant allows them, with the access that was requested.
    pub(crate) denied: Vec<Denied>,
    /// The grants, as written in `recipes.toml`, that the refused requests would need.
    pub(crate) refused: Vec<String>,
    /// Whether a command was kept from writing what no grant opens.
    pub(crate) was_protected: bool,
    /// Hints for failed operations.
    pub(crate) advice: Vec<String>,
    /// What this program can do about failed operations.
    pub(crate) remedies: Vec<Remedy>,
    /// The text of the configuration because of which an operation failed.
    pub(crate) cause: Option<Place>,
    /// The output of native commands.
    pub(crate) command_log: Option<CommandLog>,
    /// The last native command, if it failed.
    pub(crate) failed_command: Option<FailedCommand>,
}

impl Call {
    pub(crate) fn new(
        phase: Phase,
        part: &str,
        rights: &Arc<Rights>,
        reach: &Arc<LateReach>,
        interrupt: &Interrupt,
    ) -> Self {
        Self {
            phase,
            part: part.into(),
            deadline: Instant::now() + rights.timeout,
            rights: Arc::clone(rights),
            buildout: None,
            still: None,
            recipe: String::new(),
            reach: Arc::clone(reach),
            watch: None,
            interrupt: interrupt.clone(),
            last_host_call: HostCall::default(),
            disk: Arc::default(),
            made: Made::default(),
            granted_options: Arc::from([]),
            records: Arc::default(),
            is_confined: true,
            unfinished: Arc::default(),
            created: Vec::new(),
            lookup_errors: Vec::new(),
            log_messages: 0,
            options_set: 0,
            provided: Duration::ZERO,
            denied: Vec::new(),
            refused: Vec::new(),
            was_protected: false,
            advice: Vec::new(),
            remedies: Vec::new(),
            cause: None,
            command_log: None,
            failed_command: None,
        }
    }

    /// What is known about the part's paths.
    pub(crate) fn known_paths(&self) -> KnownPaths<'_> {
        let Self { part, rights, made, records, unfinished, .. } = self;
        KnownPaths { part, rights, made, records, unfinished }
    }

    /// Whether something is at a path that the part did not make.
    pub(crate) fn is_foreign(&self, path: &Path) -> bool {
        self.known_paths().is_foreign(path)
    }

    /// Announces a path that the part is about to create.
    ///
    /// # Errors
    /// As [`KnownPaths::will_make`].
    pub(crate) fn will_make(&self, path: &Path) -> std::io::Result<()> {
        self.known_paths().will_make(path)
    }

    /// What is removed if the call has failed: what the recipe announced, and configuration files that it made. It could not
    /// write these again, because they would be the user's.
    pub(crate) fn take_created(&mut self) -> Vec<String> {
        let mut created = std::mem::take(&mut self.created);
        if !self.rights.guard.is_empty() {
            let profiles = self.made.paths().filter(|path| is_profile(path));
            created.extend(profiles.filter_map(|path| path.to_str()).map(str::to_owned));
        }
        created
    }

    /// Whether an option decides what a recipe may do: the user sets it, not a recipe.
    pub(crate) fn is_fixed(&self, section: &str, option: &str) -> bool {
        let mut granted = self.granted_options.iter();
        self.rights.is_fixed(option) || granted.any(|(of, name)| of == section && name == option)
    }

    /// Keeps the hints of an error, in case the recipe fails because of it.
    pub(crate) fn advise(&mut self, error: &dyn Explain) {
        self.advice = error.hints();
    }

    /// The time until the deadline.
    pub(crate) fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// Whether the call has to end: its run ends, or its time is up.
    pub(crate) fn is_over(&self) -> bool {
        self.interrupt.signal().is_some() || self.left().is_zero()
    }

    /// Ends the call if its run ends or its time is up: for checks after long operations.
    pub(crate) fn check(&self) -> wasmtime::Result<()> {
        if self.interrupt.signal().is_some() {
            return Err(wasmtime::Error::new(Interrupted));
        }
        if self.left().is_zero() {
            return Err(Trap::Interrupt.into());
        }
        Ok(())
    }

    /// Runs something that is not this recipe's work (such as the `init` of another part): its time does not count.
    pub(crate) fn pausing<R>(&mut self, action: impl FnOnce() -> R) -> R {
        let start = Instant::now();
        let result = action();
        self.deadline += start.elapsed();
        if let Some(watch) = &mut self.watch {
            watch.postpone(self.deadline);
        }
        result
    }

    /// Notes the function of the host that is called, and its arguments, for the report of a trap.
    pub(crate) fn note(&mut self, function: &'static str, arguments: &[&str]) {
        self.last_host_call.note(function, arguments);
    }

    /// The number of calls of the host's functions: it changes whenever something may have changed.
    pub(crate) fn host_calls(&self) -> u64 {
        self.last_host_call.count
    }

    /// The last call of a function of the host, for people.
    pub(crate) fn last_host_call(&self) -> Option<String> {
        self.last_host_call.text()
    }

    /// Keeps what was denied, for the report of a failure.
    pub(crate) fn deny(&mut self, path: PathBuf, access: Access) {
        let denied = Denied { path, access };
        if self.denied.len() < DENIED_KEPT && !self.denied.contains(&denied) {
            self.denied.push(denied);
        }
    }
}

/// A function of the host that was called. It is noted at each call, and formatted only when a recipe traps.
#[derive(Default)]
struct HostCall {
    function: &'static str,
    /// Each one ends with a NUL.
    arguments: String,
    count: u64,
}

impl HostCall {
    fn note(&mut self, function: &'static str, arguments: &[&str]) {
        self.function = function;
        self.count += 1;
        self.arguments.clear();
        for argument in arguments {
            self.arguments.push_str(argument);
            self.arguments.push('\0');
        }
    }

    fn text(&self) -> Option<String> {
        let arguments = self.arguments.split_terminator('\0').map(|argument| format!(" {argument:?}"));
        (!self.function.is_empty()).then(|| format!("{}{}", self.function, arguments.collect::<String>()))
    }
}
