//! Why a command could not be run, and hints for a missing layer of the confinement.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use base::remedy::Remedy;
use base::source::{Blame, Explain};

/// A layer of the confinement that the operating system must provide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layer {
    /// A user namespace, in which an ordinary user can set up the rest.
    UserNamespace,
    /// Mount, process, network, IPC, host name and cgroup namespaces.
    Namespaces,
    /// A root directory made of bind mounts.
    Root,
    /// A `/proc` that shows only the command's processes.
    Proc,
    /// Limits on processes, memory and files.
    Limits,
    /// Dropped capabilities, no_new_privs.
    Privileges,
    /// Landlock rules.
    Landlock,
    /// The filter of system calls.
    Seccomp,
    /// Killing the command when its keeper dies.
    Death,
}

impl Layer {
    fn name(self) -> &'static str {
        match self {
            Self::UserNamespace => "user namespace",
            Self::Namespaces => "namespaces (mount, pid, net, ipc, uts, cgroup)",
            Self::Root => "private root of bind mounts",
            Self::Proc => "private /proc",
            Self::Limits => "resource limits",
            Self::Privileges => "dropping privileges",
            Self::Landlock => "Landlock",
            Self::Seccomp => "seccomp",
            Self::Death => "death signal",
        }
    }

    /// What to do if the machine lacks it, as a clause.
    pub fn remedy(self) -> Option<&'static str> {
        match self {
            Self::UserNamespace => Some(
                "allow user namespaces for unprivileged users: `sysctl user.max_user_namespaces=10000`, on Debian and \
                 Ubuntu also `sysctl kernel.unprivileged_userns_clone=1`; the kernel needs CONFIG_USER_NS; in a \
                 container they must be allowed from outside",
            ),
            Self::Namespaces | Self::Root => Some(
                "where AppArmor restricts user namespaces: `sysctl kernel.apparmor_restrict_unprivileged_userns=0`, or a \
                 profile for buildout-host; the kernel must be 5.12 or newer; a container must allow mounts",
            ),
            Self::Proc => Some("in a container, /proc must not be masked (`--security-opt systempaths=unconfined`)"),
            Self::Landlock => Some(
                "the kernel must be 5.19 or newer, with CONFIG_SECURITY_LANDLOCK=y and `landlock` in the `lsm=` list of its \
                 command line",
            ),
            Self::Seccomp => Some("the kernel needs CONFIG_SECCOMP_FILTER=y"),
            Self::Limits | Self::Privileges | Self::Death => None,
        }
    }

    /// Whether only the level `full` needs this layer.
    pub fn is_of_full_only(self) -> bool {
        matches!(self, Self::UserNamespace | Self::Namespaces | Self::Root | Self::Proc)
    }
}

impl std::fmt::Display for Layer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.name())
    }
}

/// A command that could not be run.
#[derive(Debug, thiserror::Error)]
pub enum ConfineError {
    /// The machine lacks a layer of the confinement.
    #[error("Native commands cannot be confined here: {layer}: {what}: {cause}")]
    Missing {
        /// The layer.
        layer: Layer,
        /// The operation that failed.
        what: String,
        /// The system's error.
        cause: io::Error,
    },
    /// No program of that name in `PATH`.
    #[error("Program {program:?} was not found")]
    NotFound {
        /// The name.
        program: OsString,
        /// The directories that were searched.
        looked: Vec<OsString>,
    },
    /// The program cannot be executed.
    #[error("Cannot start {program:?}: {cause}")]
    Start {
        /// The program.
        program: OsString,
        /// The system's error.
        cause: io::Error,
    },
    /// A path of the policy, or the working directory, cannot be used.
    #[error("Cannot use {}: {cause}", .path.display())]
    Path {
        /// The path.
        path: PathBuf,
        /// The system's error, or why it is refused.
        cause: io::Error,
    },
    /// A program, argument, variable or descriptor that cannot be passed to a system call.
    #[error("Cannot start a native command: {0}")]
    Malformed(String),
    /// The host itself failed.
    #[error("Cannot run a native command: {what}: {cause}")]
    Host {
        /// The operation that failed.
        what: &'static str,
        /// The system's error.
        cause: io::Error,
    },
}

impl ConfineError {
    pub(super) fn host(what: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |cause| Self::Host { what, cause }
    }
}

/// A clause as a sentence.
fn sentence(clause: &str) -> String {
    let mut letters = clause.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).chain(['.']).collect()
}

impl Explain for ConfineError {
    fn hints(&self) -> Vec<String> {
        match self {
            Self::Missing { layer, .. } => layer.remedy().map(sentence).into_iter().collect(),
            Self::NotFound { looked, .. } => {
                let looked: Vec<_> = looked.iter().map(|entry| entry.to_string_lossy()).collect();
                vec![format!(
                    "Its PATH is {:?}; empty and relative entries, and those in the working directory, are ignored.",
                    looked.join(":")
                )]
            }
            Self::Start { .. } | Self::Path { .. } | Self::Malformed(_) | Self::Host { .. } => Vec::new(),
        }
    }

    fn remedies(&self) -> Vec<Remedy> {
        match self {
            Self::Missing { layer, .. } if layer.is_of_full_only() => {
                vec![Remedy::CheckMachine, Remedy::WeakerSandbox("partial")]
            }
            Self::Missing { .. } => vec![Remedy::CheckMachine, Remedy::WeakerSandbox("none")],
            _ => Vec::new(),
        }
    }

    fn blame(&self) -> Blame {
        match self {
            Self::Missing { .. } => Blame::Confinement,
            Self::Host { .. } => Blame::Host,
            Self::NotFound { .. } | Self::Start { .. } | Self::Path { .. } | Self::Malformed(_) => Blame::User,
        }
    }
}
