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
/// The usual directories for programs. If the user's `PATH` has one of a group, commands get the whole group, in this order: the
/// administrator's `PATH` has other ones of them than a user's, in another order, and that alone must not make another part.
const GROUPS: [&[&str]; 2] = [&["/usr/local/bin", "/usr/local/sbin"], &["/usr/bin", "/bin", "/usr/sbin", "/sbin"]];
/// Directories of which commands need nothing, and which only users' `PATH` has.
const NOT_USED: [&str; 2] = ["/usr/games", "/usr/local/games"];

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

/// The `PATH` of commands: the user's, as far as commands can use it, in one form for all that find the same programs
/// (docs/decisions/159-path-of-commands.md).
fn search_path(own: &str) -> String {
    let is_usable = |entry: &&str| PROGRAMS.iter().any(|directory| Path::new(entry).starts_with(directory));
    let is_in = |list: &[&str], entry: &str| list.iter().any(|known| Path::new(known) == Path::new(entry));
    let mut groups = GROUPS.to_vec();
    let (mut path, mut others): (Vec<&str>, Vec<PathBuf>) = Default::default();
    for entry in own.split(':').filter(is_usable).filter(|entry| !is_in(&NOT_USED, entry)) {
        if let Some(at) = groups.iter().position(|group| is_in(group, entry)) {
            path.extend(groups.remove(at));
        } else if !GROUPS.iter().any(|group| is_in(group, entry))
            // Nothing is found in a directory that does not exist, nor in one that was searched before.
            && let Ok(directory) = Path::new(entry).canonicalize()
            && !others.contains(&directory)
            && !path.iter().any(|usual| Path::new(usual).canonicalize().is_ok_and(|usual| usual == directory))
        {
            path.push(entry);
            others.push(directory);
        }
    }
    if path.is_empty() { GROUPS.concat().join(":") } else { path.join(":") }
}

/// Strings in the form that the system expects.
pub(crate) fn system_strings(variables: BTreeMap<String, String>) -> BTreeMap<OsString, OsString> {
    variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect()
}

#[cfg(test)]
mod tests {
    use super::search_path;

    const LOCAL: &str = "/usr/local/bin:/usr/local/sbin";
    const SYSTEM: &str = "/usr/bin:/bin:/usr/sbin:/sbin";

    #[test]
    fn commands_find_programs_of_the_system_only() {
        let usual = format!("{LOCAL}:{SYSTEM}");
        assert_eq!(search_path("/root/.cargo/bin:/usr/bin:bin::/opt/no-such/bin"), SYSTEM);
        assert_eq!((search_path(""), search_path("/home/me/bin")), (usual.clone(), usual));
        assert_eq!(search_path("/usrlocal/bin:/bin"), SYSTEM);
    }

    #[test]
    fn administrators_and_users_find_the_same() {
        let usual = format!("{LOCAL}:{SYSTEM}");
        assert_eq!(search_path("/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"), usual);
        assert_eq!(search_path("/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games"), usual);
        assert_eq!(search_path("/usr/local/bin/:/usr/local/bin:/usr/bin:/usr/bin"), usual);
        assert_eq!(search_path(&usual), usual);
    }

    #[test]
    fn other_directories_keep_their_place() {
        // `/usr/lib` and `/usr/share` exist everywhere.
        assert_eq!(search_path("/usr/lib:/usr/bin:/usr/share"), format!("/usr/lib:{SYSTEM}:/usr/share"));
        assert_eq!(
            search_path("/usr/local/bin:/usr/lib:/usr/bin:/usr/lib/:/usr/no-such"),
            format!("{LOCAL}:/usr/lib:{SYSTEM}")
        );
        assert_eq!(search_path("/usr/bin:/usr/../usr/bin:/usr/share"), format!("{SYSTEM}:/usr/share"));
    }
}
