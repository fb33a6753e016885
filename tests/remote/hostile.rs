//! A server that sends what it should not: each is a miss, and nothing of it reaches the disk.

use bazel_remote_apis::build::bazel::remote::execution::v2;
use prost::Message as _;
use remote::{BlobDigest, CacheLookup, MissReason};

use crate::faults::{filled, is_made_here};
use crate::server::{ContentDamage, FaultyServer, message};
use crate::work::{OUTPUT, TestMachine, action, large};

#[test]
fn a_promised_content_that_is_gone_is_a_miss_that_is_stored_again() {
    for content in ["content 7\n".repeat(100).into_bytes(), large()] {
        let (server, _machine) = filled();
        let digest = BlobDigest::of(&content);
        server.state.lost.lock().unwrap().insert(digest.hash().to_string());
        assert_eq!(is_made_here(&server, "lost"), MissReason::MissingBlob(digest));
        let (server, _machine) = filled();
        server.state.blobs.lock().unwrap().remove(&digest.hash().to_string());
        assert_eq!(is_made_here(&server, "removed"), MissReason::MissingBlob(digest));
        assert!(server.state.blobs.lock().unwrap().contains_key(&digest.hash().to_string()), "it was not sent again");
    }
}

#[test]
fn a_content_with_another_hash_or_size_is_a_miss() {
    let damages: [ContentDamage; 4] = [
        |bytes| bytes.iter_mut().for_each(|byte| *byte ^= 1),
        |bytes| bytes.push(b'x'),
        |bytes| bytes.truncate(bytes.len().saturating_sub(1)),
        |bytes| bytes.clear(),
    ];
    for damage in damages {
        let (server, _machine) = filled();
        *server.state.damage.lock().unwrap() = Some(damage);
        let reason = is_made_here(&server, "damaged");
        assert!(matches!(reason, MissReason::MissingBlob(_) | MissReason::Unavailable), "{reason}");
    }
}

/// Looks up a result with this root directory, and these directories below.
fn look_up(root: v2::Directory, children: Vec<v2::Directory>) -> MissReason {
    let server = FaultyServer::start();
    let tree_digest = Some(server.insert(v2::Tree { root: Some(root), children }.encode_to_vec()));
    let directory = v2::OutputDirectory { path: OUTPUT.to_owned(), tree_digest, ..v2::OutputDirectory::default() };
    let result = v2::ActionResult { output_directories: vec![directory], ..v2::ActionResult::default() };
    refused(&server, result)
}

fn refused(server: &FaultyServer, result: v2::ActionResult) -> MissReason {
    let machine = TestMachine::new();
    server.state.results.lock().unwrap().insert(action("x").key.hash().to_string(), result);
    let cache = machine.cache(&server.settings());
    let CacheLookup::Miss(reason) = cache.lookup(&action("x")) else { panic!("a hit") };
    machine.check_clean();
    // It is not a fault of the connection: the reason is that of this part.
    assert_eq!(cache.take_warnings(), []);
    assert!(matches!(reason, MissReason::Unaccepted(_)), "{reason}");
    reason
}

fn file(name: &str) -> v2::FileNode {
    let digest = Some(message(&BlobDigest::of(b"x")));
    v2::FileNode { name: name.to_owned(), digest, ..v2::FileNode::default() }
}

#[test]
fn trees_that_lead_out_are_refused() {
    for name in ["../x", "..", "/etc/x", "a/b", ""] {
        let reason = look_up(v2::Directory { files: vec![file(name)], ..v2::Directory::default() }, vec![]);
        assert!(reason.to_string().contains("no file can have"), "{reason}");
    }
    let absent = Some(message(&BlobDigest::of(b"absent")));
    let directories = vec![v2::DirectoryNode { name: "d".to_owned(), digest: absent }];
    look_up(v2::Directory { directories, ..v2::Directory::default() }, vec![]);
}

#[test]
fn a_million_entries_are_refused() {
    let files = (0..300_000).map(|number| file(&format!("{number}"))).collect();
    let reason = look_up(v2::Directory { files, ..v2::Directory::default() }, vec![]);
    assert!(reason.to_string().contains("more than 200000 entries"), "{reason}");
    // The message for a million is not even fetched.
    let server = FaultyServer::start();
    let mut tree_digest = message(&BlobDigest::of(b"tree"));
    tree_digest.size_bytes = 80_000_000;
    let tree_digest = Some(tree_digest);
    let directory = v2::OutputDirectory { path: OUTPUT.to_owned(), tree_digest, ..v2::OutputDirectory::default() };
    refused(&server, v2::ActionResult { output_directories: vec![directory], ..v2::ActionResult::default() });
    assert_eq!(server.count("Read"), 0);
}

#[test]
fn results_of_failures_and_incomplete_ones_are_refused() {
    let server = FaultyServer::start();
    let digest = Some(server.insert(b"x".to_vec()));
    let output = |path: &str| v2::OutputFile { path: path.to_owned(), digest: digest.clone(), ..Default::default() };
    let failed = v2::ActionResult { exit_code: 1, output_files: vec![output(OUTPUT)], ..Default::default() };
    refused(&server, failed);
    refused(&server, v2::ActionResult::default());
    for path in ["../../etc/x", "/etc/x", "parts/other"] {
        let output_files = vec![output(OUTPUT), output(path)];
        refused(&server, v2::ActionResult { output_files, ..Default::default() });
    }
    let mut wrong = output(OUTPUT);
    wrong.digest.as_mut().unwrap().size_bytes = -1;
    refused(&server, v2::ActionResult { output_files: vec![wrong], ..Default::default() });
    let mut huge = output(OUTPUT);
    huge.digest.as_mut().unwrap().size_bytes = i64::MAX;
    refused(&server, v2::ActionResult { output_files: vec![huge], ..Default::default() });
    assert_eq!(server.count("Read"), 0);
}
