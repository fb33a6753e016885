//! An action with outputs in a temporary directory, and a cache for it.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use base::interrupt::Interrupt;
use remote::{
    ActionDescription, BlobStore, CacheLookup, CapturedOutputs, EncodedAction, LinkPolicy, MissReason, ResultCache,
    ServerSettings, TreeLimits, capture, materialize,
};
use test_support::wait_until;

/// The only output of the actions here.
pub(crate) const OUTPUT: &str = "parts/hello";

/// A machine with a buildout in it.
pub(crate) struct TestMachine {
    pub(crate) space: tempfile::TempDir,
    pub(crate) interrupt: Interrupt,
}

impl TestMachine {
    pub(crate) fn new() -> Self {
        let space = tempfile::tempdir().unwrap();
        fs::create_dir(space.path().join("parts")).unwrap();
        Self { space, interrupt: Interrupt::new().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.space.path().join(name)
    }

    pub(crate) fn store(&self) -> BlobStore {
        BlobStore::open(&self.path("store"), remote::DEFAULT_CAPACITY).unwrap()
    }

    pub(crate) fn cache(&self, server: &ServerSettings) -> ResultCache {
        ResultCache::new(self.store(), Some(server.clone()), None, &self.interrupt)
    }

    /// Makes what the action makes.
    pub(crate) fn build(&self) -> CapturedOutputs {
        make(&self.path(OUTPUT));
        self.captured()
    }

    pub(crate) fn captured(&self) -> CapturedOutputs {
        let outputs = BTreeSet::from([OUTPUT.to_owned()]);
        CapturedOutputs::capture(self.space.path(), &outputs, &TreeLimits::default(), &self.interrupt).unwrap()
    }

    /// Looks the action up, fetches and places its output; why not, if that fails.
    pub(crate) fn obtain(&self, cache: &ResultCache, action: &EncodedAction) -> Result<u64, MissReason> {
        let hit = match cache.lookup(action) {
            CacheLookup::Hit(hit) => hit,
            CacheLookup::Miss(reason) => return Err(reason),
        };
        let bytes = cache.fetch(&hit)?;
        let node = &hit.outputs.paths[OUTPUT];
        let made = materialize(node, cache.store(), &self.path(OUTPUT), LinkPolicy::Inside, &self.interrupt);
        made.and_then(remote::Materialized::place).unwrap();
        Ok(bytes)
    }

    /// Whether nothing is half written: no part, no temporary file next to it or in the store.
    pub(crate) fn check_clean(&self) {
        let names = |directory: &str| -> Vec<_> {
            fs::read_dir(self.path(directory)).into_iter().flatten().flatten().map(|entry| entry.file_name()).collect()
        };
        assert!(names("parts").is_empty(), "{:?}", names("parts"));
        // Writing that a failed transfer began ends a little later: it is not waited for.
        wait_until("the store is clean", || temporary_files(&self.path("store")) == 0);
    }
}

/// How many files of a store are being written.
pub(crate) fn temporary_files(store: &Path) -> usize {
    let directories = fs::read_dir(store.join("blobs")).into_iter().flatten().flatten();
    let files = directories.flat_map(|directory| fs::read_dir(directory.path()).into_iter().flatten().flatten());
    files.filter(|file| file.file_name().to_string_lossy().ends_with(".temporary")).count()
}

/// Small files, a large one, an empty directory, a program, a link.
fn make(part: &Path) {
    fs::create_dir_all(part.join("bin")).unwrap();
    fs::create_dir_all(part.join("var/empty")).unwrap();
    fs::write(part.join("bin/hello"), "#!/bin/sh\necho hello\n").unwrap();
    fs::set_permissions(part.join("bin/hello"), fs::Permissions::from_mode(0o755)).unwrap();
    symlink("bin/hello", part.join("run")).unwrap();
    for number in 0..50 {
        fs::write(part.join(format!("var/{number}")), format!("content {number}\n").repeat(100)).unwrap();
    }
    fs::write(part.join("var/none"), "").unwrap();
    fs::write(part.join("large"), large()).unwrap();
}

/// More than fits into a message.
pub(crate) fn large() -> Vec<u8> {
    (0..1_500_000_u32).flat_map(|number| (number ^ number.rotate_left(13)).to_le_bytes()).collect()
}

/// An action whose key depends on `text`.
pub(crate) fn action(text: &str) -> EncodedAction {
    let mut action = ActionDescription {
        arguments: ["/bin/sh".to_owned(), "-c".to_owned(), text.to_owned()].into(),
        outputs: [OUTPUT.to_owned()].into(),
        ..ActionDescription::default()
    };
    action.inputs.file("options", "location = x\n", false).unwrap();
    action.encode()
}

/// That two directories are the same, but for times and modes.
pub(crate) fn assert_same(one: &Path, other: &Path) {
    let interrupt = Interrupt::new().unwrap();
    let tree = |path: &Path| capture(path, &TreeLimits::default(), &interrupt).unwrap().node;
    assert!(tree(one) == tree(other));
}
