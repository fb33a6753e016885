//! Which addresses a recipe may download from.

use std::fs::File;
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};

use fetch::Allowed;
use url::Url;

use super::mounts::{Mount, Mounts, normalize};

/// The address of every server.
const ANY: &str = "*";

/// Whether a prefix of addresses is granted. A path means its `file:` address.
pub(crate) fn within(address: &str, granted: &[String], directory: &Path) -> bool {
    if address == ANY {
        return granted.iter().any(|known| known == ANY);
    }
    let url = Url::parse(address).ok().or_else(|| Url::from_file_path(normalize(&directory.join(address))).ok());
    let granted = Allowed::Beneath(granted.to_vec());
    url.is_some_and(|url| granted.allows(&url))
}

/// What may be downloaded from the addresses that a recipe has asked for. With `*`, it also gets the local files that it
/// may read anyway, without the links that lead out of them.
pub(crate) fn allowed(addresses: &[String], mounts: &Mounts) -> Allowed {
    let mut addresses = addresses.to_vec();
    if addresses.iter().any(|address| address == ANY) {
        addresses.extend(mounts.iter().filter_map(address_of));
    }
    Allowed::Beneath(addresses)
}

/// The `file:` address of a directory or file that may be read, as it is now.
fn address_of(mount: &Mount) -> Option<String> {
    let real = match mount.open() {
        Ok(directory) => real_path(&directory)?,
        Err(_) => {
            let (holder, name) = mount.holder().ok()?;
            real_path(&holder)?.join(name)
        }
    };
    Url::from_file_path(real).ok().map(String::from)
}

fn real_path(open: &File) -> Option<PathBuf> {
    std::fs::read_link(format!("/proc/self/fd/{}", open.as_raw_fd())).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_only_what_is_within_the_grant() {
        let t = |asked: &str, granted: &[&str]| {
            let granted: Vec<String> = granted.iter().map(|address| (*address).to_owned()).collect();
            within(asked, &granted, Path::new("/b"))
        };
        assert!(t("https://example.com/a", &["https://example.com/"]));
        assert!(t("*", &["*"]));
        assert!(t("file.tar", &["file:///b/"]));
        assert!(!t("*", &["https://example.com/"]));
        assert!(!t("https://example.com.evil.net/", &["https://example.com"]));
        assert!(!t("https://example.com/", &[]));
        assert!(!t("../etc/passwd", &["file:///b/"]));
        assert!(t("https://example.com/", &["*"]));
        assert!(!t("file:///b/", &["*"]));
        assert!(!t("file.tar", &["*"]));
        assert!(t("file.tar", &["*", "file:///"]));
    }
}
