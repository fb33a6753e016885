//! `pylock.toml`: `lock`, runs with a lock, and `run --locked`.

use super::{IndexedBuildout, PROJECT};
use crate::index::ModuleWheel;

const APP: &str = "[buildout]\nparts = app\n\n[app]\nrecipe = zc.recipe.egg\neggs = requests\n";

/// What to do about a lock that is missing or does not fit.
const HINT: &str = "Hint: Lock distributions with `buildout-host lock`.";

/// The same in a buildout that makes its own Python.
const OWN_PYTHON: &str = "\
[buildout]
extensions = slapos.rebootstrap
python = python
parts = app

[python]
recipe = command
location = ${buildout:parts-directory}/python
executable = ${:location}/bin/python
command = /usr/bin/python3 -m venv --without-pip ${:location}
stop-on-error = true

[app]
recipe = zc.recipe.egg
eggs = requests
";

impl IndexedBuildout {
    fn lock(&self, arguments: &[&str]) -> String {
        self.space.succeeds(&[&["lock"], arguments].concat())
    }

    /// The names and versions in the lock, with those for builds in parentheses.
    fn locked(&self) -> String {
        let text = self.space.read("pylock.toml");
        let mut all = Vec::new();
        for package in text.split("[[packages]]").skip(1) {
            let value = |name: &str| {
                let line = package.lines().find_map(|line| line.strip_prefix(&format!("{name} = ")));
                line.unwrap_or("").trim_matches('"').to_owned()
            };
            let shown = format!("{} {}", value("name"), value("version"));
            all.push(if value("marker").contains("'build") { format!("({shown})") } else { shown });
        }
        all.join(", ")
    }
}

#[test]
fn a_lock_decides_what_is_installed() {
    let buildout = IndexedBuildout::new(APP);
    let printed = buildout.lock(&[]);
    assert!(printed.ends_with("idna: added 3.1\nrequests: added 2.0\n"), "{printed}");
    assert_eq!(buildout.locked(), "idna 3.1, requests 2.0");
    let text = buildout.space.read("pylock.toml");
    assert_eq!(text.matches("hashes = { sha256 = ").count(), 2, "{text}");
    assert!(!buildout.space.exists("eggs"), "nothing is installed");
    assert!(buildout.lock(&[]).ends_with("pylock.toml is up to date\n"));
    assert_eq!(buildout.space.read("pylock.toml"), text);

    // A newer release is not used, and no page of the index is read.
    buildout.index.add(&ModuleWheel::new("idna", "4.0"));
    buildout.index.requests();
    buildout.run(&["--locked"]);
    assert!(buildout.index.requests().iter().all(|path| path.starts_with("/files/")));
    assert_eq!(buildout.shell("bin/ask"), "asked 3.1\n");
    buildout.run(&[]);
    assert_eq!(buildout.shell("bin/ask"), "asked 3.1\n");

    // What is in the eggs directory is not used either, if the lock has another version.
    buildout.shell("mv pylock.toml kept && rm -rf ~/.cache/buildout-host/distributions/pages");
    buildout.run(&[]);
    assert_eq!(buildout.shell("bin/ask"), "asked 4.0\n");
    buildout.shell("mv kept pylock.toml");
    buildout.run(&["--locked"]);
    assert_eq!(buildout.shell("bin/ask"), "asked 3.1\n");

    assert!(buildout.lock(&["--upgrade", "requests"]).ends_with("pylock.toml is up to date\n"));
    assert!(buildout.lock(&["--upgrade", "idna"]).ends_with("idna: 3.1 -> 4.0\n"));
    buildout.run(&["--locked"]);
    assert_eq!(buildout.shell("bin/ask"), "asked 4.0\n");
    let (printed, code) = buildout.space.shell("buildout-host lock --upgrade idnaa");
    assert!(code == 1 && printed.contains("pylock.toml has no idnaa"), "{printed}");
    assert!(printed.contains("idna"), "{printed}");
}

#[test]
fn what_differs_from_the_lock_is_refused() {
    let buildout = IndexedBuildout::new(APP);
    let (printed, succeeded) = buildout.try_run(&["--locked"]);
    assert!(!succeeded && printed.contains("there is no pylock.toml"), "{printed}");
    assert!(printed.contains(HINT), "{printed}");
    buildout.lock(&[]);
    let more = APP.replace("eggs = requests", "eggs =\n    requests\n    other");
    buildout.configure(&more);
    let (printed, succeeded) = buildout.try_run(&["--locked"]);
    assert!(!succeeded && printed.contains("other is not in pylock.toml"), "{printed}");
    assert!(printed.contains(HINT), "{printed}");
    assert!(!buildout.space.exists("bin/ask"), "nothing is installed");
    // Without `--locked`, the index has the rest.
    let printed = buildout.run(&[]);
    assert!(printed.contains("other is not in pylock.toml") && printed.contains("Got other 1.0."), "{printed}");
    let (printed, succeeded) = buildout.try_run(&["--locked"]);
    assert!(!succeeded && printed.contains("other is not in pylock.toml"), "an egg that is there: {printed}");
    assert!(buildout.lock(&[]).ends_with("other: added 1.0\n"));
    buildout.run(&["--locked"]);
    // A requirement that the locked version does not meet.
    buildout.configure(&APP.replace("eggs = requests", "eggs = requests<2"));
    let (printed, succeeded) = buildout.try_run(&[]);
    assert!(!succeeded && printed.contains("pylock.toml decides"), "{printed}");
    let printed = buildout.lock(&[]);
    assert!(printed.ends_with("idna: removed 3.1\nother: removed 1.0\nrequests: 2.0 -> 1.0\n"), "{printed}");
    assert!(buildout.run(&["--locked"]).contains("Got requests 1.0."));
    // A damaged lock is not ignored.
    buildout.space.write("pylock.toml", "lock-version = '1.0'\n[[packages]]\nname = 'requests'\n");
    let (printed, succeeded) = buildout.try_run(&[]);
    assert!(!succeeded && printed.contains("pylock.toml cannot be used: requests: it has no files"), "{printed}");
}

#[test]
fn a_build_without_a_lock_says_that_it_is_missing() {
    let buildout = IndexedBuildout::new("[buildout]\nparts =\ndevelop = .\n");
    buildout.space.write("pyproject.toml", &PROJECT[0].1.replace("[]", "['helper']"));
    buildout.index.add(&ModuleWheel::new("helper", "1.0"));
    let (printed, succeeded) = buildout.try_run(&["--locked"]);
    assert!(!succeeded && printed.contains("there is no pylock.toml") && printed.contains(HINT), "{printed}");
    assert!(!printed.contains("neither the index"), "{printed}");
    buildout.lock(&[]);
    buildout.run(&["--locked"]);
    // What a build requires now, and did not when the lock was made.
    buildout.space.write("pyproject.toml", &PROJECT[0].1.replace("[]", "['other']"));
    let (printed, succeeded) = buildout.try_run(&["--locked"]);
    assert!(
        !succeeded && printed.contains("pylock.toml has no other for builds") && printed.contains(HINT),
        "{printed}"
    );
}

#[test]
fn offline_the_locked_files_come_from_the_cache() {
    let buildout = IndexedBuildout::new(APP);
    buildout.lock(&[]);
    buildout.index.requests();
    let printed = buildout.run(&["--locked", "-o"]);
    assert!(printed.contains("Got requests 2.0.") && printed.contains("Got idna 3.1."), "{printed}");
    assert_eq!(buildout.shell("bin/ask"), "asked 3.1\n");
    // A file that the cache lacks is not downloaded.
    buildout.shell("rm -rf eggs .installed.cfg ~/.cache/buildout-host");
    let (printed, succeeded) = buildout.try_run(&["--locked", "-o"]);
    assert!(!succeeded && printed.contains("in offline mode: it is not in the download cache"), "{printed}");
    // Without `--locked`, zc.buildout's meaning holds: nothing is installed.
    buildout.run(&["--locked"]);
    buildout.shell("rm -rf eggs .installed.cfg");
    buildout.index.requests();
    let (printed, succeeded) = buildout.try_run(&["-o"]);
    assert!(!succeeded && printed.contains("can't install one in offline"), "{printed}");
    assert_eq!(buildout.index.requests(), [] as [String; 0]);
}

#[test]
fn a_lock_for_the_buildouts_own_python_makes_it_first() {
    let buildout = IndexedBuildout::new(OWN_PYTHON);
    let printed = buildout.lock(&[]);
    assert!(printed.ends_with("idna: added 3.1\nrequests: added 2.0\n"), "{printed}");
    assert!(buildout.space.exists("parts/python/bin/python"), "the Python is made");
    assert!(!buildout.space.exists("bin/ask") && !buildout.space.exists("parts/app"), "nothing else is made");
    let printed = buildout.lock(&[]);
    assert!(!printed.contains("Installing") && !printed.contains("Updating"), "{printed}");
    assert!(printed.ends_with("pylock.toml is up to date\n"), "{printed}");
    let printed = buildout.run(&["--locked"]);
    assert!(printed.contains("Updating python") && printed.contains("Got requests 2.0."), "{printed}");
    // Another Python may need other distributions: the lock is made with the new one.
    let changed = OWN_PYTHON.replace("--without-pip", "--copies --without-pip");
    buildout.configure(&changed);
    let printed = buildout.lock(&[]);
    assert!(printed.contains("Installing python"), "{printed}");
    assert!(printed.ends_with("pylock.toml is up to date\n"), "{printed}");
}

#[test]
fn a_changed_file_on_the_index_is_an_error() {
    let buildout = IndexedBuildout::new(APP);
    buildout.lock(&[]);
    let text = buildout.space.read("pylock.toml");
    let locked = text.split("requests-2.0-py3-none-any.whl").nth(2).unwrap();
    let old = locked.split("sha256 = \"").nth(1).unwrap().split('"').next().unwrap();
    let changed = ModuleWheel::new("requests", "2.0").module("import os\n");
    buildout.index.add(&changed);
    buildout.shell("rm -rf ~/.cache/buildout-host");
    let (printed, succeeded) = buildout.try_run(&[]);
    assert!(!succeeded && printed.contains(old) && printed.contains(&changed.digest()), "{printed}");
    assert_eq!(buildout.shell("ls eggs/v5 2>/dev/null | wc -l").trim(), "0", "nothing is installed");
}

#[test]
fn what_builds_require_is_locked() {
    let buildout = IndexedBuildout::new(
        "[buildout]\nparts = app built\ndevelop = .\n\n[app]\nrecipe = zc.recipe.egg:eggs\neggs =\n    demo\n    sourced\n\n\
         [built]\nrecipe = zc.recipe.egg:custom\negg = made\n",
    );
    let requires = |name: &str| {
        format!("[build-system]\nrequires = ['{name}']\nbuild-backend = 'backend'\nbackend-path = ['.']\n")
    };
    for name in ["helper", "tool", "saw"] {
        buildout.index.add(&ModuleWheel::new(name, "1.0"));
    }
    for (name, helper) in [("sourced", "helper"), ("made", "saw")] {
        let backend = format!("import {helper}\n{}", PROJECT[1].1);
        let files = [("pyproject.toml", requires(helper)), ("backend.py", backend)];
        let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
        buildout.index.add_source(name, "1.0", &files);
    }
    buildout.space.write("pyproject.toml", &requires("tool"));
    buildout.lock(&[]);
    assert_eq!(buildout.locked(), "demo , (helper 1.0), made 1.0, (saw 1.0), sourced 1.0, (tool 1.0)");
    assert!(buildout.space.read("pylock.toml").contains("directory = { path = \".\", editable = true }"));
    assert_eq!(buildout.shell("ls develop-eggs 2>/dev/null || true"), "", "the project is not installed");
    // Newer ones would break the builds.
    for name in ["helper", "tool", "saw"] {
        buildout.index.add(&ModuleWheel::new(name, "2.0").module("raise SystemExit('too new')\n"));
    }
    buildout.shell("rm -rf ~/.cache/buildout-host");
    buildout.run(&["--locked"]);
    assert!(buildout.space.exists("develop-eggs/demo.egg-link"));
    assert!(buildout.shell("ls eggs/v5").contains("sourced-1.0"));
    assert!(buildout.shell("ls develop-eggs").contains("made-1.0"));
    assert!(buildout.lock(&[]).ends_with("pylock.toml is up to date\n"));
    let printed = buildout.space.fails(&["lock", "--upgrade", "helper"]);
    assert!(printed.contains("too new") && printed.contains("sourced 1.0 cannot be built"), "{printed}");
    assert_eq!(buildout.locked(), "demo , (helper 1.0), made 1.0, (saw 1.0), sourced 1.0, (tool 1.0)");
}
