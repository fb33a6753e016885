//! Both entry points, with real files.

use std::path::Path;
use std::process::Command;

use buildout_recipe::testing::{Buildout, logged};
use buildout_recipe::{Error, Recipe, Update};

use super::*;

const MD5_OF_ABC: &str = "900150983cd24fb0d6963f7d28e17f72";
const SHA256_OF_ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

/// A buildout directory with the files `abc` and `a.tar.gz`; the archive contains `a-1.0/file`.
fn directory() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("abc"), "abc").unwrap();
    std::fs::create_dir(directory.path().join("a-1.0")).unwrap();
    std::fs::write(directory.path().join("a-1.0/file"), "").unwrap();
    let mut tar = Command::new("tar");
    let tar = tar.arg("-C").arg(directory.path()).arg("-czf").arg(directory.path().join("a.tar.gz"));
    assert!(tar.arg("a-1.0").status().unwrap().success());
    std::fs::remove_dir_all(directory.path().join("a-1.0")).unwrap();
    directory
}

fn buildout(directory: &Path, options: &[(&str, &str)]) -> Buildout {
    let shared = directory.join("shared").to_str().unwrap().to_owned();
    Buildout::new(directory)
        .section("buildout", [("shared-part-list", shared)])
        .section("part", [("recipe", "slapos.recipe.build:download")])
        .section("part", options.iter().copied())
}

fn read(path: impl AsRef<Path>) -> String {
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn downloads_a_file_to_the_location_under_the_requested_name() {
    let directory = directory();
    for (options, name) in [
        (&[("url", "abc"), ("md5sum", MD5_OF_ABC)][..], "part"),
        (&[("url", "abc"), ("sha256sum", SHA256_OF_ABC), ("filename", "sub/other")], "other"),
    ] {
        let buildout = buildout(directory.path(), options);
        let mut recipe = buildout.init::<DownloadedFile>("part").unwrap();
        let location = directory.path().join("parts/part");
        assert_eq!(recipe.install().unwrap().as_slice(), [location.to_str().unwrap()]);
        assert_eq!(read(location.join(name)), "abc");
        assert_eq!(buildout.option("part", "target").unwrap(), location.join(name).to_str().unwrap());
        assert_eq!(buildout.option("part", "location").unwrap(), location.to_str().unwrap());
    }
}

#[test]
fn reports_both_digests_and_leaves_nothing() {
    let directory = directory();
    let wrong = "0".repeat(64);
    let buildout = buildout(directory.path(), &[("url", "abc"), ("sha256sum", &wrong)]);
    let error = buildout.init::<DownloadedFile>("part").unwrap().install().unwrap_err();
    assert!(error.is_user());
    assert!(error.to_string().contains(&wrong) && error.to_string().contains(SHA256_OF_ABC), "{error}");
    assert!(!directory.path().join("parts/part").exists());
}

#[test]
fn applies_destination_and_mode() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = directory();
    let options = [("url", "abc"), ("md5sum", MD5_OF_ABC), ("destination", "bin/abc"), ("mode", "0751")];
    let buildout = buildout(directory.path(), &options);
    let path = directory.path().join("bin/abc");
    assert_eq!(
        buildout.init::<DownloadedFile>("part").unwrap().install().unwrap().as_slice(),
        [path.to_str().unwrap()]
    );
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o751);
    assert_eq!(buildout.option("part", "location"), None);
}

#[test]
fn downloads_a_file_without_digest_in_each_run() {
    let directory = directory();
    for (digest, after) in [(None, "new"), (Some(MD5_OF_ABC), "abc")] {
        std::fs::write(directory.path().join("abc"), "abc").unwrap();
        let buildout = buildout(directory.path(), &[("url", "abc"), ("md5sum", digest.unwrap_or_default())]);
        let mut recipe = buildout.init::<DownloadedFile>("part").unwrap();
        recipe.install().unwrap();
        std::fs::write(directory.path().join("abc"), "new").unwrap();
        assert_eq!(recipe.update().unwrap(), None);
        assert_eq!(read(directory.path().join("parts/part/part")), after);
    }
}

#[test]
fn uses_the_alternate_url_if_the_first_is_not_available() {
    let directory = directory();
    let buildout = buildout(directory.path(), &[("url", "missing"), ("alternate-url", "abc")]);
    buildout.init::<DownloadedFile>("part").unwrap().install().unwrap();
    assert_eq!(read(directory.path().join("parts/part/part")), "abc");
    assert!(logged()[0].1.ends_with("; trying abc"));
}

#[test]
fn unpacks_an_archive_with_or_without_its_top_level_directory() {
    let directory = directory();
    for (strip, file) in [("", "file"), ("true", "file"), ("false", "a-1.0/file")] {
        let buildout = buildout(directory.path(), &[("url", "a.tar.gz"), ("strip-top-level-dir", strip)]);
        let location = directory.path().join("parts/part");
        assert_eq!(
            buildout.init::<UnpackedDownload>("part").unwrap().install().unwrap().as_slice(),
            [location.to_str().unwrap()]
        );
        assert!(location.join(file).is_file(), "{strip}");
    }
}

#[test]
fn does_not_replace_the_users_files() {
    let directory = directory();
    std::fs::create_dir(directory.path().join("mine")).unwrap();
    std::fs::write(directory.path().join("mine/data"), "").unwrap();
    let unpack = |destination: &str| -> Result<(), Error> {
        let buildout = buildout(directory.path(), &[("url", "a.tar.gz"), ("destination", destination)]);
        buildout.init::<UnpackedDownload>("part")?.install().map(drop)
    };
    assert!(unpack("mine").unwrap_err().to_string().ends_with("/mine already exists and is not an empty directory"));
    assert!(directory.path().join("mine/data").exists());
    std::fs::write(directory.path().join("file"), "").unwrap();
    assert!(unpack("file").unwrap_err().to_string().ends_with("/file already exists and is not an empty directory"));
    assert!(directory.path().join("file").is_file());
    unpack("new/place").unwrap();
    assert!(directory.path().join("new/place/file").exists());
}

#[test]
fn downloads_a_shared_file_once() {
    let directory = directory();
    let options = [("url", "abc"), ("sha256sum", SHA256_OF_ABC), ("shared", "true")];
    let fetch = || {
        let buildout = buildout(directory.path(), &options);
        let paths = buildout.init::<DownloadedFile>("part").unwrap().install().unwrap();
        assert_eq!(paths.as_slice(), [""; 0]);
        buildout.option("part", "target").unwrap()
    };
    let target = fetch();
    assert!(target.starts_with(&format!("{}/shared/part/", directory.path().display())), "{target}");
    std::fs::remove_file(directory.path().join("abc")).unwrap();
    assert_eq!(fetch(), target);
    assert_eq!(read(target), "abc");
}

#[test]
fn rejects_invalid_options_before_any_download() {
    for (options, message) in [
        (&[("x", "")][..], "Missing option: part:url"),
        (&[("url", "abc"), ("filename", "x/")], "Invalid value for option filename: \"x/\" (expected a file name)"),
        (&[("url", "abc"), ("filename", "a/..")], "Invalid value for option filename: \"a/..\" (expected a file name)"),
        (
            &[("url", "abc"), ("mode", "+x")],
            "Invalid value for option mode: \"+x\" (expected up to three octal digits)",
        ),
        (
            &[("url", "abc"), ("shared", "true")],
            "A part with shared = true needs a digest: sha256sum, sha512sum or md5sum",
        ),
        (
            &[("url", "abc"), ("md5sum", MD5_OF_ABC), ("shared", "true"), ("destination", "x")],
            "The options shared and destination cannot be used together",
        ),
    ] {
        assert_eq!(
            buildout(Path::new("/b"), options).init::<DownloadedFile>("part").err().unwrap().to_string(),
            message
        );
    }
}

#[test]
fn the_documentation_page_is_current() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/built-in/download.md");
    buildout_recipe::testing::assert_documented(
        page,
        "download",
        vec![("default", DownloadedFile::describe()), ("unpacked", UnpackedDownload::describe())],
    );
}
