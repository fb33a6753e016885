//! The facts of parts that this machine has made or fetched, by the name of the part: to explain why another one is not in the cache.
//!
//! What cannot be read or written is as if nothing was known: the explanation is then shorter.

use std::path::{Path, PathBuf};

use base::digest::Digest;
use base::files::{read_at_most, write_private};

use super::facts::PartFacts;
use super::missed::PartMiss;

/// How many of each name are kept.
const KEPT: usize = 8;
/// The longest file that is read.
const SIZE: u64 = 8 << 20;

/// The facts of earlier parts.
#[derive(Debug)]
pub(super) struct KnownParts {
    directory: PathBuf,
}

impl KnownParts {
    pub(super) fn new(directory: PathBuf) -> Self {
        Self { directory }
    }

    /// Remembers the facts of a part.
    pub(super) fn remember(&self, part: &str, facts: &PartFacts) {
        let mut all = self.of(part);
        all.retain(|known| known != facts);
        all.insert(0, facts.clone());
        all.truncate(KEPT);
        let Ok(text) = serde_json::to_vec(&all) else { return };
        let path = self.path(part);
        let _ = std::fs::create_dir_all(&self.directory);
        let _ = write_private(&self.directory, &[&text], |temporary| std::fs::rename(temporary, &path));
    }

    /// Why there is no part with these facts: what differs from the most similar one that is known.
    pub(super) fn explain(&self, part: &str, facts: &PartFacts) -> PartMiss {
        let all = self.of(part);
        let Some(nearest) = all.iter().min_by_key(|known| facts.distance(known)) else {
            return PartMiss::Unexplained { part: part.to_owned() };
        };
        let difference = facts.first_difference(nearest);
        PartMiss::Because(difference.unwrap_or_else(|| "it was stored before, and has since been removed".to_owned()))
    }

    fn of(&self, part: &str) -> Vec<PartFacts> {
        let text = read_at_most(&self.path(part), SIZE).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    }

    fn path(&self, part: &str) -> PathBuf {
        let name = Digest::of(part.as_bytes()).to_string();
        self.directory.join(Path::new(&name[..32]).with_extension("json"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_miss_is_explained_by_the_most_similar_part() {
        let space = tempfile::tempdir().unwrap();
        let known = KnownParts::new(space.path().join("known"));
        let now = PartFacts::of(&[("a", "1"), ("b", "2"), ("c", "3")]);
        let explain = |part: &str| known.explain(part, &now).to_string();
        assert_eq!(explain("zlib"), "; this machine has no earlier build of zlib to compare with");
        known.remember("zlib", &PartFacts::of(&[("a", "1"), ("b", "2"), ("c", "4")]));
        known.remember("zlib", &PartFacts::of(&[("a", "9"), ("b", "9"), ("c", "3")]));
        assert_eq!(explain("zlib"), ": c changed from \"4\" to \"3\"");
        known.remember("zlib", &now);
        assert_eq!(explain("zlib"), ": it was stored before, and has since been removed");
        assert!(explain("xz").contains("no earlier build of xz"));
    }
}
