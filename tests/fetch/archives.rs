//! Archives made to harm (`docs/testing.md`, bad input 34 to 38), and archives that real programs make: they are unpacked
//! whole, or nothing of them is left.

use std::cell::Cell;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::{Path, PathBuf};

use base::source::Explain as _;
use fetch::unpack::{ArchiveFault, UnpackError, UnpackLimits, UnpackOptions, UnpackedArchive, unpack};
use test_support::archive::{TarEntry, ZipEntry, gzip, pax, tar, zip};
use test_support::repository;

/// A directory with an archive, a file that must stay as it is, and a place to unpack to.
struct ArchiveSpace(tempfile::TempDir);

impl ArchiveSpace {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("victim"), "precious").unwrap();
        Self(directory)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn unpack(&self, archive: &[u8], options: &UnpackOptions) -> Result<UnpackedArchive, UnpackError> {
        fs::write(self.path("archive"), archive).unwrap();
        unpack(&self.path("archive"), &self.path("out"), options, &|| false)
    }

    /// What lies next to archive and victim.
    fn names(&self) -> Vec<String> {
        let names = fs::read_dir(self.0.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.filter(|name| name != "archive" && name != "victim").collect();
        names.sort();
        names
    }

    /// Nothing is left of an archive that was refused, and nothing else was touched.
    #[track_caller]
    fn assert_untouched(&self) {
        assert!(self.names().is_empty(), "left: {:?}", self.names());
        assert_eq!(fs::read_to_string(self.path("victim")).unwrap(), "precious");
        assert!(!Path::new(&absolute_name()).exists());
    }
}

/// A name outside of every space.
fn absolute_name() -> String {
    format!("{}/buildout-evil-{}", std::env::temp_dir().display(), std::process::id())
}

/// The fault for which `archive` is refused, without a trace of it.
#[track_caller]
fn fault_of(archive: &[u8]) -> ArchiveFault {
    fault_with(archive, &UnpackOptions::default())
}

#[track_caller]
fn fault_with(archive: &[u8], options: &UnpackOptions) -> ArchiveFault {
    let space = ArchiveSpace::new();
    let error = space.unpack(archive, options).expect_err("refused");
    space.assert_untouched();
    assert!(!error.hints().is_empty(), "{error}");
    assert!(error.to_string().contains("archive"), "{error}");
    match error {
        UnpackError::Refused { fault, .. } => fault,
        other => panic!("{other}"),
    }
}

/// Something good before and after, so that something could have been left.
fn around(member: TarEntry) -> Vec<u8> {
    tar(&[TarEntry::file("before", b"x"), member, TarEntry::file("after", b"x")])
}

#[test]
fn names_that_lead_out_are_refused() {
    let absolute = absolute_name();
    for name in ["../victim", "a/../../victim", "..", "a/..", &absolute, &format!("/{absolute}"), ""] {
        assert!(matches!(fault_of(&around(TarEntry::file(name, b"evil"))), ArchiveFault::Name(_)), "{name}");
        assert!(
            matches!(fault_of(&zip(&[ZipEntry::new("a", b""), ZipEntry::new(name, b"evil")])), ArchiveFault::Name(_)),
            "{name}"
        );
        if !name.is_empty() {
            assert!(matches!(fault_of(&around(TarEntry::directory(name))), ArchiveFault::Name(_)), "{name}");
        }
    }
    let long = TarEntry::of(b'x', "pax", &pax("path", b"../victim"));
    assert_eq!(fault_of(&tar(&[long, TarEntry::file("a", b"evil")])), ArchiveFault::Name("contains `..`"));
    let nul = TarEntry::of(b'x', "pax", &pax("path", b"a\0b"));
    assert_eq!(fault_of(&tar(&[nul, TarEntry::file("a", b"evil")])), ArchiveFault::Name("contains a NUL"));
    let gnu = TarEntry::of(b'L', "././@LongLink", format!("{absolute}\0").as_bytes());
    assert_eq!(fault_of(&tar(&[gnu, TarEntry::file("a", b"evil")])), ArchiveFault::Name("is absolute"));
    assert_eq!(fault_of(&zip(&[ZipEntry::new("..\\victim", b"evil")])), ArchiveFault::Name("contains a backslash"));
    let component = TarEntry::of(b'L', "././@LongLink", "x".repeat(300).as_bytes());
    assert_eq!(fault_of(&tar(&[component, TarEntry::file("a", b"")])), ArchiveFault::Name("is too long"));
}

#[test]
fn nothing_is_written_through_a_link() {
    let inside = tar(&[TarEntry::directory("d"), TarEntry::link(b'2', "l", "d"), TarEntry::file("l/victim", b"evil")]);
    assert_eq!(fault_of(&inside), ArchiveFault::NotBeneathDirectory("l".into()));
    let beneath_file = tar(&[TarEntry::file("f", b"x"), TarEntry::file("f/g", b"evil")]);
    assert_eq!(fault_of(&beneath_file), ArchiveFault::NotBeneathDirectory("f".into()));
    let link = ZipEntry::new("l", b"d").mode(0o120_777);
    assert_eq!(
        fault_of(&zip(&[ZipEntry::new("d/", b""), link, ZipEntry::new("l/victim", b"evil")])),
        ArchiveFault::NotBeneathDirectory("l".into())
    );
}

#[test]
fn a_file_replaces_a_link_of_its_name_and_not_its_target() {
    let space = ArchiveSpace::new();
    let onto = tar(&[TarEntry::file("f", b"x"), TarEntry::link(b'2', "l", "f"), TarEntry::file("l", b"other")]);
    space.unpack(&onto, &UnpackOptions::default()).unwrap();
    assert_eq!(fs::read_to_string(space.path("out/f")).unwrap(), "x");
    assert_eq!(fs::read_to_string(space.path("out/l")).unwrap(), "other");
    assert!(space.path("out/l").symlink_metadata().unwrap().is_file());
}

#[test]
fn links_that_lead_out_are_refused() {
    for target in ["..", "../victim", "/etc/passwd", "a/../../victim"] {
        assert!(
            matches!(fault_of(&around(TarEntry::link(b'2', "l", target))), ArchiveFault::LinkOutside(_)),
            "{target}"
        );
        let entry = ZipEntry::new("l", target.as_bytes()).mode(0o120_777);
        assert!(matches!(fault_of(&zip(&[entry])), ArchiveFault::LinkOutside(_)), "{target}");
    }
    // Each of them stays inside, as its text reads; together they do not.
    let together =
        tar(&[TarEntry::directory("d"), TarEntry::link(b'2', "d/up", ".."), TarEntry::link(b'2', "out", "d/up/..")]);
    assert!(matches!(fault_of(&together), ArchiveFault::LinkOutside(_)));
    // The top-level directory goes away, and with it what a link may climb to.
    let stripped = UnpackOptions { strip_top_level: true, ..UnpackOptions::default() };
    let climbing = tar(&[TarEntry::directory("top"), TarEntry::link(b'2', "top/l", "../victim")]);
    assert!(matches!(fault_with(&climbing, &stripped), ArchiveFault::LinkOutside(_)));
}

#[test]
fn hard_links_lead_only_to_earlier_files() {
    let space_victim = ArchiveSpace::new();
    let absolute = space_victim.path("victim");
    for target in ["../victim", "missing", "/etc/passwd", "d", &absolute.to_string_lossy()] {
        let archive =
            tar(&[TarEntry::directory("d"), TarEntry::link(b'2', "l", "d"), TarEntry::link(b'1', "h", target)]);
        assert!(matches!(fault_of(&archive), ArchiveFault::HardLink(_)), "{target}");
    }
    // One to a symbolic link is another symbolic link, and may not point outside from where it is.
    let links = |target, name| {
        tar(&[TarEntry::directory("d"), TarEntry::link(b'2', "d/l", target), TarEntry::link(b'1', name, "d/l")])
    };
    let space = ArchiveSpace::new();
    space.unpack(&links("../x", "d/h"), &UnpackOptions::default()).unwrap();
    assert_eq!(fs::read_link(space.path("out/d/h")).unwrap(), Path::new("../x"));
    assert!(matches!(fault_of(&links("../x", "h")), ArchiveFault::LinkOutside(_)));
}

#[test]
fn devices_and_pipes_are_refused_and_setuid_is_dropped() {
    for kind in [b'3', b'4', b'6'] {
        assert!(
            matches!(fault_of(&around(TarEntry::of(kind, "x", b""))), ArchiveFault::Special(_)),
            "{}",
            char::from(kind)
        );
    }
    assert!(matches!(fault_of(&around(TarEntry::of(b'Z', "x", b""))), ArchiveFault::Unsupported(_)));
    for mode in [0o010_644, 0o020_644, 0o060_644, 0o140_644] {
        assert!(matches!(fault_of(&zip(&[ZipEntry::new("x", b"").mode(mode)])), ArchiveFault::Special(_)), "{mode:o}");
    }
    let space = ArchiveSpace::new();
    space
        .unpack(
            &tar(&[TarEntry::file("f", b"x").mode(0o7755), TarEntry::directory("d").mode(0o7755)]),
            &UnpackOptions::default(),
        )
        .unwrap();
    for name in ["out/f", "out/d"] {
        assert_eq!(fs::metadata(space.path(name)).unwrap().mode() & 0o7000, 0, "{name}");
    }
    let space = ArchiveSpace::new();
    space.unpack(&zip(&[ZipEntry::new("f", b"x").mode(0o104_755)]), &UnpackOptions::default()).unwrap();
    assert_eq!(fs::metadata(space.path("out/f")).unwrap().mode() & 0o7777, 0o755);
}

#[test]
fn bombs_are_refused() {
    let zeros = vec![0; 64 << 20];
    let bomb = gzip(&tar(&[TarEntry::file("zeros", &zeros)]));
    assert!(bomb.len() < 100_000);
    assert_eq!(fault_of(&bomb), ArchiveFault::Limit { what: "times the size of the archive", limit: 200 });

    let limits = |change: fn(&mut UnpackLimits)| {
        let mut options = UnpackOptions::default();
        change(&mut options.limits);
        options
    };
    let two = tar(&[TarEntry::file("a", &[0; 600]), TarEntry::file("b", &[0; 600])]);
    let bytes = limits(|limits| limits.bytes = 1000);
    assert!(matches!(fault_with(&two, &bytes), ArchiveFault::Limit { limit: 1000, .. }));
    let entries = limits(|limits| limits.entries = 1);
    assert_eq!(fault_with(&two, &entries), ArchiveFault::Limit { what: "entries", limit: 1 });
    let zipped = zip(&[ZipEntry::new("a", b""), ZipEntry::new("b", b"")]);
    assert_eq!(fault_with(&zipped, &entries), ArchiveFault::Limit { what: "entries", limit: 1 });
    let deep = TarEntry::of(b'L', "././@LongLink", "d/".repeat(200).as_bytes());
    let fault = fault_of(&tar(&[deep, TarEntry::directory("d")]));
    assert_eq!(fault, ArchiveFault::Limit { what: "nested directories", limit: 100 });

    // Headers are kept in memory, so they have a separate limit.
    let name = TarEntry::of(b'L', "././@LongLink", &vec![b'x'; 4 << 20]);
    let fault = fault_of(&gzip(&tar(&[name, TarEntry::file("a", b"")])));
    assert_eq!(fault, ArchiveFault::Limit { what: "bytes of headers", limit: 1 << 20 });
    // The header says that the file has 7 GiB.
    let lie = tar(&[TarEntry::file("a", b"x").size(0o77_777_777_777 >> 2)]);
    assert!(matches!(fault_with(&lie, &bytes), ArchiveFault::Limit { .. }));

    // Two entries that share their data.
    let mut twice = [ZipEntry::new("a", b"data"), ZipEntry::new("b", b"data")];
    twice[1].offset = Some(0);
    assert!(matches!(fault_of(&zip(&twice)), ArchiveFault::Disagreement(_)));
}

#[test]
fn a_large_first_file_is_not_a_bomb() {
    // Of the archive, hardly anything was read when its size is known.
    let content: Vec<u8> =
        (0..20_u32 << 18).flat_map(|number| (number.wrapping_mul(0x9e37_79b9)).to_le_bytes()).collect();
    let whole = tar(&[TarEntry::file("a", &content)]);
    for archive in [whole.clone(), gzip(&whole)] {
        let space = ArchiveSpace::new();
        space.unpack(&archive, &UnpackOptions::default()).unwrap();
        assert!(fs::read(space.path("out/a")).unwrap() == content);
    }
}

#[test]
fn what_is_truncated_is_refused() {
    let whole = tar(&[TarEntry::file("a", &[7; 3000]), TarEntry::file("b", b"x")]);
    for length in [100, 512, 1024, 3584, 3600, 4096, 4608] {
        let fault = fault_of(&whole[..length]);
        assert!(matches!(fault, ArchiveFault::Damaged(_) | ArchiveFault::UnknownFormat), "{length}: {fault}");
    }
    for name in ["gnu.tar.gz", "pax.tar.xz", "gnu.tar.bz2", "pax.tar.zst", "plain.zip"] {
        let whole = fixture(name);
        for length in [8, whole.len() / 4, whole.len() / 2, whole.len() - 9, whole.len() - 1] {
            let fault = fault_of(&whole[..length]);
            assert!(
                matches!(fault, ArchiveFault::Damaged(_) | ArchiveFault::UnknownFormat),
                "{name} {length}: {fault}"
            );
        }
    }
}

#[test]
fn wrong_checksums_are_found() {
    let mut header = tar(&[TarEntry::file("a", b"x")]);
    header[0] = b'b';
    assert!(matches!(fault_of(&header), ArchiveFault::Damaged(_)));
    let mut gz = gzip(&tar(&[TarEntry::file("a", b"x")]));
    let at = gz.len() - 8;
    gz[at] ^= 1;
    assert!(matches!(fault_of(&gz), ArchiveFault::Damaged(_)));
    for name in ["pax.tar.xz", "gnu.tar.bz2", "pax.tar.zst"] {
        let mut bytes = fixture(name);
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0x10;
        let fault = fault_of(&bytes);
        assert!(matches!(fault, ArchiveFault::Damaged(_) | ArchiveFault::Limit { .. }), "{name}: {fault}");
    }
    // The checksum of zstd stands at the very end.
    let mut zstd = fixture("pax.tar.zst");
    *zstd.last_mut().unwrap() ^= 1;
    assert!(matches!(fault_of(&zstd), ArchiveFault::Damaged(_)));
    let entry = ZipEntry::new("a", b"data").both(|said| said.checksum ^= 1);
    assert!(matches!(fault_of(&zip(&[entry])), ArchiveFault::Damaged(_)));
}

/// Whatever byte is wrong: the archive is unpacked whole, or refused without a trace, and nothing panics.
#[test]
fn any_damage_is_survived() {
    for name in ["gnu.tar.gz", "pax.tar.xz", "gnu.tar.bz2", "pax.tar.zst", "plain.zip"] {
        let whole = fixture(name);
        for at in (0..whole.len()).step_by(7) {
            let mut damaged = whole.clone();
            damaged[at] ^= 1 << (at % 8);
            let space = ArchiveSpace::new();
            let outcome = space.unpack(&damaged, &UnpackOptions::default());
            let expected: &[&str] = if outcome.is_ok() { &["out"] } else { &[] };
            assert_eq!(space.names(), expected, "{name}, byte {at}: {outcome:?}");
        }
    }
}

#[test]
fn of_two_entries_of_one_name_the_last_counts_in_tar_files_alone() {
    let a = || TarEntry::file("a", b"x");
    for (second, expected) in [(a(), "x"), (TarEntry::file("./a", b"y"), "y"), (TarEntry::link(b'1', "a", "a"), "x")] {
        let space = ArchiveSpace::new();
        space.unpack(&tar(&[a(), second]), &UnpackOptions::default()).unwrap();
        assert_eq!(fs::read_to_string(space.path("out/a")).unwrap(), expected);
    }
    let space = ArchiveSpace::new();
    let hard = [a(), TarEntry::link(b'1', "b", "a"), TarEntry::file("a", b"new"), TarEntry::link(b'2', "b", "a")];
    space.unpack(&tar(&hard), &UnpackOptions::default()).unwrap();
    assert_eq!(fs::read_link(space.path("out/b")).unwrap(), Path::new("a"));
    assert_eq!(fs::read_to_string(space.path("out/a")).unwrap(), "new");
    assert_eq!(fault_of(&tar(&[a(), TarEntry::directory("a")])), ArchiveFault::Duplicate);
    assert_eq!(fault_of(&tar(&[TarEntry::directory("a"), a()])), ArchiveFault::Duplicate);
    assert_eq!(fault_of(&zip(&[ZipEntry::new("a", b"x"), ZipEntry::new("a", b"y")])), ArchiveFault::Duplicate);
    assert_eq!(fault_of(&zip(&[ZipEntry::new("a", b"x"), ZipEntry::new("./a", b"y")])), ArchiveFault::Duplicate);
    let space = ArchiveSpace::new();
    space.unpack(&tar(&[TarEntry::directory("d"), TarEntry::directory("d/")]), &UnpackOptions::default()).unwrap();
}

#[test]
fn zip_headers_that_disagree_are_refused() {
    let t = |change: fn(&mut ZipEntry)| {
        let mut entry = ZipEntry::new("a", b"data");
        change(&mut entry);
        let fault = fault_of(&zip(&[entry, ZipEntry::new("b", b"")]));
        assert!(matches!(fault, ArchiveFault::Disagreement(_)), "{fault}");
    };
    t(|entry| entry.local.name = b"b".to_vec());
    t(|entry| entry.local.size = 3);
    t(|entry| entry.local.compressed = 3);
    t(|entry| entry.local.checksum = 0);
    t(|entry| entry.local.method = 8);
    t(|entry| entry.local.flags = 1);
    t(|entry| entry.offset = Some(3));
    let mut prefixed = b"PK\x03\x04 junk".to_vec();
    prefixed.extend(zip(&[ZipEntry::new("a", b"data")]));
    assert!(matches!(fault_of(&prefixed), ArchiveFault::Disagreement(_)));
}

#[test]
fn what_is_not_an_archive_is_refused() {
    for bytes in [&b""[..], b"<html>404</html>", &[0; 2000], b"PK"] {
        assert_eq!(fault_of(bytes), ArchiveFault::UnknownFormat, "{bytes:?}");
    }
    assert!(matches!(fault_of(&gzip(b"a text")), ArchiveFault::Damaged(_)));
    let encrypted = ZipEntry::new("a", b"data").both(|said| said.flags = 1);
    assert!(matches!(fault_of(&zip(&[encrypted])), ArchiveFault::Unsupported(_)));
    let version = [pax("GNU.sparse.major", b"2"), pax("GNU.sparse.realsize", b"5")].concat();
    let sparse = TarEntry::of(b'x', "pax", &version);
    assert!(matches!(fault_of(&tar(&[sparse, TarEntry::file("a", b"")])), ArchiveFault::Unsupported(_)));
    let global = TarEntry::of(b'g', "pax", &pax("path", b"b"));
    assert!(matches!(fault_of(&tar(&[global, TarEntry::file("a", b"")])), ArchiveFault::Unsupported(_)));
}

fn fixture(name: &str) -> Vec<u8> {
    fs::read(repository().join("tests/fetch/archives").join(name)).unwrap()
}

/// A name of 90 and one of 120 bytes, which do not fit in a plain tar header.
fn long_name() -> String {
    format!("src/{}/{}", "d".repeat(90), "f".repeat(120))
}

#[test]
fn archives_of_real_programs_are_unpacked() {
    for (name, nanoseconds) in [
        ("gnu.tar.gz", 0),
        ("dot.tar.gz", 0),
        ("gnu.tar.bz2", 0),
        ("pax.tar.xz", 250_000_000),
        ("pax.tar.zst", 250_000_000),
        ("plain.zip", 0),
    ] {
        for strip_top_level in [false, true] {
            let space = ArchiveSpace::new();
            let options = UnpackOptions { strip_top_level, ..UnpackOptions::default() };
            let unpacked = space.unpack(&fixture(name), &options).unwrap();
            assert_eq!(unpacked.top_level, ["hello-1.0"], "{name}");
            assert_eq!(space.names(), ["out"], "{name}");
            let top = space.path(if strip_top_level { "out" } else { "out/hello-1.0" });
            let of = |inner: &str| top.join(inner).symlink_metadata().unwrap_or_else(|_| panic!("{name}: {inner}"));
            for file in ["configure", "src/main.c", &long_name()] {
                assert_eq!((of(file).mtime(), of(file).mtime_nsec()), (1_234_567_890, nanoseconds), "{name} {file}");
            }
            assert_eq!((of("").mtime(), of("src").mtime()), (1_222_222_222, 1_111_111_111), "{name}");
            assert_eq!(fs::read_link(top.join("README")).unwrap(), Path::new("src/main.c"));
            assert_eq!(fs::read_to_string(top.join(long_name())).unwrap(), "long\n");
            assert_eq!(of("configure").mode() & 0o7700, 0o700, "{name}");
            assert_eq!(of("suid").mode() & 0o7700, 0o700, "{name}");
            assert_eq!(of("COPYING").mode() & 0o7700, 0o400, "{name}");
            assert_eq!(of("COPYING").ino() == of("LICENSE").ino(), !name.ends_with(".zip"), "{name}");
        }
    }
}

#[test]
fn the_destination_must_be_free() {
    let archive = tar(&[TarEntry::file("a", b"x")]);
    let occupy: [fn(&Path); 3] = [
        |out| {
            fs::create_dir(out).unwrap();
            fs::write(out.join("mine"), "").unwrap();
        },
        |out| fs::write(out, "").unwrap(),
        |out| symlink(".", out).unwrap(),
    ];
    for occupy in occupy {
        let space = ArchiveSpace::new();
        occupy(&space.path("out"));
        let error = space.unpack(&archive, &UnpackOptions::default()).unwrap_err();
        assert!(matches!(error, UnpackError::DestinationExists(_)), "{error}");
        assert_eq!(space.names(), ["out"]);
    }
    let space = ArchiveSpace::new();
    fs::create_dir(space.path("out")).unwrap();
    let unpacked = space.unpack(&archive, &UnpackOptions::default()).unwrap();
    assert_eq!((unpacked.entries, unpacked.bytes), (1, 1));
    assert!(space.path("out/a").exists());
}

#[test]
fn stripping_needs_one_directory() {
    let options = UnpackOptions { strip_top_level: true, ..UnpackOptions::default() };
    for members in [vec![], vec![TarEntry::file("a", b"")], vec![TarEntry::directory("a"), TarEntry::directory("b")]] {
        let mut archive = tar(&members);
        if members.is_empty() {
            archive = gzip(&archive);
        }
        assert!(matches!(fault_with(&archive, &options), ArchiveFault::NoTopLevelDirectory(_)));
    }
}

#[test]
fn unpacking_can_be_canceled() {
    let space = ArchiveSpace::new();
    fs::write(space.path("archive"), tar(&[TarEntry::file("a", &[0; 1 << 20]), TarEntry::file("b", b"")])).unwrap();
    let asked = Cell::new(0);
    let canceled = || {
        asked.set(asked.get() + 1);
        asked.get() > 3
    };
    let error = unpack(&space.path("archive"), &space.path("out"), &UnpackOptions::default(), &canceled).unwrap_err();
    assert!(matches!(error, UnpackError::Canceled(_)), "{error}");
    space.assert_untouched();
}

#[test]
fn what_a_killed_process_left_is_removed() {
    let space = ArchiveSpace::new();
    fs::create_dir_all(space.path(".out.unpack-1-0/a/b")).unwrap();
    fs::create_dir_all(space.path(".other.unpack-1-0")).unwrap();
    space.unpack(&tar(&[TarEntry::file("a", b"x")]), &UnpackOptions::default()).unwrap();
    assert_eq!(space.names(), [".other.unpack-1-0", "out"]);
}
