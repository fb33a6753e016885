//! Parts that workers of a server make: buildbox-casd, which runs actions with bubblewrap.

use std::path::Path;
use std::process::Command;

use rustix::process::Signal;
use test_support::casd::{Casd, INSTANCE, WorkerView};
use test_support::sources::UpstreamSources;
use test_support::{EndedProcess, RunningProcess, Space, component, host, printed, wait_until};

use crate::small_programs::{CONFIGURE, write_sources};

const BUILDOUT: &str = "[buildout]
parts = app other

[lib]
recipe = cmmi
path = lib

[app]
recipe = cmmi
path = app
configure-options = --with-lib=${lib:location}

[other]
recipe = cmmi
path = lib
";

/// A part that is built with a library, and refers to it.
const USER: &str = "[user]
recipe = cmmi
path = user
configure-command = true
environment =
  CPPFLAGS=-I${zlib:location}/include
  LDFLAGS=-L${zlib:location}/lib -Wl,-rpath=${zlib:location}/lib
";

/// A buildout of small C programs: `app` is built with `lib`.
fn space() -> Space {
    let space = Space::new();
    space.write("buildout.cfg", BUILDOUT);
    write_sources(&space, "");
    space
}

/// A run with the executor, as on a machine with empty caches. The workers' sandbox gives commands a user, which cannot be root:
/// root could not make namespaces there.
fn command(space: &Space, server: &Casd, arguments: &[&str]) -> Command {
    let mut command = space.command(host());
    command.arg("run").args(arguments).args(["--remote-platform", "unixUID=1000"]);
    let address = format!("{}/{INSTANCE}", server.address());
    command.env("BUILDOUT_REMOTE_EXECUTOR", address).env("XDG_CACHE_HOME", space.root().join("cache"));
    command
}

#[track_caller]
fn run(space: &Space, server: &Casd, arguments: &[&str], code: i32) -> String {
    let output = command(space, server, arguments).output().unwrap();
    let printed = printed(&output);
    assert_eq!(output.status.code(), Some(code), "{printed}");
    printed
}

/// Removes all that a run made, and the caches.
fn forget(space: &Space) {
    let (printed, code) = space.shell("rm -rf parts bin eggs develop-eggs .installed.cfg .cache ../cache");
    assert_eq!((printed.as_str(), code), ("", 0));
}

/// The parts of which this was said.
fn parts<'a>(printed: &'a str, message: &str) -> Vec<&'a str> {
    let lines = printed.lines().filter(|line| line.contains(message));
    let mut parts: Vec<&str> = lines.filter_map(|line| line.split(':').next()).collect();
    parts.sort_unstable();
    parts
}

/// All files of the parts with their modes, links and contents.
fn trees(space: &Space) -> String {
    let (listed, code) = space.shell(
        "cd parts && find . ! -name '*.log' -printf '%P %y %m %l\\n' | sort && find . -type f ! -name '*.log' | sort | xargs sha256sum",
    );
    assert_eq!(code, 0, "{listed}");
    listed
}

#[test]
fn workers_make_the_parts_that_would_be_made_here() {
    let (space, server) = (space(), Casd::start_with(WorkerView::Proc));
    space.succeeds(&["run"]);
    let (here, state) = (trees(&space), space.read(".installed.cfg"));
    let log = space.read("parts/app.log");
    forget(&space);

    let printed = run(&space, &server, &["-j", "4"], 0);
    assert_eq!(parts(&printed, ": Built by the remote executor"), ["app", "lib", "other"], "{printed}");
    assert!(printed.contains("3 parts: 0 fetched, 3 built there, 0 built, 0 unchanged"), "{printed}");
    assert_eq!((trees(&space), space.read(".installed.cfg")), (here.clone(), state));
    assert_eq!(space.read("parts/app.log"), log);

    // They are in the local cache under the keys that a run without executor looks up.
    let (_, code) = space.shell("rm -rf parts .installed.cfg");
    assert_eq!(code, 0);
    let mut again = space.command(host());
    again.args([
        "run",
        "--require-cached",
        "--remote-platform",
        "unixUID=1000",
        "remote-cache-directory=../cache/buildout-host/parts",
    ]);
    let printed = test_support::printed(&again.output().unwrap());
    assert_eq!(parts(&printed, ": Fetched "), ["app", "lib", "other"], "{printed}");
    assert_eq!(trees(&space), here);

    // And the server has what its workers made: another machine has nothing built.
    forget(&space);
    let printed = run(&space, &server, &["-j", "2"], 0);
    assert!(printed.contains("3 parts: 3 fetched, 0 built, 0 unchanged"), "{printed}");
    assert!(!printed.contains("Not from the cache"), "{printed}");
    assert_eq!(trees(&space), here);
}

#[test]
fn what_workers_made_is_stored_for_those_without_an_executor() {
    let (space, server) = (space(), Casd::start_with(WorkerView::Proc));
    run(&space, &server, &["--remote-cache-upload"], 0);
    forget(&space);
    let address = format!("{}/{INSTANCE}", server.address());
    let fetched =
        space.succeeds(&["run", "--remote-cache", &address, "--require-cached", "--remote-platform", "unixUID=1000"]);
    assert!(fetched.contains("3 parts: 3 fetched, 0 built"), "{fetched}");
}

#[test]
fn real_software_is_made_by_workers_without_a_network() {
    let (space, sources, server) = (Space::new(), UpstreamSources::serve(), Casd::start_with(WorkerView::Proc));
    let zlib = sources.section("zlib", "zlib") + "recipe = cmmi\n";
    let archive = sources.section("archive", "zlib").replace("http://", "http://me:geheimwort-4711@");
    space.write("buildout.cfg", &format!("[buildout]\nparts = archive user\n{archive}recipe = download\n{zlib}{USER}"));
    space.write(
        "user/user.c",
        "#include <zlib.h>\n#include <stdio.h>\nint main(void) { puts(zlibVersion()); return 0; }\n",
    );
    space.write("user/Makefile", "all:\n\t$(CC) $(CPPFLAGS) user.c $(LDFLAGS) -lz -o user\ninstall: all\n\tmkdir -p $(prefix)\n\tcp user $(prefix)/user\n");
    space.succeeds(&["run", "-j", "2"]);
    let here = trees(&space);
    forget(&space);
    let printed = run(&space, &server, &["-j", "4"], 0);
    assert_eq!(parts(&printed, ": Built by the remote executor"), ["archive", "user", "zlib"], "{printed}");
    assert_eq!(trees(&space), here);
    assert!(space.shell("ldd parts/user/user").0.contains("/parts/zlib/lib/libz.so"));
    assert!(
        server.has_words("zlibVersion") && !server.has_words("geheimwort-4711"),
        "nothing that is sent has a secret"
    );
}

#[test]
fn a_build_that_fails_there_fails_with_its_log() {
    let (space, server) = (space(), Casd::start_with(WorkerView::Proc));
    space.write("lib/configure", "#!/bin/sh\necho looking for a compiler\necho there is none >&2\nexit 77\n");
    let failed = |printed: &str| {
        let from = printed.find("While:").unwrap_or_else(|| panic!("{printed}"));
        printed[from..].to_owned()
    };
    let here = failed(&space.fails(&["run", "lib:x=y"]));
    forget(&space);
    let printed = run(&space, &server, &[], 1);
    let there = failed(&printed);
    for line in ["Command: ", "there is none", "/parts/lib.log"] {
        assert!(here.contains(line) && there.contains(line), "{here}\n{there}");
    }
    let last = |text: &str| text.lines().last().unwrap_or_default().to_owned();
    assert!(last(&here).starts_with(&last(&there)), "{here}\n{there}");
    assert!(here.contains("The build directory is ") && here.contains("reproduce.sh"), "{here}");
    assert!(!there.contains("The build directory is ") && !there.contains("reproduce.sh"), "{there}");
    assert!(space.read("parts/lib.log").contains("looking for a compiler"));
    assert!(!space.exists("parts/lib") && !space.exists("parts/app"));
    assert!(!printed.contains("It is made here"), "it is not tried twice: {printed}");
}

#[test]
fn a_worker_that_confines_less_is_refused_unless_that_is_wanted() {
    // The sandbox of this worker covers a part of /proc, so no command can have its own.
    let (space, server) = (space(), Casd::start_with(WorkerView::Usual));
    let printed = run(&space, &server, &[], 0);
    assert!(printed.contains(": on its worker: Native commands cannot be confined here"), "{printed}");
    assert!(printed.contains("3 parts: 0 fetched, 3 built, 0 unchanged"), "{printed}");
    assert_eq!(printed.matches("It is made here").count(), 2, "then it is not asked any more: {printed}");
    forget(&space);
    let printed = run(&space, &server, &["--sandbox=partial"], 0);
    assert!(printed.contains("3 parts: 0 fetched, 3 built there, 0 built"), "{printed}");
}

#[test]
fn a_worker_with_another_compiler_is_refused() {
    let (space, server) = (space(), Casd::start_with(WorkerView::OtherPrograms));
    let printed = run(&space, &server, &["buildout:parts=lib"], 0);
    assert!(printed.contains("its worker differs from this machine: program "), "{printed}");
    assert!(printed.contains("1 part: 0 fetched, 1 built, 0 unchanged"), "{printed}");
}

#[test]
fn a_recipe_that_is_not_built_in_goes_along() {
    let (space, server) = (space(), Casd::start_with(WorkerView::Proc));
    let grant = "grant = { read = [\"${:path}\"], env = [\"CC\"], run = [\"*\"], fetch = [\"*\", \"file:///\"] }";
    let recipe = component("recipe_cmmi");
    space.write(
        "recipes.toml",
        &format!("[recipe.ours]\npath = {recipe:?}\n{grant}\n[recipe.alias]\nbuiltin = \"cmmi\"\n"),
    );
    let printed = run(&space, &server, &["lib:recipe=ours", "other:recipe=alias"], 0);
    assert!(printed.contains("3 parts: 0 fetched, 3 built there, 0 built"), "{printed}");
}

#[test]
fn a_buildout_may_lie_in_a_directory_of_the_system() {
    let (space, server) = (space(), Casd::start_with(WorkerView::Proc));
    let directory = tempfile::Builder::new().prefix("buildout-host-").tempdir_in("/usr/local").unwrap();
    let buildout = directory.path().join("b");
    let copied = Command::new("cp").arg("-r").arg(space.buildout()).arg(&buildout).status().unwrap();
    assert!(copied.success());
    let output = command(&space, &server, &["-j", "2"]).current_dir(&buildout).output().unwrap();
    let text = printed(&output);
    assert!(text.contains("3 parts: 0 fetched, 3 built there, 0 built"), "{text}");
    assert!(Command::new(buildout.join("parts/app/bin/app")).status().unwrap().success());
}

/// A buildout whose only part takes very long, and a process that shows that it is being made.
fn long_space() -> (Space, String) {
    let space = space();
    let mark = format!("60{}", std::process::id());
    space.write("lib/configure", &format!("#!/bin/sh\nexec sleep {mark}\n"));
    (space, format!("sleep\0{mark}\0"))
}

/// Whether a process of this machine has this command line.
fn is_running(line: &str) -> bool {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    processes.into_iter().any(|process| {
        let is_it = |path: &Path| std::fs::read_to_string(path.join("cmdline")).is_ok_and(|text| text == line);
        is_it(&process.path())
    })
}

fn start_long(space: &Space, server: &Casd, line: &str) -> RunningProcess {
    let run = RunningProcess::start(&mut command(space, server, &["buildout:parts=lib"]));
    wait_until("a worker makes the part", || is_running(line));
    run
}

#[test]
fn ctrl_c_cancels_what_runs_there() {
    let (space, line) = long_space();
    let server = Casd::start_with(WorkerView::Proc);
    let run = start_long(&space, &server, &line);
    run.signal(Signal::INT);
    let EndedProcess { code, stdout, stderr, .. } = run.end();
    assert_eq!(code, Some(130), "{stdout}{stderr}");
    assert!(stderr.ends_with("Error: Interrupted\n"), "{stderr}");
    assert!(!space.exists("parts/lib") && !space.exists(".installed.cfg"));
    wait_until("the worker stops", || !is_running(&line));
}

#[test]
fn an_executor_that_dies_is_one_warning_and_the_rest_is_made_here() {
    let (space, line) = long_space();
    let mut server = Casd::start_with(WorkerView::Proc);
    let running = start_long(&space, &server, &line);
    space.write("lib/configure", CONFIGURE);
    server.stop();
    let ended = running.end();
    let printed = ended.printed();
    assert_eq!(ended.code, Some(0), "{printed}");
    assert_eq!(printed.matches("The remote executor grpc://").count(), 1, "{printed}");
    assert!(printed.contains("1 part: 0 fetched, 1 built, 0 unchanged"), "{printed}");
    // Nothing is there at all.
    forget(&space);
    let printed = run(&space, &server, &["-j", "2"], 0);
    assert_eq!(printed.matches("failed: ").count(), 1, "{printed}");
    assert!(printed.contains("3 parts: 0 fetched, 3 built, 0 unchanged"), "{printed}");
}
