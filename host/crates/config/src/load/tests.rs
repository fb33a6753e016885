//! The chain of `extends`, the user's defaults, the command line, features of 1.0, and errors.

use super::memory::{ASKED, MemoryFiles};
use crate::{Configuration, ReadSettings};
use base::source::Explain;

fn load(files: &[(&str, &str)]) -> Configuration {
    MemoryFiles::new(files).load(&[]).unwrap_or_else(|error| panic!("{error} {:?} {:?}", error.place(), error.doing()))
}

fn value<'a>(configuration: &'a Configuration, name: &str) -> &'a str {
    let (section, option) = name.split_once(':').unwrap();
    &configuration.sections[section].options[option].raw
}

fn origins(configuration: &Configuration, name: &str) -> Vec<String> {
    let (section, option) = name.split_once(':').unwrap();
    let history = &configuration.sections[section].options[option].history;
    history.iter().map(|item| format!("{} {}", item.operation, item.origin)).collect()
}

#[test]
fn a_file_counts_after_those_it_extends() {
    let loaded = load(&[
        ("buildout.cfg", "[buildout]\nextends = base.cfg sub/other.cfg\n[a]\nx = main\n"),
        ("base.cfg", "[a]\nx = base\ny = base\nz = base\n"),
        ("sub/other.cfg", "[buildout]\nextends = ../base.cfg deep.cfg\n[a]\nz += other\n"),
        ("sub/deep.cfg", "[a]\ny = deep\n"),
    ]);
    assert_eq!((value(&loaded, "a:x"), value(&loaded, "a:y"), value(&loaded, "a:z")), ("main", "deep", "base\nother"));
    assert_eq!(origins(&loaded, "a:x"), ["SET /b/base.cfg:2", "OVERRIDE /b/buildout.cfg:4"]);
    assert_eq!(origins(&loaded, "a:z"), ["SET /b/base.cfg:4", "ADD /b/sub/other.cfg:4"]);
}

#[test]
fn a_file_is_read_once_and_counts_twice() {
    let files = MemoryFiles::new(&[
        ("buildout.cfg", "[buildout]\nextends = a.cfg b.cfg\n"),
        ("a.cfg", "[buildout]\nextends = base.cfg\n[s]\nx = a\n"),
        ("b.cfg", "[buildout]\nextends = base.cfg\n"),
        ("base.cfg", "[s]\nx += base\n"),
    ]);
    assert_eq!(value(&files.load(&[]).unwrap(), "s:x"), "a\nbase");
    assert_eq!(files.read.lock().unwrap().len(), 4);
}

#[test]
fn extended_by_and_optional_extends() {
    let loaded = load(&[
        ("buildout.cfg", "[buildout]\nextended-by = e.cfg\noptional-extends = none.cfg o.cfg\n[a]\nx = 1\ny = 1\n"),
        ("e.cfg", "[a]\nx = e\n"),
        ("o.cfg", "[a]\nx = o\ny = o\nz = o\n"),
    ]);
    assert_eq!((value(&loaded, "a:x"), value(&loaded, "a:y"), value(&loaded, "a:z")), ("e", "1", "o"));
    assert_eq!(loaded.notices, ["optional-extends file not found: none.cfg"]);
    assert!(!loaded.sections["buildout"].options.contains_key("extended-by"));
}

#[test]
fn user_defaults_come_first_of_all() {
    let main = ("buildout.cfg", "[a]\nx = main\n");
    let user = |name| (name, "[a]\nx = user\ny = user\n");
    let loaded = load(&[main, user("/home/.buildout/default.cfg")]);
    assert_eq!((value(&loaded, "a:x"), value(&loaded, "a:y")), ("main", "user"));
    assert_eq!(value(&load(&[main, user("/home/.buildout/defaults.cfg")]), "a:y"), "user");
}

#[test]
fn the_command_line_counts_last() {
    let files = MemoryFiles::new(&[
        ("buildout.cfg", "[buildout]\nparts = a b\n[a]\nx = 1\n"),
        ("more.cfg", "[a]\nx = more\nz = more\n"),
    ]);
    let arguments = ["a:x=2", "a:x=3", "a:y=4", "buildout:parts+=c", "parts-=a b", "extends=more.cfg", "new:n=1"];
    let loaded = files.load(&arguments).unwrap();
    assert_eq!((value(&loaded, "a:x"), value(&loaded, "a:y"), value(&loaded, "a:z")), ("3", "4", "more"));
    assert_eq!((value(&loaded, "buildout:parts"), value(&loaded, "new:n")), ("c", "1"));
    assert_eq!(loaded.sections["a"].options["y"].origin().to_string(), "COMMAND_LINE_VALUE");
}

#[test]
fn directories_are_absolute() {
    let loaded = load(&[(
        "buildout.cfg",
        "[buildout]\nbin-directory = scripts\ndownload-cache = ~/dl\nparts-directory = ${a:b}\n",
    )]);
    let t = |name: &str, expected: &str| assert_eq!(value(&loaded, &format!("buildout:{name}")), expected);
    t("directory", "/b");
    t("bin-directory", "/b/scripts");
    t("eggs-directory", "/b/eggs");
    t("develop-eggs-directory", "/b/develop-eggs");
    t("installed", "/b/.installed.cfg");
    t("download-cache", "/home/dl");
    t("parts-directory", "${a:b}");
    let moved = load(&[("buildout.cfg", "[buildout]\ndirectory = ../alt\n")]);
    assert_eq!((value(&moved, "buildout:directory"), value(&moved, "buildout:bin-directory")), ("/alt", "/alt/bin"));
}

#[test]
fn the_document_of_1_0() {
    let loaded = load(&[
        (
            "buildout.cfg",
            "[buildout]\nextends = b1.cfg b2.cfg\nextended-by = e1.cfg /x/e2.cfg\n[debug]\nop = %(name)s\n[DEFAULT]\nname = buildout\n",
        ),
        (
            "b1.cfg",
            "[buildout]\nextends = base.cfg\n[debug]\nop1 = %(name)s 1\nop2 = %(name)s 2\nop3 = %(name)s 3\n[DEFAULT]\nname = b1\n",
        ),
        (
            "b2.cfg",
            "[buildout]\nextends = base.cfg\n[debug]\nop3 = %(name)s 3\nop4 = %(name)s 4\nop5 = %(name)s 5\n[DEFAULT]\nname = b2\n",
        ),
        ("base.cfg", "[buildout]\ndevelop = recipes\nparts = debug\n[debug]\nrecipe = recipes:debug\nname = base\n"),
        ("e1.cfg", "[debug]\nop1 = %(name)s 1\n[DEFAULT]\nname = e1\n"),
        ("/x/e2.cfg", "[buildout]\nextends = eb.cfg\nextended-by = ee.cfg\n"),
        ("/x/eb.cfg", "[debug]\nop5 = %(name)s 5\n[DEFAULT]\nname = eb\n"),
        ("/x/ee.cfg", "[debug]\nop6 = %(name)s 6\n[DEFAULT]\nname = ee\n"),
    ]);
    let mut debug: Vec<String> =
        loaded.sections["debug"].options.iter().map(|(name, value)| format!("{name} {}", value.raw)).collect();
    debug.sort();
    let expected = "name ee|op buildout|op1 e1 1|op2 b1 2|op3 b2 3|op4 b2 4|op5 eb 5|op6 ee 6|recipe recipes:debug";
    assert_eq!(debug.join("|"), expected);
    assert!(loaded.classic && loaded.sections["debug"].options["name"].inherited);
}

#[test]
fn classic_substitution() {
    let text = "[DEFAULT]\nbase = var\n[a]\nFile 1 = %(base)s/1\nf2 = %(File 1)s.out 100% %%(x)s\nn = %(__name__)s\n";
    let loaded = load(&[("buildout.cfg", text)]);
    let t = |name: &str, expected: &str| assert_eq!(value(&loaded, name), expected);
    t("a:File 1", "var/1");
    t("a:f2", "var/1.out 100% %(x)s");
    t("a:n", "a");
    assert!(!loaded.sections.contains_key("DEFAULT"));
    let t = |text: &str, place: &str, message: &str, hint: &str| {
        let (at, said, hints) = MemoryFiles::new(&[("buildout.cfg", text)]).error();
        assert_eq!(at, place);
        assert!(said.contains(message) && hints.contains(hint), "{said} / {hints}");
    };
    t("[DEFAULT]\n[a]\nx = 1 %(nme)s\nname = 2\n", "/b/buildout.cfg:3:7", "`%(nme)s` names an option", "%(name)s");
    t("[DEFAULT]\n[a]\nx = %(y)s\ny = %(x)s\n", "/b/buildout.cfg:4:5", "x -> y -> x", "");
    t("[DEFAULT]\n[a]\nx = %(y\n", "/b/buildout.cfg:3:5", "no matching `)s`", "%%(");
    let bomb: String = (0..40).map(|n| format!("a{n} = %(a{m})s%(a{m})s\n", m = n + 1)).collect();
    t(&format!("[DEFAULT]\n[a]\n{bomb}a40 = 0123456789\n"), "/b/buildout.cfg:22:7", "too long", "");
}

#[test]
fn circles_of_files_are_printed() {
    let (place, message, _) = MemoryFiles::new(&[
        ("buildout.cfg", "[buildout]\nextends = a.cfg\n"),
        ("a.cfg", "[buildout]\nextends =\n  sub/b.cfg\n"),
        ("sub/b.cfg", "[buildout]\nextends = ../a.cfg\n"),
    ])
    .error();
    assert_eq!(message, "Recursive file include: /b/a.cfg extends /b/sub/b.cfg extends /b/a.cfg");
    assert_eq!(place, "/b/sub/b.cfg:2:11");
}

#[test]
fn ten_thousand_files_in_a_row_are_too_many() {
    let text = |number: usize| format!("[buildout]\nextends = f{}.cfg\n", number + 1);
    let names: Vec<(String, String)> = (0..10_000).map(|number| (format!("f{number}.cfg"), text(number))).collect();
    let mut files: Vec<(&str, &str)> = names.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    files.push(("buildout.cfg", "[buildout]\nextends = f0.cfg\n"));
    let error = MemoryFiles::new(&files).load(&[]).unwrap_err();
    assert_eq!(error.to_string(), "More than 500 files extend one another in a row");
    assert!(error.doing().len() < 20, "{:?}", error.doing());
}

#[test]
fn files_that_double_each_other_are_cheap_until_they_add() {
    let names: Vec<String> = (0..60).map(|number| format!("f{number}.cfg")).collect();
    let text = |number: usize, last: &str| match names.get(number + 1) {
        Some(next) => format!("[buildout]\nextends = {next} {next}\n[a]\nx{number} = 1\n"),
        None => last.to_owned(),
    };
    let files = |last: &str| -> Vec<(String, String)> {
        let mut files: Vec<_> = (0..60).map(|number| (names[number].clone(), text(number, last))).collect();
        files.push(("buildout.cfg".into(), "[buildout]\nextends = f0.cfg\n".into()));
        files
    };
    let borrowed = |files: &[(String, String)]| {
        MemoryFiles::new(&files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect::<Vec<_>>())
    };
    assert_eq!(borrowed(&files("[a]\ny = 1\n")).load(&[]).unwrap().sections["a"].options.len(), 60);
    let (place, message, _) = borrowed(&files("[a]\ny += 1\n")).error();
    assert_eq!(place, "/b/f59.cfg:2:1");
    assert!(message.contains("too many `+=`"), "{message}");
}

#[test]
fn errors_name_the_place_and_the_way_there() {
    let t = |files: &[(&str, &str)], place: &str, message: &str| {
        let (at, said, _) = MemoryFiles::new(files).error();
        assert_eq!((at.as_str(), said.as_str()), (place, message));
    };
    t(
        &[("buildout.cfg", "[buildout]\nextends = a.cfg none.cfg\n"), ("a.cfg", "")],
        "/b/buildout.cfg:2:17",
        "Couldn't open /b/none.cfg",
    );
    t(&[("x.cfg", "")], "", "Couldn't open /b/buildout.cfg");
    t(
        &[("buildout.cfg", "[buildout]\nnewest = yes\n")],
        "/b/buildout.cfg:2:1",
        "Invalid value for 'newest' option: 'yes'",
    );
    t(
        &[("buildout.cfg", "[buildout]\nversions = v\n")],
        "/b/buildout.cfg:2:1",
        "The referenced section, 'v', was not defined.",
    );
    let nested = MemoryFiles::new(&[("buildout.cfg", "[buildout]\nextends = a.cfg\n"), ("a.cfg", "[a]\nfoo\n")]);
    let error = nested.load(&[]).unwrap_err();
    assert_eq!(error.place().unwrap().to_string(), "/b/a.cfg:2:1");
    assert_eq!(error.doing(), ["Reading the configuration.", "Reading /b/a.cfg, which /b/buildout.cfg:2:11 extends."]);
    let bytes: &[(&str, &[u8])] = &[("buildout.cfg", b"[a]\nx = \xff\n")];
    assert_eq!(MemoryFiles::new(bytes).error().0, "/b/buildout.cfg:2:5");
}

#[test]
fn credentials_of_urls_are_never_shown() {
    let secret = "https://user:secret@host/base.cfg";
    let main = format!("[buildout]\nextends = {secret}\n");
    let files = MemoryFiles::new(&[("buildout.cfg", main.as_str()), (secret, "[buildout]\nextends = more.cfg\n")]);
    let error = files.load(&[]).unwrap_err();
    let shown = format!("{error} {:?} {:?} {:?}", error.doing(), error.hints(), error.place());
    assert!(!shown.contains("secret") && shown.contains("https://***@host/more.cfg"), "{shown}");
    let good = MemoryFiles::new(&[("buildout.cfg", main.as_str()), (secret, "[a]\nx = 1\n")]).load(&[]).unwrap();
    assert_eq!(origins(&good, "a:x"), ["SET https://***@host/base.cfg:2"]);
    let place = good.sections["a"].options["x"].place().unwrap();
    assert_eq!(good.base_of(&place), "https://user:secret@host");
}

#[test]
fn urls_are_read_as_the_configuration_says() {
    let url = "https://host/base.cfg";
    let main = "[buildout]\nextends = https://host/base.cfg\nextends-cache = cache\nnewest = false\n";
    let files = MemoryFiles::new(&[("buildout.cfg", main), (url, "[a]\nx = 1\n")]);
    files.load(&["offline=true"]).unwrap();
    let read = files.read.lock().unwrap();
    let (name, settings) = read.last().unwrap();
    assert_eq!((name.as_str(), settings.newest, settings.offline), (url, false, true));
    assert_eq!(settings.extends_cache.as_deref(), Some("/b/cache".as_ref()));
}

/// The settings for the URL that `/b/buildout.cfg` extends, with these files changed.
fn url_settings(files: &[(&str, &str)], assignments: &[&str]) -> ReadSettings {
    let main = ("buildout.cfg", "[buildout]\nextends = https://host/base.cfg\n");
    let all: Vec<_> = [main, ("https://host/base.cfg", "[a]\nx = 1\n")].iter().chain(files).copied().collect();
    let files = MemoryFiles::new(&all);
    files.load(assignments).unwrap();
    let read = files.read.lock().unwrap();
    read.iter().rfind(|(name, _)| name.starts_with("https:")).unwrap().1.clone()
}

#[test]
fn a_relative_extends_cache_is_in_the_buildout_directory() {
    let t = |files: &[(&str, &str)], assignments: &[&str], expected: &str| {
        let cache = url_settings(files, assignments).extends_cache;
        assert_eq!(cache.as_deref(), Some(expected.as_ref()), "{files:?} {assignments:?}");
    };
    let defaults = [("/home/.buildout/default.cfg", "[buildout]\nextends-cache = user-cache\n")];
    t(&defaults, &[], "/b/user-cache");
    t(&defaults, &["buildout:directory=/other"], "/other/user-cache");
    t(&[], &["extends-cache=cache"], "/b/cache");
    t(&[("/home/.buildout/default.cfg", "[buildout]\nextends-cache = ~/cache\n")], &[], "/home/cache");
    let main = "[buildout]\nextends = sub/a.cfg\nextends-cache = cache\n";
    let sub = ("sub/a.cfg", "[buildout]\nextends = https://host/base.cfg\nextends-cache = other\n");
    t(&[("buildout.cfg", main), sub], &[], "/b/cache");
    // As in zc.buildout, the option's own value is relative to the file that sets it.
    let configuration = load(&[defaults[0], ("buildout.cfg", "[buildout]\nparts =\n")]);
    assert_eq!(&*configuration.sections["buildout"].options["extends-cache"].raw, "/home/.buildout/user-cache");
}

#[test]
fn offline_is_offline_wherever_it_is_set() {
    let t = |files: &[(&str, &str)], assignments: &[&str], expected| {
        assert_eq!(url_settings(files, assignments).offline, expected, "{files:?} {assignments:?}");
    };
    let main = |option: &str| format!("[buildout]\nextends = https://host/base.cfg\n{option}\n");
    t(&[("buildout.cfg", &main("offline = true"))], &[], true);
    t(&[("buildout.cfg", &main("install-from-cache = true"))], &[], true);
    t(&[("buildout.cfg", &main("offline = true"))], &["offline=false"], false);
    t(&[("/home/.buildout/default.cfg", "[buildout]\noffline = true\n")], &[], true);
    t(&[], &["offline=true"], true);
    t(&[], &[], false);
    // A file that was read before.
    let base = ("base.cfg", "[buildout]\noffline = true\n");
    let both = |option: &str| format!("[buildout]\nextends = base.cfg https://host/base.cfg\n{option}\n");
    t(&[("buildout.cfg", &both("")), base], &[], true);
    t(&[("buildout.cfg", &both("offline = false")), base], &[], false);
    t(&[("buildout.cfg", &both("")), base], &["offline=false"], false);
    let middle = ("middle.cfg", "[buildout]\nextends = base.cfg\n");
    let main = "[buildout]\nextends = middle.cfg https://host/base.cfg\n";
    t(&[("buildout.cfg", main), middle, base], &[], true);
    let middle = ("middle.cfg", "[buildout]\nextends = base.cfg\noffline = false\n");
    t(&[("buildout.cfg", main), middle, base], &[], false);
    // As in zc.buildout, a file in between does not decide for what it extends.
    let middle = ("middle.cfg", "[buildout]\nextends = https://host/base.cfg\noffline = true\n");
    t(&[("buildout.cfg", "[buildout]\nextends = middle.cfg\n"), middle], &[], false);
}

#[test]
fn a_file_that_is_read_later_does_not_change_what_was_read() {
    let files = MemoryFiles::new(&[
        ("buildout.cfg", "[buildout]\nextends = https://host/base.cfg base.cfg\n"),
        ("base.cfg", "[buildout]\noffline = true\n"),
        ("https://host/base.cfg", "[a]\nx = 1\n"),
    ]);
    files.load(&[]).unwrap();
    let read = files.read.lock().unwrap();
    assert!(!read.iter().find(|(name, _)| name.starts_with("https:")).unwrap().1.offline);
}

#[test]
fn python_is_asked_only_when_a_condition_needs_it() {
    ASKED.set(0);
    load(&[("buildout.cfg", "[a]\nx = 1\n[b:linux]\ny = 1\n")]);
    assert_eq!(ASKED.get(), 0);
    let (place, _, _) = MemoryFiles::new(&[("buildout.cfg", "[a]\nx = 1\n[b:python3]\ny = 1\n")]).error();
    assert_eq!(place, "/b/buildout.cfg:3:4");
}
