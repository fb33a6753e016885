//! Tests of the cache of compiled forms.

use super::*;

const ENGINE: &str = "engine/1";

fn cache() -> (tempfile::TempDir, CompileCache) {
    let home = tempfile::tempdir().unwrap();
    let environment = Environment { home: Some(home.path().to_owned()), ..Environment::default() };
    (home, CompileCache::open(&environment))
}

/// The loaded form, as bytes.
fn load(cache: &CompileCache, digest: &Digest, engine_key: &str) -> Option<Vec<u8>> {
    Some(match cache.load(digest, engine_key)? {
        CompiledForm::Read(bytes) => bytes,
        CompiledForm::Known(mut file) => {
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).unwrap();
            bytes
        }
    })
}

fn is_known(cache: &CompileCache, digest: &Digest) -> bool {
    matches!(cache.load(digest, ENGINE), Some(CompiledForm::Known(_)))
}

/// Waits until the next change of a file gets a different time.
fn tick(file: &Path) {
    let probe = file.with_extension("probe");
    let changed = || {
        fs::write(&probe, "").unwrap();
        let metadata = fs::metadata(&probe).unwrap();
        (metadata.ctime(), metadata.ctime_nsec())
    };
    let first = changed();
    while changed() == first {}
    fs::remove_file(probe).unwrap();
}

fn compiled_file(cache: &CompileCache, digest: &Digest) -> PathBuf {
    cache.directory.as_ref().unwrap().join(file_name(digest, ENGINE))
}

#[test]
fn what_was_stored_is_loaded_for_its_component_and_engine_alone() {
    let (_home, cache) = cache();
    let (one, other) = (Digest::of(b"one"), Digest::of(b"other"));
    assert_eq!(load(&cache, &one, ENGINE), None);
    cache.store(&one, ENGINE, b"native code");
    assert_eq!(load(&cache, &one, ENGINE).as_deref(), Some(&b"native code"[..]));
    assert_eq!(load(&cache, &other, ENGINE), None);
    assert_eq!(load(&cache, &one, "engine/2"), None);
}

#[test]
fn a_tampered_truncated_or_moved_form_is_not_loaded() {
    let (_home, cache) = cache();
    let (one, other) = (Digest::of(b"one"), Digest::of(b"other"));
    cache.store(&one, ENGINE, b"native code");
    let file = compiled_file(&cache, &one);
    let good = fs::read(&file).unwrap();
    fs::write(compiled_file(&cache, &other), &good).unwrap();
    assert_eq!(load(&cache, &other, ENGINE), None, "moved");
    for position in 0..good.len() {
        let mut bad = good.clone();
        bad[position] ^= 1;
        fs::write(&file, &bad).unwrap();
        assert_eq!(load(&cache, &one, ENGINE), None, "byte {position} changed");
        fs::write(&file, &good[..position]).unwrap();
        assert_eq!(load(&cache, &one, ENGINE), None, "cut at {position}");
    }
    fs::write(&file, [&good[..], b"x"].concat()).unwrap();
    assert_eq!(load(&cache, &one, ENGINE), None, "longer");
    cache.store(&one, ENGINE, b"native code");
    assert!(load(&cache, &one, ENGINE).is_some(), "stored again");
}

#[test]
fn a_form_is_known_until_it_changes() {
    let (_home, mut cache) = cache();
    let digest = Digest::of(b"one");
    cache.store(&digest, ENGINE, b"native code");
    assert!(!is_known(&cache, &digest), "never read");
    assert!(!is_known(&cache, &digest), "it has only just changed");
    cache.settled = Duration::ZERO;
    assert!(!is_known(&cache, &digest), "no note was taken");
    assert!(is_known(&cache, &digest));
    let file = compiled_file(&cache, &digest);
    let modified = fs::metadata(&file).unwrap().modified().unwrap();
    tick(&file);
    fs::write(&file, b"NATIVE CODE").unwrap();
    File::options().append(true).open(&file).unwrap().set_modified(modified).unwrap();
    assert!(cache.load(&digest, ENGINE).is_none(), "of the same size, with the old time");
    cache.store(&digest, ENGINE, b"native code");
    assert_eq!(load(&cache, &digest, ENGINE).as_deref(), Some(&b"native code"[..]));
    assert!(is_known(&cache, &digest));
    fs::copy(&file, file.with_extension("copy")).unwrap();
    fs::rename(file.with_extension("copy"), &file).unwrap();
    assert!(!is_known(&cache, &digest), "another file");
}

#[test]
fn a_forged_note_is_not_believed() {
    let (_home, mut cache) = cache();
    cache.settled = Duration::ZERO;
    let (one, other) = (Digest::of(b"one"), Digest::of(b"other"));
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("a.wasm");
    fs::write(&file, "one").unwrap();
    let metadata = fs::metadata(&file).unwrap();
    cache.note(&file, &metadata, &one);
    assert_eq!(cache.noted(&file, &metadata), Some(one));
    assert_eq!(cache.noted(Path::new("/elsewhere"), &metadata), None);
    let note = cache.directory.as_ref().unwrap().join(note_name(&file));
    let mut forged = fs::read(&note).unwrap();
    forged[CODE_LENGTH..].copy_from_slice(other.as_bytes());
    fs::write(&note, forged).unwrap();
    assert_eq!(cache.noted(&file, &metadata), None);
}

#[test]
fn a_form_stored_with_another_key_is_not_loaded() {
    let (_home, cache) = cache();
    let digest = Digest::of(b"one");
    cache.store(&digest, ENGINE, b"native code");
    let key = cache.directory.as_ref().unwrap().join(KEY_FILE);
    assert_eq!(fs::metadata(&key).unwrap().mode() & 0o777, 0o600);
    fs::write(&key, [7; KEY_LENGTH]).unwrap();
    assert_eq!(load(&cache, &digest, ENGINE), None);
    fs::write(&key, b"torn").unwrap();
    assert_eq!(load(&cache, &digest, ENGINE), None);
    cache.store(&digest, ENGINE, b"native code");
    assert!(load(&cache, &digest, ENGINE).is_some(), "a torn key is replaced");
}

#[test]
fn a_key_that_others_can_read_is_not_used() {
    use std::os::unix::fs::PermissionsExt as _;
    let (_home, cache) = cache();
    let digest = Digest::of(b"one");
    cache.store(&digest, ENGINE, b"native code");
    let key = cache.directory.as_ref().unwrap().join(KEY_FILE);
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(load(&cache, &digest, ENGINE), None);
}

#[test]
fn all_who_make_the_key_at_once_use_the_same() {
    let (_home, cache) = cache();
    let directory = cache.directory.as_ref().unwrap();
    fs::create_dir_all(directory).unwrap();
    let keys: Vec<_> = std::thread::scope(|scope| {
        let makers: Vec<_> = (0..8).map(|_| scope.spawn(|| make_key(directory).unwrap())).collect();
        makers.into_iter().map(|maker| maker.join().unwrap()).collect()
    });
    assert!(keys.iter().all(|key| *key == keys[0]));
    assert_eq!(fs::read_dir(directory).unwrap().count(), 1, "no temporary file is left");
}

#[test]
fn without_a_writable_home_nothing_is_kept_and_nothing_fails() {
    let digest = Digest::of(b"one");
    for home in [None, Some("/dev/null".into()), Some("/proc".into())] {
        let cache = CompileCache::open(&Environment { home, ..Environment::default() });
        cache.store(&digest, ENGINE, b"native code");
        assert_eq!(load(&cache, &digest, ENGINE), None);
    }
}

#[test]
fn the_forms_not_used_for_longest_go_first() {
    let (_home, mut cache) = cache();
    cache.capacity = 3 * 1000;
    let digests: Vec<_> = (0..4u8).map(|number| Digest::of(&[number])).collect();
    for (index, digest) in digests[..3].iter().enumerate() {
        cache.store(digest, ENGINE, &[0; 1000]);
        let time = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(index as u64);
        let code = compiled_file(&cache, digest).with_extension(CODE_EXTENSION);
        File::options().append(true).open(code).unwrap().set_modified(time).unwrap();
    }
    assert!(load(&cache, &digests[0], ENGINE).is_some());
    cache.store(&digests[3], ENGINE, &[0; 1000]);
    let kept: Vec<_> = digests.iter().map(|digest| compiled_file(&cache, digest).exists()).collect();
    assert_eq!(kept, [true, false, true, true]);
}

#[test]
fn a_link_or_fifo_in_the_place_of_a_form_is_not_read() {
    let (_home, cache) = cache();
    let digest = Digest::of(b"one");
    cache.store(&digest, ENGINE, b"native code");
    let file = compiled_file(&cache, &digest);
    let elsewhere = file.with_extension("elsewhere");
    fs::rename(&file, &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &file).unwrap();
    assert_eq!(load(&cache, &digest, ENGINE), None);
    fs::remove_file(&file).unwrap();
    rustix::fs::mkfifoat(rustix::fs::CWD, &file, rustix::fs::Mode::RUSR).unwrap();
    assert_eq!(load(&cache, &digest, ENGINE), None);
}

#[test]
fn nothing_is_taken_from_where_others_can_write() {
    use std::os::unix::fs::PermissionsExt as _;
    let (home, cache) = cache();
    let digest = Digest::of(b"component");
    cache.store(&digest, ENGINE, b"native code");
    assert!(load(&cache, &digest, ENGINE).is_some() && cache.distrust(&digest, ENGINE).is_none());
    let form = cache.directory().unwrap().join(file_name(&digest, ENGINE));
    let set = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    set(&form, 0o666);
    assert!(load(&cache, &digest, ENGINE).is_none(), "the form");
    assert_eq!(cache.distrust(&digest, ENGINE), Some(Distrust::Writable(form.clone())));
    set(&form, 0o600);
    assert!(load(&cache, &digest, ENGINE).is_some());
    for directory in [cache.directory().unwrap(), home.path()] {
        set(directory, 0o777);
        let environment = Environment { home: Some(home.path().to_owned()), ..Environment::default() };
        let again = CompileCache::open(&environment);
        assert!(load(&again, &digest, ENGINE).is_none(), "{}", directory.display());
        assert!(matches!(again.distrust(&digest, ENGINE), Some(Distrust::Writable(_))), "{}", directory.display());
        set(directory, 0o700);
    }
}
