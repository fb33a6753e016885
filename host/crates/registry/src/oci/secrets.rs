//! Secrets for authentication. A registry or token server may repeat them in a message: then the message is not shown.

use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use percent_encoding::percent_decode_str;
use zeroize::Zeroizing;

/// Shown in place of a message that repeats a secret.
const WITHHELD: &str = "a message that repeats credentials is not shown";

/// Credentials for a registry.
pub(super) enum RegistryCredentials {
    /// For HTTP's Basic authentication.
    Password {
        /// Name of the user.
        user: String,
        /// The password, or a token that replaces it.
        password: Zeroizing<String>,
    },
    /// A token that is exchanged for other tokens (OAuth 2).
    IdentityToken(Zeroizing<String>),
}

impl std::fmt::Debug for RegistryCredentials {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Credentials(***)")
    }
}

/// All secrets that were sent so far.
#[derive(Default)]
pub(super) struct Secrets(Mutex<Vec<Zeroizing<String>>>);

impl Secrets {
    /// Remembers the value of a header `Authorization`, and the password in it.
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

    /// A string from outside; replaced if it contains a secret, unchanged or URL-encoded.
    pub(super) fn withhold(&self, text: String) -> String {
        let decoded = percent_decode_str(&text).decode_utf8_lossy();
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let repeats = known.iter().any(|secret| text.contains(secret.as_str()) || decoded.contains(secret.as_str()));
        if repeats { WITHHELD.to_owned() } else { text }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn withholds_a_text_that_repeats_what_was_sent() {
        let secrets = Secrets::default();
        let harmless = |text: &str| assert_eq!(secrets.withhold(text.to_owned()), text);
        harmless("Basic Ym9iOmh1bnRlcjI/Pw==");
        // bob:hunter2??
        secrets.add_authorization("Basic Ym9iOmh1bnRlcjI/Pw==");
        secrets.add_authorization("Bearer a.token");
        secrets.add("identity");
        for text in
            ["got Basic Ym9iOmh1bnRlcjI/Pw==", "?a=Ym9iOmh1bnRlcjI%2FPw%3D%3D", "no hunter2??", "[a.token]", "identity"]
        {
            assert_eq!(secrets.withhold(text.to_owned()), WITHHELD, "{text}");
        }
        harmless("bob may not do this");
        harmless("Basic, Bearer");
    }

    #[test]
    fn nothing_shows_a_secret() {
        let credentials = RegistryCredentials::Password { user: "u".into(), password: Zeroizing::new("secret".into()) };
        assert_eq!(format!("{credentials:?}"), "Credentials(***)");
    }
}
