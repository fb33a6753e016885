//! What a second run does not do again: it asks nothing from the network, and builds nothing that has not changed.

use super::{IndexedBuildout, PROJECT};
use crate::index::ModuleWheel;

/// A project whose build requires something and counts its builds.
fn buildout() -> IndexedBuildout {
    let buildout =
        IndexedBuildout::new("[buildout]\ndevelop = .\nparts = app\n\n[app]\nrecipe = zc.recipe.egg\neggs = demo\n");
    buildout.index.add(&ModuleWheel::new("helper", "1.0"));
    let count = "import helper\nopen('demo.egg-info/builds.txt', 'a').write('x')\n";
    buildout.space.write("backend.py", &format!("{}{count}", PROJECT[1].1));
    // Metadata is what a build changes in the project.
    buildout.space.write("demo.egg-info/builds.txt", "");
    let requires = PROJECT[0].1.replace("requires = []", "requires = ['helper']");
    buildout.space.write("pyproject.toml", &requires);
    buildout
}

impl IndexedBuildout {
    /// How often the build backend was started so far.
    fn builds(&self) -> usize {
        self.space.read("demo.egg-info/builds.txt").len()
    }
}

#[test]
fn a_project_that_has_not_changed_is_not_built_again() {
    let buildout = buildout();
    buildout.run(&[]);
    for change in [
        "echo '# x' >> demo.py",
        "rm develop-eggs/demo.egg-link",
        "mkdir new && touch new/module.py",
        "chmod +x demo.py",
    ] {
        let builds = buildout.builds();
        buildout.run(&[]);
        assert_eq!(buildout.builds(), builds, "before {change}");
        buildout.shell(change);
        buildout.run(&[]);
        assert!(buildout.builds() > builds, "{change}");
    }
    assert!(buildout.space.exists("develop-eggs/demo.egg-link"));
}

#[test]
fn a_second_run_asks_nothing_and_works_offline() {
    let buildout = buildout();
    buildout.run(&[]);
    // As if the pages were too old.
    buildout.shell("rm -rf ~/.cache/buildout-host/distributions/pages");
    buildout.index.requests();
    for (number, flags) in [&[][..], &["-o"]].into_iter().enumerate() {
        // The project is built again, with the environment that is remembered.
        let builds = buildout.builds();
        buildout.space.write("demo.py", &format!("number = {number}\n"));
        buildout.run(flags);
        assert!(buildout.builds() > builds);
        assert_eq!(buildout.index.requests(), [] as [String; 0]);
    }
}
