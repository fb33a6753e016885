//! Recipes that start commands and fetch files, in the real host: what is granted works; what is not is refused with the
//! line that would grant it (`docs/testing.md`, bad input 21, 24, 32, 41).

use std::path::Path;

use test_support::{Space, component, repository};

/// A buildout with one part `tool`, made by the guest of `tests/guests/native`.
fn space(options: &str, grant: &str) -> Space {
    space_with(&component("guest_native"), options, grant)
}

fn space_with(component: &Path, options: &str, grant: &str) -> Space {
    let space = Space::new();
    space.write("buildout.cfg", &format!("[buildout]\nparts = tool\n\n[tool]\nrecipe = native\n{options}\n"));
    space.write("recipes.toml", &format!("[recipe.native]\npath = {component:?}\ngrant = {{ {grant} }}\n"));
    space
}

fn run(space: &Space) -> (Option<i32>, String) {
    let output = space.host(&["run"]);
    (output.status.code(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}

fn works(options: &str, grant: &str, expected: &[&str]) -> Space {
    let space = space(options, grant);
    let (code, printed) = run(&space);
    assert_eq!(code, Some(0), "{printed}");
    for text in expected {
        assert!(printed.contains(text), "no {text:?} in:\n{printed}");
    }
    space
}

fn fails(options: &str, grant: &str, expected: &[&str]) -> Space {
    let space = space(options, grant);
    let (code, printed) = run(&space);
    assert_eq!(code, Some(1), "{printed}");
    for text in expected {
        assert!(printed.contains(text), "no {text:?} in:\n{printed}");
    }
    let is_recorded = space.exists(".installed.cfg") && space.read(".installed.cfg").contains("[tool]");
    assert!(!is_recorded, "the part is recorded:\n{printed}");
    space
}

/// The same guest, built for the older world.
#[test]
fn a_component_of_world_0_1_runs_commands_and_downloads() {
    let old = repository().join("tests/components/native-first-world.wasm");
    let t = |options: &str, grant: &str, status: i32, expected: &[&str]| {
        let space = space_with(&old, options, grant);
        space.write("file.txt", "content");
        let (code, printed) = run(&space);
        assert_eq!(code, Some(status), "{printed}");
        for text in expected {
            assert!(printed.contains(text), "no {text:?} in:\n{printed}");
        }
        space
    };
    let space = t(&format!("{SHELL}  echo made > made; echo hello"), r#"run = ["sh"]"#, 0, &[r#"printed "hello\n""#]);
    assert_eq!(space.read("parts/tool/made"), "made\n");
    t("programs = git\nprogram = git\n", "", 1, &["\"git\" may not be run", r#"run = ["git"]"#]);
    t(&format!("{SHELL}  exit 3"), r#"run = ["sh"]"#, 1, &["exited with status 3"]);
    let fetch = "fetch = file.txt\naddresses = *\ncopy = ${buildout:parts-directory}/tool/copy\n";
    let space = t(fetch, r#"fetch = ["*"]"#, 0, &["fetched 7 bytes"]);
    assert_eq!(space.read("parts/tool/copy"), "content");
    t(&format!("{fetch}sha256 = {}\n", "0".repeat(64)), r#"fetch = ["*"]"#, 1, &["expected", "found"]);
    t("early = true\n", r#"run = ["*"]"#, 1, &["only while a part is installed"]);
}

const SHELL: &str = "programs = sh\nprogram = sh\narguments =\n  -c\n";

#[test]
fn a_granted_command_runs_and_its_output_is_given_back() {
    let space = works(&format!("{SHELL}  echo made > made; echo hello"), r#"run = ["sh"]"#, &[r#"printed "hello\n""#]);
    assert_eq!(space.read("parts/tool/made"), "made\n");
}

#[test]
fn a_program_that_is_not_granted_is_refused_with_the_line_that_would_grant_it() {
    let options = "programs = git\nprogram = git\n";
    fails(options, r#"run = ["make"]"#, &["\"git\" may not be run", r#"run = ["git"]"#, "recipes.toml"]);
    // What the runner was asked for is all that it runs.
    fails("programs = true\nprogram = sh\n", r#"run = ["true", "sh"]"#, &["not one of the programs"]);
    // Nor can a recipe without any grant have a runner.
    fails("programs = *\nprogram = true\n", "", &[r#"run = ["*"]"#]);
}

#[test]
fn a_nul_and_relative_paths_are_refused() {
    fails("programs = *\nprogram = true\narguments = aNULb\n", r#"run = ["*"]"#, &["NUL"]);
    fails("programs = *\nprogram = ./true\n", r#"run = ["*"]"#, &["neither a name nor an absolute path"]);
    fails("programs = *\nprogram = true\ndirectory = here\n", r#"run = ["*"]"#, &["is not absolute"]);
}

#[test]
fn a_program_that_is_not_there_is_named() {
    fails("programs = *\nprogram = no-such-program\n", r#"run = ["*"]"#, &["no-such-program"]);
}

#[test]
fn a_command_that_outlasts_the_call_is_ended_with_it() {
    let options = format!("{SHELL}  sleep 3600 & echo $! > pid; wait");
    let space = fails(&options, r#"run = ["sh"], timeout = "1s""#, &["took longer than 1 s", "process.run \"sh\""]);
    assert!(space.exists("parts/tool/pid"), "it had begun");
}

#[test]
fn a_command_writes_only_what_its_part_may_write() {
    let outside = format!("{SHELL}  echo intruder > ../../intruder");
    let space = fails(&outside, r#"run = ["sh"]"#, &["Read-only file system"]);
    assert!(!space.exists("intruder"));
    // The state and recipes.toml stay out of reach even where their directory is granted: the grant is refused.
    fails(&outside, r#"run = ["sh"], write = ["${buildout:directory}"]"#, &["is refused: it contains"]);
}

#[test]
fn an_output_that_was_swapped_is_not_followed_and_blocks_no_call() {
    let output = "${buildout:parts-directory}/tool/out";
    let made = |how: &str| format!("{SHELL}  {how}\nread = {output}\n");
    works(&made("echo fine > out"), r#"run = ["sh"]"#, &[r#"read "fine\n""#]);
    let outside = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(&outside, "secret").expect("the file");
    let link = format!("ln -s {} out", outside.path().display());
    let space = fails(&made(&link), r#"run = ["sh"]"#, &["reading "]);
    assert!(!run(&space).1.contains("secret"));
    fails(&made("mkfifo out"), r#"run = ["sh"]"#, &["reading "]);
    let socket = "python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"out\")'";
    fails(&made(socket), r#"run = ["sh"]"#, &["reading "]);
}

#[test]
fn a_failing_command_is_reported_with_its_last_lines_and_the_place_of_its_log() {
    let options = format!("{SHELL}  for i in $(seq 60); do echo line $i >&2; done; exit 3");
    let space = fails(&options, r#"run = ["sh"]"#, &["exited with status 3", "line 60", "line 11", "tool.log"]);
    let (_, printed) = run(&space);
    assert!(!printed.contains("line 10\n"), "more than fifty lines:\n{printed}");
    let log = space.read("parts/tool.log");
    assert!(log.contains("line 1\n") && log.contains("line 60\n"), "{log}");
}

#[test]
fn a_file_is_fetched_copied_and_unpacked_where_the_part_may_write() {
    let options = "fetch = source.tar\naddresses = file:///\nunpack = ${buildout:parts-directory}/tool/source\n";
    let space = space(options, r#"fetch = ["file:///"]"#);
    let (_, code) = space.shell("mkdir d && echo text > d/file && tar cf source.tar d");
    assert_eq!(code, 0);
    let (code, printed) = run(&space);
    assert_eq!(code, Some(0), "{printed}");
    assert_eq!(space.read("parts/tool/source/d/file"), "text\n");

    let outside = "fetch = buildout.cfg\naddresses = file:///\ncopy = ${buildout:directory}/intruder\n";
    let space = fails(outside, r#"fetch = ["file:///"]"#, &["the part may not write there"]);
    assert!(!space.exists("intruder"));
}

#[test]
fn a_link_that_a_recipe_made_leads_no_file_of_the_host_elsewhere() {
    for goal in ["copy", "unpack"] {
        let options = format!(
            "link = ../../..\nfetch = buildout.cfg\naddresses = file:///\n{goal} = ${{buildout:parts-directory}}/tool/link/intruder\n"
        );
        let space = fails(&options, r#"fetch = ["file:///"]"#, &[]);
        assert!(!space.root().join("intruder").exists() && !space.exists("intruder"), "{goal}");
    }
}

#[test]
fn an_address_that_is_not_granted_is_refused_with_the_line_that_would_grant_it() {
    let options = "fetch = https://example.com/x\naddresses = https://example.com/\n";
    fails(
        options,
        r#"fetch = ["https://example.com/pub/"]"#,
        &["may not be downloaded", "fetch = [\"https://example.com/\"]"],
    );
    let options = "fetch = /etc/passwd\naddresses = https://example.com/\n";
    fails(options, r#"fetch = ["https://example.com/"]"#, &["/etc/passwd"]);
}

/// `*` stands for servers. Of local files, a recipe gets those that it may read.
#[test]
fn a_grant_for_all_servers_opens_no_local_file() {
    let any = r#"fetch = ["*"]"#;
    let fetch = |url: &str| format!("fetch = {url}\naddresses = *\ncopy = ${{buildout:parts-directory}}/tool/copy\n");
    let with_secret = |url: &str, grant: &str| {
        let space = space(&fetch(url), grant);
        space.write("../secret", "secret");
        space.write("file.txt", "content");
        std::os::unix::fs::symlink("../secret", space.buildout().join("link")).unwrap();
        space
    };
    for url in ["/tmp/secret", "file:///tmp/secret", "../secret", "link", "file:///tmp/sample-buildout/link"] {
        let space = with_secret(url, any);
        let (code, printed) = run(&space);
        assert_eq!(code, Some(1), "{url}: {printed}");
        assert!(printed.contains("may not") || printed.contains("not granted"), "{url}: {printed}");
        assert!(!space.exists("parts/tool/copy"), "{url}");
    }
    for (url, grant) in [
        ("file.txt", any),
        ("/tmp/secret", r#"fetch = ["*"], read = ["/tmp/secret"]"#),
        ("link", r#"fetch = ["*"], read = ["/tmp"]"#),
    ] {
        let space = with_secret(url, grant);
        let (code, printed) = run(&space);
        assert_eq!(code, Some(0), "{url}: {printed}");
        assert!(["content", "secret"].contains(&space.read("parts/tool/copy").as_str()), "{url}");
    }
    // A request for local files needs a prefix of them.
    fails("fetch = /etc/passwd\naddresses = file:///\n", any, &[r#"fetch = ["file:///"]"#]);
}

/// Following the hint gives a file that can be read, whatever grant there was.
#[test]
fn the_hint_has_the_whole_grant() {
    let space = space("programs = git\nprogram = git\n", r#"run = ["make"], read = ["/srv"]"#);
    let (_, printed) = run(&space);
    let whole = r#"grant = { read = ["/srv"], run = ["make", "git"] }"#;
    assert!(printed.contains(&format!("replace the grant in line 3 with: {whole}")), "{printed}");
    let text = space.read("recipes.toml");
    let lines: Vec<&str> = text.lines().map(|line| if line.starts_with("grant") { whole } else { line }).collect();
    space.write("recipes.toml", &lines.join("\n"));
    let (_, printed) = run(&space);
    assert!(!printed.contains("may not be run"), "{printed}");
}

#[test]
fn a_wrong_digest_is_reported_with_both() {
    let zeros = "0".repeat(64);
    let options = format!("fetch = buildout.cfg\naddresses = file:///\nsha256 = {zeros}\n");
    fails(&options, r#"fetch = ["file:///"]"#, &["expected", zeros.as_str(), "found"]);
}

#[test]
fn distributions_need_their_grant_and_the_rights_to_what_they_use() {
    let wanted = "distributions = six\n";
    fails(wanted, "", &["Python distributions may not be used", "distributions = true", "recipes.toml"]);
    let granted = "distributions = true";
    let elsewhere = format!("{wanted}destination = /srv/elsewhere\n");
    fails(&elsewhere, granted, &["/srv/elsewhere may not be used", r#"write = ["/srv/elsewhere"]"#]);
    let relative = format!("{wanted}destination = eggs\n");
    fails(&relative, granted, &["the path \"eggs\" is not absolute"]);
    let linked = format!("{wanted}link = ../../..\ndestination = ${{buildout:parts-directory}}/tool/link\n");
    fails(&linked, granted, &["cannot write to"]);
    let addressed = format!("{wanted}find-links = https://example.com/simple/\n");
    fails(&addressed, granted, &[r#"fetch = ["https://example.com/simple/"]"#]);
    let foreign = format!("{wanted}project = /srv/project\n");
    fails(&foreign, granted, &["/srv/project may not be used", r#"read = ["/srv/project"]"#]);
}

#[test]
fn scripts_are_written_to_their_directory_only() {
    let wanted = "distributions = six\nscripts = ${buildout:parts-directory}/tool\n";
    let granted = "distributions = true";
    for (option, name) in [("interpreter", "../../victim"), ("interpreter", "/tmp/victim"), ("interpreter", "..")] {
        let expected =
            ["`interpreter` has", &format!("{}\", which is not a valid file name", name.trim_start_matches("/tmp"))];
        let space = fails(&format!("{wanted}{option} = {name}\n"), granted, &expected);
        assert!(!space.exists("victim"));
    }
    let escapes = format!("{wanted}selected = ../../recipes.toml\n");
    let space = fails(&escapes, granted, &["`scripts` has \"../../recipes.toml\", which is not a valid file name"]);
    assert!(space.read("recipes.toml").contains("distributions = true"));
    let space = works(&format!("{wanted}interpreter = py\nselected = b\n"), granted, &["wrote ["]);
    assert!(space.exists("parts/tool/py") && space.exists("parts/tool/b"));
}

/// A project whose build backend is in it, and writes into the project.
fn project(space: &Space, directory: &str) {
    let files = [
        ("pyproject.toml", "[build-system]\nrequires = []\nbuild-backend = 'backend'\nbackend-path = ['.']\n"),
        ("backend.py", include_str!("distributions/backend.py")),
        ("demo/__init__.py", ""),
        ("made.txt", "demo/made.py"),
    ];
    files.iter().for_each(|(name, text)| space.write(&format!("{directory}/{name}"), text));
}

#[test]
fn a_recipe_changes_no_project_that_it_may_not_write() {
    let wanted = |project: &str| format!("distributions =\nlink = ../../other\nproject = {project}\n");
    let t = |path: &str, grant: &str| {
        let space = space(&wanted(path), grant);
        project(&space, "other");
        (run(&space).1, space)
    };
    let directory = "${buildout:directory}/other";
    let (printed, space) = t(directory, "distributions = true");
    assert!(printed.contains("are not copied into it: the part tool may not write there"), "{printed}");
    assert!(space.exists("develop-eggs/demo.egg-link") && !space.exists("other/demo/made.py"), "{printed}");
    let (printed, space) = t(directory, "distributions = true, write = [\"${buildout:directory}/other\"]");
    assert!(space.exists("other/demo/made.py"), "{printed}");
    let (printed, space) = t("${buildout:parts-directory}/tool/link", "distributions = true");
    assert!(printed.contains("leads through the symbolic link"), "{printed}");
    assert!(!space.exists("other/demo/made.py") && !space.exists("develop-eggs/demo.egg-link"), "{printed}");
}

#[test]
fn a_recipe_does_not_steer_the_interpreter_of_a_build() {
    let options = "distributions =\nproject = ${buildout:directory}\nvariables = ";
    for variable in ["PYTHONPATH", "PYTHONSTARTUP", "LD_PRELOAD"] {
        let message = format!("the variable {variable} may not be set for a build");
        fails(&format!("{options}{variable}\n"), "distributions = true", &[&message]);
    }
}
