//! `pylock.toml` with Python recipes and extensions in it.

use test_support::Space;

use super::{DECLARING, RecipeBuildout, part};
use crate::index::ModuleWheel;

/// What breaks every recipe that is not locked.
const TOO_NEW: &str = "raise SystemExit('too new')\n";

#[test]
fn recipes_and_extensions_are_locked_with_what_they_require() {
    let configuration = part("maker", "").replace("[buildout]\n", "[buildout]\nextensions = extending\n");
    let buildout = RecipeBuildout::new(&configuration);
    buildout.index.add(
        &ModuleWheel::new("extending", "1.0")
            .group("zc.buildout.extension", "x = extending:extension")
            .module("def extension(buildout):\n    print('extended')\n"),
    );
    let printed = buildout.space.succeeds(&["lock"]);
    for line in ["extending: added 1.0", "helper: added 1.0", "maker: added 1.0"] {
        assert!(printed.contains(line), "{line:?} is missing in: {printed}");
    }
    assert!(!buildout.space.exists("eggs"), "nothing is installed");
    for name in ["extending", "helper", "maker"] {
        buildout.index.add(&ModuleWheel::new(name, "2.0").module(TOO_NEW));
    }
    buildout.space.shell("rm -rf ~/.cache/buildout-host/distributions/pages");
    let printed = buildout.run(&["--locked"]);
    assert!(printed.contains("Got maker 1.0.") && printed.contains("extended\n"), "{printed}");
    assert_eq!(buildout.space.read("parts/made/text"), "helped\n");
    // With eggs in the buildout.
    assert!(buildout.space.succeeds(&["lock"]).ends_with("pylock.toml is up to date\n"));
}

#[test]
fn what_a_developed_recipe_requires_is_locked() {
    let buildout = RecipeBuildout::new("[buildout]\nparts = made\ndevelop = .\n\n[made]\nrecipe = demo\n");
    for (name, text) in [
        ("pyproject.toml", DECLARING),
        ("backend.py", include_str!("../distributions/backend.py")),
        ("entry_points.txt", "[zc.buildout]\ndefault = demo:Recipe\n"),
        ("requires.txt", "helper\n"),
        (
            "demo.py",
            "import helper\nclass Recipe:\n    def __init__(self, buildout, name, options): pass\n    \
             def install(self):\n        print('made', helper.word)\n        return ()\n    update = install\n",
        ),
    ] {
        buildout.space.write(name, text);
    }
    buildout.space.succeeds(&["lock"]);
    let text = buildout.space.read("pylock.toml");
    assert!(text.contains("name = \"helper\"") && text.contains("directory = { path = \".\""), "{text}");
    buildout.index.add(&ModuleWheel::new("helper", "2.0").module(TOO_NEW));
    assert!(buildout.run(&["--locked"]).contains("made helped\n"));
}

#[test]
fn what_a_published_recipe_gives_its_part_is_locked() {
    // From the index that the machine's pip uses. The part has zope.testrunner, which the options do not name, and setuptools,
    // which the recipe itself gets from the Python runtime.
    let space = Space::for_python();
    let options = "recipe = zc.recipe.testrunner\neggs = six\n\n[versions]\nzope.exceptions = 5.2\n";
    space.write("buildout.cfg", &format!("[buildout]\nparts = test\n\n[test]\n{options}"));
    space.succeeds(&["lock"]);
    let printed = space.succeeds(&["run", "--locked"]);
    assert!(printed.contains("Got zope.testrunner"), "{printed}");
    assert_eq!(space.shell("bin/test --version >/dev/null; echo $?"), ("0\n".to_owned(), 0));
}
