//! What was sent to prove who asks. A registry, or a token server, may say it again: then its words are not shown.

use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use percent_encoding::percent_decode_str;
use zeroize::Zeroizing;

/// Shown in place of words that repeat a secret.
const WITHHELD: &str = "words that repeat credentials, withheld";

/// All secrets that were sent by now.
#[derive(Default)]
pub(super) struct Secrets(Mutex<Vec<Zeroizing<String>>>);

impl Secrets {
    /// Remembers the header line `Authorization`, and what somebody who reads it can make of it.
    pub(super) fn add_authorization(&self, header: &str) {
        let proof = header.split_once(' ').map_or(header, |(_, proof)| proof).trim_end_matches('=');
        self.add(proof);
        let decoded =
            STANDARD_NO_PAD.decode(proof).ok().and_then(|bytes| String::from_utf8(bytes).ok()).map(Zeroizing::new);
        if let Some((_, password)) = decoded.as_ref().and_then(|pair| pair.split_once(':')) {
            self.add(password);
        }
    }

    /// Remembers a password or a token.
    pub(super) fn add(&self, secret: &str) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !secret.is_empty() && !known.iter().any(|other| other.as_str() == secret) {
            known.push(Zeroizing::new(secret.to_owned()));
        }
    }

    /// Somebody else's words, unless they repeat a secret, as it is or as it stands in a URL.
    pub(super) fn withhold(&self, words: String) -> String {
        let decoded = percent_decode_str(&words).decode_utf8_lossy();
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let repeats = known.iter().any(|secret| words.contains(secret.as_str()) || decoded.contains(secret.as_str()));
        if repeats { WITHHELD.to_owned() } else { words }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_repeat_what_was_sent_are_withheld() {
        let secrets = Secrets::default();
        let harmless = |words: &str| assert_eq!(secrets.withhold(words.to_owned()), words);
        harmless("Basic Ym9iOmh1bnRlcjI/Pw==");
        // bob:hunter2??
        secrets.add_authorization("Basic Ym9iOmh1bnRlcjI/Pw==");
        secrets.add_authorization("Bearer a.token");
        secrets.add("identity");
        for words in
            ["got Basic Ym9iOmh1bnRlcjI/Pw==", "?a=Ym9iOmh1bnRlcjI%2FPw%3D%3D", "no hunter2??", "[a.token]", "identity"]
        {
            assert_eq!(secrets.withhold(words.to_owned()), WITHHELD, "{words}");
        }
        harmless("bob may not do this");
        harmless("Basic, Bearer");
    }
}
