//! The script that repeats a build by hand: the environment, the directory, the commands.

use crate::environment::BuildVariables;
use crate::phases::BuildPhase;

/// The script's name, in the build directory.
pub(crate) const NAME: &str = "reproduce.sh";

/// Variables that are meaningful only while the host runs the build.
const OF_THE_HOST: [&str; 8] = ["HOME", "MAKEFLAGS", "MAKELEVEL", "MFLAGS", "PWD", "TEMP", "TMP", "TMPDIR"];

/// The content of the script.
pub(crate) struct BuildScript<'a> {
    pub(crate) directory: &'a str,
    /// The environment of every command.
    pub(crate) base: &'a BuildVariables,
    /// The variables that the part adds to it.
    pub(crate) environment: &'a BuildVariables,
    pub(crate) phases: &'a [BuildPhase],
    /// The phase to start with by default.
    pub(crate) first: &'a str,
}

impl BuildScript<'_> {
    /// The script's text.
    pub(crate) fn text(&self) -> String {
        let names: Vec<_> = self.phases.iter().map(|phase| quoted(phase.name)).collect();
        let mut lines = vec![
            "#!/bin/sh".to_owned(),
            format!("# Repeats a build, starting with one of these phases: {}.", names.join(", ")),
            "# It runs without confinement: its commands have all your permissions.".to_owned(),
            "# Usage: sh reproduce.sh [PHASE], or `sh reproduce.sh shell` for a shell in the build directory."
                .to_owned(),
            format!("from=${{1:-{}}}", self.first),
        ];
        let mut all = self.base.clone();
        all.retain(|name, _| !OF_THE_HOST.contains(&name.as_str()));
        all.extend(self.environment.iter().map(|(name, value)| (name.clone(), value.clone())));
        lines.extend(all.iter().map(|(name, value)| format!("export {name}={}", quoted(value))));
        lines.push(format!("cd {} || exit", quoted(self.directory)));
        lines.push("[ \"$from\" != shell ] || exec \"${SHELL:-/bin/sh}\"".to_owned());
        lines.push(
            "phase() {\n    [ \"$from\" = \"$1\" ] || [ \"$from\" = started ] || return 0\n    from=started\n    \
             echo \"--- $1: $2\"\n    /bin/sh -c \"set -e;$2\" || exit\n}"
                .to_owned(),
        );
        lines
            .extend(self.phases.iter().map(|phase| format!("phase {} {}", quoted(phase.name), quoted(&phase.command))));
        lines.push("[ \"$from\" = started ] || { echo \"Unknown phase: $from\" >&2; exit 2; }".to_owned());
        lines.join("\n") + "\n"
    }
}

/// The text, quoted for the shell.
pub(crate) fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "@%+=:,./-_".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}
