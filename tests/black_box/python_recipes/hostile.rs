//! A hostile recipe gets nothing: neither in WebAssembly nor through its commands.

use test_support::{Space, component};

use crate::bringing_back::RECIPE;
use crate::index::{IndexServer, ModuleWheel};

const ATTEMPTS: &str = include_str!("hostile.py");

/// Another recipe, with more rights, whose code the hostile one wants.
const VICTIM: &str =
    "class Recipe:\n    def __init__(self, buildout, name, options): pass\n    def install(self):\n        return ()\n";

struct Scene {
    space: Space,
    _index: IndexServer,
}

impl Scene {
    /// A buildout with everything that a recipe could want, and a part of the hostile recipe that tries `attempt`.
    fn new() -> Self {
        let space = Space::for_python();
        let index = IndexServer::start(vec![
            ModuleWheel::new("hostile", "1.0").group("zc.buildout", "default = hostile:Recipe").module(ATTEMPTS),
            ModuleWheel::new("victim", "1.0").group("zc.buildout", "default = victim:Recipe").module(VICTIM),
        ]);
        let configuration = format!(
            "[buildout]\nindex = {}\nextends = base.cfg linked.cfg\nfind-links = dist\ndownload-cache = downloads\noptional-extends = missing.cfg conf/missing.cfg other/conf/missing.cfg\nextends-cache = copies\ndevelop = native\nparts = victim hostile\n\n[victim]\nrecipe = victim\n\n[hostile]\nrecipe = hostile\n\
             home = {home}\nport = {port}\n",
            index.url(),
            home = space.root().join("home").display(),
            port = index.url().rsplit(':').next().unwrap().split('/').next().unwrap(),
        );
        space.write("buildout.cfg", &configuration);
        space.write("base.cfg", "[base]\n");
        space.write("staging.cfg", "[staging]\n");
        space.write("keys/acme.pub", "key");
        let recipes = "[recipe.victim]\ngrant = { env = [\"SECRET\"] }\n[recipe.named]\npath = \"named.wasm\"\n";
        space.write("recipes.toml", recipes);
        space.write("native/recipe.toml", RECIPE);
        space.write("native/x", "");
        for file in ["native/c.wasm", "named.wasm"] {
            std::fs::copy(component("guest_native"), space.path(file)).unwrap();
        }
        space.write("other/x", "");
        space.write("dist/x", "");
        space.write("downloads/dist/x", "");
        space.write("shared/deep/real.cfg", "[real]\n");
        space.write("shared/deep/other.cfg", "[other]\n");
        std::os::unix::fs::symlink("deep", space.path("shared/linked")).unwrap();
        std::os::unix::fs::symlink("shared/linked/real.cfg", space.path("linked.cfg")).unwrap();
        space.write("bare/config", "[core]\n");
        space.write("second/.git", "gitdir: ../bare\n");
        space.write("venv/pyvenv.cfg", "");
        space.write("venv/bin/python3", "");
        space.write(".git/config", "[core]\n");
        space.write("src/app/.git/config", "[core]\n");
        space.write("src/app/module.py", "");
        space.write("src/worktree/.git", "gitdir: ../app/.git/worktrees/worktree\n");
        space.write("/tmp/home/.ssh/id_ed25519", "secret");
        space.write("/tmp/neighbor/buildout.cfg", "secret");
        space.write("data/mine", "kept");
        space.succeeds(&["run", "bootstrap"]);
        Self { space, _index: index }
    }

    /// Runs the hostile part with one attempt.
    fn attempt(&self, name: &str) -> String {
        let output = self
            .space
            .command(test_support::host())
            .args(["run", &format!("hostile:attempt={name}")])
            .env("SECRET", "s3cret")
            .env("PATH", format!("{}:{}", std::env::var("PATH").unwrap(), self.space.path("venv/bin").display()))
            .output()
            .unwrap();
        self.space.shown(&test_support::printed(&output))
    }
}

/// What must be as before.
fn kept(space: &Space) -> Vec<(String, Option<Vec<u8>>)> {
    let mut kept: Vec<String> = [
        "buildout.cfg",
        "base.cfg",
        "staging.cfg",
        "shared/deep/other.cfg",
        "missing.cfg",
        "conf/missing.cfg",
        "other/conf/missing.cfg",
        "copies/of-a-profile",
        "venv/pyvenv.cfg",
        "venv/bin/python3",
        "venv/lib/python3/site-packages/a.pth",
        "recipes.toml",
        "recipes.lock",
        "pylock.toml",
        "bin/buildout",
        ".git/config",
        ".git/hooks/pre-commit",
        "src/app/.git/config",
        "src/app/.git/hooks/pre-commit",
        "src/app/module.py",
        "src/worktree/.git",
        "linked.cfg",
        "shared/deep/real.cfg",
        "shared/linked/real.cfg",
        "bare/config",
        "bare/hooks/pre-commit",
        "dist/victim-9.0.tar.gz",
        "downloads/dist/victim-9.0.tar.gz",
        "src/.git/config",
        "data/.git/hooks",
        "data/mine",
        "native/recipe.toml",
        "native/c.wasm",
        "native/Cargo.toml",
        "named.wasm",
        ".cargo/config.toml",
        "/tmp/neighbor/buildout.cfg",
        "/tmp/home/.ssh/id_ed25519",
        "/tmp/home/.bashrc",
    ]
    .map(str::to_owned)
    .to_vec();
    let eggs = std::fs::read_dir(space.path("eggs/v5")).unwrap().flatten();
    let victims = eggs.filter(|entry| entry.file_name().to_string_lossy().starts_with("victim"));
    let victims: Vec<_> =
        victims.map(|entry| format!("eggs/v5/{}/victim.py", entry.file_name().to_string_lossy())).collect();
    kept.extend(victims);
    kept.into_iter()
        .map(|path| {
            let content = std::fs::read(space.path(&path)).ok();
            (path, content)
        })
        .collect()
}

#[test]
fn a_hostile_recipe_gets_nothing() {
    let scene = Scene::new();
    let printed = scene.attempt("nothing");
    assert!(printed.contains("attempted nothing\n"), "{printed}");
    let before = kept(&scene.space);
    assert!(before.iter().any(|(path, content)| path.ends_with("victim.py") && content.is_some()), "{before:?}");
    let files = ATTEMPTS.lines().skip_while(|line| *line != "FILES = {").skip(1).take_while(|line| *line != "}");
    let files: Vec<&str> = files.filter_map(|line| line.split('\'').nth(1)).collect();
    let functions: Vec<&str> =
        ATTEMPTS.lines().filter_map(|line| line.strip_prefix("def try_")?.split('(').next()).collect();
    assert!(files.len() > 10 && functions.len() > 20, "{files:?} {functions:?}");
    let attempts = files.into_iter().chain(functions);
    for name in attempts {
        let printed = scene.attempt(name);
        assert!(printed.contains(&format!("attempted {name}\n")), "{name}: {printed}");
        assert!(!printed.contains("GOT"), "{name} succeeded: {printed}");
        assert!(!printed.contains("s3cret"), "{name} has the environment: {printed}");
        assert_eq!(kept(&scene.space), before, "{name}: {printed}");
    }
    assert_eq!(scene.space.read("data/mine"), "kept");
}

/// An extension that changes options of `[buildout]`, and develops a recipe project that it made.
const EXTENSION: &str = r#"
import os

def attempt(options, name, value):
    try:
        options[name] = value
        print('GOT', name)
    except Exception as error:
        print('refused', name)

def extend(buildout):
    options = buildout['buildout']
    for name in ['update-versions-file', 'dump-picked-versions-file', 'extensions', 'find-links', 'index', 'installed',
                 'eggs-directory-version', 'executable', 'extends-cache', 'download-cache', 'bin-directory', 'sources-dir',
                 'remote-cache', 'remote-cache-directory', 'remote-executor']:
        attempt(options, name, 'elsewhere')
    if options['offline'] == 'true':
        attempt(options, 'offline', 'false')
    options['find-links'] = options['find-links']
    project = os.path.join(options['directory'], 'parts/project')
    os.makedirs(project, exist_ok=True)
    with open(os.path.join(project, 'recipe.toml'), 'w') as file:
        file.write('[recipe]\nname = "new"\nversion = "1"\n[build]\ncommand = ["touch", "built"]\ninputs = ["x"]\ncomponent = "c.wasm"\n')
    options['develop'] = project
"#;

#[test]
fn a_program_develops_no_recipe_project() {
    let space = Space::for_python();
    let group = "zc.buildout.extension";
    let wheel = ModuleWheel::new("hostile", "1.0").group(group, "default = hostile:extend").module(EXTENSION);
    let index = IndexServer::start(vec![wheel]);
    let configuration = format!("[buildout]\nindex = {}\nparts =\n", index.url());
    space.write("buildout.cfg", &configuration.replace("parts", "extensions = hostile\nparts"));
    let run = |arguments: &[&str]| {
        let output = space.command(test_support::host()).arg("run").args(arguments).output().unwrap();
        assert!(!output.status.success());
        space.shown(&test_support::printed(&output))
    };
    for (arguments, refused) in [([].as_slice(), 15), (&["-o"], 16)] {
        let printed = run(arguments);
        assert!(!printed.contains("GOT"), "{printed}");
        assert_eq!(printed.matches("refused").count(), refused, "{printed}");
        assert!(printed.contains("parts/project is not developed"), "{printed}");
    }
    // Nor does a wildcard find it.
    space.write("buildout.cfg", &format!("{configuration}develop = parts/*\n"));
    let printed = run(&[]);
    assert!(printed.contains("parts/project is not developed") && printed.contains("wildcard"), "{printed}");
    assert!(!space.path("parts/project/built").exists());
}

/// A recipe that puts a link on the way to the directory of the parts: the next run would follow it.
const MOVING: &str = r#"
import os
import subprocess


class Recipe:

    def __init__(self, buildout, name, options):
        self.work = os.path.join(buildout['buildout']['directory'], 'work')

    def install(self):
        try:
            os.rename(self.work, self.work + '2')
            print('GOT a renamed directory')
        except OSError as error:
            print('refused', error)
        command = 'mv work work2; mv work/parts work/parts2; ln -s /tmp work/new; mv -T work/new work/parts; true'
        subprocess.check_call(['sh', '-c', command], cwd=os.path.dirname(self.work))
        return ()
"#;

#[test]
fn the_directories_of_the_buildout_stay_where_they_are() {
    let space = Space::for_python();
    let wheel = ModuleWheel::new("moving", "1.0").group("zc.buildout", "default = moving:Recipe").module(MOVING);
    let index = IndexServer::start(vec![wheel]);
    let configuration = format!(
        "[buildout]\nindex = {}\nparts-directory = work/parts\nparts = made\n\n[made]\nrecipe = moving\n",
        index.url()
    );
    space.write("buildout.cfg", &configuration);
    let printed = space.shown(&space.succeeds(&["run"]));
    assert!(!printed.contains("GOT") && printed.contains("refused"), "{printed}");
    for path in ["work", "work/parts"] {
        assert!(space.path(path).is_dir() && !space.path(path).is_symlink(), "{path}: {printed}");
    }
    assert!(!space.exists("work2") && !space.exists("work/parts2"), "{printed}");
}

#[test]
fn what_it_uses_up_is_limited() {
    let scene = Scene::new();
    scene.space.write("recipes.toml", "[recipe.hostile]\ngrant = { memory = \"200MiB\", timeout = \"5s\" }\n");
    for (name, message) in [("memory", "MemoryError"), ("time", "took longer than")] {
        let printed = scene.attempt(&format!("exhaust_{name}"));
        assert!(printed.contains(message), "{name}: {printed}");
    }
}
