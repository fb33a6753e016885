//! Expected checksums of downloads, computed while the bytes are written.

use std::fmt;
use std::io::{self, Read};

use md5::Md5;
use sha2::{Digest as _, Sha256, Sha512};

use crate::hexadecimal::hexadecimal;
use base::digest::Digest;

const BUFFER: usize = 128 << 10;

/// The algorithm of a checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
    /// MD5, used in old profiles. Detects accidents, not forgeries.
    Md5,
}

impl Algorithm {
    /// The name in options, and of its directory in the cache.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
            Self::Md5 => "md5",
        }
    }

    /// The number of hexadecimal digits of a checksum.
    pub(crate) fn digits(self) -> usize {
        match self {
            Self::Sha256 => 64,
            Self::Sha512 => 128,
            Self::Md5 => 32,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// An expected checksum. Prints as lowercase hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Checksum {
    algorithm: Algorithm,
    digits: String,
}

/// The string is not a checksum.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a {algorithm} checksum, which has {} hexadecimal digits", .algorithm.digits())]
pub struct InvalidChecksum {
    /// The expected kind.
    pub(crate) algorithm: Algorithm,
    /// The string.
    pub(crate) text: String,
}

impl Checksum {
    /// Parses hexadecimal digits in upper or lower case; surrounding whitespace is ignored.
    ///
    /// # Errors
    /// If it contains other characters, or has the wrong length.
    pub fn parse(algorithm: Algorithm, text: &str) -> Result<Self, InvalidChecksum> {
        let digits = text.trim().to_ascii_lowercase();
        if digits.len() != algorithm.digits() || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(InvalidChecksum { algorithm, text: text.to_owned() });
        }
        Ok(Self { algorithm, digits })
    }

    /// The algorithm.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

impl fmt::Display for Checksum {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.digits)
    }
}

/// Computes SHA-256 and any other required checksums in one pass.
#[derive(Clone)]
pub(super) struct Hasher {
    sha256: Sha256,
    sha512: Option<Sha512>,
    md5: Option<Md5>,
}

/// The results of a [`Hasher`].
#[derive(Clone, Debug)]
pub(super) struct Computed {
    pub(super) sha256: Digest,
    others: Vec<Checksum>,
}

impl Hasher {
    /// A hasher that can verify `checksums`.
    pub(super) fn new(checksums: &[Checksum]) -> Self {
        let needs = |algorithm| checksums.iter().any(|checksum| checksum.algorithm == algorithm);
        Self {
            sha256: Sha256::new(),
            sha512: needs(Algorithm::Sha512).then(Sha512::new),
            md5: needs(Algorithm::Md5).then(Md5::new),
        }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.sha256.update(bytes);
        if let Some(sha512) = &mut self.sha512 {
            sha512.update(bytes);
        }
        if let Some(md5) = &mut self.md5 {
            md5.update(bytes);
        }
    }

    /// The checksums of all bytes so far.
    pub(super) fn finish(self) -> Computed {
        let sha256: [u8; 32] = self.sha256.finalize().into();
        let of = |algorithm, bytes: &[u8]| Checksum { algorithm, digits: hexadecimal(bytes) };
        let sha512 = self.sha512.map(|sha512| of(Algorithm::Sha512, &sha512.finalize()));
        let md5 = self.md5.map(|md5| of(Algorithm::Md5, &md5.finalize()));
        let others = [Some(of(Algorithm::Sha256, &sha256)), sha512, md5];
        Computed { sha256: sha256.into(), others: others.into_iter().flatten().collect() }
    }

    /// Reads the rest of `file`; `None` if it was canceled.
    pub(super) fn read(mut self, file: &mut impl Read, canceled: &dyn Fn() -> bool) -> io::Result<Option<Computed>> {
        let mut buffer = vec![0; BUFFER];
        loop {
            if canceled() {
                return Ok(None);
            }
            match file.read(&mut buffer) {
                Ok(0) => return Ok(Some(self.finish())),
                Ok(count) => self.update(&buffer[..count]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

impl Computed {
    /// The first of `expected` that does not match, and the actual checksum.
    pub(super) fn differs<'e>(&self, expected: &'e [Checksum]) -> Option<(&'e Checksum, &Checksum)> {
        let computed = |expected: &Checksum| self.others.iter().find(|found| found.algorithm == expected.algorithm);
        expected.iter().filter_map(|expected| Some((expected, computed(expected)?))).find(|(a, b)| a != b)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_checksums_must_match() {
        // of `abc`, computed by coreutils
        let sha512 = "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
                      2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f";
        let md5 = "900150983CD24FB0D6963F7D28E17F72";
        let right =
            [Checksum::parse(Algorithm::Md5, md5).unwrap(), Checksum::parse(Algorithm::Sha512, sha512).unwrap()];
        let mut hasher = Hasher::new(&right);
        hasher.update(b"a");
        hasher.update(b"bc");
        let computed = hasher.finish();
        assert_eq!(computed.sha256, Digest::of(b"abc"));
        assert!(computed.differs(&right).is_none());
        let wrong = [right[0].clone(), Checksum::parse(Algorithm::Sha256, &"0".repeat(64)).unwrap()];
        let (expected, found) = computed.differs(&wrong).unwrap();
        assert_eq!((expected, found.to_string()), (&wrong[1], Digest::of(b"abc").to_string()));
    }

    #[test]
    fn rejects_other_numbers_of_digits() {
        assert!(Checksum::parse(Algorithm::Md5, &format!(" {} ", "a".repeat(32))).is_ok());
        for text in ["", "abc", &"g".repeat(32), &"a".repeat(64), &"é".repeat(16)] {
            assert!(Checksum::parse(Algorithm::Md5, text).is_err(), "{text}");
        }
    }
}
