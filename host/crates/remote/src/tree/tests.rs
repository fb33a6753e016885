//! Trees from the disk to messages and back, and what is refused on each way.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use base::interrupt::Interrupt;
use bytes::Bytes;
use proptest::prelude::*;
use prost::Message as _;

use super::*;
use crate::protocol::v2;

struct Files(BTreeMap<BlobDigest, std::path::PathBuf>);

impl BlobReader for Files {
    fn open(&self, digest: &BlobDigest) -> io::Result<File> {
        File::open(self.0.get(digest).ok_or(ErrorKind::NotFound)?)
    }
}

fn take(path: &Path) -> Result<CapturedTree, CaptureError> {
    capture(path, &TreeLimits::default(), &Interrupt::new().unwrap())
}

fn put(captured: &CapturedTree, to: &Path, links: LinkPolicy<'_>) -> Result<(), MaterializeError> {
    let files = Files(captured.files.clone());
    materialize(&captured.node, &files, to, links, &Interrupt::new().unwrap())?.place()
}

fn sample(root: &Path) {
    fs::create_dir_all(root.join("bin")).unwrap();
    fs::create_dir_all(root.join("share/empty")).unwrap();
    fs::write(root.join("bin/run"), "#!/bin/sh\n").unwrap();
    fs::set_permissions(root.join("bin/run"), fs::Permissions::from_mode(0o700)).unwrap();
    fs::write(root.join("share/é\n"), "x".repeat(300_000)).unwrap();
    fs::write(root.join("share/none"), "").unwrap();
    symlink("../bin/run", root.join("share/run")).unwrap();
}

#[test]
fn a_directory_comes_back_as_it_was_through_the_messages() {
    let space = tempfile::tempdir().unwrap();
    let (from, to) = (space.path().join("from"), space.path().join("to"));
    sample(&from);
    let captured = take(&from).unwrap();
    let TreeNode::Directory(directory) = &captured.node else { panic!("{captured:?}") };
    let (_, message) = directory.encode().tree_message();
    assert_eq!(decode_tree(&message, &TreeLimits::default()).as_ref(), Ok(directory));
    put(&captured, &to, LinkPolicy::Inside).unwrap();
    assert_eq!(take(&to).unwrap().node, captured.node);
    assert_eq!(fs::metadata(to.join("bin/run")).unwrap().permissions().mode() & 0o100, 0o100);
    assert!(to.join("share/empty").is_dir());
    let left: Vec<_> = fs::read_dir(space.path()).unwrap().flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(left.len(), 2, "{left:?}");
    assert!(matches!(put(&captured, &to, LinkPolicy::Inside), Err(MaterializeError::Occupied(_))));
}

#[test]
fn a_file_and_a_link_are_trees_too() {
    let space = tempfile::tempdir().unwrap();
    let at = |name: &str| space.path().join(name);
    fs::write(at("file"), "content").unwrap();
    symlink("/etc/hostname", at("link")).unwrap();
    put(&take(&at("file")).unwrap(), &at("file2"), LinkPolicy::Inside).unwrap();
    assert_eq!(fs::read_to_string(at("file2")).unwrap(), "content");
    let link = take(&at("link")).unwrap();
    assert!(matches!(put(&link, &at("link2"), LinkPolicy::Inside), Err(MaterializeError::Hostile { .. })));
    put(&link, &at("link2"), LinkPolicy::Outside(&|target| target.starts_with("/etc/"))).unwrap();
    assert_eq!(fs::read_link(at("link2")).unwrap(), Path::new("/etc/hostname"));
}

#[test]
fn what_a_tree_cannot_hold_is_refused_with_its_path() {
    use rustix::fs::{FileType, Mode, mknodat};
    let refused = |make: &dyn Fn(&Path)| {
        let space = tempfile::tempdir().unwrap();
        fs::create_dir(space.path().join("d")).unwrap();
        make(&space.path().join("d/it"));
        take(space.path()).unwrap_err().to_string()
    };
    let fifo = refused(&|path| mknodat(rustix::fs::CWD, path, FileType::Fifo, Mode::RUSR, 0).unwrap());
    assert!(fifo.contains("/d/it cannot be kept") && fifo.contains("pipe"), "{fifo}");
    let socket = refused(&|path| drop(std::os::unix::net::UnixListener::bind(path).unwrap()));
    assert!(socket.contains("socket"), "{socket}");
    let setuid = refused(&|path| {
        fs::write(path, "").unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o4755)).unwrap();
    });
    assert!(setuid.contains("user or group"), "{setuid}");
    let name = refused(&|path| {
        use std::os::unix::ffi::OsStrExt as _;
        fs::write(path.with_file_name(std::ffi::OsStr::from_bytes(b"\xff")), "").unwrap();
    });
    assert!(name.contains("UTF-8"), "{name}");
}

#[test]
fn limits_hold_for_captures() {
    let space = tempfile::tempdir().unwrap();
    sample(&space.path().join("a"));
    let most = TreeLimits { entries: 3, ..TreeLimits::default() };
    let interrupt = Interrupt::new().unwrap();
    assert!(matches!(capture(space.path(), &most, &interrupt), Err(CaptureError::Limit { what: "entries", .. })));
    interrupt.raise(2);
    let stopped = capture(space.path(), &TreeLimits::default(), &interrupt);
    assert!(matches!(stopped, Err(CaptureError::Interrupted(_))), "{stopped:?}");
}

#[test]
fn a_content_that_is_damaged_or_gone_leaves_nothing() {
    let space = tempfile::tempdir().unwrap();
    let (from, to) = (space.path().join("from"), space.path().join("to"));
    sample(&from);
    let mut captured = take(&from).unwrap();
    for content in [Some("#!/bin/sx\n"), Some("longer than it was"), Some(""), None] {
        if let Some(content) = content {
            fs::write(from.join("bin/run"), content).unwrap();
        } else {
            captured.files.clear();
        }
        let error = put(&captured, &to, LinkPolicy::Inside).unwrap_err();
        assert!(matches!(error, MaterializeError::Blob { .. }), "{error}");
        assert_eq!(fs::read_dir(space.path()).unwrap().count(), 1);
    }
}

#[test]
fn what_a_killed_process_left_is_removed_by_the_next() {
    let space = tempfile::tempdir().unwrap();
    let left = space.path().join(".buildout-fetch-1-1/tree");
    fs::create_dir_all(&left).unwrap();
    sample(&space.path().join("from"));
    put(&take(&space.path().join("from")).unwrap(), &space.path().join("to"), LinkPolicy::Inside).unwrap();
    assert!(!left.exists());
}

fn file(name: &str) -> v2::FileNode {
    v2::FileNode { name: name.to_owned(), digest: Some(BlobDigest::of(b"x").to_message()), ..Default::default() }
}

fn link(name: &str, target: &str) -> v2::SymlinkNode {
    v2::SymlinkNode { name: name.to_owned(), target: target.to_owned(), node_properties: None }
}

fn decode(root: v2::Directory, children: Vec<v2::Directory>) -> Result<TreeDirectory, HostileTree> {
    let limits = TreeLimits { entries: 1000, depth: 20, bytes: 1000, message: 1 << 20 };
    decode_tree(&v2::Tree { root: Some(root), children }.encode_to_vec(), &limits)
}

#[test]
fn hostile_names_are_refused() {
    for name in ["", ".", "..", "a/b", "/a", "../a", "a\0", &"a".repeat(256)] {
        let root = v2::Directory { files: vec![file(name)], ..Default::default() };
        assert!(matches!(decode(root, vec![]), Err(HostileTree::Name { .. })), "{name}");
        let root = v2::Directory { symlinks: vec![link(name, "x")], ..Default::default() };
        assert!(matches!(decode(root, vec![]), Err(HostileTree::Name { .. })), "{name}");
        let digest = Some(BlobDigest::of(b"").to_message());
        let directories = vec![v2::DirectoryNode { name: name.to_owned(), digest }];
        let root = v2::Directory { directories, ..Default::default() };
        assert!(matches!(decode(root, vec![]), Err(HostileTree::Name { .. })), "{name}");
    }
    for target in ["", "a\0b", &"a".repeat(5000)] {
        let root = v2::Directory { symlinks: vec![link("a", target)], ..Default::default() };
        assert!(matches!(decode(root, vec![]), Err(HostileTree::Target(_))), "{target}");
    }
    let twice = v2::Directory { files: vec![file("a")], symlinks: vec![link("a", "b")], ..Default::default() };
    assert!(matches!(decode(twice, vec![]), Err(HostileTree::Duplicate { .. })));
}

#[test]
fn a_tree_that_grows_when_it_is_read_ends_at_the_limits() {
    let twice = |inner: &v2::Directory| {
        let digest = Some(BlobDigest::of_message(inner).0.to_message());
        let node = |name: &str| v2::DirectoryNode { name: name.to_owned(), digest: digest.clone() };
        v2::Directory { directories: vec![node("a"), node("b")], ..Default::default() }
    };
    let mut levels = vec![v2::Directory { files: vec![file("f")], ..Default::default() }];
    for _ in 0..15 {
        levels.push(twice(&levels[levels.len() - 1]));
    }
    let root = levels[15].clone();
    assert!(matches!(decode(root, levels), Err(HostileTree::Limit { what: "entries", .. })));
    let many =
        v2::Directory { files: (0..2000).map(|number| file(&number.to_string())).collect(), ..Default::default() };
    assert!(matches!(decode(many, vec![]), Err(HostileTree::Limit { .. })));
    let mut deep = vec![v2::Directory::default()];
    for _ in 0..30 {
        let digest = Some(BlobDigest::of_message(&deep[deep.len() - 1]).0.to_message());
        let directories = vec![v2::DirectoryNode { name: "d".to_owned(), digest }];
        deep.push(v2::Directory { directories, ..Default::default() });
    }
    assert!(matches!(decode(deep[30].clone(), deep), Err(HostileTree::Limit { .. })));
    let huge = BlobDigest::new(*BlobDigest::of(b"x").hash(), 1 << 40);
    let huge = v2::FileNode { digest: Some(huge.to_message()), ..file("huge") };
    let root = v2::Directory { files: vec![huge], ..Default::default() };
    assert!(matches!(decode(root, vec![]), Err(HostileTree::Limit { what: "bytes", .. })));
}

#[test]
fn a_directory_that_is_missing_is_named() {
    let digest = Some(BlobDigest::of(b"not there").to_message());
    let directories = vec![v2::DirectoryNode { name: "d".to_owned(), digest }];
    let root = v2::Directory { directories, ..Default::default() };
    assert_eq!(decode(root, vec![]), Err(HostileTree::MissingDirectory("d".to_owned())));
}

fn trees() -> impl Strategy<Value = TreeDirectory> {
    let name = "[a-zé .]{1,6}".prop_filter("no name", |name| check_name(name).is_ok());
    let file = (any::<[u8; 4]>(), any::<bool>())
        .prop_map(|(bytes, executable)| TreeNode::File { digest: BlobDigest::of(&bytes), executable });
    let leaf = prop_oneof![file, "[a-z./]{1,9}".prop_map(|target| TreeNode::Link { target })];
    let node = leaf.prop_recursive(4, 40, 5, move |inner| {
        let entries = prop::collection::btree_map(name.clone(), inner, 0..5);
        entries.prop_map(|entries| TreeNode::Directory(TreeDirectory { entries }))
    });
    prop::collection::btree_map("[a-z]{1,3}", node, 0..5).prop_map(|entries| TreeDirectory { entries })
}

proptest! {
    #[test]
    fn every_tree_survives_its_message(tree in trees()) {
        let encoded = tree.encode();
        let (digest, message) = encoded.tree_message();
        prop_assert_eq!(digest, BlobDigest::of(&message));
        prop_assert_eq!(decode_tree(&message, &TreeLimits::default()), Ok(tree));
    }

    #[test]
    fn no_bytes_make_the_decoder_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = decode_tree(&Bytes::from(bytes), &TreeLimits::default());
    }

    #[test]
    fn a_changed_byte_is_an_error_or_another_valid_tree(tree in trees(), place in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut message = tree.encode().tree_message().1.to_vec();
        prop_assume!(!message.is_empty());
        let place = place.index(message.len());
        message[place] = byte;
        if let Ok(tree) = decode_tree(&message, &TreeLimits::default()) {
            let (_, again) = tree.encode().tree_message();
            prop_assert_eq!(decode_tree(&again, &TreeLimits::default()), Ok(tree));
        }
    }
}
