//! Which commands have the network: programs of the system with the names that a grant lists.
//!
//! A program that the recipe may have made itself never has it, whatever its name. What a command with the network starts
//! has it, too.

use std::path::{Path, PathBuf};

use crate::grants::mounts::{Mounts, normalize};

/// Where these programs are.
const DIRECTORIES: [&str; 6] = ["/usr/local/bin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/sbin", "/sbin"];

/// What programs print that do not reach the network.
const MARKS: [&[u8]; 9] = [
    b"Could not resolve",
    b"ould not connect to server",
    b"emporary failure in name resolution",
    b"Name or service not known",
    b"Network is unreachable",
    b"Address family not supported",
    b"EAI_AGAIN",
    b"Unable to connect to a repository",
    b"Failed to connect",
];

/// The program to start with the network, if `names` contains it.
pub(crate) fn lent(program: &str, names: &[String], mounts: &Mounts) -> Option<PathBuf> {
    let path = normalize(Path::new(program));
    let name = path.file_name()?.to_str()?;
    if !names.iter().any(|lent| lent == name) {
        return None;
    }
    let is_bare = program == name;
    if !is_bare && !program.starts_with('/') {
        return None;
    }
    // A link of the system may lead to what the recipe can replace.
    let is_writable =
        |path: &Path| mounts.writable(path) || path.canonicalize().is_ok_and(|real| mounts.writable(&real));
    let mut candidates = DIRECTORIES.iter().map(|directory| Path::new(directory).join(name));
    candidates.find(|candidate| (is_bare || *candidate == path) && candidate.is_file() && !is_writable(candidate))
}

/// Whether the output of a command shows that it did not reach the network.
pub(crate) fn is_missed(output: &[u8]) -> bool {
    MARKS.iter().any(|mark| output.windows(mark.len()).any(|part| part == *mark))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grants::mounts::Access;

    #[test]
    fn only_programs_of_the_system_are_lent_the_network() {
        let names = ["sh".to_owned(), "none-of-this-name".to_owned()];
        let none = Mounts::default();
        let t = |program: &str, is_lent: bool| assert_eq!(lent(program, &names, &none).is_some(), is_lent, "{program}");
        t("sh", true);
        t("/bin/sh", true);
        t("/bin/../bin/sh", true);
        t("/opt/buildout/bin/sh", false);
        t("bin/sh", false);
        t("env", false);
        t("none-of-this-name", false);
        t("", false);
        let made = ["/bin", "/usr/bin", "/usr/local/bin"].map(|path| (Path::new(path).into(), Access::Write));
        assert_eq!(lent("sh", &names, &Mounts::new(made, &[], &[], &[])), None);
    }

    #[test]
    fn messages_about_a_missing_network_are_known() {
        assert!(is_missed(b"fatal: unable to access 'https://x/': Could not resolve host: x\n"));
        assert!(!is_missed(b"fatal: repository not found"));
        assert!(!is_missed(b""));
    }
}
