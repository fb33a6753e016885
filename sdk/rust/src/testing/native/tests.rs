//! Tests of recipes that run natively, with real processes and files.

use std::time::Duration;

use crate::testing::{Buildout, output};
use crate::{
    Command, Description, Download, DownloadReason, Downloader, Ending, Error, Init, Lock, Paths, ProcessReason,
    Recipe, Runner, TopLevel,
};

struct Nothing;

impl Recipe for Nothing {
    fn describe() -> Description {
        Description::new("")
    }

    fn init(_: &Init<'_>) -> Result<Self, Error> {
        Ok(Self)
    }

    fn install(&mut self) -> Result<Paths, Error> {
        Ok(Paths::none())
    }
}

/// A directory with the selected part `a`.
fn buildout() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    Buildout::new(directory.path()).section("a", [("recipe", "nothing")]).init::<Nothing>("a").unwrap();
    directory
}

fn shell(script: &str) -> Command {
    Command::new("sh").arg("-c").arg(script)
}

#[test]
fn passes_environment_input_and_directory_to_a_command() {
    let directory = buildout();
    let runner = Runner::open(&["sh"]).unwrap();
    let command = shell("pwd; cat; echo $GREETING; echo loud >&2").directory(directory.path().to_str().unwrap());
    let outcome = command.env("GREETING", "hello").input("input\n").capture().run(&runner).unwrap();
    let expected = format!("{}\ninput\nhello\n", directory.path().canonicalize().unwrap().display());
    assert_eq!(String::from_utf8(outcome.check().unwrap()).unwrap(), expected);
    assert_eq!(output(), "loud\n");
    assert!(runner.build_directory().ends_with("/parts/a__compile__"));
    assert!(!runner.environment().contains_key("CARGO"), "the environment is not inherited");
}

#[test]
fn reports_how_a_command_ends() {
    let _directory = buildout();
    let runner = Runner::open(&["*"]).unwrap();
    for (script, ending) in
        [("exit 7", Ending::Exited(7)), ("kill -15 $$", Ending::Signalled(15)), ("exec sleep 100", Ending::TimedOut)]
    {
        let outcome = shell(script).deadline(Duration::from_millis(500)).run(&runner).unwrap();
        assert_eq!(outcome.ending, ending, "{script}");
        assert!(!outcome.success());
    }
    let error = shell("exit 7").run(&runner).unwrap().check().unwrap_err();
    assert!(error.is_user());
    assert_eq!(error.to_string(), "sh exited with status 7");
}

#[test]
fn reports_why_a_command_cannot_start() {
    let _directory = buildout();
    let runner = Runner::open(&["sh", "no-such-program"]).unwrap();
    let reason = |command: Command| command.run(&runner).unwrap_err().reason();
    assert_eq!(reason(Command::new("ls")), ProcessReason::NotGranted);
    assert_eq!(reason(Command::new("no-such-program")), ProcessReason::NotFound);
    assert_eq!(reason(shell("").directory("relative")), ProcessReason::Invalid);
}

#[test]
fn checks_copies_and_unpacks_a_file() {
    let directory = buildout();
    let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    std::fs::create_dir(path("top")).unwrap();
    std::fs::write(path("top/file"), "abc").unwrap();
    let tar = std::process::Command::new("tar").args(["-czf", "a.tgz", "top"]).current_dir(directory.path()).status();
    assert!(tar.unwrap().success());
    let downloader = Downloader::open(&["*"]).unwrap();

    let file = Download::new("top/file").md5("900150983CD24FB0D6963F7D28E17F72").fetch(&downloader).unwrap();
    assert_eq!(file.sha256(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_eq!(file.size(), 3);
    file.copy(path("copy")).unwrap();
    assert_eq!(std::fs::read(path("copy")).unwrap(), b"abc");

    let archive = Download::new(format!("file://{}", path("a.tgz"))).fetch(&downloader).unwrap();
    assert_eq!(archive.unpack(path("kept"), TopLevel::Keep).unwrap(), ["top"]);
    assert_eq!(archive.unpack(path("stripped"), TopLevel::Strip).unwrap(), ["file"]);
    assert!(archive.unpack(path("kept"), TopLevel::Keep).is_err(), "the directory is not empty");

    let reason = |download: Download| download.fetch(&downloader).unwrap_err().reason();
    assert_eq!(reason(Download::new("top/file").sha512("00")), DownloadReason::Mismatch);
    assert_eq!(reason(Download::new("missing")), DownloadReason::Unavailable);
    assert_eq!(reason(Download::new("https://example.com/")), DownloadReason::Unavailable);
    let bad = file.unpack(path("bad"), TopLevel::Keep).unwrap_err();
    assert_eq!(bad.reason(), DownloadReason::BadArchive);
    assert!(!directory.path().join("bad").exists());
}

#[test]
fn a_lock_waits_for_its_holder() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("lock");
    let held = Lock::acquire(&path, || panic!("the lock is free")).unwrap();
    let (waiting, waits) = std::sync::mpsc::channel();
    let other = std::thread::spawn(move || Lock::acquire(path, || waiting.send(()).unwrap()).map(drop));
    waits.recv().unwrap();
    drop(held);
    other.join().unwrap().unwrap();
}
