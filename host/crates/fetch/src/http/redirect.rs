//! The redirects that are allowed, and which credentials are sent there.

use url::Url;

use super::allowed::Allowed;
use super::fault::TransferFault;

/// Maximum number of redirects.
pub(super) const MOST: usize = 5;

/// Resolves `target`, the `Location` of a response from `from`; refused if it would leave HTTP or give up TLS.
///
/// The new URL keeps the credentials of `from` only on the same host and port (or with TLS on the same host);
/// credentials in a `Location` are dropped.
fn follow(from: &Url, target: &str) -> Result<Url, TransferFault> {
    let mut next = from.join(target).map_err(|error| refused(&format!("to something that is not a URL: {error}")))?;
    match next.scheme() {
        "https" => {}
        "http" if from.scheme() == "http" => {}
        "http" => return Err(refused("from https to http")),
        scheme => return Err(refused(&format!("to a {scheme}: URL"))),
    }
    let (user, password) = if same_place(from, &next) { (from.username(), from.password()) } else { ("", None) };
    // Both fail only for URLs without a host, and http(s) URLs have one.
    let _ = next.set_username(user);
    let _ = next.set_password(password);
    Ok(next)
}

/// As [`follow`], and to another host only over TLS.
pub(super) fn follow_securely(from: &Url, target: &str) -> Result<Url, TransferFault> {
    let next = follow(from, target)?;
    match next.scheme() == "http" && next.host() != from.host() {
        true => Err(refused("to another host without TLS")),
        false => Ok(next),
    }
}

/// As [`follow`], if the new URL is allowed.
pub(super) fn follow_within(from: &Url, target: &str, allowed: &Allowed) -> Result<Url, TransferFault> {
    let next = follow(from, target)?;
    if allowed.allows(&next) { Ok(next) } else { Err(refused("to a place that is not allowed")) }
}

/// Whether credentials for `from` may also be sent to `next`: the same host and port, or TLS on the same host.
pub(super) fn same_place(from: &Url, next: &Url) -> bool {
    let upgrade = from.scheme() == "http" && next.scheme() == "https";
    let same_port = from.port_or_known_default() == next.port_or_known_default();
    from.host() == next.host() && (upgrade || same_port && from.scheme() == next.scheme())
}

/// The error for a redirect that is not followed.
pub(super) fn refused(why: &str) -> TransferFault {
    TransferFault::Redirect(why.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirects_keep_tls_and_credentials_where_they_are() {
        let t = |from: &str, target: &str, expected: Result<&str, &str>| {
            let outcome = follow(&Url::parse(from).unwrap(), target).map(String::from);
            match expected {
                Ok(url) => assert_eq!(outcome.as_deref(), Ok(url)),
                Err(part) => {
                    assert!(outcome.as_ref().is_err_and(|error| error.to_string().contains(part)), "{outcome:?}")
                }
            }
        };
        t("http://u:p@a/x", "/y", Ok("http://u:p@a/y"));
        t("http://u:p@a/x", "https://a/y", Ok("https://u:p@a/y"));
        t("https://u:p@a/x", "https://b/y", Ok("https://b/y"));
        t("https://u:p@a/x", "https://a:8443/y", Ok("https://a:8443/y"));
        t("https://u:p@a/x", "//a/y", Ok("https://u:p@a/y"));
        t("https://a/x", "https://v:q@a/y", Ok("https://a/y"));
        t("https://a/x", "http://a/y", Err("https to http"));
        t("http://a/x", "file:///etc/passwd", Err("file:"));
        t("http://a/x", "ftp://a/y", Err("ftp:"));
        t("http://a/x", "http://", Err("not a URL"));
    }
}
