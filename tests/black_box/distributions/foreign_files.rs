//! Wheels and archives that no tool would make: each is refused with an error that names it, nothing of it and of the
//! other distributions of the run is installed, and the next run with a valid file works.

use std::io::Write as _;

use test_support::archive::{TarEntry, ZipEntry, gzip, tar, zip};

use super::{IndexedBuildout, PROJECT};
use crate::index::ModuleWheel;

const WHEEL: &str = "evil-1.0-py3-none-any.whl";

impl IndexedBuildout {
    /// A buildout that requires `good`, which requires `evil`. Its index is asked again in each run.
    pub(super) fn of_good_and_evil() -> Self {
        let buildout = Self::new("[buildout]\nparts = app\n\n[app]\nrecipe = zc.recipe.egg\neggs = good\n");
        buildout.index.changes();
        buildout.index.add(&ModuleWheel::new("good", "1.0").requires("evil").script("good = evil:main"));
        buildout
    }

    /// Runs with what the index serves now; the error has these texts, and nothing is installed. Then `evil` becomes
    /// valid, and a run works.
    pub(super) fn refuses(&self, case: &str, texts: &[&str]) -> String {
        let (printed, succeeded) = self.try_run(&[]);
        assert!(!succeeded, "{case}: {printed}");
        for text in texts.iter().map(|text| self.space.shown(text).trim_end().to_owned()) {
            assert!(printed.contains(&text), "{case}: {text:?} is missing in: {printed}");
        }
        let left = self.shell("find eggs bin -type f; grep -s '^.app' .installed.cfg; true");
        assert_eq!(left, "", "{case}");
        assert!(!self.space.exists("../outside") && !self.space.exists("outside"), "{case}");
        self.index.forget("evil");
        self.index.add(&ModuleWheel::new("evil", "1.0").module("def main():\n    print('fine')\n"));
        self.run(&[]);
        assert_eq!(self.shell("bin/good"), "fine\n", "{case}");
        self.shell("rm -r bin eggs parts develop-eggs .installed.cfg");
        self.index.forget("evil");
        printed
    }

    fn refuses_file(&self, name: &str, content: Vec<u8>, text: &str) {
        self.index.add_file(name, content);
        self.refuses(text, &[name, text]);
    }

    /// The wheel `evil` with one more member.
    fn refuses_member(&self, member: ZipEntry, text: &str) {
        let mut entries = valid().entries();
        entries.push(member);
        self.refuses_file(WHEEL, zip(&entries), text);
    }
}

fn valid() -> ModuleWheel {
    ModuleWheel::new("evil", "1.0")
}

#[test]
fn members_outside_of_a_wheel_are_refused() {
    let buildout = IndexedBuildout::of_good_and_evil();
    let absolute = buildout.space.path("outside").display().to_string();
    for name in ["../outside", "evil/../../../outside", &absolute] {
        buildout.refuses_member(ZipEntry::new(name, b"x"), name);
    }
    buildout.refuses_member(ZipEntry::new("a\\..\\..\\outside", b"x"), "outside");
    buildout.refuses_member(ZipEntry::new("link.py", b"/etc/passwd").mode(0o120_777), "link.py");
    buildout.refuses_member(ZipEntry::new("device", b"").mode(0o060_644), "device");
    buildout.refuses_member(ZipEntry::new("pipe", b"").mode(0o010_644), "pipe");
    buildout.refuses_member(ZipEntry::new("evil.py", b"twice"), "evil.py");
    buildout.refuses_member(ZipEntry::new("unlisted.py", b"x"), "unlisted.py");
}

#[test]
fn a_record_that_lies_is_refused() {
    let buildout = IndexedBuildout::of_good_and_evil();
    let change = |from: &str, to: &str| {
        let mut entries = valid().entries();
        let record = entries.pop().unwrap();
        let text = String::from_utf8(record.data).unwrap();
        assert!(text.contains(from), "{text}");
        entries.push(ZipEntry::new(record.local.name, text.replacen(from, to, 1).as_bytes()));
        zip(&entries)
    };
    for (from, to, text) in [
        ("evil.py,sha256=", "evil.py,sha256=x", "\"evil.py\" has the SHA-256 digest"),
        ("evil.py,sha256=", "evil.py,md5=", "its RECORD has no SHA-2 digest for \"evil.py\", but a \"md5\" digest"),
        (",16\n", ",17\n", "\"evil.py\" has 16 bytes, but its RECORD says \"17\""),
        ("evil.py,", "other.py,", "its RECORD does not list \"evil.py\""),
        ("evil.py,", "absent.py,sha256=x,1\nevil.py,", "its RECORD lists \"absent.py\""),
        ("evil.py,", "../../outside,sha256=x,1\nevil.py,", "\"../../outside\" is not a path within the wheel"),
        ("evil.py,", "/etc/passwd,,\nevil.py,", "\"/etc/passwd\" is not a path within the wheel"),
        ("evil.py,", "evil.py,sha256=x,1\nevil.py,", "two files for \"evil.py\""),
        ("evil.py,", "\"evil.py,", "a quotation mark is missing"),
    ] {
        buildout.refuses_file(WHEEL, change(from, to), text);
    }
}

#[test]
fn a_wheel_of_another_distribution_is_refused() {
    let buildout = IndexedBuildout::of_good_and_evil();
    for other in [ModuleWheel::new("other", "1.0"), ModuleWheel::new("evil", "2.0")] {
        buildout.refuses_file(WHEEL, other.bytes(), "no .dist-info directory for this distribution");
    }
    let renamed = |from: &str, to: &str| {
        let entries = valid().entries().into_iter();
        let changed = entries.map(|entry| {
            let text = String::from_utf8(entry.data).unwrap();
            ZipEntry::new(entry.local.name, text.replace(from, to).as_bytes())
        });
        zip(&changed.collect::<Vec<_>>())
    };
    buildout.refuses_file(WHEEL, renamed("Name: evil", "Name: other"), "its metadata says that it is other 1.0");
    buildout.refuses_file(WHEEL, renamed("Version: 1.0\n", "Version: 3\n"), "its metadata says that it is evil 3");
    buildout.refuses_file(WHEEL, renamed("Name: evil\n", ""), "it has no Name");
    let mut two = valid().entries();
    two.extend(ModuleWheel::new("other", "1.0").entries());
    buildout.refuses_file(WHEEL, zip(&two), "other-1.0.dist-info");
}

#[test]
fn damaged_and_endless_wheels_are_refused() {
    let buildout = IndexedBuildout::of_good_and_evil();
    let whole = valid().bytes();
    buildout.refuses_file(WHEEL, whole[..whole.len() / 2].to_vec(), "it is damaged");
    buildout.refuses_file(WHEEL, b"<html>Sign in to the network</html>".to_vec(), "it is damaged");
    buildout.refuses_file(WHEEL, Vec::new(), "it is damaged");
    let mut entries = valid().entries();
    entries[0].central.checksum ^= 1;
    entries[0].local.checksum ^= 1;
    buildout.refuses_file(WHEEL, zip(&entries), "evil.py");
    buildout.refuses_file(WHEEL, with(|archive| zeros(archive, 64 << 20)), "times the size of the archive");
    buildout.refuses_file(WHEEL, with(|archive| many(archive, 100_000)), "it exceeds the limit of 60000 entries");
    let deep = format!("{}x.py", "d/".repeat(200));
    buildout.refuses_member(ZipEntry::new(&deep, b""), "nested directories");
    buildout.refuses_member(ZipEntry::new("n".repeat(300), b""), "is too long");
}

type Archive = zip::ZipWriter<std::io::Cursor<Vec<u8>>>;

/// The wheel `evil` with more members, compressed.
fn with(add: impl FnOnce(&mut Archive)) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for entry in valid().entries() {
        let name = String::from_utf8(entry.local.name).unwrap();
        archive.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(&entry.data).unwrap();
    }
    add(&mut archive);
    archive.finish().unwrap().into_inner()
}

fn zeros(archive: &mut Archive, bytes: usize) {
    archive.start_file("zeros.py", zip::write::SimpleFileOptions::default()).unwrap();
    archive.write_all(&vec![0; bytes]).unwrap();
}

fn many(archive: &mut Archive, count: usize) {
    for number in 0..count {
        archive.start_file(format!("m{number}.py"), zip::write::SimpleFileOptions::default()).unwrap();
    }
}

#[test]
fn hostile_archives_of_sources_are_refused() {
    let buildout = IndexedBuildout::of_good_and_evil();
    let archive = |member: TarEntry| {
        let own = PROJECT.iter().map(|(name, text)| TarEntry::file(format!("evil-1.0/{name}"), text.as_bytes()));
        gzip(&tar(&own.chain([TarEntry::file("evil-1.0/name.txt", b"evil"), member]).collect::<Vec<_>>()))
    };
    let absolute = buildout.space.path("outside").display().to_string();
    for (member, text) in [
        (TarEntry::file("../outside", b"x"), "../outside"),
        (TarEntry::file("evil-1.0/../../outside", b"x"), "outside"),
        (TarEntry::file(&absolute, b"x"), &*absolute),
        (TarEntry::link(b'2', "evil-1.0/link", "/etc/passwd"), "evil-1.0/link"),
        (TarEntry::link(b'2', "evil-1.0/up", "../../.."), "evil-1.0/up"),
        (TarEntry::link(b'1', "evil-1.0/hard", "/etc/passwd"), "evil-1.0/hard"),
        (TarEntry::of(b'4', "evil-1.0/device", b""), "evil-1.0/device"),
        (TarEntry::of(b'6', "evil-1.0/pipe", b""), "evil-1.0/pipe"),
        (TarEntry::file("evil-1.0/zeros", &vec![0; 64 << 20]), "times the size of the archive"),
    ] {
        buildout.refuses_file("evil-1.0.tar.gz", archive(member), text);
    }
    let whole = archive(TarEntry::file("evil-1.0/x", b"x"));
    buildout.refuses_file("evil-1.0.tar.gz", whole[..whole.len() / 2].to_vec(), "damaged");
}
