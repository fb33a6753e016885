//! Resolves the paths of a policy: symbolic links are followed where the user controls them, and not where a recipe or
//! its commands may have created them.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use base::paths::names;
use rustix::io::Errno;

/// As many links as the kernel follows.
const MOST_LINKS: usize = 40;

/// `path`, absolute, without symbolic links. A link in or below a directory of `written` (resolved paths) is not
/// followed: it is an error.
///
/// The result must be opened without following links, as a command may replace a directory in the meantime.
pub(super) fn resolve(path: &Path, written: &[PathBuf]) -> io::Result<PathBuf> {
    let mut real = PathBuf::from("/");
    let mut rest: VecDeque<OsString> = names(path).collect();
    let mut links = 0;
    while let Some(name) = rest.pop_front() {
        if name == ".." {
            // It contains no links, so `..` can be resolved lexically.
            real.pop();
            continue;
        }
        let next = real.join(&name);
        let target = match std::fs::read_link(&next) {
            Ok(target) => target,
            // Not a link.
            Err(error) if Errno::from_io_error(&error) == Some(Errno::INVAL) => {
                real = next;
                continue;
            }
            Err(error) => return Err(error),
        };
        if written.iter().any(|written| real.starts_with(written)) {
            let why =
                format!("{} is a symbolic link that a recipe may have made; name its target instead", next.display());
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        }
        links += 1;
        if links > MOST_LINKS {
            return Err(Errno::LOOP.into());
        }
        if target.is_absolute() {
            real = PathBuf::from("/");
        }
        names(&target).rev().for_each(|name| rest.push_front(name));
    }
    Ok(real)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn links_are_followed_but_where_recipes_may_have_made_them() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        std::fs::create_dir_all(root.join("real/parts/x/inner")).unwrap();
        for directory in ["secret", "real/other"] {
            std::fs::create_dir(root.join(directory)).unwrap();
        }
        symlink("real/../real", root.join("alias")).unwrap();
        symlink(root.join("alias/parts"), root.join("parts")).unwrap();
        symlink(root.join("secret"), root.join("real/parts/x/link")).unwrap();
        symlink("loop", root.join("loop")).unwrap();
        let t = |path: &str, written: &[&str]| {
            let written: Vec<PathBuf> = written.iter().map(|path| root.join(path)).collect();
            resolve(&root.join(path), &written)
        };
        for (path, expected) in
            [("alias", "real"), ("parts/x/inner", "real/parts/x/inner"), ("parts/../other", "real/other")]
        {
            assert_eq!(t(path, &["real/parts"]).unwrap(), root.join(expected));
        }
        assert_eq!(
            t("parts/x/link", &[]).unwrap(),
            root.join("secret"),
            "where no command writes, a link is the user's"
        );
        // By any path.
        for path in ["real/parts/x/link", "parts/x/link", "alias/parts/x/link"] {
            for written in ["real/parts", "real/parts/x", "real"] {
                let error = t(path, &[written]).unwrap_err().to_string();
                assert!(error.contains("real/parts/x/link is a symbolic link"), "{error}");
            }
        }
        assert_eq!(t("loop", &[]).unwrap_err().raw_os_error(), Some(Errno::LOOP.raw_os_error()));
        assert_eq!(t("missing/x", &[]).unwrap_err().kind(), io::ErrorKind::NotFound);
        assert!(t("loop/x", &[]).is_err());
    }
}
