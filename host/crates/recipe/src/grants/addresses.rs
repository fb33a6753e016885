//! Which addresses a recipe may download from.

use std::path::Path;

use fetch::Allowed;

use super::mounts::normalize;

/// The addresses of a grant or of a request.
pub(crate) fn allowed(addresses: &[String]) -> Allowed {
    if addresses.iter().any(|address| address == "*") { Allowed::Any } else { Allowed::Beneath(addresses.to_vec()) }
}

/// Whether a prefix of addresses is granted. A path means its `file:` address.
pub(crate) fn within(address: &str, granted: &Allowed, directory: &Path) -> bool {
    if *granted == Allowed::Any {
        return true;
    }
    let url =
        url::Url::parse(address).ok().or_else(|| url::Url::from_file_path(normalize(&directory.join(address))).ok());
    address != "*" && url.is_some_and(|url| granted.allows(&url))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_only_what_is_within_the_grant() {
        let t = |asked: &str, granted: &[&str]| {
            let granted: Vec<String> = granted.iter().map(|address| (*address).to_owned()).collect();
            within(asked, &allowed(&granted), Path::new("/b"))
        };
        assert!(t("https://example.com/a", &["https://example.com/"]));
        assert!(t("*", &["*"]));
        assert!(t("file.tar", &["file:///b/"]));
        assert!(!t("*", &["https://example.com/"]));
        assert!(!t("https://example.com.evil.net/", &["https://example.com"]));
        assert!(!t("https://example.com/", &[]));
        assert!(!t("../etc/passwd", &["file:///b/"]));
    }
}
