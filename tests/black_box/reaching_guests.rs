//! What recipes reach through the host's interfaces, in the real host: sections, files, links, temporary directories, archives,
//! commands, the machine (`docs/testing.md`, bad input 22, 23, 24, 34, 35, 37).

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Command;

use test_support::http::{ScriptedAnswer, Server};
use test_support::{Space, component};

/// A buildout with the part `tool`, made by the guest of `tests/guests/reaching`.
struct ReachingBuildout {
    space: Space,
    configuration: String,
    grant: String,
}

impl ReachingBuildout {
    fn new(grant: &str) -> Self {
        let configuration = "[buildout]\nparts = tool\n\n[other]\ntext = ${:word}s\nword = thing\n".to_owned();
        Self { space: Space::new(), configuration, grant: grant.to_owned() }
    }

    fn at(&self, path: &str) -> String {
        self.space.path(path).display().to_string()
    }

    /// Runs the lines in this phase, and returns the outcome of each.
    fn outcomes(&self, phase: &str, lines: &[&str]) -> Vec<String> {
        let (code, printed) = self.run(phase, lines, "");
        assert_eq!(code, Some(0), "{printed}");
        let outcome = |line: &&str| {
            let start = format!("tool: {line}: ");
            let found = printed.lines().find_map(|printed| printed.strip_prefix(&start));
            found.unwrap_or_else(|| panic!("no outcome of {line:?} in:\n{printed}")).to_owned()
        };
        lines.iter().map(outcome).collect()
    }

    fn run(&self, phase: &str, lines: &[&str], more: &str) -> (Option<i32>, String) {
        let lines: String = lines.iter().map(|line| format!("  {}\n", line.replace("${", "$${"))).collect();
        // Not by `Space::write`, which replaces `/tmp` in the text.
        let write = |name: &str, text: String| std::fs::write(self.space.path(name), text).unwrap();
        let section = format!("[tool]\nrecipe = reaching\n{phase} =\n{lines}{more}\n");
        write("buildout.cfg", format!("{}\n{section}", self.configuration));
        let component = component("guest_reaching");
        let recipes = format!("[recipe.reaching]\npath = {component:?}\ngrant = {{ {} }}\n", self.grant);
        write("recipes.toml", recipes);
        let output = self.space.host(&["run"]);
        (output.status.code(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
    }

    /// Runs the lines in `install`, and compares the outcome of each.
    fn check(&self, expected: &[(&str, &str)]) {
        self.check_in("install", expected);
    }

    fn check_in(&self, phase: &str, expected: &[(&str, &str)]) {
        let lines: Vec<&str> = expected.iter().map(|(line, _)| *line).collect();
        let outcomes = self.outcomes(phase, &lines);
        for ((line, expected), outcome) in expected.iter().zip(outcomes) {
            let is_it = match expected.strip_suffix('…') {
                Some(start) => outcome.starts_with(start),
                None => outcome == *expected,
            };
            assert!(is_it, "{line}: {outcome:?} is not {expected:?}");
        }
    }
}

const REFUSED: &str = "error: option other:word cannot be changed…";

#[test]
fn sections_are_read_in_every_call_and_changed_in_init_alone() {
    let reach = ReachingBuildout::new("");
    reach.check_in(
        "init",
        &[
            ("section get other text", "Some(\"things\")"),
            ("section raw other text", "Some(\"${:word}s\")"),
            ("section get other missing", "None"),
            ("section set other word x", REFUSED),
            ("section remove other word", REFUSED),
            ("section add other word x", "error: section \"other\" exists"),
            ("section add new word ${other:text}", "done"),
            ("section set new word ${other:word}!", "done"),
            ("section get new word", "Some(\"thing!\")"),
            ("section add part recipe mkdir", "error: section \"part\" cannot be changed: A recipe can add only…"),
            ("section add buildout parts x", "error: section \"buildout\" does not…"),
            ("section add a]b x y", "error: section \"a]b\" does not…"),
            ("section set buildout parts x", "error: option buildout:parts cannot be changed…"),
            ("section own __buildout_installed__ x", "error: option…"),
            ("section own recipe mkdir", "error: option…"),
        ],
    );
    reach.check(&[
        ("section get other text", "Some(\"things\")"),
        ("section require other word", "thing"),
        ("section keys other", "text word"),
        ("section initialize other", "done"),
        ("section initialize nowhere", "error: …"),
        ("section set other word x", "error: option other:word cannot be changed in this call"),
        ("section add late x y", "error: section \"late\" cannot be changed in this call"),
        ("section own late 1", "done"),
        ("section get tool late", "Some(\"1\")"),
        ("section disown late", "done"),
    ]);
    reach.check(&[("section own late 1", "done"), ("section disown late", "done"), ("section get tool late", "None")]);
}

#[test]
fn reading_in_install_initializes_nothing_and_what_is_set_there_is_not_recorded() {
    let mut reach = ReachingBuildout::new("");
    reach.configuration +=
        "\n[unused]\nrecipe = reaching\ninit =\n  say x initialized\npath = ${buildout:directory}/x\n";
    let (code, printed) = reach.run("install", &["section get unused path", "section own late 1"], "");
    assert_eq!(code, Some(0), "{printed}");
    assert!(printed.contains(&format!("Some({:?})", reach.at("x"))), "{printed}");
    assert!(!printed.contains("initialized"), "{printed}");
    let state = reach.space.read(".installed.cfg");
    assert!(!state.contains("[unused]") && !state.contains("late ="), "{state}");
}

#[test]
fn a_part_that_a_recipe_adds_is_made() {
    let reach = ReachingBuildout::new("");
    let lines = ["section add extra recipe reaching:other", "section initialize extra"];
    let (code, printed) = reach.run("init", &lines, "");
    assert_eq!(code, Some(0), "{printed}");
    assert!(printed.contains("Installing extra"), "{printed}");
}

#[test]
fn sections_are_read_when_a_part_is_uninstalled() {
    let reach = ReachingBuildout::new("");
    let (code, printed) = reach.run("uninstall", &["section get other text", "section own x y"], "");
    assert_eq!(code, Some(0), "{printed}");
    reach.space.write("buildout.cfg", "[buildout]\nparts =\n\n[other]\ntext = new\n");
    let output = reach.space.host(&["run"]);
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(printed.contains("section get other text: Some(\"new\")"), "{printed}");
}

#[test]
fn files_have_modes_and_owners_where_a_recipe_may_look() {
    let reach = ReachingBuildout::new("");
    reach.space.write("file", "text");
    std::fs::set_permissions(reach.space.path("file"), std::fs::Permissions::from_mode(0o751)).unwrap();
    symlink("file", reach.space.path("link")).unwrap();
    symlink("/etc/passwd", reach.space.path("passwd")).unwrap();
    let above = reach.space.path("").parent().unwrap().display().to_string();
    let location = reach.at("parts/tool");
    reach.check(&[
        ("file look file", "Kind::File 751 4"),
        ("file look link", "Kind::File 751 4"),
        ("file look link link", "Kind::Link 777 4"),
        ("file look missing", "error: missing does not exist"),
        ("file look passwd", "error: passwd is outside…"),
        ("file look /etc/passwd", "error: /etc/passwd is outside…"),
        ("file look /etc", "error: /etc is outside…"),
        ("file look ../../../../etc/passwd", "error: …"),
        (&format!("file look {above}"), "Kind::Directory …"),
        (&format!("file is-directory {above}"), "true"),
        (&format!("file list {above}"), "error: listing…"),
        ("file access file", "rx"),
        ("file access passwd", ""),
        ("file access /etc/passwd", ""),
        ("file access missing", ""),
        (&format!("file make {location}"), "done"),
        (&format!("file access {location}"), "rwx"),
        (&format!("file mode {location}"), "done"),
        ("file mode file", "error: file is outside…"),
    ]);
}

#[test]
fn links_lead_only_where_the_recipe_may_read() {
    let reach = ReachingBuildout::new("");
    reach.space.write("data/file", "text");
    let (location, secret) = (reach.at("parts/tool"), tempfile::tempdir().unwrap());
    std::fs::write(secret.path().join("key"), "secret").unwrap();
    let (data, key) = (reach.at("data"), secret.path().join("key").display().to_string());
    reach.check(&[
        (&format!("file make {location}"), "done"),
        (&format!("file link {data} {location}/data"), "done"),
        (&format!("file target {location}/data"), &data),
        (&format!("file read {location}/data/file"), "text"),
        (&format!("file list {location}/data"), "file"),
        (&format!("file link {key} {location}/key"), "done"),
        (&format!("file target {location}/key"), &key),
        (&format!("file read {location}/key"), "error: reading: …"),
        (&format!("file look {location}/key"), "error: …"),
        (&format!("file access {location}/key"), ""),
        // What the link leads to is not writable, so nothing is written through it.
        (&format!("file write {location}/data/file changed"), "error: writing: …"),
        (&format!("file link x {location}/data"), &format!("error: {location}/data exists")),
        (&format!("file link x {data}/new"), &format!("error: {data}/new is outside…")),
        (&format!("file link x {location}"), &format!("error: {location} exists")),
        (&format!("file unpack {key} {location}/new"), "error: cannot read…"),
        (&format!("file decompress {key} {location}/new"), "error: cannot read…"),
    ]);
    assert_eq!(reach.space.read("data/file"), "text");
}

#[test]
fn a_temporary_directory_is_the_parts_own_and_is_removed() {
    let mut reach = ReachingBuildout::new("run = [\"*\"]");
    let temporary = tempfile::tempdir().unwrap();
    reach.configuration += "\n[friend]\nrecipe = reaching:other\ninstall =\n  file temporary\n";
    reach.configuration = reach.configuration.replace("parts = tool", "parts = friend tool");
    let lines = [
        "file temporary",
        "file write @/mine text",
        "sh cat $TMPDIR/mine; echo back > $TMPDIR/back",
        "file read @/back",
        "sh-from @/mine",
        "sh-to @/out one",
        "sh-onto @/out two",
        "file read @/out",
        "variable TMPDIR",
        "file list @/..",
    ];
    let text: String = lines.iter().map(|line| format!("  {}\n", line.replace("${", "$${"))).collect();
    reach
        .space
        .write("buildout.cfg", &format!("{}\n[tool]\nrecipe = reaching\ninstall =\n{text}", reach.configuration));
    let recipe = component("guest_reaching");
    reach.space.write("recipes.toml", &format!("[recipe.reaching]\npath = {recipe:?}\ngrant = {{ run = [\"*\"] }}\n"));
    let output = reach.space.command(test_support::host()).arg("run").env("TMPDIR", temporary.path()).output().unwrap();
    let printed = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{printed}");
    let of = |line: &str, part: &str| {
        let start = format!("{part}: {line}: ");
        let found = printed.lines().find_map(|printed| printed.strip_prefix(&start)).map(str::to_owned);
        found.unwrap_or_else(|| panic!("no {line:?} of {part} in:\n{printed}"))
    };
    let own = of("file temporary", "tool");
    assert!(Path::new(&own).starts_with(temporary.path()), "{own}");
    assert_ne!(own, of("file temporary", "friend"));
    assert_eq!(of("sh cat $TMPDIR/mine; echo back > $TMPDIR/back", "tool"), "text");
    assert_eq!(of("sh-from @/mine", "tool"), "text");
    assert!(printed.contains("file read @/out: one\ntwo"), "{printed}");
    assert_eq!(of("variable TMPDIR", "tool"), own);
    assert!(of("file list @/..", "tool").starts_with("error: listing"), "{printed}");
    assert_eq!(std::fs::read_dir(temporary.path()).unwrap().count(), 0, "nothing is left");
}

#[test]
fn archives_are_unpacked_whole_where_the_recipe_may_write() {
    let reach = ReachingBuildout::new("");
    reach.space.write("source/a/file", "text");
    reach.space.write("evil/inner", "x");
    let tar = |arguments: &[&str]| {
        let status = Command::new("tar").args(arguments).current_dir(reach.space.path("")).status();
        assert!(status.unwrap().success());
    };
    tar(&["-czf", "a.tgz", "-C", "source", "a"]);
    tar(&["-cf", "evil.tar", "--transform", "s,evil/inner,../escaped,", "-P", "evil/inner"]);
    let gzip =
        Command::new("sh").args(["-c", "echo plain | gzip > plain.gz"]).current_dir(reach.space.path("")).status();
    assert!(gzip.unwrap().success());
    let location = reach.at("parts/tool");
    reach.check(&[
        (&format!("file unpack a.tgz {location}"), "a"),
        (&format!("file read {location}/file"), "text"),
        ("file unpack a.tgz parts/tool", "error: …"),
        (&format!("file unpack evil.tar {location}/evil"), "error: …"),
        (&format!("file access {location}/evil"), ""),
        (&format!("file unpack buildout.cfg {location}/x"), "error: Cannot unpack…"),
        ("file unpack a.tgz elsewhere", "error: cannot write elsewhere…"),
        ("file unpack missing.tgz parts/tool/x", "error: cannot read missing.tgz…"),
        (&format!("file decompress plain.gz {location}/plain"), "6"),
        (&format!("file decompress buildout.cfg {location}/x"), "error: …"),
        (&format!("file access {location}/x"), ""),
    ]);
    assert!(!reach.space.exists("parts/escaped") && !reach.space.exists("elsewhere"));
    assert_eq!(reach.space.read("parts/tool/plain"), "plain\n");
}

#[test]
fn commands_have_the_streams_and_the_environment_that_are_requested() {
    let reach = ReachingBuildout::new("run = [\"*\"]");
    let program = reach.at("text");
    reach.space.write("text", "not a program");
    reach.check(&[
        ("sh-merged echo one; echo two >&2; echo three", "one|two|three"),
        ("sh-errors echo one; echo two >&2", "two"),
        ("sh-alone", "ONLY=this…"),
        (&format!("start {program}"), "error: Cannot start…"),
        ("start /no/such/program", "error: Cannot start…"),
        ("sh-from /etc/shadow", "error: /etc/shadow may not be used…"),
        ("sh-to /tmp/out x", "error: /tmp/out may not be used…"),
        ("sh-to buildout.cfg x", "error: buildout.cfg cannot be used…"),
    ]);
    assert!(reach.outcomes("install", &["find sh"])[0].ends_with("/sh"));
    reach.check(&[
        ("find no-such-program", "nothing"),
        ("find ../bin/sh /bin", "nothing"),
        ("find id /root", "nothing"),
    ]);
}

#[test]
fn commands_in_init_write_only_to_the_temporary_directory() {
    let reach = ReachingBuildout::new("run = [\"*\"]");
    let location = reach.at("parts/tool");
    std::fs::create_dir_all(&location).unwrap();
    reach.check_in(
        "init",
        &[
            ("file temporary", "/…"),
            ("sh echo kept > $TMPDIR/kept; cat $TMPDIR/kept", "kept"),
            (&format!("sh echo x > {location}/x; ls {location} | wc -l"), "0"),
        ],
    );
    assert!(!Path::new(&location).join("x").exists() && !reach.space.exists("parts/tool.log"));
}

#[test]
fn the_machine_and_the_account_are_those_of_commands() {
    let reach = ReachingBuildout::new("run = [\"*\"]");
    let lines = [
        "machine",
        "account",
        "sh uname -s; uname -n; uname -m",
        "sh id -u; id -un; id -g",
        "sh umask",
        "python",
        "tags",
    ];
    let outcomes = reach.outcomes("install", &lines);
    assert_eq!(outcomes[0], outcomes[2].replace('|', " "));
    let ids = outcomes[3].replace('|', " ");
    assert_eq!(outcomes[1], format!("{ids} {}", outcomes[4]));
    assert!(outcomes[5].contains("python") && outcomes[5].contains(" 3."), "{}", outcomes[5]);
    assert_eq!(outcomes[6], "py30-none-any");
}

#[test]
fn messages_have_the_name_of_their_logger() {
    let reach = ReachingBuildout::new("");
    let (code, printed) = reach.run("install", &["say acme.recipe hello", "say zc.buildout it is", "threshold"], "");
    assert_eq!(code, Some(0), "{printed}");
    for line in ["acme.recipe: hello", "buildout: it is", "tool: threshold: 20"] {
        assert!(printed.lines().any(|printed| printed == line), "no {line:?} in:\n{printed}");
    }
}

#[test]
fn a_failure_has_the_hints_of_the_recipe() {
    let reach = ReachingBuildout::new("");
    let (code, printed) = reach.run("install", &[], "fail = It is wrong\n");
    assert_eq!(code, Some(1), "{printed}");
    assert!(printed.contains("Hint: Do the opposite.") && printed.contains("Error: It is wrong"), "{printed}");
}

#[test]
fn a_download_has_headers_and_a_status() {
    let server = Server::start(|request| match request.path.as_str() {
        "/file" => ScriptedAnswer::ok(request.header("x-test").unwrap_or_default()),
        _ => ScriptedAnswer::status("404 Not Found"),
    });
    let reach = ReachingBuildout::new("fetch = [\"*\"]");
    let url = server.url("/file");
    let missing = server.url("/missing");
    let outcomes = reach.outcomes("install", &[&format!("fetch {url} X-Test header"), &format!("fetch {missing}")]);
    assert!(outcomes[0].starts_with(&format!("ead {url}")), "{}", outcomes[0]);
    assert!(outcomes[1].contains("404"), "{}", outcomes[1]);
}
