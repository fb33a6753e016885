//! What decides a part of the system: the processor, the C library, and the programs that a build uses.
//!
//! Programs are identified by their content. A name stands for each program of that name on the path of the commands: the first
//! one may be a wrapper that starts the next.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use base::collections::Map;
use base::digest::Digest;
use base::files::{open_regular, read_whole};

/// The files of the system that were looked at, with their digests.
#[derive(Debug, Default)]
pub(super) struct SystemFiles {
    digests: Mutex<Map<PathBuf, Option<String>>>,
}

/// The largest part of a program that is read to find what loads it.
const HEADERS: u64 = 64 << 10;

impl SystemFiles {
    /// What a program is: each file that the name may mean, with its digest. `none` if there is no such program.
    pub(super) fn program(&self, name: &str, search_path: &str) -> String {
        let candidates = candidates(name, search_path);
        let known = candidates.iter().filter_map(|path| Some(format!("{} {}", path.display(), self.file(path)?)));
        let known: Vec<String> = known.collect();
        if known.is_empty() { "none".to_owned() } else { known.join("\n") }
    }

    /// The C library of a program, and what loads it; `static` for a program without one.
    pub(super) fn c_library(&self, program: &Path) -> String {
        let Some(loader) = interpreter(program) else { return "static".to_owned() };
        let real = loader.canonicalize().unwrap_or_else(|_| loader.clone());
        let library = real.parent().map(|directory| directory.join("libc.so.6"));
        let files = [Some(real), library].into_iter().flatten();
        files.filter_map(|path| self.file(&path)).collect::<Vec<_>>().join(" ")
    }

    fn file(&self, path: &Path) -> Option<String> {
        let mut digests = self.digests.lock().unwrap_or_else(PoisonError::into_inner);
        digests.entry(path.to_owned()).or_insert_with(|| digest_of_file(path)).clone()
    }
}

/// The digest of a file as it is now; `None` if it cannot be read.
pub(super) fn digest_of_file(path: &Path) -> Option<String> {
    Some(format!("sha256:{}", Digest::of(&read_whole(path).ok()?)))
}

/// The files that a name may mean; an absolute path means itself.
fn candidates(name: &str, search_path: &str) -> Vec<PathBuf> {
    if name.starts_with('/') {
        return vec![PathBuf::from(name)];
    }
    let mut found: Vec<PathBuf> = Vec::new();
    let directories = search_path.split(':').map(Path::new).filter(|directory| directory.is_absolute());
    // The same directory under two names (`/bin`, `/usr/bin`) is one.
    for path in directories.filter_map(|directory| Some(directory.canonicalize().ok()?.join(name))) {
        if path.is_file() && !found.contains(&path) {
            found.push(path);
        }
    }
    found
}

/// The loader that the headers of a program name (ELF, `PT_INTERP`).
fn interpreter(program: &Path) -> Option<PathBuf> {
    let mut bytes = Vec::new();
    open_regular(&program.canonicalize().ok()?).ok()?.take(HEADERS).read_to_end(&mut bytes).ok()?;
    let number = |at: usize, size: usize| {
        let field = bytes.get(at..at + size)?;
        Some(field.iter().rev().fold(0_u64, |value, byte| value << 8 | u64::from(*byte)))
    };
    // 64 bits, least significant byte first: what this host runs on.
    if bytes.get(..6)? != b"\x7fELF\x02\x01" {
        return None;
    }
    let (table, size, count) = (number(32, 8)?, number(54, 2)?, number(56, 2)?);
    for index in 0..count {
        let at = usize::try_from(table.checked_add(index * size)?).ok()?;
        if number(at, 4)? == 3 {
            let (from, length) =
                (usize::try_from(number(at + 8, 8)?).ok()?, usize::try_from(number(at + 32, 8)?).ok()?);
            let path = bytes.get(from..from.checked_add(length)?)?;
            let path = path.strip_suffix(b"\0").unwrap_or(path);
            return Some(PathBuf::from(std::str::from_utf8(path).ok()?));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_known_by_its_content() {
        let space = tempfile::tempdir().unwrap();
        let at = |name: &str| space.path().join(name);
        std::fs::create_dir(at("bin")).unwrap();
        std::fs::write(at("bin/cc"), "one").unwrap();
        let path = format!("{}:/nowhere", at("bin").display());
        let one = SystemFiles::default().program("cc", &path);
        std::fs::write(at("bin/cc"), "two").unwrap();
        assert_ne!(SystemFiles::default().program("cc", &path), one);
        assert_eq!(SystemFiles::default().program("c++", &path), "none");
        assert!(one.contains("/bin/cc sha256:"), "{one}");
    }

    #[test]
    fn the_shell_of_this_machine_has_a_c_library() {
        let library = SystemFiles::default().c_library(Path::new("/bin/sh"));
        assert!(library.starts_with("sha256:"), "{library}");
        assert_eq!(SystemFiles::default().c_library(Path::new("/etc/passwd")), "static");
    }
}
