//! Any bytes as the tree of a remote cache: the decoder never panics, stays within its limits, and what it accepts it encodes
//! so that it is accepted again.
#![no_main]

use remote::{LinkPolicy, TreeLimits, TreeNode, decode_tree};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let limits = TreeLimits { entries: 10_000, ..TreeLimits::default() };
    if let Ok(tree) = decode_tree(bytes, &limits) {
        let (_, message) = tree.encode().tree_message();
        assert_eq!(decode_tree(&message, &limits).as_ref(), Ok(&tree));
        let node = TreeNode::Directory(tree);
        assert!(node.extent().0 <= limits.entries);
        let _ = LinkPolicy::Inside.check(&node);
    }
});
