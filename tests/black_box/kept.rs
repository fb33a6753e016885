//! What was there before a part stays, whatever the run does with the names (`docs/decisions/140-ownership.md`).

use std::os::unix::fs::PermissionsExt as _;

use base::shell::quoted;
use rustix::process::Signal;
use test_support::{Space, component};

const OWN: &str = "the user's own";

fn space(configuration: &str, files: &[&str]) -> Space {
    let space = Space::new();
    space.write("buildout.cfg", configuration);
    files.iter().for_each(|file| space.write(file, OWN));
    space
}

fn assert_kept(space: &Space, files: &[&str]) {
    for file in files {
        assert_eq!(space.read(file), OWN, "{file}");
    }
}

#[test]
fn a_file_with_the_name_of_a_log_next_to_a_path_is_not_a_log() {
    let configuration = "[buildout]\nparts = data app\n[data]\nrecipe = mkdir\npath = data\n\
                         [app]\nrecipe = command\nlocation = var/app\ncommand = mkdir var/app\n";
    let files = ["data.log", "var/app.log"];
    let space = space(configuration, &files);
    space.succeeds(&["run"]);
    assert!(space.exists("data") && space.exists("var/app") && space.exists("parts/app.log"));
    space.succeeds(&["run", "buildout:parts="]);
    assert!(!space.exists("data") && !space.exists("var/app") && !space.exists("parts/app.log"));
    assert_kept(&space, &files);
}

#[test]
fn files_in_a_directory_of_parts_that_the_user_chose_stay() {
    let own = ["src/app/thesis", "src/dl/thesis", "src/c/thesis", "src/c.log"];
    let configuration = "[buildout]\nparts = app\nparts-directory = src\n\
                         [app]\nrecipe = cmmi\nurl = x.tar\nconfigure-command = true\nmake-binary = true\n\
                         [dl]\nrecipe = download:unpacked\nurl = x.tar\n\
                         [c]\nrecipe = command\nlocation = src/c\ncommand = echo x > src/c/x\nstop-on-error = true\n";
    let space = space(configuration, &own);
    let (_, code) = space.shell("mkdir -p x/y && echo a > x/y/a && tar cf x.tar x");
    assert_eq!(code, 0);
    for part in ["app", "dl", "c"] {
        let printed = space.fails(&["run", &format!("buildout:parts={part}")]);
        assert!(printed.contains(&format!("src/{part} existed before this part")), "{printed}");
        assert_kept(&space, &own);
    }
    // Once they are moved away, everything is made, made again after a lost state, and removed.
    space.shell("mv src mine");
    let all = ["run", "buildout:parts=app dl c"];
    space.write("buildout.cfg", &configuration.replace("echo x > src/c/x", "mkdir -p src/c"));
    space.succeeds(&all);
    assert!(space.exists("src/dl") && space.exists("src/c"));
    space.succeeds(&["run", "buildout:parts="]);
    assert!(!space.exists("src/app") && !space.exists("src/dl") && !space.exists("src/c"));
}

#[test]
fn what_the_user_makes_after_a_kill_stays() {
    let configuration = "[buildout]\nparts = c m\n[c]\nrecipe = command\nlocation = data\n\
                         command = mkdir data; echo waiting; exec sleep 600\n\
                         [m]\nrecipe = mkdir\npath = photos\n";
    let space = space(configuration, &[]);
    let mut run = space.start(&["run"]);
    run.until("\nwaiting");
    run.signal(Signal::KILL);
    run.end();
    let _ = std::fs::remove_dir_all(space.path("data"));
    let own = ["data/thesis", "photos/thesis"];
    own.iter().for_each(|file| space.write(file, OWN));
    space.write("buildout.cfg", &configuration.replace("mkdir data; echo waiting; exec sleep 600", "true"));
    space.succeeds(&["run"]);
    assert!(!space.read(".installed.cfg").contains("photos\n__"), "{}", space.read(".installed.cfg"));
    space.succeeds(&["run", "buildout:parts="]);
    assert_kept(&space, &own);
    assert!(!space.exists(".installed.cfg.unfinished"));
}

#[test]
fn what_the_user_makes_while_a_command_runs_stays() {
    let configuration = "[buildout]\nparts = c\n[c]\nrecipe = command\nlocation = data\n\
                         command = echo waiting; while ! grep -q go gate; do sleep 0.05; done\n";
    let space = space(configuration, &["gate"]);
    let mut run = space.start(&["run"]);
    run.until("\nwaiting");
    space.write("data/thesis", OWN);
    space.write("gate", "go");
    run.end();
    space.succeeds(&["run", "buildout:parts="]);
    assert_kept(&space, &["data/thesis"]);
}

#[test]
fn directories_that_only_look_like_staging_stay() {
    let own = [".buildout-staging-mine/thesis", "parts/.buildout-staging-notes/thesis"];
    let configuration = "[buildout]\nparts = c\n[c]\nrecipe = command\nlocation = ${buildout:parts-directory}/c/x\n\
                         command = mkdir -p parts/c/x\n";
    let space = space(configuration, &own);
    space.succeeds(&["run"]);
    space.succeeds(&["run", "c:changed=1"]);
    assert_kept(&space, &own);
}

#[test]
fn two_buildouts_make_parts_in_one_directory() {
    let space = Space::new();
    space.write("shared/keep", OWN);
    let mut runs: Vec<_> = ["one", "two"]
        .iter()
        .map(|name| {
            let place = format!("/tmp/sample-buildout/shared/{name}");
            let text = format!(
                "[buildout]\nparts = c\n[c]\nrecipe = command\nstop-on-error = true\nlocation = {place}\n\
                 command = mkdir {place}; touch {place}/x; echo waiting; \
                 while ! test -e /tmp/sample-buildout/{name}/ready; do sleep 0.05; done\n"
            );
            space.write(&format!("{name}/buildout.cfg"), &text);
            space.start(&["run", "-c", &format!("{name}/buildout.cfg")])
        })
        .collect();
    runs.iter_mut().for_each(|run| run.until("\nwaiting"));
    ["one", "two"].iter().for_each(|name| space.write(&format!("{name}/ready"), ""));
    for run in runs {
        let ended = run.end();
        assert_eq!(ended.code, Some(0), "{}", ended.printed());
    }
    assert!(space.exists("shared/one/x") && space.exists("shared/two/x"));
}

#[test]
fn a_download_replaces_no_file_that_the_part_did_not_make() {
    let configuration = "[buildout]\nparts = c\n[c]\nrecipe = download\nurl = source\ndestination = target\n";
    let space = space(configuration, &["target"]);
    space.write("source", "new");
    let printed = space.fails(&["run"]);
    assert!(printed.contains("it exists, and this part did not make it"), "{printed}");
    assert_kept(&space, &["target"]);
    space.shell("mv target mine");
    space.succeeds(&["run"]);
    space.write("source", "newer");
    space.succeeds(&["run", "c:changed=1"]);
    assert_eq!(space.read("target"), "newer");
}

/// Directories of the buildout are open to recipes.
#[test]
fn the_home_directory_is_not_a_directory_of_the_buildout() {
    let space = space("", &[]);
    let (home, _) = space.shell("printf %s \"$HOME\"");
    let home = home.trim().to_owned();
    for option in ["parts-directory", "eggs-directory", "bin-directory", "develop-eggs-directory"] {
        for directory in [home.clone(), format!("{home}/.ssh"), "/".to_owned()] {
            space.write("buildout.cfg", &format!("[buildout]\nparts =\n{option} = {directory}\n"));
            let printed = space.fails(&["run"]);
            assert!(printed.contains("recipes could use what is in your home directory"), "{printed}");
        }
    }
}

/// What a recipe announces without being able to start commands is announced when it is made.
#[test]
fn what_the_user_makes_while_a_download_is_killed_stays() {
    let configuration = "[buildout]\nparts = c\n[c]\nrecipe = download\nurl = source\ndestination = target\n";
    let space = space(configuration, &[]);
    space.write("source", "new");
    let line = format!("{{\"part\":\"c\",\"path\":\"{}\",\"run\":1,\"at\":1}}\n", space.path("target").display());
    std::fs::write(space.path(".installed.cfg.unfinished"), line).unwrap();
    space.write("target", OWN);
    let printed = space.fails(&["run"]);
    assert!(printed.contains("this part did not make it"), "{printed}");
    assert_kept(&space, &["target"]);
}

/// A state can come with a buildout from somebody else.
#[test]
fn a_state_from_elsewhere_removes_nothing_outside_the_buildout() {
    let space = Space::new();
    space.write("letters/letter", OWN);
    let letters = "/tmp/sample-buildout/letters";
    let state = format!(
        "[buildout]\nparts = x\noutside-paths = {{\"{letters}\":[1,0]}}\n\n[x]\n__buildout_installed__ = {letters}\n\
         __buildout_signature__ =\nrecipe = command\nlocation = {letters}\ncommand = true\n"
    );
    for state in [state.as_str(), &state.replace("[1,0]", "[]")] {
        space.write("clone/.installed.cfg", state);
        space.write("clone/buildout.cfg", "[buildout]\nparts =\n");
        let printed = space.succeeds(&["run", "-c", "clone/buildout.cfg"]);
        assert!(printed.contains("is kept: it is outside the buildout directory"), "{printed}");
        assert_kept(&space, &["letters/letter"]);
    }
}

#[test]
fn what_this_host_recorded_outside_the_buildout_is_removed() {
    let space = Space::new();
    let made = "/tmp/sample-buildout/outside/made";
    space.write("outside/thesis", OWN);
    let part = format!("[x]\nrecipe = mkdir\npath = {made}\n");
    space.write("b/buildout.cfg", &format!("[buildout]\nparts = x\n{part}"));
    let grant = "[recipe.mkdir]\nbuiltin = \"mkdir\"\ngrant = { write = [\"/tmp/sample-buildout/outside\"] }\n";
    space.write("b/recipes.toml", grant);
    space.succeeds(&["run", "-c", "b/buildout.cfg"]);
    assert!(space.exists("outside/made") && space.read("b/.installed.cfg").contains("outside-paths"));
    space.succeeds(&["run", "-c", "b/buildout.cfg", "buildout:parts="]);
    assert!(!space.exists("outside/made"));
    assert_kept(&space, &["outside/thesis"]);
}

/// One recipe's options do not widen the grant of another.
#[test]
fn a_recipe_cannot_set_the_option_of_another_ones_grant() {
    let guest = component("guest_hostile");
    let configuration = "[buildout]\nparts = a b\n[a]\nrecipe = hostile\ninit = set\nname = path\nvalue = /\npath = var\n\
                         [b]\nrecipe = other\n";
    let space = space(configuration, &["var/x"]);
    let entry = |name: &str, grant: &str| format!("[recipe.{name}]\npath = {guest:?}\n{grant}\n");
    let grant = "grant = { write = [\"${a:path}\"] }";
    space.write("recipes.toml", &(entry("hostile", "") + &entry("other", grant)));
    let printed = space.fails(&["run"]);
    assert!(printed.contains("Error:") && printed.contains("path"), "{printed}");
}

/// A directory whose name has whitespace gives no access to its neighbors.
#[test]
fn the_name_of_the_buildout_directory_is_one_path() {
    for name in ["a\nb", "two words"] {
        let space = Space::new();
        space.write("a/thesis", OWN);
        let at = |file: &str| format!("{name}/{file}");
        let command = "mkdir -p ${:location}; touch ../a/evil 2>/dev/null; true";
        let text = format!(
            "[buildout]\nparts = c\n[c]\nrecipe = command\nlocation = ${{buildout:parts-directory}}/c\ncommand = {command}\n"
        );
        space.write(&at("buildout.cfg"), &text.replace("mkdir -p ${:location}", "mkdir -p parts/c"));
        space.host(&["run", "-c", &at("buildout.cfg")]);
        space.host(&["run", "-c", &at("buildout.cfg"), "buildout:parts="]);
        assert_kept(&space, &["a/thesis"]);
        assert!(!space.exists("a/evil") && !space.exists(&at("b")), "{name:?}");
    }
}

/// What a command made without write permission is moved to its place, and removed, also for an ordinary user.
#[test]
fn a_location_without_write_permission_is_made_again() {
    let configuration = "[buildout]\nparts = c u\n[c]\nrecipe = command\nlocation = ${buildout:parts-directory}/c\n\
                         command = mkdir -p parts/c/d && touch parts/c/d/f && chmod -R a-w parts/c\nstop-on-error = true\n\
                         [u]\nrecipe = download:unpacked\nurl = x.tar\n";
    let space = space(configuration, &[]);
    space.shell("mkdir -p x/d && touch x/d/f && chmod a-w x/d && tar cf x.tar x && chmod u+w x/d");
    std::fs::set_permissions(space.path(""), std::fs::Permissions::from_mode(0o777)).unwrap();
    let run = format!("{} run", quoted(&test_support::host().display().to_string()));
    let as_user = |line: &str| match rustix::process::getuid().is_root() {
        true => {
            let line = quoted(line);
            format!("setpriv --reuid=65534 --regid=65534 --clear-groups env HOME=/nonexistent sh -c {line}")
        }
        false => line.to_owned(),
    };
    for line in [
        run.clone(),
        format!("{run} c:x=1 u:x=1"),
        format!("rm -f .installed.cfg; {run}"),
        format!("{run} buildout:parts="),
    ] {
        let (printed, code) = space.shell(&as_user(&line));
        assert_eq!(code, 0, "{line}: {printed}");
    }
    assert!(!space.exists("parts/c") && !space.exists("parts/u"));
    assert!(!space.exists(".installed.cfg.unfinished"));
}
