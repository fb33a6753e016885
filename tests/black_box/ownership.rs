//! What parts own, in the real host (`docs/testing.md`, bad input 60; `docs/decisions/140-ownership.md`): a recipe that returns
//! or announces what it did not make gets an error, and nothing of it is ever removed.

use test_support::{Space, component, wait_until};

/// A buildout with files of the user, a part `other`, and a part `bad` that the hostile recipe makes.
fn space(options: &str, grant: &str) -> Space {
    let space = Space::new();
    let guest = component("guest_hostile");
    space.write(
        "buildout.cfg",
        &format!(
            "[buildout]\nparts = other bad\n\n[other]\nrecipe = hostile:good\n\n[bad]\nrecipe = hostile\n{options}\n"
        ),
    );
    space.write(
        "recipes.toml",
        &format!("[recipe.hostile]\npath = {guest:?}\ngrant = {{ timeout = \"60s\"{grant} }}\n"),
    );
    for file in ["src/main.py", ".git/config", "var/mine"] {
        space.write(file, "the user's own");
    }
    space
}

fn assert_kept(space: &Space) {
    for file in ["src/main.py", ".git/config", "var/mine"] {
        assert_eq!(space.read(file), "the user's own", "{file}");
    }
}

const WRITE_VAR: &str = ", write = [\"${buildout:directory}/var\"]";

#[test]
fn a_part_cannot_own_what_it_did_not_make() {
    for path in ["src", "src/main.py", ".git", "parts/other", "parts/other/greeting", "var/mine"] {
        for grant in ["", WRITE_VAR] {
            let space = space(&format!("install = return {path}"), grant);
            let printed = space.fails(&["run"]);
            assert!(printed.contains("names a path that part bad may not own") && printed.contains(path), "{printed}");
            space.succeeds(&["run", "buildout:parts=other"]);
            assert_kept(&space);
            assert!(space.exists("parts/other/greeting"));
        }
    }
}

#[test]
fn a_path_that_does_not_exist_is_not_recorded() {
    let space = space("install = return later", "");
    space.succeeds(&["run"]);
    space.write("later", "the user's own");
    let printed = space.fails(&["run", "bad:x=1"]);
    assert!(printed.contains("It existed before the part."), "{printed}");
    space.succeeds(&["run", "buildout:parts="]);
    assert_eq!(space.read("later"), "the user's own");
}

#[test]
fn a_part_owns_what_it_made() {
    let path = "${buildout:directory}/var/made/deep";
    let space = space(&format!("install = make-and-return\npath = {path}"), WRITE_VAR);
    space.succeeds(&["run"]);
    assert!(space.exists("var/made/deep"));
    // It is installed again, and owns what it made before.
    space.succeeds(&["run"]);
    space.succeeds(&["run", "buildout:parts=other"]);
    assert!(!space.exists("var/made/deep"));
    assert_kept(&space);
}

#[test]
fn a_part_does_not_own_what_it_moved() {
    let options = "install = move\nfrom = ${buildout:directory}/var/mine\npath = ${buildout:directory}/var/moved";
    let space = space(options, WRITE_VAR);
    let printed = space.fails(&["run"]);
    assert!(printed.contains("It existed before the part."), "{printed}");
    assert_eq!(space.read("var/moved"), "the user's own");
}

#[test]
fn announced_paths_of_others_are_kept_after_a_failure() {
    for path in ["src", ".git", "var/mine", "parts/other"] {
        let space = space(&format!("install = announce-and-fail\npath = {path}"), WRITE_VAR);
        let printed = space.fails(&["run"]);
        assert!(printed.contains("asked to fail"), "{printed}");
        assert_kept(&space);
        assert!(space.exists("parts/other/greeting"));
    }
}

/// The path does not exist when it is announced; that does not make it the part's.
#[test]
fn a_path_that_someone_else_makes_later_is_kept() {
    let space = space("install = announce-and-wait\npath = later", WRITE_VAR);
    let run = space.start(&["run"]);
    wait_until("the path is announced", || space.exists("var/announced"));
    space.write("later", "the user's own");
    space.write("var/go", "");
    let ended = run.end();
    assert_eq!(ended.code, Some(1), "{}", ended.printed());
    assert_eq!(space.read("later"), "the user's own");
}
