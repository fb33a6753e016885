//! What a Python recipe may change beyond its defaults: what its part made before, and what `recipes.toml` grants, whether it exists
//! or not.

use test_support::Space;

use crate::index::{IndexServer, ModuleWheel};

/// Writes a configuration file, and the file of the option `target` with a command.
const GENERATING: &str = r#"
import subprocess


class Recipe:

    def __init__(self, buildout, name, options):
        self.options = options

    def install(self):
        with open('site.cfg', 'a') as file:
            file.write('written\n')
        if 'target' in self.options:
            subprocess.check_call('echo word > ' + self.options['target'], shell=True)
        if 'input' in self.options:
            subprocess.check_call(['cat', self.options['input']])
        if 'program' in self.options:
            subprocess.check_call([self.options['program']])
        return ('site.cfg',)

    update = install
"#;

struct GrantedScene {
    space: Space,
    _index: IndexServer,
}

impl GrantedScene {
    fn new() -> Self {
        let space = Space::for_python();
        let wheel = ModuleWheel::new("generating", "1.0")
            .group("zc.buildout", "default = generating:Recipe")
            .module(GENERATING);
        let index = IndexServer::start(vec![wheel]);
        let configuration =
            format!("[buildout]\nindex = {}\nparts = made\n\n[made]\nrecipe = generating\n", index.url());
        space.write("buildout.cfg", &configuration);
        space.write("/tmp/outside/secret", "secret\n");
        Self { space, _index: index }
    }

    /// A path outside the buildout, as a command line has it; files have `/tmp/outside`.
    fn outside(&self, name: &str) -> String {
        self.space.path(&format!("/tmp/outside/{name}")).display().to_string()
    }

    fn grant(&self, grant: &str) {
        self.space.write("recipes.toml", &format!("[recipe.generating]\ngrant = {{ {grant} }}\n"));
    }

    fn fails(&self, arguments: &[&str]) -> String {
        self.space.shown(&self.space.fails(&[&["run"], arguments].concat()))
    }
}

#[test]
fn a_part_can_change_the_configuration_file_that_it_made() {
    let scene = GrantedScene::new();
    scene.space.succeeds(&["run"]);
    scene.space.succeeds(&["run"]);
    assert_eq!(scene.space.read("site.cfg"), "written\n".repeat(2));
    scene.space.succeeds(&["run", "made:changed=yes"]);
    assert_eq!(scene.space.read("site.cfg"), "written\n");
    // One that was there before is the user's.
    scene.space.succeeds(&["run", "buildout:parts="]);
    scene.space.write("site.cfg", "[mine]\n");
    let printed = scene.fails(&[]);
    assert!(printed.contains("write = [\"/tmp/sample-buildout/site.cfg\"]"), "{printed}");
    assert_eq!(scene.space.read("site.cfg"), "[mine]\n");
    scene.grant("write = [\"${buildout:directory}/site.cfg\"]");
    scene.space.succeeds(&["run"]);
    assert_eq!(scene.space.read("site.cfg"), "[mine]\nwritten\n");
}

#[test]
fn a_command_makes_a_granted_path_that_does_not_exist() {
    for level in ["--sandbox=full", "--sandbox=partial"] {
        let scene = GrantedScene::new();
        let target = format!("made:target={}; cat {}", scene.outside("new/out.txt"), scene.outside("secret"));
        std::fs::create_dir(scene.outside("new")).unwrap();
        scene.grant("write = [\"/tmp/outside/new/out.txt\"]");
        let printed = scene.fails(&[level, &target]);
        assert!(!printed.contains("secret\n"), "what is next to it is not opened: {printed}");
        scene.space.succeeds(&["run", level, &format!("made:target={}", scene.outside("new/out.txt"))]);
        assert_eq!(scene.space.read("/tmp/outside/new/out.txt"), "word\n", "{level}");
    }
}

#[test]
fn what_a_command_does_not_see_is_shown_with_its_grant() {
    let scene = GrantedScene::new();
    let grant = "Hint: In recipes.toml, below [recipe.generating], write: grant = { read = [\"/tmp/outside\"] }";
    let input = format!("made:input={}", scene.outside("secret"));
    let printed = scene.fails(&[&input]);
    assert!(printed.contains(grant), "{printed}");
    std::fs::copy("/bin/true", scene.outside("tool")).unwrap();
    let program = format!("made:program={}", scene.outside("tool"));
    let printed = scene.fails(&[&program]);
    assert!(printed.contains(grant), "{printed}");
    scene.grant("read = [\"/tmp/outside\"]");
    scene.space.succeeds(&["run", &input, &program]);
}
