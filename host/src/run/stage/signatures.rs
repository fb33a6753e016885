//! Signatures of parts that native commands make: they include a digest of every part that the part references.
//!
//! Such a part was built against the parts that it references (headers, libraries, programs). So it is reinstalled when
//! one of them changes, even if its own options do not. SlapOS's fork of zc.buildout does so for all parts; here it is
//! limited to recipes that start commands (`docs/decisions/031-references-in-signatures.md`).

use base::collections::Map;
use base::digest::Digest;
use state::plan::WantedPart;

use super::references;

/// Appends the referenced parts to the signature of each part for which `is_native` is true: `cmmi-DIGEST zlib=DIGEST`.
pub(super) fn add_references(
    wanted: &mut [WantedPart],
    is_native: &dyn Fn(&str) -> bool,
    buildout: &config::options::Buildout,
) {
    let native: Vec<bool> = wanted.iter().map(|part| is_native(&part.name)).collect();
    if !native.contains(&true) {
        return;
    }
    let names: Vec<&str> = wanted.iter().map(|part| part.name.as_str()).collect();
    let references = references::direct(buildout, &names);
    let mut digests = Digests { wanted, native: &native, references: &references, known: Map::default() };
    let signatures: Vec<Option<String>> =
        (0..native.len()).map(|part| native[part].then(|| digests.signature(part))).collect();
    for (part, signature) in wanted.iter_mut().zip(signatures) {
        if let Some(signature) = signature {
            part.signature = signature;
        }
    }
}

struct Digests<'a> {
    wanted: &'a [WantedPart],
    native: &'a [bool],
    references: &'a [std::collections::BTreeSet<usize>],
    /// `None` while it is being computed: parts may read each other's options.
    known: Map<usize, Option<Digest>>,
}

impl Digests<'_> {
    fn signature(&mut self, part: usize) -> String {
        let mut signature = self.wanted[part].signature.clone();
        for reference in &self.references[part] {
            if let Some(digest) = self.digest(*reference) {
                signature.push_str(&format!(" {}={}", self.wanted[*reference].name, digest.base64()));
            }
        }
        signature
    }

    /// A digest of what determines a part: its options and its signature.
    fn digest(&mut self, part: usize) -> Option<Digest> {
        if let Some(known) = self.known.get(&part) {
            return *known;
        }
        self.known.insert(part, None);
        let signature = if self.native[part] { self.signature(part) } else { self.wanted[part].signature.clone() };
        let mut text = signature;
        for (option, value) in &self.wanted[part].options {
            text.extend(["\0", option, "\0", value]);
        }
        let digest = Digest::of(text.as_bytes());
        self.known.insert(part, Some(digest));
        Some(digest)
    }
}
