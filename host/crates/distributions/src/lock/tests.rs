//! Tests of locks.

use std::path::Path;

use super::*;
use crate::index::SearchLocation;

const SHA: &str = "2a0d60c172f83ac6ab31e4554906c0f3b3588d37b5cb939b1c061f4907e278e0";

fn file(url: &str) -> IndexFile {
    IndexFile { size: Some(7), ..crate::index::Link::of_url(&format!("{url}#sha256={SHA}")).into_file().unwrap() }
}

fn add(lock: &mut DistributionsLock, url: &str, purpose: Purpose) {
    let chosen = file(url);
    let files =
        vec![chosen.clone(), file("https://u:p@i.invalid/a-1.0.tar.gz"), file("https://i.invalid/a-2.0.tar.gz")];
    let files = files.into_iter().filter(|file| file.name.name == chosen.name.name).collect();
    let add = lock.add::<LockError>(&chosen.name.key(), &chosen.name.version, purpose, files, |_| panic!("no digest"));
    add.unwrap();
}

fn lock(urls: &[&str]) -> DistributionsLock {
    let mut lock = DistributionsLock::default();
    urls.iter().for_each(|url| add(&mut lock, url, Purpose::Use));
    lock
}

#[test]
fn what_is_written_is_read() {
    let lock = lock(&["https://i.invalid/x/a-1.0-py3-none-any.whl"]);
    let text = lock.text(Path::new("/b"));
    let expected = format!(
        "lock-version = \"1.0\"\ncreated-by = \"buildout-host\"\n\n[[packages]]\nname = \"a\"\nversion = \"1.0\"\n\
         sdist = {{ name = \"a-1.0.tar.gz\", url = \"https://i.invalid/a-1.0.tar.gz\", size = 7, hashes = {{ sha256 = \"{SHA}\" }} }}\n\
         wheels = [\n    {{ name = \"a-1.0-py3-none-any.whl\", url = \"https://i.invalid/x/a-1.0-py3-none-any.whl\", size = 7, hashes = {{ sha256 = \"{SHA}\" }} }},\n]\n"
    );
    assert_eq!(text, expected);
    let read = DistributionsLock::parse(&text, Path::new("/b")).unwrap();
    assert_eq!(read.text(Path::new("/b")), text);
    assert_eq!(lock.changes(&read), []);
    let files = read.files("a", Purpose::Use);
    let names: Vec<&str> = files.iter().map(|file| file.file.as_str()).collect();
    assert_eq!(names, ["a-1.0-py3-none-any.whl", "a-1.0.tar.gz"]);
}

#[test]
fn the_lock_of_another_tool_is_read() {
    let text = format!(
        "lock-version = '1.0'\ncreated-by = 'other'\n[[packages]]\nname = 'A.b'\n[[packages.wheels]]\nurl = 'https://i.invalid/a_b-1.0-py3-none-any.whl'\n\
         hashes = {{ sha256 = '{SHA}', md5 = 'x' }}\n[packages.sdist]\npath = 'dist/a.b-1.0.zip'\nhashes.sha512 = '{}'\n[[packages]]\nname = 'dev'\ndirectory = {{ path = '.', editable = true }}\n",
        "0".repeat(128)
    );
    let lock = DistributionsLock::parse(&text, Path::new("/b")).unwrap();
    assert_eq!(lock.files("a-b", Purpose::Use)[0].location, SearchLocation::Path("/b/dist/a.b-1.0.zip".into()));
    assert_eq!(lock.packages["dev"][0].directory.as_deref(), Some("."));
}

#[test]
fn what_cannot_be_used_is_named() {
    let t = |text: &str| DistributionsLock::parse(text, Path::new("/b")).unwrap_err().cause;
    assert!(t("lock-version = '2.0'").contains("is \"2.0\""));
    assert!(t("[").contains("TOML"));
    let package = |text: &str| t(&format!("lock-version = '1.0'\n[[packages]]\n{text}"));
    assert!(package("version = '1'").contains("no name"));
    assert!(package("name = 'a'").contains("no files"));
    assert!(package("name = 'a'\nvcs = {}").contains("not supported"));
    let wheel = |text: &str| package(&format!("name = 'a'\nversion = '1.0'\nwheels = [{{ {text} }}]"));
    assert!(wheel("url = 'https://i.invalid/a-1.0-py3-none-any.whl'").contains("no digest"));
    assert!(wheel("url = 'https://i.invalid/a-1.0-py3-none-any.whl', hashes = { md5 = '00' }").contains("no digest"));
    let good = format!("hashes = {{ sha256 = '{SHA}' }}");
    assert!(
        wheel(&format!("url = 'https://i.invalid/b-1.0-py3-none-any.whl', {good}")).contains("another distribution")
    );
    assert!(
        wheel(&format!("url = 'https://i.invalid/a-2.0-py3-none-any.whl', {good}")).contains("another distribution")
    );
    assert!(wheel(&good).contains("neither"));
}

#[test]
fn changes() {
    let old = lock(&["https://i.invalid/a-1.0-py3-none-any.whl", "https://i.invalid/b-1.0-py3-none-any.whl"]);
    let mut new = lock(&["https://i.invalid/a-2.0-py3-none-any.whl", "https://i.invalid/c-1.0-py3-none-any.whl"]);
    let shown = |lock: &DistributionsLock| old.changes(lock).iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(shown(&new), ["a: 1.0 -> 2.0", "b: removed 1.0", "c: added 1.0"]);
    new = old.clone();
    new.packages.get_mut("a").unwrap()[0].files.pop();
    assert_eq!(shown(&new), ["a 1.0: files changed"]);
}

#[test]
fn several_versions_and_those_for_builds_are_in_groups() {
    let mut lock = lock(&["https://i.invalid/a-1.0-py3-none-any.whl", "https://i.invalid/a-2.0-py3-none-any.whl"]);
    for version in ["1.0", "3.0"] {
        add(&mut lock, &format!("https://i.invalid/a-{version}-py3-none-any.whl"), Purpose::Build);
    }
    lock.add_developed("demo", "");
    let text = lock.text(Path::new("/b"));
    let lines = |start: &str| text.lines().filter(|line| line.starts_with(start)).collect::<Vec<_>>();
    assert_eq!(lines("dependency-groups"), ["dependency-groups = [\"build\", \"build-1\", \"other-1\"]"]);
    assert_eq!(
        lines("marker"),
        ["other-1", "build", "build-1"].map(|group| format!("marker = \"'{group}' in dependency_groups\""))
    );
    let read = DistributionsLock::parse(&text, Path::new("/b")).unwrap();
    // A lock is shared: it has no credentials.
    let files = lock.packages.values_mut().flatten().flat_map(|package| &mut package.files);
    for file in files {
        if let SearchLocation::Url(url) = &mut file.location {
            *url = url.replace("u:p@", "");
        }
    }
    assert_eq!(read, lock);
    let versions = |purpose| read.packages("a", purpose).map(|one| one.version.clone().unwrap().to_string());
    assert_eq!(versions(Purpose::Use).collect::<Vec<_>>(), ["2.0", "1.0"]);
    assert_eq!(versions(Purpose::Build).collect::<Vec<_>>(), ["3.0", "1.0"]);
    let mut other = read.clone();
    assert!(other.release("a") && !other.release("a"));
    let shown = read.changes(&other).iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(shown, ["a: removed 2.0, 1.0", "a (for builds): removed 3.0, 1.0"]);
    assert_ne!(read.digest_for_builds(), other.digest_for_builds());
}
