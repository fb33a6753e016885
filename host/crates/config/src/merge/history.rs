//! Histories: the contributions to an option, each place once.

use std::sync::Arc;

use crate::{HistoryItem, Operation, Origin};
use base::collections::Set;

/// Concatenates two histories. A contribution in both appears at its last position, so that the length does not grow
/// with the number of paths that lead to a file.
pub(super) fn join(earlier: &[HistoryItem], later: &[HistoryItem]) -> Vec<HistoryItem> {
    let seen: Set<ItemKey> = later.iter().map(key).collect();
    let mut joined: Vec<HistoryItem> = earlier.iter().filter(|item| !seen.contains(&key(item))).cloned().collect();
    joined.extend_from_slice(later);
    for (number, item) in joined.iter_mut().enumerate() {
        match item.operation {
            Operation::Set if number > 0 => item.operation = Operation::Override,
            Operation::Override if number == 0 => item.operation = Operation::Set,
            _ => {}
        }
    }
    joined
}

type ItemKey = (u8, usize, u32);

fn key(item: &HistoryItem) -> ItemKey {
    let class = match item.operation {
        Operation::Set | Operation::Override => 0,
        Operation::Add => 1,
        Operation::Remove => 2,
        Operation::Directory => 3,
    };
    match &item.origin {
        Origin::Default => (class, 0, 0),
        Origin::Computed => (class, 0, 1),
        Origin::CommandLine(_) => (class, 0, 2),
        Origin::Implicit => (class, 0, 3),
        Origin::Program => (class, 0, 4),
        Origin::File(place) => (class, Arc::as_ptr(&place.source).addr(), place.start),
    }
}
