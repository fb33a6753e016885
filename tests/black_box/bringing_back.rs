//! What the build of a developed project changes outside its private copy (docs/decisions/141-what-a-build-brings-back.md).

use test_support::{Space, component};

pub(crate) const PYPROJECT: &str = "[build-system]\nrequires = []\nbuild-backend = 'backend'\nbackend-path = ['.']\n";

/// A recipe project whose build command does nothing.
pub(crate) const RECIPE: &str = "[recipe]\nname = \"native\"\nversion = \"0.1.0\"\n\n[build]\ncommand = [\"true\"]\ninputs = [\"x\"]\n\
                      component = \"c.wasm\"\n";

/// The buildout directory is a Python project, whose build writes the files `made`.
fn space(develop: &str, made: &[&str]) -> Space {
    let space = Space::new();
    space.write("pyproject.toml", PYPROJECT);
    space.write("backend.py", include_str!("distributions/backend.py"));
    space.write("demo/__init__.py", "");
    space.write("made.txt", &made.join("\n"));
    // Nothing is asked from an index.
    let configuration = format!("[buildout]\nparts =\ndevelop = {develop}\nindex = http://127.0.0.1:9/\n");
    space.write("buildout.cfg", &configuration);
    space
}

fn run(space: &Space) -> String {
    let output = space.host(&["run"]);
    let printed = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{printed}");
    printed
}

#[test]
fn a_build_changes_nothing_that_is_run_or_trusted_outside_its_confinement() {
    let trusted = ["hello/recipe.toml", "hello/c.wasm", "keys/acme.pub", "recipes.toml", "buildout.cfg", ".git/config"];
    let new =
        ["pylock.toml", "recipes.lock", "keys/new.pub", "bin/tool", ".cargo/config.toml", "conftest.py", "Makefile"];
    let outputs = ["demo/_version.py", "demo/_speed.so", "demo.egg-info/PKG-INFO"];
    let made = [&trusted[..], &new[..], &outputs[..]].concat();
    let space = space(". hello", &made);
    space.write("hello/recipe.toml", RECIPE);
    space.write("hello/x", "");
    std::fs::copy(component("guest_native"), space.buildout().join("hello/c.wasm")).unwrap();
    for path in ["keys/acme.pub", ".git/config", "recipes.toml"] {
        space.write(path, "");
    }
    let read = |path: &str| std::fs::read(space.buildout().join(path)).unwrap();
    let before: Vec<Vec<u8>> = trusted.iter().map(|path| read(path)).collect();
    let printed = run(&space);
    for (path, before) in trusted.iter().zip(before) {
        assert!(read(path) == before, "{path} has changed: {printed}");
    }
    for path in new {
        assert!(!space.exists(path), "{path} was made: {printed}");
    }
    for path in outputs {
        assert_eq!(space.read(path), "made\n", "{path}");
    }
}

#[test]
fn a_project_that_a_link_in_the_parts_directory_leads_to_is_not_built() {
    let space = space("parts/link", &["demo/made.py"]);
    space.shell("mkdir -p ../other parts && cp -r pyproject.toml backend.py demo made.txt ../other && ln -s ../../other parts/link");
    let output = space.host(&["run"]);
    let printed = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(printed.contains("a symbolic link in a parts directory points there"), "{printed}");
    assert!(!space.exists("../other/demo/made.py"), "{printed}");
    // A link that the user made elsewhere is followed.
    space.write("buildout.cfg", "[buildout]\nparts =\ndevelop = src\nindex = http://127.0.0.1:9/\n");
    space.shell("ln -s ../other src");
    run(&space);
    assert!(space.exists("../other/demo/made.py"));
}
