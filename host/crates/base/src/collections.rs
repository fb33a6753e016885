//! The map types of this crate: those of the standard library and of `indexmap`, with a faster hash (decision 060).

use foldhash::fast::RandomState;

/// A map without order.
pub type Map<K, V> = std::collections::HashMap<K, V, RandomState>;

/// A set without order.
pub type Set<K> = std::collections::HashSet<K, RandomState>;

/// A map that keeps the order in which its keys were first inserted.
pub type OrderedMap<K, V> = indexmap::IndexMap<K, V, RandomState>;
