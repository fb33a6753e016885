//! Credentials of URLs: they are not saved in the state, but changes of them are detected.

use base::digest::Digest;
use base::source::replace_credentials;

/// Replaces the credentials of a URL; a short digest follows.
const CONCEALED: &str = "***";

/// Number of hexadecimal digits of the digest: enough to detect a change, too few to recover a good password.
const DIGITS: usize = 8;

/// `text` with the credentials of URLs replaced by a digest. The digest covers the whole authority, so that reuse of a
/// password on two hosts does not show. Concealed credentials are left unchanged.
pub fn conceal(text: &str) -> String {
    replace_credentials(text, |secret, authority| match secret.strip_prefix(CONCEALED) {
        Some(digest) if is_short_digest(digest) => secret.to_owned(),
        _ => format!("{CONCEALED}{}", &Digest::of(authority.as_bytes()).to_string()[..DIGITS]),
    })
}

fn is_short_digest(text: &str) -> bool {
    text.len() == DIGITS && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::source::redact;

    #[test]
    fn what_is_concealed_can_still_be_compared() {
        let text = "a https://u:p@h/x";
        assert!(!conceal(text).contains("u:p"), "{}", conceal(text));
        assert_eq!(conceal(&conceal(text)), conceal(text));
        assert_ne!(conceal("https://u:q@h/x"), conceal("https://u:p@h/x"));
        assert_ne!(conceal("https://u:p@i/x").replace("@i", "@h"), conceal("https://u:p@h/x"));
        assert_eq!(redact(&conceal(text)), redact(text));
        assert_eq!(conceal("https://h/x"), "https://h/x");
    }
}
