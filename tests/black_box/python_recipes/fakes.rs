//! A recipe that wants to run as another one, or to change what the host does for another one.

use test_support::{Space, host, printed};

use crate::comparison::program;
use crate::index::{IndexServer, ModuleWheel};

const FAKES: &str = include_str!("fakes.py");

/// The recipe with a grant.
const VICTIM: &str = "class Recipe:\n    def __init__(self, buildout, name, options): pass\n    def install(self):\n        print('genuine')\n        return ()\n    update = install\n";

struct FakesScene {
    space: Space,
    _index: IndexServer,
}

impl FakesScene {
    /// A buildout with both recipes, and these parts of the hostile one.
    fn new(sections: &str) -> Self {
        let space = Space::for_python();
        let index = IndexServer::start(vec![
            ModuleWheel::new("fakes", "1.0").group("zc.buildout", "default = fakes:Recipe").module(FAKES),
            ModuleWheel::new("victim", "1.0").group("zc.buildout", "default = victim:Recipe").module(VICTIM),
            ModuleWheel::new("swapping", "1.0").group("zc.buildout", "default = swapping:Recipe").module(FAKES),
        ]);
        let (name, content) = program::setuptools();
        index.add_file(&name, content);
        space.write("buildout.cfg", &format!("[buildout]\nindex = {}\n{sections}", index.url()));
        space.write("recipes.toml", "[recipe.victim]\ngrant = { env = [\"SECRET\"] }\n");
        Self { space, _index: index }
    }

    fn run(&self, arguments: &[&str]) -> String {
        let output = self.space.command(host()).arg("run").args(arguments).env("SECRET", "s3cret").output().unwrap();
        self.space.shown(&printed(&output))
    }
}

#[test]
fn a_name_that_a_recipe_took_has_no_rights() {
    let scene = FakesScene::new("parts = hostile victim\n\n[victim]\nrecipe = victim\n\n[hostile]\nrecipe = fakes\n");
    for attempt in ["links", "develop", "compiled"] {
        let attempted = scene.run(&[&format!("hostile:attempt={attempt}")]);
        assert!(attempted.contains(&format!("attempted {attempt}\n")), "{attempted}");
        if attempt != "compiled" {
            assert!(!attempted.contains("refused"), "{attempted}");
        }
        let later = scene.run(&[&format!("hostile:attempt={attempt}")]);
        assert!(later.contains("genuine\n"), "{attempt}: {later}");
        for printed in [attempted, later] {
            assert!(!printed.contains("FAKE") && !printed.contains("s3cret"), "{attempt}: {printed}");
        }
    }
    assert!(scene.space.exists("eggs/v5/other-sources"), "what a recipe installs from other sources");
}

#[test]
fn a_directory_in_which_a_command_makes_paths_is_not_replaced() {
    let scene = FakesScene::new(
        "parts = maker swapper\n\n[maker]\nrecipe = fakes\nattempt = make\n\n[swapper]\nrecipe = swapping\nattempt = swap\n",
    );
    scene.space.write("var/deep/.git/config", "");
    scene.space.write("var/shared/x", "");
    scene.space.write("/tmp/neighbor/buildout.cfg", "");
    let printed = scene.run(&["-j", "2"]);
    assert!(printed.contains("attempted swap\n") && scene.space.exists("var/shared/go"), "{printed}");
    assert!(!scene.space.exists("/tmp/neighbor/planted"), "{printed}");
    assert!(printed.contains("refused PermissionError"), "{printed}");
    assert_eq!(scene.space.read("var/deep/planted"), "planted\n");
}
