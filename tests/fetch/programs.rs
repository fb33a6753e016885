//! Archives as people's programs write them: GNU tar, bsdtar, git and Python.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use fetch::unpack::{ArchiveFault, UnpackError, UnpackOptions, unpack};
use test_support::archive::{TarEntry, gzip, pax, tar};

/// A directory in which shell commands make an archive.
struct ProgramSpace(tempfile::TempDir);

impl ProgramSpace {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    #[track_caller]
    fn sh(&self, script: &str) {
        let status = Command::new("sh").arg("-ec").arg(script).current_dir(self.0.path()).status().unwrap();
        assert!(status.success(), "{script}");
    }

    /// Unpacks the archive of that name to `out`.
    #[track_caller]
    fn unpack(&self, archive: &str) -> PathBuf {
        let out = self.path("out");
        let _ = fs::remove_dir_all(&out);
        let outcome = unpack(&self.path(archive), &out, &UnpackOptions::default(), &|| false);
        outcome.unwrap_or_else(|error| panic!("{archive}: {error}"));
        out
    }

    /// Unpacks these bytes.
    fn unpack_bytes(&self, bytes: &[u8]) -> Result<PathBuf, UnpackError> {
        fs::write(self.path("bytes.tar"), bytes).unwrap();
        unpack(&self.path("bytes.tar"), &self.path("out"), &UnpackOptions::default(), &|| false)?;
        Ok(self.path("out"))
    }
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Both have the same bytes, and the second takes hardly any room.
#[track_caller]
fn assert_same_and_sparse(original: &Path, unpacked: &Path) {
    assert!(fs::read(original).unwrap() == fs::read(unpacked).unwrap(), "{}", unpacked.display());
    let blocks = unpacked.metadata().unwrap().blocks();
    assert!(blocks * 512 < 1 << 20, "{} has {blocks} blocks", unpacked.display());
}

#[test]
fn files_with_holes_in_all_formats_of_gnu_tar() {
    let space = ProgramSpace::new();
    // Parts at the start, in the middle and at the end; one of nothing but a hole; and one of so many parts that the older
    // format needs more than one header.
    space.sh(
        "mkdir src; cd src; printf start > ends; printf middle | dd of=ends bs=1 seek=30000000 conv=notrunc 2>/dev/null; \
         printf end | dd of=ends bs=1 seek=60000000 conv=notrunc 2>/dev/null; truncate -s 40M hole; printf x > tail; \
         truncate -s 20M tail; for i in $(seq 0 40); do printf $i | dd of=many bs=65536 seek=$i conv=notrunc 2>/dev/null; done; \
         printf plain > plain",
    );
    for options in [
        "--format=gnu",
        "--format=posix --sparse-version=0.0",
        "--format=posix --sparse-version=0.1",
        "--format=posix --sparse-version=1.0",
    ] {
        space.sh(&format!("tar --sparse {options} -cf sparse.tar src"));
        let out = space.unpack("sparse.tar");
        for name in ["ends", "hole", "tail", "many"] {
            assert_same_and_sparse(&space.path("src").join(name), &out.join("src").join(name));
        }
        assert_eq!(text(&out.join("src/plain")), "plain", "{options}");
    }
}

#[test]
fn a_file_named_twice_and_an_archive_that_was_appended_to() {
    let space = ProgramSpace::new();
    space.sh("printf old > a; ln -s a l; tar -cf x.tar a l a l; printf new > a; tar -rf x.tar a; printf other > b; tar -uf x.tar b");
    let out = space.unpack("x.tar");
    assert_eq!((text(&out.join("a")), text(&out.join("b"))), ("new".into(), "other".into()));
    assert_eq!(fs::read_link(out.join("l")).unwrap(), Path::new("a"));
}

#[test]
fn names_and_attributes_with_any_bytes() {
    let space = ProgramSpace::new();
    let long = "n".repeat(200);
    space.sh(&format!("mkdir -p d/{long}; printf x > \"d/{long}/line\nend\"; printf y > d/$(printf 'caf\\351')"));
    for format in ["gnu", "posix"] {
        space.sh(&format!("tar --format={format} -cf names.tar d"));
        let out = space.unpack("names.tar");
        assert_eq!(text(&out.join("d").join(&long).join("line\nend")), "x", "{format}");
        assert_eq!(fs::read_dir(out.join("d")).unwrap().count(), 2, "{format}");
    }
    // An extended attribute with a line end in it, and a length that is wrong for who splits at line ends.
    let records = [pax("SCHILY.xattr.security.capability", b"\x01\0\0\x02\n\n9 a=b\n"), pax("path", b"real")].concat();
    let archive = tar(&[TarEntry::of(b'x', "pax", &records), TarEntry::file("a", b"content")]);
    let out = ProgramSpace::new();
    assert_eq!(text(&out.unpack_bytes(&archive).unwrap().join("real")), "content");
}

#[test]
fn what_git_and_python_write() {
    let space = ProgramSpace::new();
    space.sh("git init -q r; cd r; printf x > file; ln -s file link; git add .; \
         git -c user.name=n -c user.email=e commit -qm m; git archive --prefix=r-1.0/ -o ../git.tar.gz HEAD");
    let out = space.unpack("git.tar.gz");
    assert_eq!(text(&out.join("r-1.0/file")), "x");
    assert_eq!(fs::read_link(out.join("r-1.0/link")).unwrap(), Path::new("file"));
    for format in ["USTAR", "GNU", "PAX"] {
        let script = format!(
            "import io, tarfile\n\
             with tarfile.open('python.tar.gz', 'w:gz', format=tarfile.{format}_FORMAT) as t:\n    \
             for name, text in [('p/a', b'old'), ('p/' + 'n' * 90, b'long'), ('p/a', b'new')]:\n        \
             i = tarfile.TarInfo(name); i.size = len(text); i.mtime = 0 if '{format}' == 'USTAR' else -1.5\n        \
             t.addfile(i, io.BytesIO(text))\n"
        );
        fs::write(space.path("make.py"), script).unwrap();
        space.sh("python3 make.py");
        let out = space.unpack("python.tar.gz");
        assert_eq!(text(&out.join("p/a")), "new", "{format}");
        assert_eq!(text(&out.join("p").join("n".repeat(90))), "long", "{format}");
    }
}

#[test]
fn what_bsdtar_writes() {
    let space = ProgramSpace::new();
    let long = "n".repeat(150);
    space.sh(&format!(
        "mkdir d; printf start > d/sparse; printf end | dd of=d/sparse bs=1 seek=30000000 conv=notrunc 2>/dev/null; \
         printf x > d/{long}; ln d/{long} d/hard; ln -s {long} d/link"
    ));
    for format in ["pax", "gnutar", "ustar", "v7"] {
        if matches!(format, "ustar" | "v7") {
            space.sh(&format!("rm -f d/hard d/link d/{long}; printf x > d/short; ln -s short d/link"));
        }
        space.sh(&format!("bsdtar --format={format} -cf bsd.tar d d/link"));
        let out = space.unpack("bsd.tar");
        assert!(fs::read(space.path("d/sparse")).unwrap() == fs::read(out.join("d/sparse")).unwrap(), "{format}");
        assert_eq!(text(&out.join("d/link")), "x", "{format}");
        if format == "pax" {
            assert_same_and_sparse(&space.path("d/sparse"), &out.join("d/sparse"));
            let inode = |name: &str| out.join("d").join(name).metadata().unwrap().ino();
            assert_eq!(inode("hard"), inode(&long));
        }
    }
}

#[test]
fn labels_empty_fields_and_a_missing_end_mark() {
    let space = ProgramSpace::new();
    space.sh("mkdir d; printf x > d/a; tar --label=backup -cf label.tar d; tar --listed-incremental=s -cf dump.tar d");
    assert_eq!(text(&space.unpack("label.tar").join("d/a")), "x");
    assert_eq!(text(&space.unpack("dump.tar").join("d/a")), "x");
    // The end of compressed data is known without the mark; that of plain data is not.
    let whole = tar(&[TarEntry::file("a", b"x")]);
    let cut = &whole[..whole.len() - 1024];
    let compressed = ProgramSpace::new();
    assert_eq!(text(&compressed.unpack_bytes(&gzip(cut)).unwrap().join("a")), "x");
    assert!(matches!(
        ProgramSpace::new().unpack_bytes(cut),
        Err(UnpackError::Refused { fault: ArchiveFault::Damaged(_), entry: None, .. })
    ));
}

#[test]
fn a_refusal_names_the_member_by_its_own_name() {
    let records = [
        pax("GNU.sparse.major", b"1"),
        pax("GNU.sparse.minor", b"0"),
        pax("GNU.sparse.name", b"own/name"),
        pax("GNU.sparse.realsize", b"5"),
    ];
    let archive =
        tar(&[TarEntry::of(b'x', "pax", &records.concat()), TarEntry::file("GNUSparseFile.0/name", b"1\n9\n9\n")]);
    match ProgramSpace::new().unpack_bytes(&archive) {
        Err(UnpackError::Refused { entry: Some(entry), fault: ArchiveFault::Damaged(_), .. }) => {
            assert_eq!(entry, Path::new("own/name"));
        }
        other => panic!("{other:?}"),
    }
    let long = [TarEntry::of(b'L', "././@LongLink", b"own/name\0"), TarEntry::of(b'3', "short", b"")];
    match ProgramSpace::new().unpack_bytes(&tar(&long)) {
        Err(UnpackError::Refused { entry: Some(entry), fault: ArchiveFault::Special(_), .. }) => {
            assert_eq!(entry, Path::new("own/name"));
        }
        other => panic!("{other:?}"),
    }
}
