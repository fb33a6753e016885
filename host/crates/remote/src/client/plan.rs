//! Which contents travel together: small ones in batches up to the server's limit, large ones alone.

use crate::blob::BlobDigest;

/// What a content adds to a batch in addition to its bytes: digest, status, framing.
const OVERHEAD: u64 = 160;

/// How contents travel.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct TransferPlan {
    /// Each list in one call.
    pub(super) batches: Vec<Vec<BlobDigest>>,
    /// Each in a stream.
    pub(super) streams: Vec<BlobDigest>,
}

impl TransferPlan {
    pub(super) fn new(digests: impl IntoIterator<Item = BlobDigest>, limit: u64) -> Self {
        let mut plan = Self::default();
        let (mut batch, mut size) = (Vec::new(), 0);
        for digest in digests {
            let added = digest.size().saturating_add(OVERHEAD);
            if added > limit {
                plan.streams.push(digest);
                continue;
            }
            if size + added > limit {
                plan.batches.push(std::mem::take(&mut batch));
                size = 0;
            }
            batch.push(digest);
            size += added;
        }
        if !batch.is_empty() {
            plan.batches.push(batch);
        }
        plan
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn digest(number: usize, size: u64) -> BlobDigest {
        BlobDigest::new(*BlobDigest::of(&number.to_ne_bytes()).hash(), size)
    }

    proptest! {
        #[test]
        fn all_travel_and_no_batch_is_too_large(sizes in prop::collection::vec(0_u64..3000, 0..50), limit in 500_u64..4000) {
            let digests: Vec<_> = sizes.iter().enumerate().map(|(number, size)| digest(number, *size)).collect();
            let plan = TransferPlan::new(digests.clone(), limit);
            for batch in &plan.batches {
                prop_assert!(!batch.is_empty());
                prop_assert!(batch.iter().map(|digest| digest.size() + OVERHEAD).sum::<u64>() <= limit);
            }
            let mut all: Vec<_> = plan.batches.concat();
            all.extend(plan.streams);
            all.sort();
            let mut expected = digests;
            expected.sort();
            prop_assert_eq!(all, expected);
        }
    }
}
