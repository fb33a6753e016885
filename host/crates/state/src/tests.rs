//! The state as its users see it: any content survives, files of zc.buildout can be read, failures lose nothing.

use config::options::Values;
use std::path::Path;
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::damage::DamageCause;
use base::event::{Level, Silent};
use base::source::Explain as _;
use test_support::ReportedMessages;

fn part(options: &[(&str, &str)], installed: &[&str]) -> InstalledPart {
    InstalledPart {
        options: options.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
        installed: installed.iter().map(ToString::to_string).collect(),
        signature: Some("recipes-PiIFiO8ny5yNZ1S3JfT0xg==".into()),
    }
}

fn sample() -> InstalledState {
    let parts = [
        ("debug", part(&[("recipe", "recipes:debug")], &[])),
        ("d1", part(&[("recipe", "recipes:mkdir"), ("path", "/b/d1")], &["/b/d1"])),
    ];
    InstalledState {
        parts: parts.map(|(name, part)| (name.to_owned(), part)).into_iter().collect(),
        ..InstalledState::default()
    }
}

const SAMPLE: &str = "\
[buildout]
parts = debug d1

[debug]
__buildout_installed__ = 
__buildout_signature__ = recipes-PiIFiO8ny5yNZ1S3JfT0xg==
recipe = recipes:debug

[d1]
__buildout_installed__ = /b/d1
__buildout_signature__ = recipes-PiIFiO8ny5yNZ1S3JfT0xg==
path = /b/d1
recipe = recipes:mkdir
";

fn read(text: &str) -> Result<InstalledState, Unreadable> {
    read_state("s", text.as_bytes())
}

fn damage(bytes: &[u8]) -> (usize, DamageCause) {
    match read_state("s", bytes) {
        Err(Unreadable::Damaged(damage)) => (damage.place.line(), damage.cause),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_file_is_the_one_of_the_document() {
    assert_eq!(render(&sample()), SAMPLE);
    assert_eq!(read(SAMPLE).unwrap(), sample());
}

#[test]
fn develop_eggs_and_installed_paths_span_lines() {
    let mut installed = sample();
    installed.develop_eggs = vec!["/b/a.egg-link".into(), "/b/b c.egg-link".into()];
    installed.parts["d1"].installed = vec!["/b/x".into(), "/b/y".into()];
    let text = render(&installed);
    assert!(
        text.starts_with("[buildout]\ninstalled_develop_eggs = /b/a.egg-link\n\t/b/b c.egg-link\nparts = debug d1\n")
    );
    assert!(text.contains("__buildout_installed__ = /b/x\n\t/b/y\n"));
    assert_eq!(read(&text).unwrap(), installed);
}

/// As zc.buildout leaves it after appending: sections repeated, later assignments win; sections of uninstalled parts.
#[test]
fn repeated_sections_merge() {
    let text = format!("{SAMPLE}\n[buildout]\ninstalled_develop_eggs = /b/e\n\n[buildout]\nparts = d1\n");
    let installed = read(&text).unwrap();
    assert_eq!(installed.parts.keys().collect::<Vec<_>>(), ["d1"]);
    assert_eq!(installed.develop_eggs, ["/b/e"]);
}

#[test]
fn comments_blocks_and_foreign_line_ends_are_read() {
    let text = "# c\r\n[buildout]\r\n; c\r\nparts = a\r\n[a] # c\r\n__buildout_installed__ =\r\n   /b/x\r\n   /b/y\r\n\r\nx = 1\r\n  2\r\n";
    let installed = read(text).unwrap();
    assert_eq!(installed.parts["a"].installed, ["/b/x", "/b/y"]);
    assert_eq!(installed.parts["a"].options.get("x").map(|value| &**value), Some("1\n2"));
    assert_eq!(installed.parts["a"].signature, None);
}

#[test]
fn damage_is_found_and_placed() {
    let cases: [(&[u8], usize, DamageCause); 9] = [
        (b"", 1, DamageCause::Empty),
        (b"\n \n", 1, DamageCause::Empty),
        (b"[buildout]\nparts = a\n\xff\xfe\n", 3, DamageCause::Binary),
        (b"[buildout]\nparts =\0\n", 2, DamageCause::Binary),
        (b"[buildout]\nparts = ", 2, DamageCause::Cut),
        (b"parts = a\n", 1, DamageCause::NoSection),
        (b"[buildout]\nwhat\n", 2, DamageCause::Line),
        (b"[a]\n[buildout]\nx = 1\n", 2, DamageCause::NoParts),
        (
            b"[buildout]\nparts = a b\n[a]\nx = 1\n[b]\n__buildout_installed__ =\n",
            3,
            DamageCause::MissingInstalled("a".into()),
        ),
    ];
    for (bytes, line, cause) in cases {
        assert_eq!(damage(bytes), (line, cause), "{:?}", String::from_utf8_lossy(bytes));
    }
    assert_eq!(damage(b"[buildout]\nparts = a\n"), (2, DamageCause::MissingPart("a".into())));
}

/// A file that was written in place and cut at any byte is reported, or has lost only options after the paths of its
/// last part.
#[test]
fn a_cut_file_never_yields_a_path_that_was_not_recorded() {
    let whole = sample();
    for cut in 0..SAMPLE.len() {
        let Ok(installed) = read(&SAMPLE[..cut]) else { continue };
        for (name, part) in &installed.parts {
            assert_eq!(part.installed, whole.parts[name].installed, "cut at {cut}");
        }
        assert_eq!(installed.parts.len(), 2, "cut at {cut}");
    }
}

#[test]
fn a_newer_format_is_not_taken_for_damage() {
    for text in
        ["[buildout]\n__buildout_state_format__ = 2\n", "# x\n[buildout]\nparts : {}\n__buildout_state_format__=2024.1"]
    {
        assert!(matches!(read(text), Err(Unreadable::Newer(_))), "{text}");
    }
    assert!(read("[buildout]\n__buildout_state_format__ = 1\nparts = \n").is_ok());
}

/// Strings of characters that are special in the format, and arbitrary strings.
fn any_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[ \t\r\n\x0b\x0c\x1c\u{85}\u{a0}\u{2028}]{1,3}",
        "[-a-z0-9=:#;%+\\[\\](){}$\\\\]{1,4}",
        Just("%(__buildout_space__)s".to_owned()),
        Just("%(__buildout_".to_owned()),
        Just("%(__buildout_char_41__)s".to_owned()),
        Just("__buildout_name__".to_owned()),
        Just("__buildout_installed__".to_owned()),
        Just("__buildout_signature__".to_owned()),
        Just("__buildout_state_format__".to_owned()),
        Just("parts".to_owned()),
        Just("\n[buildout]\n".to_owned()),
        any::<char>().prop_map(String::from),
        ".{0,4}",
    ];
    prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

fn any_options() -> impl Strategy<Value = Values> {
    prop::collection::vec((any_text().prop_map(Arc::from), any_text().prop_map(Arc::from)), 0..5)
        .prop_map(Values::from_iter)
}

prop_compose! {
    fn any_part()(
        options in any_options(),
        installed in prop::collection::vec(any_text(), 0..4),
        signature in prop::option::of(any_text()),
    ) -> InstalledPart {
        InstalledPart { options, installed, signature }
    }
}

prop_compose! {
    fn any_state()(
        buildout in any_options(),
        develop_eggs in prop::collection::vec(any_text(), 0..3),
        parts in prop::collection::vec((any_text(), any_part()), 0..4),
    ) -> InstalledState {
        // A section of this name is not a part.
        let parts = parts.into_iter().filter(|(name, _)| name != "buildout").collect();
        InstalledState { buildout, develop_eggs, parts }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read(installed in any_state()) {
        let text = render(&installed);
        prop_assert_eq!(read(&text).expect(&text), installed, "{}", text);
    }

    #[test]
    fn writing_what_was_read_changes_nothing(installed in any_state()) {
        let text = render(&installed);
        prop_assert_eq!(render(&read(&text).unwrap()), text);
    }

    #[test]
    fn no_bytes_make_the_reader_panic(text in any_text(), bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        let _ = read_state("s", &bytes);
        let _ = read_state("s", format!("[buildout]\nparts = a\n[a]\n__buildout_installed__ ={text}\n").as_bytes());
        let _ = read_state("s", text.as_bytes());
    }
}

fn names(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn change(name: &str) -> StateChange {
    StateChange::Installed { part: name.into(), record: part(&[("recipe", "r")], &["/b/x"]) }
}

#[test]
fn a_run_records_commits_and_leaves_one_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(".installed.cfg");
    let mut file = StateFile::open(&path, &Silent).unwrap();
    assert!(file.installed().is_empty());
    for name in ["a", "b"] {
        file.record(&change(name)).unwrap();
    }
    let installed = file.installed().clone();
    assert_eq!(names(directory.path()), [".installed.cfg.journal", ".installed.cfg.lock"]);
    file.commit(&Silent).unwrap();
    drop(file);
    assert_eq!(names(directory.path()), [".installed.cfg"]);
    assert_eq!(peek(&path, &Silent).unwrap(), installed);

    let before = std::fs::metadata(&path).unwrap().modified().unwrap();
    let mut file = StateFile::open(&path, &Silent).unwrap();
    file.commit(&Silent).unwrap();
    drop(file);
    assert_eq!(std::fs::metadata(&path).unwrap().modified().unwrap(), before);

    let mut file = StateFile::open(&path, &Silent).unwrap();
    for name in ["b", "a"] {
        file.record(&StateChange::Removed { part: name.into() }).unwrap();
    }
    file.commit(&Silent).unwrap();
    drop(file);
    assert!(names(directory.path()).is_empty());
}

#[test]
fn a_killed_run_is_picked_up_from_its_journal() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(".installed.cfg");
    std::fs::write(&path, SAMPLE).unwrap();
    let mut expected = sample();
    for name in ["x", "debug", "y"] {
        // Dropped without commit, as after a kill; the next run resumes the same journal.
        let mut file = StateFile::open(&path, &Silent).unwrap();
        assert_eq!(*file.installed(), expected);
        file.record(&change(name)).unwrap();
        expected.apply(&change(name));
        drop(file);
        assert_eq!(peek(&path, &Silent).unwrap(), expected);
    }
    let mut file = StateFile::open(&path, &Silent).unwrap();
    file.commit(&Silent).unwrap();
    drop(file);
    assert_eq!(names(directory.path()), [".installed.cfg"]);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), render(&expected));
}

#[test]
fn a_journal_of_another_state_is_not_applied() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(".installed.cfg");
    let mut file = StateFile::open(&path, &Silent).unwrap();
    file.record(&change("x")).unwrap();
    drop(file);
    std::fs::write(&path, SAMPLE).unwrap();
    let reported = ReportedMessages::default();
    let file = StateFile::open(&path, &reported).unwrap();
    assert_eq!(*file.installed(), sample());
    assert!(reported.take(Level::Debug)[0].contains("another state"));
    drop(file);
    assert_eq!(names(directory.path()), [".installed.cfg"]);
}

#[test]
fn what_was_killed_between_rename_and_the_end_of_the_journal_is_silently_complete() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(".installed.cfg");
    let journal = directory.path().join(".installed.cfg.journal");
    let mut file = StateFile::open(&path, &Silent).unwrap();
    file.record(&change("x")).unwrap();
    let installed = file.installed().clone();
    let mut bytes = std::fs::read(&journal).unwrap();
    file.commit(&Silent).unwrap();
    drop(file);
    let text = format!("{{\"commit\":{{\"state\":\"{}\"}}}}", base::digest::Digest::of(render(&installed).as_bytes()));
    let checksum = base::digest::Digest::of(text.as_bytes()).to_string();
    bytes.extend(format!("{} {} {text}\n", &checksum[..16], text.len()).bytes());
    std::fs::write(&journal, bytes).unwrap();
    let reported = ReportedMessages::default();
    let file = StateFile::open(&path, &reported).unwrap();
    assert_eq!(*file.installed(), installed);
    assert!(reported.take(Level::Debug).is_empty());
    assert!(!journal.exists());
}

#[test]
fn a_damaged_file_is_reported_once_copied_and_then_left_behind() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(".installed.cfg");
    for bytes in [&b""[..], b"\0\x01\xff", &SAMPLE.as_bytes()[..40]] {
        std::fs::write(&path, bytes).unwrap();
        assert!(matches!(peek(&path, &Silent), Err(StateError::Damaged { copy: None, .. })));
        let error = StateFile::open(&path, &Silent).unwrap_err();
        let StateError::Damaged { copy: Some(copy), .. } = &error else { panic!("{error}") };
        assert!(error.to_string().contains("is damaged: it") && error.place().is_some());
        assert!(error.hints()[0].contains(&copy.display().to_string()));
        assert_eq!(std::fs::read(copy).unwrap(), bytes);
        assert_eq!(std::fs::read(&path).unwrap(), bytes);

        let reported = ReportedMessages::default();
        let mut file = StateFile::open(&path, &reported).unwrap();
        assert!(file.installed().is_empty() && reported.take(Level::Debug)[0].contains("damaged"));
        file.record(&change("x")).unwrap();
        let installed = file.installed().clone();
        drop(file);
        let mut file = StateFile::open(&path, &Silent).unwrap();
        assert_eq!(*file.installed(), installed);
        file.commit(&Silent).unwrap();
        drop(file);
        assert_eq!(peek(&path, &Silent).unwrap(), installed);
        assert_eq!(std::fs::read(copy).unwrap(), bytes);
    }
}

#[test]
fn newer_files_stay_as_they_are() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(".installed.cfg");
    let newer = "[buildout]\n__buildout_state_format__ = 7\nparts = a\n";
    std::fs::write(&path, newer).unwrap();
    let error = StateFile::open(&path, &Silent).unwrap_err();
    assert!(error.to_string().contains("format 7, which this version of buildout-host cannot read"), "{error}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), newer);
    assert_eq!(names(directory.path()), [".installed.cfg"]);
}

#[test]
fn a_missing_directory_and_a_link() {
    let directory = tempfile::tempdir().unwrap();
    let error = StateFile::open(&directory.path().join("none/.installed.cfg"), &Silent).unwrap_err();
    assert!(error.to_string().contains("none/.installed.cfg.lock: No such file"), "{error}");
    let (target, link) = (directory.path().join("target"), directory.path().join("link"));
    std::fs::write(&target, SAMPLE).unwrap();
    std::os::unix::fs::symlink(&target, &link).unwrap();
    let mut file = StateFile::open(&link, &Silent).unwrap();
    file.record(&change("x")).unwrap();
    file.commit(&Silent).unwrap();
    let installed = file.installed().clone();
    drop(file);
    assert!(link.symlink_metadata().unwrap().is_symlink());
    assert_eq!(std::fs::read_to_string(&target).unwrap(), render(&installed));
}

#[test]
fn an_unsaved_state_takes_everything_and_keeps_nothing() {
    let mut file = StateFile::unsaved();
    file.record(&change("x")).unwrap();
    file.commit(&Silent).unwrap();
    assert_eq!(file.installed().parts.len(), 1);
}

#[test]
fn a_file_that_another_program_wrote_meanwhile_is_kept_and_named() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(".installed.cfg");
    for (before, others) in [(None, SAMPLE), (Some(SAMPLE), "[buildout]\nparts =\n"), (Some(SAMPLE), "")] {
        before.map_or_else(|| drop(std::fs::remove_file(&path)), |text| std::fs::write(&path, text).unwrap());
        let reported = ReportedMessages::default();
        let mut file = StateFile::open(&path, &reported).unwrap();
        file.record(&change("x")).unwrap();
        std::fs::write(directory.path().join("theirs"), others).unwrap();
        std::fs::rename(directory.path().join("theirs"), &path).unwrap();
        file.commit(&reported).unwrap();
        let installed = file.installed().clone();
        drop(file);
        assert_eq!(peek(&path, &Silent).unwrap(), installed);
        let copy = names(directory.path()).into_iter().find(|name| name.contains(".replaced-")).unwrap();
        assert_eq!(std::fs::read_to_string(directory.path().join(&copy)).unwrap(), others);
        let reported = reported.take(Level::Debug).join("\n");
        assert!(reported.contains("Another program wrote") && reported.contains(&copy), "{reported}");
        std::fs::remove_file(directory.path().join(copy)).unwrap();
    }
}

#[test]
fn a_journal_that_another_program_removed_is_not_missed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(".installed.cfg");
    let mut file = StateFile::open(&path, &Silent).unwrap();
    file.record(&change("x")).unwrap();
    std::fs::remove_file(directory.path().join(".installed.cfg.journal")).unwrap();
    file.commit(&Silent).unwrap();
    let installed = file.installed().clone();
    drop(file);
    assert_eq!(peek(&path, &Silent).unwrap(), installed);
    assert_eq!(installed.parts.len(), 1);
}

#[test]
fn a_file_that_another_program_wrote_stays_if_nothing_was_recorded() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(".installed.cfg");
    let mut file = StateFile::open(&path, &Silent).unwrap();
    std::fs::write(&path, SAMPLE).unwrap();
    file.commit(&Silent).unwrap();
    drop(file);
    assert_eq!(names(directory.path()), [".installed.cfg"]);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), SAMPLE);
}
