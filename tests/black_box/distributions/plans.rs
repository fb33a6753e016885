//! `plan` shows which distributions would come, go or change, and why.

use super::IndexedBuildout;
use crate::index::ModuleWheel;

const APP: &str = "[buildout]\nparts = app\n\n[app]\nrecipe = zc.recipe.egg\neggs = requests\n";

impl IndexedBuildout {
    fn plan(&self) -> String {
        self.space.succeeds(&["plan"])
    }
}

#[test]
fn distributions_that_come_go_and_change() {
    let buildout = IndexedBuildout::new(APP);
    let printed = buildout.plan();
    assert!(
        printed.ends_with("Get idna 3.1\n  requests 2.0 requires idna>=3\nGet requests 2.0\n  app requires requests\n"),
        "{printed}"
    );
    assert!(!buildout.space.exists("eggs"), "nothing is installed");
    buildout.run(&[]);
    assert_eq!(buildout.plan(), "Update app\n  unchanged\n");

    buildout.configure(&format!("{APP}\n[versions]\nrequests = 1.0\n"));
    let printed = buildout.plan();
    let changes = "No longer use idna 3.1\n  it is no longer required\n\
                   Get requests 1.0 in place of 2.0\n  app requires requests, and [versions] has 1.0\n";
    assert!(printed.ends_with(changes), "{printed}");
    let object = buildout.space.succeeds(&["plan", "--json"]);
    let expected = r#"{"name":"requests","before":["2.0"],"after":["1.0"],"installs":true,"reason":"app requires requests, and [versions] has 1.0"}"#;
    assert!(object.contains(expected), "{object}");
    buildout.run(&[]);
    buildout.configure(APP);
    let printed = buildout.plan();
    assert!(printed.contains("Use requests 2.0 in place of 1.0\n"), "{printed}");
    assert!(printed.contains("Use idna 3.1\n  requests 2.0 requires idna>=3\n"), "{printed}");

    buildout.configure("[buildout]\nparts = app\n\n[app]\nrecipe = zc.recipe.egg\neggs = absent\n");
    let printed = buildout.plan();
    assert!(printed.contains("cannot be determined: Couldn't find a distribution for 'absent'."), "{printed}");
}

#[test]
fn what_a_developed_project_requires() {
    let buildout =
        IndexedBuildout::new("[buildout]\ndevelop = .\nparts = app\n\n[app]\nrecipe = zc.recipe.egg\neggs = demo\n");
    buildout.space.write("requires.txt", "other\n");
    let backend = super::PROJECT[1].1;
    assert!(backend.contains("requires.txt"), "the backend reads what the project requires");
    let printed = buildout.plan();
    assert!(printed.ends_with("Get other 1.0\n  demo 1.0 requires other\n"), "{printed}");
    assert_eq!(buildout.shell("ls"), buildout.shell("ls -I eggs -I bin"), "the project is unchanged");
    // What is said about the build is not in what other programs read.
    let output = |arguments: &[&str]| String::from_utf8(buildout.space.host(arguments).stdout).expect("text");
    let plan: serde_json::Value = serde_json::from_str(&output(&["plan", "--json"])).expect("JSON");
    assert_eq!(plan["steps"][0]["part"], "app");
    assert!(output(&["graph", "--format", "svg"]).starts_with("<svg"));
    buildout.run(&[]);
    buildout.space.write("requires.txt", "other\nidna\n");
    buildout.index.add(&ModuleWheel::new("idna", "3.1"));
    assert!(buildout.plan().ends_with("Get idna 3.1\n  demo 1.0 requires idna\n"));
}
