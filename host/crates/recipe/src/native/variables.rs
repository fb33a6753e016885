//! The environment of native commands: the variables that the grants of a part allow, and those that every command has.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use base::environment::Environment;
use base::jobserver::Jobs;
use confine::ConfinementLevel;

use crate::grants::rights::Rights;

/// Directories from which entries of the user's `PATH` are used: a command can read them.
const PROGRAMS: [&str; 6] = ["/usr", "/bin", "/sbin", "/opt", "/nix/store", "/gnu/store"];
/// The `PATH` of commands if the user's `PATH` has none of these.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin";

/// The environment of each command of a part.
pub(crate) fn variables(
    rights: &Rights,
    environment: &Environment,
    level: ConfinementLevel,
    jobs: &Jobs,
) -> BTreeMap<String, String> {
    let home = match level {
        ConfinementLevel::Full => PathBuf::from("/tmp"),
        ConfinementLevel::Partial | ConfinementLevel::None => rights.build_directory(),
    };
    let path = environment.variables.get("PATH").map_or("", String::as_str);
    let mut variables = BTreeMap::from([
        ("PATH".to_owned(), search_path(path)),
        ("HOME".to_owned(), home.to_string_lossy().into_owned()),
        ("LANG".to_owned(), "C.UTF-8".to_owned()),
        ("TERM".to_owned(), "dumb".to_owned()),
    ]);
    if rights.temporary.is_dir() {
        variables.insert("TMPDIR".to_owned(), rights.temporary.to_string_lossy().into_owned());
    }
    variables.extend(jobs.makeflags().map(|flags| ("MAKEFLAGS".to_owned(), flags)));
    variables.extend(rights.process.env.iter().cloned());
    variables
}

/// The entries of the user's `PATH` that commands can use.
fn search_path(own: &str) -> String {
    let is_usable = |entry: &&str| PROGRAMS.iter().any(|directory| Path::new(entry).starts_with(directory));
    let entries: Vec<&str> = own.split(':').filter(is_usable).collect();
    if entries.is_empty() { PATH.to_owned() } else { entries.join(":") }
}

/// Strings in the form that the system expects.
pub(crate) fn system_strings(variables: BTreeMap<String, String>) -> BTreeMap<OsString, OsString> {
    variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect()
}

#[cfg(test)]
mod tests {
    use super::{PATH, search_path};

    #[test]
    fn commands_find_programs_of_the_system_only() {
        assert_eq!(
            search_path("/root/.cargo/bin:/usr/lib/ccache:/usr/bin:bin::/opt/x/bin"),
            "/usr/lib/ccache:/usr/bin:/opt/x/bin"
        );
        assert_eq!(search_path("/home/me/bin"), PATH);
        assert_eq!(search_path("/usrlocal/bin:/bin"), "/bin");
    }
}
