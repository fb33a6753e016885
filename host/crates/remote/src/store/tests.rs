//! The store keeps what is whole, removes what is old, and trusts no file.

use std::fs::{self, FileTimes};
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, SystemTime};

use super::*;

fn store(capacity: u64) -> (tempfile::TempDir, BlobStore) {
    let space = tempfile::tempdir().unwrap();
    let store = BlobStore::open(&space.path().join("store"), capacity).unwrap();
    (space, store)
}

#[test]
fn contents_are_what_their_names_say() {
    let (space, store) = store(DEFAULT_CAPACITY);
    let digest = BlobDigest::of(b"content");
    assert!(!store.contains(&digest) && store.read(&digest).unwrap().is_none());
    for wrong in ["contenT", "content and more", ""] {
        assert!(matches!(store.insert(&digest, wrong.as_bytes()), Err(BlobStoreError::Mismatch(_))), "{wrong}");
    }
    fs::write(space.path().join("file"), "contenT").unwrap();
    assert!(matches!(store.insert_file(&digest, &space.path().join("file")), Err(BlobStoreError::Mismatch(_))));
    assert_eq!(store.usage(), StoreUsage::default());
    fs::write(space.path().join("file"), "content").unwrap();
    store.insert_file(&digest, &space.path().join("file")).unwrap();
    store.insert(&digest, b"content").unwrap();
    assert_eq!(store.read(&digest).unwrap().as_deref(), Some(&b"content"[..]));
    assert_eq!(store.usage(), StoreUsage { blobs: 1, results: 0, bytes: 7 });
}

#[test]
fn a_damaged_content_is_not_there() {
    let (_space, store) = store(DEFAULT_CAPACITY);
    for damaged in ["contenT", "longer than it was", "short", ""] {
        let digest = BlobDigest::of(b"content");
        store.insert(&digest, b"content").unwrap();
        fs::write(store.blob(&digest), damaged).unwrap();
        assert_eq!(store.contains(&digest), damaged.len() == 7);
        assert_eq!(store.read(&digest).unwrap(), None);
        assert!(!store.blob(&digest).exists(), "{damaged}");
    }
}

#[test]
fn the_empty_content_is_always_there() {
    let (_space, store) = store(DEFAULT_CAPACITY);
    let empty = BlobDigest::of(b"");
    assert!(store.contains(&empty));
    assert_eq!(store.read(&empty).unwrap(), Some(vec![]));
}

#[test]
fn a_damaged_result_is_none() {
    let (_space, store) = store(DEFAULT_CAPACITY);
    let key = BlobDigest::of(b"key");
    assert_eq!(store.result(&key), None);
    store.insert_result(&key, b"outputs").unwrap();
    assert_eq!(store.result(&key).as_deref(), Some(&b"outputs"[..]));
    let path = store.path("results", &key);
    let whole = fs::read(&path).unwrap();
    for damaged in [&whole[..whole.len() - 1], &whole[1..], &whole[..10], &[][..]] {
        fs::write(&path, damaged).unwrap();
        assert_eq!(store.result(&key), None);
    }
}

#[test]
fn what_was_not_used_for_longest_is_removed() {
    let (_space, store) = store(25);
    let digests = ["first 8.", "second 8", "third 8."].map(|content| {
        let digest = BlobDigest::of(content.as_bytes());
        store.insert(&digest, content.as_bytes()).unwrap();
        digest
    });
    // In this order, hours ago; then the first is used again.
    for (hours, digest) in [(3, digests[0]), (2, digests[1]), (1, digests[2])] {
        let time = SystemTime::now() - Duration::from_secs(3600 * hours);
        let file = fs::File::options().write(true).open(store.blob(&digest)).unwrap();
        file.set_times(FileTimes::new().set_modified(time)).unwrap();
    }
    assert!(store.read(&digests[0]).unwrap().is_some());
    store.insert(&BlobDigest::of(b"fourth 8"), b"fourth 8").unwrap();
    store.trim();
    assert_eq!(digests.map(|digest| store.contains(&digest)), [true, false, true]);
    store.clear();
    assert_eq!(store.usage(), StoreUsage::default());
}

#[test]
fn what_a_killed_process_left_is_removed_when_it_is_old() {
    let (_space, store) = store(DEFAULT_CAPACITY);
    let digest = BlobDigest::of(b"content");
    store.insert(&digest, b"content").unwrap();
    let left = store.blob(&digest).with_file_name(format!("x{SUFFIX}"));
    let young = store.blob(&digest).with_file_name(format!("y{SUFFIX}"));
    fs::write(&young, "x").unwrap();
    let file = fs::File::create(&left).unwrap();
    file.set_times(FileTimes::new().set_modified(SystemTime::now() - Duration::from_secs(48 * 3600))).unwrap();
    store.trim();
    assert_eq!((left.exists(), young.exists(), store.contains(&digest)), (false, true, true));
}

#[test]
fn a_store_that_others_can_write_is_not_used() {
    let space = tempfile::tempdir().unwrap();
    let directory = space.path().join("store");
    BlobStore::open(&directory, 1).unwrap();
    for writable in [directory.clone(), directory.join("blobs")] {
        fs::set_permissions(&writable, fs::Permissions::from_mode(0o777)).unwrap();
        let error = BlobStore::open(&directory, 1).unwrap_err();
        assert!(matches!(&error, BlobStoreError::Untrusted { .. }), "{error}");
        fs::set_permissions(&writable, fs::Permissions::from_mode(0o700)).unwrap();
    }
    BlobStore::open(&directory, 1).unwrap();
    assert!(BlobStore::temporary().unwrap().directory().is_dir());
}

#[test]
fn two_stores_share_a_directory() {
    let (_space, store) = store(DEFAULT_CAPACITY);
    let other = BlobStore::open(store.directory(), DEFAULT_CAPACITY).unwrap();
    let contents: Vec<String> = (0..200).map(|number| format!("content {number}")).collect();
    std::thread::scope(|scope| {
        for store in [&store, &other] {
            scope.spawn(|| {
                for content in &contents {
                    store.insert(&BlobDigest::of(content.as_bytes()), content.as_bytes()).unwrap();
                }
            });
        }
    });
    assert_eq!(store.usage().blobs, 200);
}
