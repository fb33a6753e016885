//! Python recipes and extensions, as a user gets them: from an index, from `develop`, with the rights of
//! `recipes.toml`, and with their failures.

mod developer;
mod fakes;
mod granted;
mod hostile;
mod locks;
mod kept_paths;
mod network;
mod published;

use test_support::Space;

use crate::index::{IndexServer, ModuleWheel};

/// A recipe that writes files, with several entry points.
const MAKER: &str = r#"
import os
import zc.buildout


class Maker:

    def __init__(self, buildout, name, options):
        self.buildout, self.name, self.options = buildout, name, options
        options.setdefault('path', os.path.join(buildout['buildout']['parts-directory'], name))

    def install(self):
        os.mkdir(self.options['path'])
        with open(os.path.join(self.options['path'], 'text'), 'w') as file:
            file.write(self.options.get('text', helper.word) + '\n')
        return self.options['path']

    def update(self):
        print('updating', self.name)


class Other(Maker):

    def install(self):
        target = os.path.join(self.buildout['buildout']['bin-directory'], self.name)
        with open(target, 'w') as file:
            file.write('#!/bin/sh\necho script\n')
        os.chmod(target, 0o755)
        self.options.created(target)
        return self.options.created()


class Failing(Maker):

    def install(self):
        with open(self.options['target'], 'w') as file:
            file.write('x')
        return ()


class Fetching(Maker):

    def install(self):
        import subprocess
        subprocess.check_call(['cp', '/etc/os-release', self.options['target']])
        return self.options['target']


class Checkout(Maker):

    def install(self):
        import subprocess
        subprocess.check_call(['mkdir', '-p', self.options['target'] + '/.git'])
        self.update()
        return self.options['target']

    def update(self):
        import subprocess
        subprocess.check_call(['sh', '-c', 'echo by a command >> ' + self.options['target'] + '/.git/config'])
        with open(self.options['target'] + '/.git/description', 'a') as file:
            file.write('by the recipe\n')


def uninstalled(name, options):
    print('uninstalled', name, options.get('text'))


def extension(buildout):
    buildout['made']['text'] = 'from the extension'


def unload(buildout):
    print('unloaded', buildout['made']['text'])
"#;

const RECIPES: &str = "default = maker:Maker\nother = maker:Other\nfailing = maker:Failing\ncopying = maker:Fetching\ncheckout = maker:Checkout";

/// The recipe, what it requires, and a recipe for Python 2.
fn archives() -> Vec<ModuleWheel> {
    vec![
        ModuleWheel::new("maker", "1.0")
            .requires("helper")
            .requires("zc.buildout < 2")
            .requires("setuptools")
            .group("zc.buildout", RECIPES)
            .group("zc.buildout.uninstall", "default = maker:uninstalled")
            .group("zc.buildout.extension", "x = maker:extension")
            .group("zc.buildout.unloadextension", "x = maker:unload")
            .module(&format!("import helper\n{MAKER}")),
        ModuleWheel::new("helper", "1.0").module("word = 'helped'\n"),
        ModuleWheel::new("ancient", "1.0")
            .group("zc.buildout", "default = ancient:Recipe")
            .module("class Recipe:\n    def __init__(self, buildout, name, options):\n        print 'hello'\n"),
    ]
}

struct RecipeBuildout {
    space: Space,
    index: IndexServer,
}

impl RecipeBuildout {
    fn new(configuration: &str) -> Self {
        let buildout = Self { space: Space::for_python(), index: IndexServer::start(archives()) };
        buildout.configure(configuration);
        buildout
    }

    fn configure(&self, configuration: &str) {
        self.space.write("buildout.cfg", &self.index.configured(configuration));
    }

    fn run(&self, arguments: &[&str]) -> String {
        self.space.shown(&self.space.succeeds(&[&["run"], arguments].concat()))
    }

    fn fails(&self, arguments: &[&str]) -> String {
        self.space.shown(&self.space.fails(&[&["run"], arguments].concat()))
    }
}

fn part(recipe: &str, options: &str) -> String {
    format!("[buildout]\nparts = made\n\n[made]\nrecipe = {recipe}\n{options}\n")
}

#[test]
fn a_recipe_of_the_index_makes_updates_and_uninstalls_its_part() {
    let buildout = RecipeBuildout::new(&part("maker", "text = hello"));
    let printed = buildout.run(&[]);
    for line in ["Getting distribution for 'maker'.", "Got maker 1.0.", "Got helper 1.0.", "Installing made"] {
        assert!(printed.contains(line), "{line:?} is missing in: {printed}");
    }
    assert!(!printed.contains("setuptools") && !printed.contains("zc.buildout"), "{printed}");
    assert_eq!(buildout.space.read("parts/made/text"), "hello\n");
    let state = buildout.space.read(".installed.cfg");
    assert!(state.contains("__buildout_signature__ = helper-1.0-py") && state.contains(" maker-1.0-py"), "{state}");

    buildout.index.requests();
    let printed = buildout.run(&[]);
    assert!(printed.contains("Updating made\n") && printed.contains("updating made\n"), "{printed}");
    assert_eq!(buildout.index.requests(), [] as [String; 0], "a second run asks nothing");

    buildout.configure("[buildout]\nparts =\n");
    let printed = buildout.run(&["-o"]);
    assert!(printed.contains("Running uninstall recipe.\nuninstalled made hello\n"), "{printed}");
    assert!(!buildout.space.exists("parts/made"));
}

#[test]
fn several_entry_points_share_the_buildout() {
    let configuration = part("maker:other", "") + "[more]\nrecipe = maker\npath = deep\n";
    let buildout = RecipeBuildout::new(&configuration.replace("parts = made", "parts = made more"));
    buildout.run(&[]);
    assert_eq!(buildout.space.shell("bin/made"), ("script\n".to_owned(), 0));
    assert_eq!(buildout.space.read("deep/text"), "helped\n");
    buildout.configure("[buildout]\nparts =\n");
    buildout.run(&[]);
    assert!(!buildout.space.exists("bin/made") && !buildout.space.exists("deep"));
}

#[test]
fn an_unknown_entry_point_and_an_unknown_name_are_explained() {
    let buildout = RecipeBuildout::new(&part("maker:othr", ""));
    let printed = buildout.fails(&[]);
    assert!(printed.contains("maker 1.0 has no recipe \"othr\""), "{printed}");
    assert!(printed.contains("Did you mean `other`?"), "{printed}");
    buildout.configure(&part("makr", ""));
    let printed = buildout.fails(&[]);
    assert!(printed.contains("There is no recipe \"makr\""), "{printed}");
    assert!(printed.contains("Python distributions (Couldn't find a distribution for 'makr'"), "{printed}");
}

#[test]
fn python_2_is_refused_with_the_line() {
    let buildout = RecipeBuildout::new(&format!("{}\n[versions]\nancient = 1.0\n", part("ancient", "")));
    let printed = buildout.fails(&[]);
    assert!(printed.contains("The pin ancient = 1.0 is at /tmp/sample-buildout/buildout.cfg:10."), "{printed}");
    assert!(printed.contains("This was written for Python 2"), "{printed}");
    assert!(printed.contains("ancient.py:4"), "{printed}");
    assert!(printed.contains("Look for a newer release"), "{printed}");
}

/// A recipe whose `install` has these lines.
fn failing(name: &str, lines: &str) -> ModuleWheel {
    let body = lines.replace('\n', "\n        ");
    let module = format!(
        "class Recipe:\n    def __init__(self, buildout, name, options): self.options = options\n    \
         def install(self):\n        {body}\n"
    );
    ModuleWheel::new(name, "1.0").group("zc.buildout", &format!("default = {name}:Recipe")).module(&module)
}

#[test]
fn what_the_sandbox_does_not_have_is_explained_with_a_way_out() {
    let wheels = vec![
        failing("fast", "import speedups\nspeedups.Parser()").file("speedups.cpython-311-x86_64-linux-gnu.so", "ELF"),
        failing("waiting", "import queue\nqueue.Queue().get()"),
    ];
    let space = Space::for_python();
    let index = IndexServer::start(wheels);
    for (recipe, message, line, way_out) in [
        ("fast", "machine code", "fast.py:6", "without machine code"),
        ("waiting", "waits for another thread", "waiting.py:6", "another recipe"),
    ] {
        space.write("buildout.cfg", &part(recipe, "").replacen(']', &format!("]\nindex = {}", index.url()), 1));
        let printed = space.shown(&space.fails(&["run"]));
        for expected in [message, line, way_out] {
            assert!(printed.contains(expected), "{recipe}: {expected:?} is missing in: {printed}");
        }
    }
}

/// A project whose build takes its entry points from a file; that it provides recipes is said here.
const DECLARING: &str = "# Entry points of zc.buildout: entry_points.txt\n[build-system]\nrequires = []\nbuild-backend = 'backend'\n\
                         backend-path = ['.']\n";

#[test]
fn an_extension_of_a_developed_project_runs_wherever_its_sources_are() {
    // Before the projects are developed: what the run before has left is used.
    let space = Space::for_python();
    space.write("demo/pyproject.toml", DECLARING);
    space.write("demo/backend.py", include_str!("../distributions/backend.py"));
    space.write("demo/entry_points.txt", "[zc.buildout.extension]\nx = demo:extension\n");
    space.write("demo/demo.py", "def extension(buildout):\n    print('extended', sorted(buildout))\n");
    space.write("buildout.cfg", "[buildout]\ndevelop = demo\nparts =\n");
    space.succeeds(&["run"]);
    space.write("buildout.cfg", "[buildout]\ndevelop = demo\nextensions = demo\nparts =\n");
    let printed = space.shown(&space.succeeds(&["run"]));
    assert!(printed.contains("extended ['buildout', 'versions']\n"), "{printed}");
}

#[test]
fn paths_that_are_reported_after_they_were_made_are_removed_after_a_failure() {
    let space = Space::for_python();
    let lines = "import os\nos.mkdir('made')\nself.options.created('made')\nos.mkdir('src')";
    let index = IndexServer::start(vec![failing("maker", lines)]);
    space.write("src/x", "");
    space.write("buildout.cfg", &part("maker", "").replacen(']', &format!("]\nindex = {}", index.url()), 1));
    space.fails(&["run"]);
    assert!(!space.exists("made"));
}

#[test]
fn a_refused_path_shows_the_line_of_the_recipe_and_of_recipes_toml() {
    let buildout = RecipeBuildout::new(&part("maker:failing", "target = /tmp/elsewhere/x"));
    std::fs::create_dir(buildout.space.root().join("elsewhere")).unwrap();
    let printed = buildout.fails(&[]);
    assert!(printed.contains("maker.py:") && printed.contains("Failing.install"), "{printed}");
    assert!(printed.contains("[recipe.\"maker:failing\"]"), "{printed}");
    assert!(printed.contains("write = [\"/tmp/elsewhere\"]"), "{printed}");
    let grant = "[recipe.\"maker:failing\"]\ngrant = { write = [\"/tmp/elsewhere\"] }\n";
    buildout.space.write("recipes.toml", grant);
    buildout.run(&[]);
    assert!(buildout.space.root().join("elsewhere/x").exists());
}

#[test]
fn the_rights_can_be_narrowed() {
    let buildout = RecipeBuildout::new(&part("maker:copying", "target = copy"));
    buildout.run(&[]);
    assert!(buildout.space.exists("copy"), "a command makes a file in the buildout directory");
    buildout.space.write("recipes.toml", "[python-recipes]\ngrant = { defaults = [\"read\", \"write\"] }\n");
    buildout.configure(&part("maker:copying", "target = other"));
    let printed = buildout.fails(&[]);
    assert!(printed.contains("run = [\"cp\"]"), "{printed}");
    buildout.configure(&part("maker", ""));
    buildout.space.write("recipes.toml", "[recipe.maker]\ngrant = { defaults = [\"read\"] }\n");
    let printed = buildout.run(&[]);
    assert!(printed.contains("Installing made"), "its own location is always writable: {printed}");
    buildout.configure(&part("maker", "path = elsewhere"));
    assert!(buildout.fails(&[]).contains("write = ["));
}

#[test]
fn a_recipe_changes_only_its_own_checkouts() {
    let buildout = RecipeBuildout::new(&part("maker:checkout", "target = ${buildout:directory}/src/mine"));
    buildout.space.write("src/other/.git/config", "[core]\n");
    buildout.run(&[]);
    buildout.run(&[]);
    assert_eq!(buildout.space.read("src/mine/.git/config"), "by a command\n".repeat(2));
    assert_eq!(buildout.space.read("src/mine/.git/description"), "by the recipe\n".repeat(2));
    let of_other = part("maker:checkout", "target = ${buildout:directory}/src/other");
    buildout.configure(&of_other);
    let printed = buildout.fails(&[]);
    assert!(printed.contains("src/other/.git/config: Read-only file system"), "{printed}");
    assert_eq!(buildout.space.read("src/other/.git/config"), "[core]\n");
    let grant = "[recipe.\"maker:checkout\"]\ngrant = { write = [\"${buildout:directory}/src/other/.git\"] }\n";
    buildout.space.write("recipes.toml", grant);
    buildout.run(&[]);
    assert_eq!(buildout.space.read("src/other/.git/config"), "[core]\nby a command\n");
}

#[test]
fn a_plan_says_what_a_recipe_may_do_and_changes_nothing() {
    let buildout = RecipeBuildout::new(&part("maker", ""));
    buildout.space.write("recipes.toml", "[recipe.maker]\ngrant = { defaults = [\"write\"], env = [\"LANG\"] }\n");
    let printed = buildout.space.shown(&buildout.space.succeeds(&["plan"]));
    assert!(
        printed.contains("Install made\n  not installed yet\n  as a Python recipe, it may: write below "),
        "{printed}"
    );
    assert!(printed.contains("recipes.toml:2 grants: env = [\"LANG\"]"), "{printed}");
    let mut left: Vec<_> =
        std::fs::read_dir(buildout.space.buildout()).unwrap().flatten().map(|e| e.file_name()).collect();
    left.sort();
    assert_eq!(left, ["buildout.cfg", "recipes.toml"]);
}

#[test]
fn extensions_change_the_configuration() {
    let configuration = part("maker", "").replace("[buildout]\n", "[buildout]\nextensions = maker\n");
    let buildout = RecipeBuildout::new(&configuration);
    let printed = buildout.run(&[]);
    assert_eq!(buildout.space.read("parts/made/text"), "from the extension\n", "{printed}");
    assert!(printed.contains("unloaded from the extension\n"), "{printed}");
}

#[test]
fn editing_a_developed_recipe_reinstalls_its_parts() {
    let buildout = RecipeBuildout::new("[buildout]\nparts = made\ndevelop = .\n\n[made]\nrecipe = demo\n");
    for (name, text) in [
        ("pyproject.toml", DECLARING),
        ("backend.py", include_str!("../distributions/backend.py")),
        ("entry_points.txt", "[zc.buildout]\ndefault = demo:Recipe\n"),
    ] {
        buildout.space.write(name, text);
    }
    let recipe = |word: &str| {
        let text = format!(
            "class Recipe:\n    def __init__(self, buildout, name, options): pass\n    def install(self):\n        \
             print('{word}')\n        return ()\n    update = lambda self: None\n"
        );
        buildout.space.write("demo.py", &text);
    };
    recipe("first");
    assert!(buildout.run(&[]).contains("Installing made\nfirst\n"));
    assert!(buildout.run(&[]).contains("Updating made\n"));
    recipe("second");
    let printed = buildout.run(&[]);
    assert!(printed.contains("Uninstalling made\n") && printed.contains("second\n"), "{printed}");
}

#[test]
fn without_the_runtime_the_error_says_what_is_missing() {
    let buildout = RecipeBuildout::new(&part("maker", ""));
    let moved = buildout.space.root().join("moved/bin/buildout-host");
    std::fs::create_dir_all(moved.parent().unwrap()).unwrap();
    std::fs::copy(test_support::host(), &moved).unwrap();
    // In this home directory, nothing was compiled.
    let home = buildout.space.root().join("other-home");
    let output = buildout.space.command(&moved).arg("run").env("HOME", home).output().unwrap();
    let printed = buildout.space.shown(&test_support::printed(&output));
    assert_eq!(output.status.code(), Some(1), "{printed}");
    assert!(printed.contains("The Python runtime, which runs Python recipes, is missing"), "{printed}");
    assert!(printed.contains("share/buildout-host/python-runtime.wasm.zst"), "{printed}");

    let place = buildout.space.root().join("moved/share/buildout-host");
    std::fs::create_dir_all(&place).unwrap();
    std::fs::write(place.join("python-runtime.wasm.zst"), b"\x28\xb5\x2f\xfd\x20\x01\x09\x00\x00x").unwrap();
    let home = buildout.space.root().join("other-home");
    let output = buildout.space.command(&moved).arg("run").env("HOME", home).output().unwrap();
    let printed = buildout.space.shown(&test_support::printed(&output));
    assert!(printed.contains("is not the Python runtime of this version of buildout-host"), "{printed}");
}
