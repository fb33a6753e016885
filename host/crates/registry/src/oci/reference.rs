//! References to artifacts: `HOST[:PORT]/NAME[:TAG][@sha256:DIGEST]`, with or without the prefix `oci://`.
//!
//! Names and tags follow the grammar of the OCI distribution specification. There are no defaults: a reference without
//! a host does not mean a well-known registry, and one without tag and digest does not mean `latest`.

use std::fmt;
use std::str::FromStr;

use base::digest::Digest;
use base::source::Explain;

const SCHEME: &str = "oci://";
const ALGORITHM: &str = "sha256:";

/// Maximum length of a repository's name in characters, including the host (OCI distribution specification).
const LONGEST_NAME: usize = 255;
const LONGEST_TAG: usize = 128;

/// The address of an artifact: a repository of a registry, and a tag, a digest, or both.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reference {
    host: String,
    repository: String,
    tag: Option<String>,
    digest: Option<Digest>,
}

/// Why a string is not a reference to an artifact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidArtifactReference {
    /// A URL with another scheme.
    #[error("its scheme is not oci://")]
    Scheme,
    /// It starts with a repository.
    #[error("it has no registry")]
    NoHost,
    /// The registry is not a host name with or without port.
    #[error("the registry is not a host name or address, with or without a port")]
    Host,
    /// Nothing after the registry.
    #[error("it has no repository")]
    NoRepository,
    /// The name of the repository has invalid characters.
    #[error("the repository's name may contain only lowercase letters, digits, and single . _ - / between them")]
    Repository,
    /// The name is too long.
    #[error("its name is longer than {LONGEST_NAME} characters")]
    TooLong,
    /// The tag has invalid characters.
    #[error("a tag has 1 to {LONGEST_TAG} letters, digits, . _ -, and starts with a letter, a digit or _")]
    Tag,
    /// The part after `@` is invalid.
    #[error("what follows the @ is not sha256: and 64 lowercase hexadecimal digits")]
    Digest,
    /// Neither tag nor digest.
    #[error("it has neither a tag nor a digest")]
    NoVersion,
}

impl Explain for InvalidArtifactReference {
    fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::NoVersion => "Add the version, as in registry.example/acme/recipes:1.2.",
            Self::NoHost => {
                "Start with the registry's host, as in registry.example/acme/recipes:1.2; one without a dot needs a port, \
                 as in registry:5000/recipes:1.2."
            }
            _ => "Write oci://HOST[:PORT]/NAME:TAG, as in oci://registry.example/acme/recipes:1.2.",
        };
        vec![hint.to_owned()]
    }
}

impl Reference {
    /// Host of the registry, with its port if it has one.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// Name of the repository in the registry, without host.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// Host and repository: a signature is made for this name.
    pub fn name(&self) -> String {
        format!("{}/{}", self.host, self.repository)
    }

    /// The tag.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest of the manifest.
    pub fn digest(&self) -> Option<Digest> {
        self.digest
    }

    /// The same repository and tag, pinned to a manifest.
    #[must_use]
    pub fn with_digest(&self, digest: Digest) -> Self {
        Self { digest: Some(digest), ..self.clone() }
    }

    /// The same repository, with this tag only.
    ///
    /// # Errors
    /// If the string is not a tag.
    pub fn with_tag(&self, tag: &str) -> Result<Self, InvalidArtifactReference> {
        if !is_tag(tag) {
            return Err(InvalidArtifactReference::Tag);
        }
        Ok(Self { tag: Some(tag.to_owned()), digest: None, ..self.clone() })
    }

    /// The reference of the signatures of a manifest in this repository, as in cosign: the tag `sha256-DIGEST.sig`.
    #[must_use]
    pub(crate) fn signatures_of(&self, digest: Digest) -> Self {
        Self { tag: Some(format!("sha256-{digest}.sig")), digest: None, ..self.clone() }
    }

    /// Name and tag, without digest: the name of an artifact in OCI layouts.
    pub(super) fn tagged_name(&self) -> Option<String> {
        Some(format!("{}:{}", self.name(), self.tag.as_ref()?))
    }

    /// The part of a request that selects the manifest: the digest if there is one, else the tag.
    pub(super) fn version(&self) -> String {
        match self.digest {
            Some(digest) => format!("{ALGORITHM}{digest}"),
            None => self.tag.clone().unwrap_or_default(),
        }
    }
}

impl FromStr for Reference {
    type Err = InvalidArtifactReference;

    fn from_str(text: &str) -> Result<Self, InvalidArtifactReference> {
        let text = text.strip_prefix(SCHEME).unwrap_or(text);
        if text.contains("://") {
            return Err(InvalidArtifactReference::Scheme);
        }
        let (text, digest) = match text.split_once('@') {
            Some((text, digest)) => (text, Some(parse_digest(digest)?)),
            None => (text, None),
        };
        let (host, rest) = text.split_once('/').ok_or(InvalidArtifactReference::NoHost)?;
        if host != "localhost" && !host.contains(['.', ':']) {
            return Err(InvalidArtifactReference::NoHost);
        }
        if !is_host(host) {
            return Err(InvalidArtifactReference::Host);
        }
        let (repository, tag) = match rest.split_once(':') {
            Some((repository, tag)) => (repository, Some(tag)),
            None => (rest, None),
        };
        if repository.is_empty() {
            return Err(InvalidArtifactReference::NoRepository);
        }
        if !repository.split('/').all(is_component) {
            return Err(InvalidArtifactReference::Repository);
        }
        if host.len() + 1 + repository.len() > LONGEST_NAME {
            return Err(InvalidArtifactReference::TooLong);
        }
        if tag.is_some_and(|tag| !is_tag(tag)) {
            return Err(InvalidArtifactReference::Tag);
        }
        if tag.is_none() && digest.is_none() {
            return Err(InvalidArtifactReference::NoVersion);
        }
        let (host, repository) = (host.to_ascii_lowercase(), repository.to_owned());
        Ok(Self { host, repository, tag: tag.map(str::to_owned), digest })
    }
}

/// Without `oci://`.
impl fmt::Display for Reference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.host, self.repository)?;
        self.tag.iter().try_for_each(|tag| write!(formatter, ":{tag}"))?;
        self.digest.iter().try_for_each(|digest| write!(formatter, "@{ALGORITHM}{digest}"))
    }
}

fn parse_digest(text: &str) -> Result<Digest, InvalidArtifactReference> {
    let digits = text.strip_prefix(ALGORITHM).filter(|digits| !digits.bytes().any(|byte| byte.is_ascii_uppercase()));
    digits.and_then(|digits| digits.parse().ok()).ok_or(InvalidArtifactReference::Digest)
}

/// A host name, an IPv4 address, or an IPv6 address in brackets; with or without port.
fn is_host(text: &str) -> bool {
    let (name, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, after)) => {
            let port = after.strip_prefix(':');
            return address.parse::<std::net::Ipv6Addr>().is_ok() && (after.is_empty() || port.is_some_and(is_port));
        }
        None => text.split_once(':').map_or((text, None), |(name, port)| (name, Some(port))),
    };
    let label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.split('.').all(label) && port.is_none_or(is_port)
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok_and(|port| port > 0)
}

/// One component of a repository's name: runs of lowercase letters and digits, separated by `.`, `_`, `__` or any
/// number of `-`.
fn is_component(text: &str) -> bool {
    let alphanumeric = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let separators =
        text.split(|c: char| c.is_ascii() && alphanumeric(c as u8)).filter(|separator| !separator.is_empty());
    let ends = [text.bytes().next(), text.bytes().last()];
    ends.into_iter().all(|byte| byte.is_some_and(alphanumeric))
        && separators
            .into_iter()
            .all(|separator| matches!(separator, "." | "_" | "__") || separator.bytes().all(|byte| byte == b'-'))
}

fn is_tag(text: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    text.len() <= LONGEST_TAG
        && text.bytes().next().is_some_and(word)
        && text.bytes().all(|byte| word(byte) || matches!(byte, b'.' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGITS: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    fn parse(text: &str) -> Result<Reference, InvalidArtifactReference> {
        text.parse()
    }

    #[test]
    fn separates_the_parts() {
        let text = format!("oci://Registry.example:5000/acme/my_recipes:1.2@sha256:{DIGITS}");
        let reference = parse(&text).unwrap();
        assert_eq!((reference.host(), reference.repository()), ("registry.example:5000", "acme/my_recipes"));
        assert_eq!((reference.tag(), reference.digest()), (Some("1.2"), Some(Digest::of(b"abc"))));
        assert_eq!(reference.to_string(), format!("registry.example:5000/acme/my_recipes:1.2@sha256:{DIGITS}"));
        assert_eq!(parse(&reference.to_string()), Ok(reference.clone()));
        assert_eq!(reference.name(), "registry.example:5000/acme/my_recipes");
        let signatures = reference.signatures_of(Digest::of(b"abc"));
        assert_eq!(signatures.to_string(), format!("registry.example:5000/acme/my_recipes:sha256-{DIGITS}.sig"));
        assert_eq!(parse(&signatures.to_string()), Ok(signatures));
        for text in ["localhost/a:1", "a.b/c:1", "[::1]:5000/a:1", "127.0.0.1:5000/a--b__c.d/e:_x-1.0"] {
            assert_eq!(parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn says_why_a_string_is_not_a_reference() {
        let long = "a".repeat(300);
        for (text, why) in [
            ("", InvalidArtifactReference::NoHost),
            ("acme/recipes:1", InvalidArtifactReference::NoHost),
            ("recipes:1", InvalidArtifactReference::NoHost),
            ("https://a.b/c:1", InvalidArtifactReference::Scheme),
            ("docker://a.b/c:1", InvalidArtifactReference::Scheme),
            ("user@a.b/c:1", InvalidArtifactReference::Digest),
            ("a..b/c:1", InvalidArtifactReference::Host),
            ("a.b:/c:1", InvalidArtifactReference::Host),
            ("a.b:0/c:1", InvalidArtifactReference::Host),
            ("a.b:99999/c:1", InvalidArtifactReference::Host),
            ("a.b:+1/c:1", InvalidArtifactReference::Host),
            ("[::1/c:1", InvalidArtifactReference::Host),
            ("a_.b/c:1", InvalidArtifactReference::Host),
            ("a.b/:1", InvalidArtifactReference::NoRepository),
            ("a.b/C:1", InvalidArtifactReference::Repository),
            ("a.b/../c:1", InvalidArtifactReference::Repository),
            ("a.b//c:1", InvalidArtifactReference::Repository),
            ("a.b/c/:1", InvalidArtifactReference::Repository),
            ("a.b/c___d:1", InvalidArtifactReference::Repository),
            ("a.b/c._d:1", InvalidArtifactReference::Repository),
            ("a.b/é:1", InvalidArtifactReference::Repository),
            ("a.b/c?d:1", InvalidArtifactReference::Repository),
            (&format!("a.b/{long}:1"), InvalidArtifactReference::TooLong),
            ("a.b/c:", InvalidArtifactReference::Tag),
            ("a.b/c:-x", InvalidArtifactReference::Tag),
            ("a.b/c:x/y", InvalidArtifactReference::Tag),
            ("a.b/c:1:2", InvalidArtifactReference::Tag),
            (&format!("a.b/c:{long}"), InvalidArtifactReference::Tag),
            ("a.b/c:1@sha256:abc", InvalidArtifactReference::Digest),
            (&format!("a.b/c@sha256:{}", DIGITS.to_uppercase()), InvalidArtifactReference::Digest),
            (&format!("a.b/c@sha512:{DIGITS}"), InvalidArtifactReference::Digest),
            ("a.b/c", InvalidArtifactReference::NoVersion),
        ] {
            assert_eq!(parse(text), Err(why), "{text}");
            assert!(!why.hints().is_empty());
        }
    }

    proptest::proptest! {
        #[test]
        fn prints_so_that_it_parses_the_same(text in "(oci://)?[a-z.:]{1,8}/[a-z._/-]{1,8}(:[a-z0-9._-]{0,5})?") {
            if let Ok(reference) = parse(&text) {
                proptest::prop_assert_eq!(parse(&reference.to_string()), Ok(reference));
            }
        }

        #[test]
        fn no_text_panics(text in ".{0,40}") {
            let _ = parse(&text);
        }
    }
}
