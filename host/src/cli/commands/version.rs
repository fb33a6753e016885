//! `--version --verbose`: what this program was built from.

use std::ffi::OsString;
use std::sync::LazyLock;

use super::PROGRAM;

/// The commit, if the build says it (`cargo xtask package`).
const COMMIT: Option<&str> = option_env!("BUILDOUT_HOST_COMMIT");

/// The message of clap, if the command line asks for it. `command` has a flag `--version`.
pub(super) fn asked(arguments: &[OsString], command: clap::Command) -> Option<clap::Error> {
    let is = |argument: &OsString, names: [&str; 2]| names.iter().any(|name| argument == *name);
    let version = ["-V", "--version"];
    let verbose = ["-v", "--verbose"];
    let [_, first, second] = arguments else { return None };
    let is_asked = (is(first, version) && is(second, verbose)) || (is(first, verbose) && is(second, version));
    is_asked.then(|| command.version(TEXT.as_str()).try_get_matches_from([PROGRAM, "--version"]).err()).flatten()
}

/// What is printed after the name.
static TEXT: LazyLock<String> = LazyLock::new(|| {
    let library = if cfg!(target_env = "musl") { "musl" } else { "gnu" };
    let (version, commit) = (env!("CARGO_PKG_VERSION"), COMMIT.unwrap_or("unknown"));
    let (processor, system) = (std::env::consts::ARCH, std::env::consts::OS);
    format!("{version}\ncommit: {commit}\ntarget: {processor}-unknown-{system}-{library}")
});
