//! Python distributions as a user gets them: `develop = .`, the recipe `egg`, the scripts in `bin/`, and what a second run
//! asks from the network. The index is one that these tests make.

mod environments;
mod extensions;
mod faults;
mod foreign_files;
mod foreign_pages;
mod hostile;
mod locks;
mod memory;
mod plans;
mod real_index;

use crate::index::{IndexServer, ModuleWheel};
use test_support::Space;

/// The buildout of five lines.
const FIVE_LINES: &str = "[buildout]\ndevelop = .\nparts = app\n\n[app]\nrecipe = zc.recipe.egg\neggs = requests\n";

/// A project whose build backend is in it: it needs no setuptools.
const PROJECT: [(&str, &str); 3] = [
    ("pyproject.toml", "[build-system]\nrequires = []\nbuild-backend = 'backend'\nbackend-path = ['.']\n"),
    ("backend.py", include_str!("backend.py")),
    ("demo.py", "def main():\n    print('demo')\n"),
];

/// Distributions that depend on each other, with a script.
fn archives() -> Vec<ModuleWheel> {
    vec![
        ModuleWheel::new("requests", "2.0")
            .requires("idna >= 3")
            .script("ask = requests:main")
            .module("import idna\ndef main(*arguments):\n    print('asked', idna.version, *arguments)\n"),
        ModuleWheel::new("requests", "1.0"),
        ModuleWheel::new("questions", "1.0").requires("requests"),
        ModuleWheel::new("idna", "3.1"),
        ModuleWheel::new("idna", "2.0"),
        ModuleWheel::new("other", "1.0").script("other = other:main").module("def main():\n    print('other')\n"),
    ]
}

/// A buildout with an index.
struct IndexedBuildout {
    space: Space,
    index: IndexServer,
}

impl IndexedBuildout {
    fn new(configuration: &str) -> Self {
        let (space, index) = (Space::new(), IndexServer::start(archives()));
        PROJECT.iter().for_each(|(name, text)| space.write(name, text));
        let buildout = Self { space, index };
        buildout.configure(configuration);
        buildout
    }

    /// Writes the configuration, with the index in it.
    fn configure(&self, configuration: &str) {
        self.space.write("buildout.cfg", &self.index.configured(configuration));
    }

    /// What a run printed, which succeeds.
    fn run(&self, arguments: &[&str]) -> String {
        let (printed, succeeded) = self.try_run(arguments);
        assert!(succeeded, "{printed}");
        printed
    }

    fn try_run(&self, arguments: &[&str]) -> (String, bool) {
        let output = self.space.host(&[&["run"], arguments].concat());
        let printed = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        (self.space.shown(&printed), output.status.success())
    }

    /// What a command of the shell prints, which succeeds.
    fn shell(&self, command: &str) -> String {
        let (printed, code) = self.space.shell(command);
        assert_eq!(code, 0, "{command}: {printed}");
        printed
    }
}

#[test]
fn five_lines_run_from_an_empty_directory() {
    let buildout = IndexedBuildout::new(FIVE_LINES);
    let printed = buildout.run(&[]);
    for line in [
        "Develop: /tmp/sample-buildout/.",
        "Installing app\n",
        "Getting distribution for 'requests'.",
        "Got requests 2.0.",
        "Getting distribution for 'idna>=3'.",
        "Got idna 3.1.",
        "Generated script '/tmp/sample-buildout/bin/ask'.",
    ] {
        assert!(printed.contains(line), "{line:?} is missing in: {printed}");
    }
    assert_eq!(buildout.shell("bin/ask"), "asked 3.1\n");
    let link = buildout.space.read("develop-eggs/demo.egg-link");
    assert_eq!(buildout.space.shown(&link).trim_end(), "/tmp/sample-buildout\n.");
    let state = buildout.space.read(".installed.cfg");
    assert!(state.contains("installed_develop_eggs = ") && state.contains("/bin/ask"), "{state}");

    // The pages of the index say that they stay valid for a while.
    assert!(!buildout.index.requests().is_empty());
    let script = buildout.space.read("bin/ask");
    let printed = buildout.run(&[]);
    assert_eq!(buildout.index.requests(), [] as [String; 0], "a second run asks nothing");
    assert!(printed.contains("Updating app\n") && !printed.contains("Generated"), "{printed}");
    assert_eq!(buildout.space.read("bin/ask"), script);
    assert_eq!(buildout.space.read(".installed.cfg"), state);
}

#[test]
fn removes_what_is_no_longer_listed() {
    let buildout = IndexedBuildout::new(FIVE_LINES);
    buildout.run(&[]);
    buildout.configure("[buildout]\nparts =\n");
    buildout.run(&[]);
    assert!(!buildout.space.exists("bin/ask"));
    assert_eq!(buildout.shell("ls develop-eggs"), "");
    assert_eq!(buildout.shell("ls eggs/v5 | wc -l").trim(), "2", "eggs stay, as other parts may use them");
}

#[test]
fn a_directory_of_the_buildout_may_hold_the_project() {
    // An empty `download-cache` is the buildout directory, as in zc.buildout.
    let buildout = IndexedBuildout::new(&FIVE_LINES.replacen("[buildout]\n", "[buildout]\ndownload-cache =\n", 1));
    buildout.run(&[]);
    assert_eq!(buildout.shell("bin/ask"), "asked 3.1\n");
    // A working copy in `parts`.
    buildout.shell("mkdir parts/project && mv pyproject.toml backend.py demo.py parts/project");
    buildout.configure("[buildout]\ndevelop = parts/project\nparts = app\n\n[app]\nrecipe = zc.recipe.egg\neggs = demo\ninterpreter = py\n");
    buildout.run(&[]);
    let module = buildout.shell("bin/py -c 'import demo; print(demo.__file__)'");
    assert_eq!(module, "/tmp/sample-buildout/parts/project/demo.py\n");
}

#[test]
fn a_script_uses_the_developed_project() {
    let buildout = IndexedBuildout::new(
        "[buildout]\ndevelop = .\nparts = app\n\n[app]\nrecipe = zc.recipe.egg\neggs =\n    demo\n    requests\nentry-points = demo=demo:main\n\
         interpreter = py\nextra-paths = lib\ninitialization = import sys\narguments = sys.argv[1:], 5\n",
    );
    buildout.run(&[]);
    assert_eq!(buildout.shell("bin/ask x"), "asked 3.1 ['x'] 5\n");
    let module = buildout.shell("bin/py -c 'import demo, idna; print(demo.__file__)'");
    assert_eq!(module, "/tmp/sample-buildout/demo.py\n");
    let path = buildout.shell("bin/py -c 'import sys; print(sys.path[-9:])'");
    assert!(path.contains("/lib'"), "{path}");
}

#[test]
fn pins_and_picked_versions() {
    let pinned = "[buildout]\nparts = app\nallow-picked-versions = false\n\n[versions]\nrequests = 1.0\n\n\
                  [app]\nrecipe = zc.recipe.egg:eggs\neggs = requests\n";
    let buildout = IndexedBuildout::new(pinned);
    assert!(buildout.run(&[]).contains("Got requests 1.0."));
    assert!(!buildout.space.exists("bin/ask"), "`eggs` generates no scripts");
    buildout.index.requests();
    buildout.run(&[]);
    assert_eq!(buildout.index.requests(), [] as [String; 0], "the pin and the eggs directory answer");

    buildout.configure(&pinned.replace("requests = 1.0", "other = 1.0"));
    let (printed, succeeded) = buildout.try_run(&[]);
    assert!(!succeeded && printed.contains("The `requests` egg does not have a version pin"), "{printed}");

    buildout.configure(
        "[buildout]\nparts = app\nshow-picked-versions = true\n\n[app]\nrecipe = zc.recipe.egg\neggs = requests\n",
    );
    let printed = buildout.run(&[]);
    assert!(printed.contains("\n[versions]\nidna = 3.1\nrequests = 2.0\n"), "{printed}");
}

#[test]
fn a_pin_that_causes_an_error_is_shown_with_its_line() {
    let buildout =
        IndexedBuildout::new("[buildout]\nparts = app\n\n[app]\nrecipe = zc.recipe.egg:eggs\neggs = requests\n");
    let fails = |pins: &str| {
        buildout.configure(&format!(
            "[buildout]\nparts = app\n\n[versions]\n{pins}\n[app]\nrecipe = zc.recipe.egg:eggs\neggs = requests\n"
        ));
        let (printed, succeeded) = buildout.try_run(&[]);
        assert!(!succeeded, "{printed}");
        printed
    };
    for (pins, pin) in [
        ("other = 1.0\nrequests = 7.0\n", "requests = 7.0"),
        ("requests = 2.0\nidna = 2.0\n", "idna = 2.0"),
        ("other = 1.0\nrequests = >=7\n", "requests = >=7"),
        ("other = 1.0\nrequests = nonsense\n", "requests = nonsense"),
    ] {
        let printed = fails(pins);
        let line = format!("Hint: The pin {pin} is at /tmp/sample-buildout/buildout.cfg:7.\n");
        assert!(printed.contains(&line), "{pin}: {printed}");
        assert!(!printed.contains("other = 1.0"), "{printed}");
    }
    // The build of the pinned version fails.
    buildout.index.add_source("requests", "0.1", &[PROJECT[0], ("backend.py", "x = \n")]);
    let printed = fails("requests = 0.1\n");
    assert!(printed.contains("The pin requests = 0.1 is at /tmp/sample-buildout/buildout.cfg:6."), "{printed}");
}

#[test]
fn what_zc_buildout_consists_of_is_reported_and_needs_no_pin() {
    let configuration = "[buildout]\nparts = app\nallow-picked-versions = false\nshow-picked-versions = true\n\
                         update-versions-file = versions.cfg\n\n[app]\nrecipe = zc.recipe.egg\neggs = setuptools\n";
    let buildout = IndexedBuildout::new(configuration);
    buildout.index.add(&ModuleWheel::new("setuptools", "80.0"));
    let printed = buildout.run(&[]);
    assert!(printed.contains("\n[versions]\nsetuptools = 80.0\n"), "{printed}");
    assert_eq!(buildout.space.read("versions.cfg"), "[versions]\nsetuptools = 80.0\n");
    buildout.configure(&configuration.replace("eggs = setuptools", "eggs = setuptools<81"));
    let (printed, succeeded) = buildout.try_run(&[]);
    assert!(!succeeded && printed.contains("The `setuptools` egg does not have a version pin"), "{printed}");
}

#[test]
fn a_distribution_in_place_of_a_missing_project_is_reported() {
    let configuration =
        "[buildout]\ndevelop = projects/reqests\nparts = app\n\n[app]\nrecipe = zc.recipe.egg\neggs = requests\n";
    let buildout = IndexedBuildout::new(configuration);
    PROJECT.iter().for_each(|(name, text)| buildout.space.write(&format!("projects/requests/{name}"), text));
    let printed = buildout.run(&[]);
    for line in [
        "Couldn't develop projects/reqests (not found)\n",
        "Did you mean `projects/requests`?\n",
        "requests 2.0 is used: `develop` lists projects/reqests, which does not exist\n",
    ] {
        assert!(printed.contains(line), "{line:?} is missing in: {printed}");
    }
    buildout.configure(&configuration.replace("projects/reqests", "other idna"));
    let printed = buildout.run(&[]);
    assert!(printed.contains("idna 3.1 is used: `develop` lists idna, which does not exist\n"), "{printed}");
    assert!(!printed.contains("Did you mean") && !printed.contains("lists other"), "{printed}");
}

#[test]
fn an_error_in_a_developed_project_is_shown_where_it_is() {
    let buildout = IndexedBuildout::new("[buildout]\ndevelop = .\nparts =\n");
    let configure = buildout.space.read("pyproject.toml");
    buildout.space.write("pyproject.toml", &configure.replace("requires = []", "requires = [\n  'no good',\n]"));
    let (printed, succeeded) = buildout.try_run(&[]);
    assert!(!succeeded && printed.contains("/tmp/sample-buildout/pyproject.toml:3:3\n"), "{printed}");
    assert!(printed.contains("Error: /tmp/sample-buildout/pyproject.toml cannot be read: "), "{printed}");
}

#[test]
fn a_build_that_looks_outside_says_that_it_is_confined() {
    let buildout = IndexedBuildout::new("[buildout]\ndevelop = .\nparts =\n");
    std::fs::write(buildout.space.root().join("outside"), "").unwrap();
    buildout.space.write("backend.py", "open('/tmp/outside')\n");
    let (printed, succeeded) = buildout.try_run(&[]);
    assert!(!succeeded && printed.contains("/tmp/outside exists, but builds are confined"), "{printed}");
}

#[test]
fn offline_and_missing_distributions_are_errors() {
    let buildout = IndexedBuildout::new("[buildout]\nparts = app\n\n[app]\nrecipe = zc.recipe.egg\neggs = absent\n");
    let (printed, succeeded) = buildout.try_run(&[]);
    assert!(!succeeded && printed.contains("Couldn't find a distribution for 'absent'."), "{printed}");
    buildout.configure("[buildout]\nparts = app\n\n[app]\nrecipe = zc.recipe.egg\neggs = requests\n");
    buildout.index.requests();
    let (printed, succeeded) = buildout.try_run(&["-o"]);
    assert!(!succeeded && printed.contains("offline"), "{printed}");
    assert_eq!(buildout.index.requests(), [] as [String; 0]);
    buildout.run(&[]);
    buildout.run(&["-o"]);
    assert_eq!(buildout.shell("bin/ask"), "asked 3.1\n");
}

#[test]
fn selected_and_dependent_scripts() {
    let base = "[buildout]\nparts = app\n\n[app]\nrecipe = zc.recipe.egg:scripts\neggs =\n    requests\n    other\n";
    let buildout = IndexedBuildout::new(&format!("{base}scripts = ask=question\n"));
    buildout.run(&[]);
    assert_eq!(buildout.shell("ls bin"), "question\n");
    buildout.configure(&format!("{base}scripts =\ninterpreter = py\n"));
    buildout.run(&[]);
    assert_eq!(buildout.shell("ls bin"), "", "none is selected");
    let asked = base.replace("    requests\n", "    questions\n");
    buildout.configure(&format!("{asked}scripts = other\n"));
    buildout.run(&[]);
    assert_eq!(buildout.shell("ls bin"), "other\n");
    buildout.configure(&format!("{asked}dependent-scripts = true\n"));
    buildout.run(&[]);
    assert_eq!(buildout.shell("ls bin"), "ask\nother\n", "`ask` is a script of what `questions` requires");
    buildout.configure(&format!("{base}relative-paths = true\n"));
    buildout.run(&[]);
    assert!(buildout.space.read("bin/ask").contains("join(base, 'eggs/v5/"), "{}", buildout.space.read("bin/ask"));
    assert_eq!(buildout.shell("bin/other"), "other\n");
}

#[test]
fn keeps_the_launcher_of_the_buildout() {
    let buildout = IndexedBuildout::new(
        "[buildout]\nparts = app\n\n[app]\nrecipe = zc.recipe.egg\neggs = other\nscripts = other=buildout\n",
    );
    buildout.run(&["bootstrap"]);
    let launcher = buildout.space.read("bin/buildout");
    let printed = buildout.run(&[]);
    assert!(printed.contains("bin/buildout is not generated"), "{printed}");
    assert_eq!(buildout.space.read("bin/buildout"), launcher);
}

#[test]
fn keeps_a_script_of_the_user_and_generates_generated_ones_again() {
    let buildout = IndexedBuildout::new(
        "[buildout]\nparts = app\n\n[app]\nrecipe = zc.recipe.egg\neggs = other\ninterpreter = py\n",
    );
    buildout.space.write("bin/other", "#!/bin/sh\necho mine\n");
    let printed = buildout.run(&[]);
    assert!(printed.contains("bin/other is not generated: it exists"), "{printed}");
    assert_eq!(buildout.shell("sh bin/other"), "mine\n");
    buildout.shell("rm bin/other .installed.cfg");
    let printed = buildout.run(&[]);
    assert!(!printed.contains("is not generated"), "{printed}");
    assert_eq!(buildout.shell("bin/other"), "other\n");
}

#[test]
fn keeps_the_files_of_the_host_under_any_name() {
    let buildout = IndexedBuildout::new(
        "[buildout]\nparts = app\ninstalled = real/state\n\n[app]\nrecipe = zc.recipe.egg\neggs = other\nscripts = other=state\n",
    );
    buildout.shell("mkdir real && ln -s real bin");
    let printed = buildout.run(&[]);
    assert!(printed.contains("bin/state is not generated"), "{printed}");
    assert!(buildout.space.read("real/state").starts_with("[buildout]"));
}

#[test]
fn names_of_scripts_are_names_of_files() {
    for (option, value) in [("scripts", "other=../other"), ("interpreter", "../py"), ("interpreter", "inner/py")] {
        let buildout = IndexedBuildout::new(&format!(
            "[buildout]\nparts = app\n\n[app]\nrecipe = zc.recipe.egg\neggs = other\n{option} = {value}\n"
        ));
        let (printed, succeeded) = buildout.try_run(&[]);
        assert!(!succeeded && printed.contains(&format!("`{option}` has")), "{printed}");
        assert!(!buildout.space.exists("other") && !buildout.space.exists("py"));
    }
}

/// What foreign code tries while it is built.
const HOSTILE: &str = "\
import os, socket
for attempt in (lambda: open(os.path.expanduser('~/secret')), lambda: open(HOME + '/secret'), lambda: os.listdir(HOME),
                lambda: socket.create_connection(('127.0.0.1', PORT), 2), lambda: open(BUILDOUT + '/stolen', 'w')):
    try:
        attempt()
    except OSError:
        continue
    raise SystemExit('the attempt succeeded')
";

#[test]
fn builds_are_confined() {
    let buildout =
        IndexedBuildout::new("[buildout]\nparts = app\n\n[app]\nrecipe = zc.recipe.egg:eggs\neggs = sourced\n");
    let home = buildout.shell("mkdir -p ~ && echo secret > ~/secret && cd ~ && pwd -P");
    let directory = buildout.shell("pwd -P");
    let port = buildout.index.url().rsplit(':').next().unwrap().split('/').next().unwrap().to_owned();
    let constants = format!("HOME, BUILDOUT, PORT = {:?}, {:?}, {port}\n", home.trim(), directory.trim());
    let backend = format!("{constants}{HOSTILE}{}", PROJECT[1].1);
    buildout.index.add_source("sourced", "1.0", &[PROJECT[0], ("backend.py", &backend)]);
    buildout.index.requests();
    let printed = buildout.run(&[]);
    assert!(printed.contains("Got sourced 1.0."), "{printed}");
    assert!(!buildout.space.exists("stolen"));
}

#[test]
fn custom_builds_and_develop_of_the_recipe() {
    let buildout = IndexedBuildout::new(
        "[buildout]\nparts = built developed\n\n[built]\nrecipe = zc.recipe.egg:custom\negg = sourced\nenvironment = env\ndefine = A\n\n\
         [env]\nMARK = yes:%(PATH)s\n\n[developed]\nrecipe = zc.recipe.egg:develop\nsetup = .\n",
    );
    buildout.index.add_source("sourced", "1.0", &PROJECT);
    buildout.run(&[]);
    assert!(buildout.shell("ls -d develop-eggs/*.egg").contains("sourced-1.0-"));
    assert!(buildout.space.exists("develop-eggs/demo.egg-link"));
    let state = buildout.space.read(".installed.cfg");
    assert!(state.contains("_environment-data = [('MARK', 'yes:%(PATH)s')]"), "{state}");
    let built = buildout.shell("cat develop-eggs/*.egg/sourced.py");
    assert!(built.starts_with("mark = 'yes:") && built.contains("/usr/bin"), "{built}");
    buildout.run(&[]);
    buildout.configure("[buildout]\nparts =\n");
    buildout.run(&[]);
    assert!(!buildout.space.exists("develop-eggs/demo.egg-link"));
    assert_eq!(buildout.shell("ls develop-eggs | grep egg$ || true"), "");
}
