//! What a Python recipe without a grant cannot write in the buildout, because the host, programs of the user or other recipes rely
//! on it: neither itself nor with a command, at each level of confinement.

use std::collections::BTreeSet;
use std::path::PathBuf;

use test_support::{Space, printed};

use crate::bringing_back::{PYPROJECT, RECIPE};
use crate::index::{IndexServer, ModuleWheel};

/// Tries to write each path of the option `paths`, by itself and with a command.
const WRITER: &str = r#"
import os
import subprocess

class Recipe:
    def __init__(self, buildout, name, options):
        self.directory, self.paths = buildout['buildout']['directory'], options['paths'].split()

    def install(self):
        for path in self.paths:
            path = os.path.join(self.directory, path)
            try:
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, 'a') as file:
                    file.write('by the recipe\n')
            except OSError:
                pass
            # At the weaker level of confinement it exists before, or cannot be made.
            subprocess.run(['sh', '-c', 'mkdir -p "$(dirname "$1")"; echo by a command >> "$1"', 'sh', path],
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return ()

    update = install
"#;

struct KeptPaths {
    space: Space,
    index: IndexServer,
    variables: Vec<(&'static str, String)>,
    program: PathBuf,
}

impl KeptPaths {
    fn new() -> Self {
        let wheel = ModuleWheel::new("writer", "1.0").group("zc.buildout", "default = writer:Recipe").module(WRITER);
        Self {
            space: Space::for_python(),
            index: IndexServer::start(vec![wheel]),
            variables: Vec::new(),
            program: test_support::host(),
        }
    }

    /// The files that the recipe could write of these, at all levels of confinement.
    fn written(&self, options: &str, paths: &[&str]) -> BTreeSet<String> {
        let configuration = format!(
            "[buildout]\nindex = {}\nparts = a\n{options}\n[a]\nrecipe = writer\npaths = {}\n",
            self.index.url(),
            paths.join("\n    ")
        );
        self.space.write("buildout.cfg", &configuration);
        let before: Vec<_> = paths.iter().map(|path| std::fs::read(self.space.path(path)).ok()).collect();
        let mut written = BTreeSet::new();
        for level in ["full", "partial"] {
            let mut command = self.space.command(&self.program);
            command.args(["run", &format!("--sandbox={level}"), "a:attempt=1"]).arg(format!("a:level={level}"));
            let output = command.envs(self.variables.iter().cloned()).output().unwrap();
            let printed = printed(&output);
            assert!(output.status.success(), "{level}: {printed}");
            for (path, before) in paths.iter().zip(&before) {
                if std::fs::read(self.space.path(path)).ok() != *before {
                    written.insert((*path).to_owned());
                }
            }
            // A directory without a project cannot be developed: the next run would fail.
            let _ = std::fs::remove_dir_all(self.space.path("src/evil"));
        }
        written
    }

    /// Checks that only the `free` paths can be written.
    #[track_caller]
    fn keeps(&self, options: &str, kept: &[&str], free: &[&str]) {
        let written = self.written(options, &[kept, free].concat());
        let expected: BTreeSet<String> = free.iter().map(|path| (*path).to_owned()).collect();
        assert_eq!(written, expected);
    }
}

#[test]
fn the_cache_directory_is_out_of_reach() {
    let mut scene = KeptPaths::new();
    let space = &scene.space;
    space.with_python_runtime(&space.path(""));
    scene.variables = vec![("XDG_CACHE_HOME", scene.space.path(".cache").display().to_string())];
    let kept = [".cache/buildout-host/compiled/key", ".cache/buildout-host/compiled/new", ".cache/buildout-host/new/x"];
    scene.keeps("", &kept, &["data"]);
}

#[test]
fn what_the_user_names_in_the_environment_is_kept() {
    let mut scene = KeptPaths::new();
    for file in ["ci/helper", "ci/ca.pem", "docker/config.json", "home/x", "tools/x", "named/x"] {
        scene.space.write(file, "of the user");
    }
    let at = |path: &str| scene.space.path(path).display().to_string();
    let variables = [
        ("BUILDOUT_CREDENTIAL_HELPER", "ci/helper".to_owned()),
        ("BUILDOUT_TLS_CERTIFICATE", at("ci/ca.pem")),
        ("DOCKER_CONFIG", "docker".to_owned()),
        ("CARGO_TARGET_DIR", at("target")),
        ("SOME_FILE", at("named/x")),
        ("OLDPWD", at("old")),
        ("PYTHONPATH", at("modules")),
    ];
    scene.variables = variables.into();
    scene.space.write("recipes.toml", "vendor = \"vendor\"\n");
    scene.space.write("vendor/x", "");
    let kept = [
        "ci/helper",
        "ci/ca.pem",
        "docker/config.json",
        "docker/new",
        "target/release/x",
        "named/x",
        "vendor/x",
        "vendor/blobs/new",
        "shared/foo/x",
        "caches/x",
    ];
    let options = "shared-part-list = ${buildout:directory}/shared\nremote-cache-directory = caches\n";
    scene.keeps(options, &kept, &["ci/other", "old/x", "modules/x", "named/y"]);
}

#[test]
fn what_the_build_of_a_recipe_project_reads_is_kept() {
    let scene = KeptPaths::new();
    let space = &scene.space;
    space.write("tools/native/recipe.toml", &RECIPE.replace("[\"true\"]", "[\"sh\", \"../../scripts/build.sh\"]"));
    space.write("tools/native/x", "");
    space.write("scripts/build.sh", "true\n");
    std::fs::copy(test_support::component("guest_native"), space.path("tools/native/c.wasm")).unwrap();
    let kept = [
        "scripts/build.sh",
        "tools/.cargo/config.toml",
        "tools/new",
        "rust-toolchain.toml",
        "Cargo.toml",
        "node_modules/x/index.js",
        "package.json",
    ];
    scene.keeps("develop = tools/native", &kept, &["toolbox/x", "package"]);
}

#[test]
fn wildcards_in_develop_find_no_project_of_a_recipe() {
    let scene = KeptPaths::new();
    scene.space.write("src/lib/pyproject.toml", PYPROJECT);
    scene.space.write("src/lib/backend.py", include_str!("../distributions/backend.py"));
    scene.space.write("src/lib/data", "");
    let kept = ["src/evil/setup.py", "src/evil/pyproject.toml", "src/lib/pyproject.toml", "src/evil/recipe.toml"];
    scene.keeps("develop = src/*", &kept, &["src/lib/data", "src/lib/new", "data/setup.py"]);
}

#[test]
fn distributions_are_not_put_where_they_are_looked_for() {
    let scene = KeptPaths::new();
    let kept = ["victim-9.0-py3-none-any.whl", "victim-9.0.tar.gz", "index.html"];
    scene.keeps("find-links = .", &kept, &["data/victim-9.0.tar.gz", "file.txt"]);
}

#[test]
fn other_buildouts_and_repositories_are_kept() {
    let scene = KeptPaths::new();
    let space = &scene.space;
    for (path, text) in [
        ("sub/buildout.cfg", "[buildout]\n"),
        ("sub/versions.cfg", "[versions]\n"),
        ("etc/daemon.cfg", "[daemon]\n"),
        ("mirror/m.git/HEAD", "ref: x\n"),
        ("mirror/m.git/objects/x", ""),
        ("mirror/m.git/refs/x", ""),
        ("hooks/pre-commit", "true\n"),
        (".git/config", "[core]\n\thooksPath = hooks\n[include]\n\tpath = ../git.settings\n"),
        ("git.settings", "[core]\n"),
    ] {
        space.write(path, text);
    }
    let kept = [
        "sub/buildout.cfg",
        "sub/versions.cfg",
        "sub/recipes.toml",
        "sub/.installed.cfg",
        "mirror/m.git/hooks/post-update",
        "hooks/pre-commit",
        "hooks/post-merge",
        "git.settings",
        "HEAD",
    ];
    scene.keeps("", &kept, &["sub/data", "etc/daemon.cfg", "mirror/x"]);
}

#[test]
fn a_recipe_in_the_buildout_directory_keeps_its_modules() {
    let scene = KeptPaths::new();
    let space = &scene.space;
    space.write("pyproject.toml", &format!("# zc.buildout\n{PYPROJECT}"));
    space.write("backend.py", include_str!("../distributions/backend.py"));
    space.write("ns/sub/__init__.py", "");
    space.write("lib/deep/module.py", "");
    space.write("docs/text.txt", "");
    let kept = ["ns/sub/__init__.py", "ns/new.py", "lib/deep/module.py", "yaml.py", "backend.py"];
    scene.keeps("develop = .", &kept, &["docs/text.txt", "docs/new.txt", "data/x.py", "text"]);
}

#[test]
fn programs_that_are_started_unconfined_do_not_come_from_the_buildout() {
    let scene = KeptPaths::new();
    let space = &scene.space;
    for directory in ["bin", "parts/a/bin"] {
        space.write(&format!("{directory}/planted"), "#!/bin/sh\ntouch planted-was-started\n");
        space.shell(&format!("chmod +x {directory}/planted"));
        space.write("native/recipe.toml", &RECIPE.replace("\"true\"", "\"planted\""));
        space.write("native/x", directory);
        std::fs::copy(test_support::component("guest_native"), space.path("native/c.wasm")).unwrap();
        space.write("buildout.cfg", "[buildout]\nparts =\ndevelop = native\n");
        let path = format!("{}:{}", space.path(directory).display(), std::env::var("PATH").unwrap());
        let output = space.command(test_support::host()).arg("run").env("PATH", path).output().unwrap();
        let printed = printed(&output);
        assert!(!output.status.success() && printed.contains("planted"), "{printed}");
        assert!(!space.exists("native/planted-was-started"), "{printed}");
    }
}

#[test]
fn the_program_is_kept_where_it_is_in_the_buildout() {
    let scene = KeptPaths::new();
    let program = scene.space.path("tools/bin/buildout-host");
    scene.space.write("tools/bin/x", "");
    std::fs::copy(test_support::host(), &program).unwrap();
    scene.space.write("tools/python-runtime/x", "");
    let runtime = test_support::target_directory().join("python-runtime/python-runtime.wasm.zst");
    std::fs::copy(runtime, scene.space.path("tools/python-runtime/python-runtime.wasm.zst")).unwrap();
    let scene = KeptPaths { program, ..scene };
    let kept =
        ["tools/bin/buildout-host", "tools/python-runtime/python-runtime.wasm.zst", "tools/share/buildout-host/x"];
    scene.keeps("", &kept, &["tools/other"]);
}

#[test]
fn a_project_that_contains_the_buildout_comes_last_on_the_path() {
    let space = Space::for_python();
    let index = IndexServer::start(vec![ModuleWheel::new("shared", "1.0").module("word = 'from the distribution'\n")]);
    let recipe = "import shared\nclass Recipe:\n    def __init__(self, buildout, name, options): pass\n    \
                  def install(self):\n        print(shared.word)\n        return ()\n";
    for (path, text) in [
        ("pyproject.toml", format!("# zc.buildout\n{PYPROJECT}").as_str()),
        ("backend.py", include_str!("../distributions/backend.py")),
        ("entry_points.txt", "[zc.buildout]\ndefault = demo:Recipe\n"),
        ("requires.txt", "shared\n"),
        ("demo.py", recipe),
        ("shared.py", "word = 'from the project'\n"),
    ] {
        space.write(path, text);
    }
    let configuration = format!("[buildout]\nindex = {}\ndevelop = .\nparts = a\n[a]\nrecipe = demo\n", index.url());
    space.write("buildout.cfg", &configuration);
    let printed = space.succeeds(&["run"]);
    assert!(printed.contains("from the distribution"), "{printed}");
}
