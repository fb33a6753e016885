//! Installation of wheels.

use std::sync::Arc;

use base::environment::Environment;
use base::event::Level;
use distributions::default_index::default_index;
use distributions::lock::{DistributionsLock, LockUse, Purpose};
use distributions::scripts::RequestedScripts;

use super::NamedTest;
use super::index::{Behavior, hexadecimal};
use super::space::{InstallationSpace, names};
use super::wheels::{TestWheel, start};

pub(crate) const TESTS: &[NamedTest] = &[
    ("what_is_needed_is_installed_and_nothing_is_asked_twice", what_is_needed_is_installed_and_nothing_is_asked_twice),
    ("an_index_of_html_gives_the_same", an_index_of_html_gives_the_same),
    ("a_second_buildout_downloads_nothing", a_second_buildout_downloads_nothing),
    ("metadata_files_save_downloads", metadata_files_save_downloads),
    ("credentials_stay_with_their_host", credentials_stay_with_their_host),
    ("the_download_cache_serves_a_run_without_index", the_download_cache_serves_a_run_without_index),
    ("eggs_of_setuptools_are_unpacked", eggs_of_setuptools_are_unpacked),
    ("a_lock_brings_the_same_files", a_lock_brings_the_same_files),
    ("the_index_of_this_machine_serves_what_people_use", the_index_of_this_machine_serves_what_people_use),
    ("the_script_of_what_was_installed_runs", the_script_of_what_was_installed_runs),
];

/// An application that consists of three wheels.
fn application(space: &InstallationSpace) {
    TestWheel::new("app", "1.0")
        .requires("lib.one>=1")
        .requires("other; python_version < '3'")
        .write(&space.archives());
    TestWheel::new("lib.one", "1.0").write(&space.archives());
    TestWheel::new("lib.one", "2.0").requires("third").write(&space.archives());
    TestWheel::new("third", "3.0").write(&space.archives());
}

const EGGS: [&str; 3] = ["app-1.0", "lib.one-2.0", "third-3.0"];

fn egg_names(space: &InstallationSpace) -> Vec<String> {
    let python = space.python();
    EGGS.iter().map(|stem| format!("{stem}-py{}-{}.egg", python.short_version(), python.platform)).collect()
}

fn what_is_needed_is_installed_and_nothing_is_asked_twice() {
    let space = InstallationSpace::new(Behavior::default());
    application(&space);
    let outcome = space.install(&["app"]).unwrap();
    assert_eq!(space.eggs(), egg_names(&space));
    let shown: Vec<String> = outcome.working_set().iter().map(ToString::to_string).collect();
    assert_eq!(shown, ["app 1.0", "lib.one 2.0", "third 3.0"]);
    let expected = [
        "Getting distribution for 'app'.",
        "Got app 1.0.",
        "Getting distribution for 'lib.one>=1'.",
        "Got lib.one 2.0.",
        "Getting distribution for 'third'.",
        "Got third 3.0.",
    ];
    let lines: Vec<String> =
        space.log.take(Level::Info).into_iter().filter(|line| !line.starts_with("Downloading")).collect();
    assert_eq!(lines, expected);
    let asked = space.index.asked();
    assert_eq!(asked.iter().filter(|path| path.starts_with("/simple/")).count(), 3, "{asked:?}");
    // The index is asked for newer versions, and answers without a page.
    space.install(&["app"]).unwrap();
    assert_eq!(space.index.asked(), ["/simple/app/", "/simple/lib-one/", "/simple/third/"]);
    // Pins mean that newer versions are not considered.
    let pinned =
        InstallationSpace { newest: true, ..space }.pin("app", "1.0").pin("lib.one", "2.0").pin("third", "3.0");
    pinned.install(&["app"]).unwrap();
    let old = InstallationSpace { newest: false, pins: Vec::new(), ..pinned };
    old.install(&["app"]).unwrap();
    let offline = InstallationSpace { offline: true, ..old };
    offline.install(&["app"]).unwrap();
    assert_eq!(offline.index.asked(), Vec::<String>::new());
    assert!(offline.error(&["app>1"]).contains("can't install one in offline"));
    assert_eq!(offline.index.asked(), Vec::<String>::new());
}

fn an_index_of_html_gives_the_same() {
    let space = InstallationSpace::new(Behavior { html: true, ..Behavior::default() });
    application(&space);
    space.install(&["app"]).unwrap();
    assert_eq!(space.eggs(), egg_names(&space));
}

fn a_second_buildout_downloads_nothing() {
    let space = InstallationSpace::new(Behavior::default());
    application(&space);
    space.install(&["app"]).unwrap();
    let (eggs, other) = (space.root.join("eggs"), space.root.join("other"));
    std::fs::rename(&eggs, &other).unwrap();
    space.index.asked();
    space.install(&["app"]).unwrap();
    assert_eq!(space.index.asked(), ["/simple/app/", "/simple/lib-one/", "/simple/third/"]);
    assert_eq!(names(&eggs), names(&other));
    // Changes of one are neither in the other, nor in those that a third one gets.
    let file = format!("{}/app.py", egg_names(&space)[0]);
    std::fs::write(eggs.join(&file), "changed").unwrap();
    std::fs::rename(&eggs, space.root.join("second")).unwrap();
    space.install(&["app"]).unwrap();
    assert_eq!(std::fs::read_to_string(eggs.join(&file)).unwrap(), std::fs::read_to_string(other.join(&file)).unwrap());
}

fn metadata_files_save_downloads() {
    let space = InstallationSpace::new(Behavior::default());
    let wheel = TestWheel::new("a", "2.0").requires("missing");
    let good = TestWheel::new("a", "1.0");
    for wheel in [&wheel, &good] {
        wheel.write(&space.archives());
        space.index.behave(|behavior| drop(behavior.metadata.insert(wheel.file_name(), wheel.metadata.clone())));
    }
    space.install(&["a"]).unwrap();
    let asked = space.index.asked();
    assert!(asked.contains(&"/files/a-2.0-py3-none-any.whl.metadata".to_owned()), "{asked:?}");
    assert!(!asked.contains(&"/files/a-2.0-py3-none-any.whl".to_owned()), "{asked:?}");
}

fn credentials_stay_with_their_host() {
    let authorization = "Basic bWU6cEBzcw==";
    let mut space =
        InstallationSpace::new(Behavior { authorization: Some(authorization.to_owned()), ..Behavior::default() });
    TestWheel::new("a", "1.0").write(&space.archives());
    let error = space.error(&["a"]);
    assert!(error.contains("401") && error.contains("requires credentials"), "{error}");
    space.index_url = format!("http://me:p%40ss@127.0.0.1:{}/simple/", space.index.port);
    // The files are on another host, which requires no credentials, and receives none.
    let other = super::index::TestIndex::start(&space.archives(), Behavior::default());
    space.index.behave(|behavior| behavior.elsewhere = Some(format!("http://localhost:{}", other.port)));
    space.index.credentials();
    space.install(&["a"]).unwrap();
    assert!(space.index.credentials().iter().all(|(_, sent)| sent.as_deref() == Some(authorization)));
    let sent = other.credentials();
    assert!(!sent.is_empty() && sent.iter().all(|(_, sent)| sent.is_none()), "{sent:?}");
    // A message shows none of it.
    let error = space.error(&["none"]);
    assert!(!error.contains("p%40ss") && !error.contains("p@ss"), "{error}");
}

fn the_download_cache_serves_a_run_without_index() {
    let mut space = InstallationSpace::new(Behavior::default());
    application(&space);
    let cache = space.root.join("downloads");
    space.download_cache = Some(cache.clone());
    space.install(&["app"]).unwrap();
    let expected = ["app-1.0-py3-none-any.whl", "lib_one-2.0-py3-none-any.whl", "third-3.0-py3-none-any.whl"];
    assert_eq!(names(&cache.join("dist")), expected);
    for path in ["eggs", "cache"] {
        std::fs::remove_dir_all(space.root.join(path)).unwrap();
    }
    space.index.asked();
    space.from_cache = true;
    space.install(&["app"]).unwrap();
    assert_eq!((space.index.asked(), space.eggs()), (Vec::new(), egg_names(&space)));
    assert!(space.error(&["none"]).contains("Couldn't find a distribution for 'none'."));
}

fn eggs_of_setuptools_are_unpacked() {
    use std::io::Write as _;
    let mut space = InstallationSpace::new(Behavior::default());
    space.find_links.push("links".to_owned());
    std::fs::create_dir(space.root.join("links")).unwrap();
    let file = std::fs::File::create(space.root.join("links/old-1.0.egg")).unwrap();
    let mut archive = zip::ZipWriter::new(file);
    for (path, text) in [
        ("old.py", "x = 1\n"),
        ("EGG-INFO/PKG-INFO", "Metadata-Version: 1.0\nName: old\nVersion: 1.0\n"),
        ("EGG-INFO/requires.txt", "third\n"),
    ] {
        archive.start_file(path, zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(text.as_bytes()).unwrap();
    }
    archive.finish().unwrap();
    TestWheel::new("third", "3.0").write(&space.archives());
    let outcome = space.install(&["old"]).unwrap();
    let shown: Vec<String> = outcome.working_set().iter().map(ToString::to_string).collect();
    assert_eq!(shown, ["old 1.0", "third 3.0"]);
    assert!(space.root.join("eggs/old-1.0.egg/EGG-INFO/PKG-INFO").is_file());
}

fn the_script_of_what_was_installed_runs() {
    let space = InstallationSpace::new(Behavior::default());
    let mut wheel = TestWheel::new("tool", "1.0").requires("lib");
    wheel.files[0].1 = b"import lib\ndef main():\n    print(lib.version)\n    return 7\n".to_vec();
    wheel
        .file("tool-1.0.dist-info/entry_points.txt", "[console_scripts]\nrun-tool = tool:main\n")
        .write(&space.archives());
    TestWheel::new("lib", "5.0").write(&space.archives());
    let outcome = space.install(&["tool"]).unwrap();
    let requirements = vec![distributions::requirement::Requirement::parse("tool").unwrap()];
    let directory = space.root.join("bin");
    std::fs::create_dir(&directory).unwrap();
    let scripts = distributions::scripts::RequestedScripts { requirements, directory, ..Default::default() };
    for script in scripts.make(&outcome.working_set(), &space.python(), &space.log).unwrap() {
        script.write(script.path.parent().unwrap(), &space.log).unwrap();
    }
    let output = start(&space.root.join("bin/run-tool"), &[]);
    assert_eq!(
        (String::from_utf8_lossy(&output.stdout).as_ref(), output.status.code()),
        ("5.0\n", Some(7)),
        "{output:?}"
    );
}

fn a_lock_brings_the_same_files() {
    let space = InstallationSpace::new(Behavior::default());
    application(&space);
    let lock = space.lock(&["app"]);
    let text = lock.text(&space.root);
    let read = DistributionsLock::parse(&text, &space.root).unwrap();
    assert_eq!((read.keys().collect::<Vec<_>>(), lock.changes(&read)), (vec!["app", "lib-one", "third"], Vec::new()));
    // A newer version is not used, and the index is not asked.
    TestWheel::new("lib.one", "3.0").write(&space.archives());
    space.index.asked();
    let space = InstallationSpace { lock: Some(LockUse::Only(Arc::new(read))), ..space };
    space.install(&["app"]).unwrap();
    assert_eq!(space.eggs(), egg_names(&space));
    assert!(space.index.asked().iter().all(|path| path.starts_with("/files/")));
    assert!(space.error(&["app", "lib.one>=3"]).contains("lib.one>=3"));
    assert!(space.error(&["other"]).contains("Couldn't find a distribution for 'other'.\n"));
    assert!(space.error(&["other"]).contains("other is not in pylock.toml"));
    // A changed file is reported with both digests.
    for path in ["eggs", "cache"] {
        std::fs::remove_dir_all(space.root.join(path)).unwrap();
    }
    let old = lock.files("third", Purpose::Use)[0].checksums[0].to_string();
    let changed = TestWheel::new("third", "3.0").file("evil.py", "");
    changed.write(&space.archives());
    let error = space.error(&["app"]);
    let new = hexadecimal(&<sha2::Sha256 as sha2::Digest>::digest(changed.bytes()));
    assert!(error.contains(&old) && error.contains(&new), "{error}");
    assert!(space.eggs().is_empty());
}

/// The real index: pure wheels, wheels with extensions, namespace packages, and one that has only sources.
fn the_index_of_this_machine_serves_what_people_use() {
    let mut space = InstallationSpace::new(Behavior::default());
    let environment = Environment::of_process().unwrap();
    space.index_url = default_index(&environment, &space.python()).expect("pip knows an index").address;
    let wanted = ["requests", "lxml", "Pillow", "cryptography", "zope.interface", "zope.component", "docopt==0.6.2"];
    let outcome = space.install(&wanted).unwrap();
    let directory = space.root.join("bin");
    std::fs::create_dir(&directory).unwrap();
    let scripts = RequestedScripts { directory, interpreter: Some("py".to_owned()), ..RequestedScripts::default() };
    for script in scripts.make(&outcome.working_set(), &space.python(), &space.log).unwrap() {
        script.write(script.path.parent().unwrap(), &space.log).unwrap();
    }
    let check = "import requests, lxml.etree, PIL.Image, docopt, zope.component\n\
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM\n\
        import zope.interface._zope_interface_coptimizations as c\nprint(docopt.__version__, c.__file__)";
    let output = start(&space.root.join("bin/py"), &["-c", check]);
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(printed.starts_with("0.6.2 ") && printed.contains("eggs/zope.interface-"), "{output:?}");
    // Again, with what was picked as pins: no page is read.
    let pins = outcome.picked.iter().map(|picked| (picked.name.clone(), picked.version.clone())).collect();
    let again = InstallationSpace { pins, index_url: "http://127.0.0.1:1/".to_owned(), ..space };
    assert_eq!(again.install(&wanted).unwrap().working_set().path(), outcome.working_set().path());
}
