//! The Remote Execution API (version 2): results of actions from a cache that machines share, and actions that other
//! machines run.
//!
//! An *action* is a command with all that it can read ([`ActionDescription`]). Its encoding is canonical, and the digest
//! of it is the key of its result. A result is a set of trees ([`TreeNode`]) whose contents are named by digest. The
//! crate knows nothing of recipes, parts and buildouts.

mod action;
mod blob;
mod cache;
mod client;
mod call_runtime;
mod execution;
mod input;
mod outputs;
mod protocol;
mod settings;
mod store;
mod tree;

pub use action::{ActionDescription, EncodedAction};
pub use blob::BlobDigest;
pub use cache::{CacheHit, CacheLookup, HitOrigin, MissReason, ResultCache};
pub use client::{LocalSetting, LocalSettingError};
pub use execution::{ExecutionEvent, ExecutionFailure, RemoteExecution};
pub use input::{InputError, InputRoot};
pub use outputs::{ActionOutputs, CapturedOutputs};
pub use settings::{HeaderSource, InvalidServerAddress, ServerSettings, TlsSettings};
pub use store::{BlobStore, BlobStoreError, DEFAULT_CAPACITY, StoreUsage};
pub use tree::{
    CapturedTree, LinkPolicy, MaterializeError, Materialized, TreeDirectory, TreeLimits, TreeNode, capture,
    decode_tree, materialize,
};
