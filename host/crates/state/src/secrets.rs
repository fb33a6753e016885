//! Credentials of URLs: the state does not keep them, but notices that they have changed.

use base::digest::Digest;
use base::source::replace_credentials;

/// What stands in a URL instead of its credentials; a short digest follows.
const CONCEALED: &str = "***";

/// How many hexadecimal digits the digest has: enough to notice a change, too few to find a good password by.
const DIGITS: usize = 8;

/// `text` without the credentials of the URLs in it. A digest stands for them, of the whole authority, so that the same
/// password at two hosts does not show. What was concealed already is left as it is.
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
