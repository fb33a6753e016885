//! Parts from a cache: what decides a part, what is fetched, and what is built again.
//!
//! The parts are small C programs, so that each test builds many: `app` is built with `lib`, `other` with neither.

use std::net::TcpListener;

use test_support::casd::{Casd, INSTANCE};
use test_support::http::{ScriptedAnswer, Server};
use test_support::sources::UpstreamSources;
use test_support::{Space, host, printed};

use crate::small_programs::write_sources;

const BUILDOUT: &str = "[buildout]
parts = app other
remote-cache-directory = /tmp/cache

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

/// A buildout with its sources.
fn space() -> Space {
    let space = Space::new();
    fill(&space, "");
    space
}

/// Writes a buildout and its sources to a directory below the buildout directory.
fn fill(space: &Space, directory: &str) {
    space.write(&format!("{directory}buildout.cfg"), BUILDOUT);
    write_sources(space, directory);
}

/// Removes all that a run made, but the cache.
fn forget(space: &Space) {
    let (printed, code) = space.shell("rm -rf parts bin eggs develop-eggs .installed.cfg .cache");
    assert_eq!((printed.as_str(), code), ("", 0));
}

/// The parts that were fetched, and those that were built.
fn outcome(printed: &str) -> (Vec<&str>, Vec<&str>) {
    let parts = |message: &str| {
        let lines = printed.lines().filter(|line| line.contains(message));
        let mut parts: Vec<&str> = lines.filter_map(|line| line.split(':').next()).collect();
        parts.sort_unstable();
        parts
    };
    (parts(": Fetched "), parts(": Not from the cache"))
}

#[test]
fn a_buildout_that_was_deleted_is_fetched_and_nothing_is_built() {
    let space = space();
    let printed = space.succeeds(&["run"]);
    assert_eq!(outcome(&printed), (vec![], vec!["app", "lib", "other"]), "{printed}");
    assert!(printed.contains("buildout: 3 parts: 0 fetched, 3 built, 0 unchanged; 0 bytes saved"), "{printed}");
    let tree = || space.shell("cd parts && find app lib other | sort && cat app/bin/start && sha256sum app/bin/app").0;
    let built = tree();
    let state = space.read(".installed.cfg");

    forget(&space);
    let plan = space.succeeds(&["plan"]);
    assert_eq!(plan.matches("in the local cache").count(), 3, "{plan}");
    let printed = space.succeeds(&["run", "--require-cached"]);
    assert_eq!(outcome(&printed), (vec!["app", "lib", "other"], vec![]), "{printed}");
    assert!(printed.contains("buildout: 3 parts: 3 fetched, 0 built, 0 unchanged; "), "{printed}");
    assert_eq!((tree(), space.read(".installed.cfg")), (built, state));
    assert_eq!(space.shell("parts/app/bin/app; ls parts"), ("app\nlib\nother\n".into(), 0), "no log of a command");

    // Nothing to do; then a part is uninstalled like any other.
    let printed = space.succeeds(&["run"]);
    assert!(!printed.contains("fetched"), "the cache is not even opened: {printed}");
    space.succeeds(&["run", "buildout:parts=other"]);
    assert_eq!(space.shell("ls parts").0, "other\n");
}

#[test]
fn a_change_misses_what_depends_on_it_and_nothing_else() {
    let space = space();
    space.write("tools/cc", "#!/bin/sh\nexec cc \"$@\"\n");
    space.shell("chmod +x tools/cc");
    space.succeeds(&["run"]);
    let misses = |arguments: &[&str], expected: &[&str], why: &str| {
        forget(&space);
        let printed = space.succeeds(&[&["run"], arguments].concat());
        assert_eq!(outcome(&printed).1, expected, "{printed}");
        assert!(printed.contains(why), "{printed}");
    };
    // An option, and one that changes nothing.
    misses(
        &["app:make-options=V=1"],
        &["app"],
        "app: Not from the cache: command of make changed from \"make\" to \"make V=1\"",
    );
    misses(&["app:promises=/bin/sh"], &[], "3 fetched");
    // The source of two parts, and of one that is built with the first.
    space.write("lib/lib.c", "int answer(void) { return 40 + 2; }\n");
    misses(&[], &["lib", "other"], "lib: Not from the cache: directory lib differs");
    // What it makes is the same, so `app` was fetched. Now it is not.
    space.write("lib/lib.c", "int answer(void) { return 42; }\nint more;\n");
    misses(&[], &["app", "lib", "other"], "app: Not from the cache: part lib differs");
    // The environment, the platform, the confinement.
    misses(&["app:environment=FLAGS=-g"], &["app"], "app: Not from the cache: variable FLAGS is set, and was not");
    misses(&["--remote-platform", "image=12"], &["app", "lib", "other"], "remote-platform image is new");
    // The compiler.
    let compiler = format!("app:environment=CC={}", space.path("tools/cc").display());
    misses(&[&compiler], &["app"], "app: Not from the cache: ");
    misses(&[&compiler], &[], "3 fetched");
    space.write("tools/cc", "#!/bin/sh\nexec  cc \"$@\"\n");
    misses(&[&compiler], &["app"], "tools/cc differs");
}

#[test]
fn who_makes_a_part_and_when_does_not_matter() {
    let space = space();
    space.succeeds(&["run"]);
    forget(&space);
    space.shell("touch lib/* app/*");
    let mut command = space.command(host());
    command.args(["run", "-j", "3"]).envs([("USER", "someone"), ("LOGNAME", "someone"), ("HOSTNAME", "elsewhere")]);
    command.envs([("TZ", "Asia/Tokyo"), ("LANG", "de_DE.UTF-8"), ("TERM", "xterm"), ("COLUMNS", "99")]);
    let printed = printed(&command.output().unwrap());
    assert_eq!(outcome(&printed), (vec!["app", "lib", "other"], vec![]), "{printed}");
}

#[test]
fn another_location_gets_the_parts_that_do_not_contain_theirs() {
    let space = space();
    space.succeeds(&["run"]);
    fill(&space, "copy/");
    let printed = space.succeeds(&["run", "-c", "copy/buildout.cfg"]);
    assert_eq!(outcome(&printed), (vec!["lib", "other"], vec!["app"]), "{printed}");
    let why = format!(
        "app: Not from the cache: it contains its location, and was made at {}",
        space.path("parts/app").display()
    );
    assert!(printed.contains(&why), "{printed}");
    assert_eq!(space.shell("copy/parts/app/bin/app"), (String::new(), 0));
}

#[test]
fn a_part_that_could_read_more_is_not_cached() {
    let space = space();
    let printed = space.succeeds(&["run", "--sandbox=none"]);
    assert!(printed.contains("app: Not from the cache: it is not cached: its commands are not confined"), "{printed}");
    // The commands of a part see nothing of the buildout but what decides the part.
    forget(&space);
    space.write("secret", "x\n");
    let look = format!("app:pre-build=cat {}", space.path("secret").display());
    let printed = space.fails(&["run", &look]);
    assert!(printed.contains("pre-build exited with status 1"), "{printed}");
    // It is built, even if parts must come from the cache.
    let printed = space.succeeds(&["run", "--require-cached", "other:prefix=elsewhere", "buildout:parts=other"]);
    let why = "other: Not from the cache: it is not cached: its prefix is not in its location";
    assert!(printed.contains(why), "{printed}");
    assert!(printed.contains("buildout: Built here, because they are not cached: other"), "{printed}");
}

#[test]
fn what_a_cache_lost_or_has_damaged_is_built_again() {
    let space = space();
    space.succeeds(&["run"]);
    forget(&space);
    let (printed, code) =
        space.shell("for f in $(find ../cache/store/blobs -type f); do chmod u+w $f; echo x >> $f; done");
    assert_eq!(code, 0, "{printed}");
    let printed = space.succeeds(&["run"]);
    // `other` consists of the same files as `lib`, which are in the cache again.
    assert_eq!(outcome(&printed), (vec!["other"], vec!["app", "lib"]), "{printed}");
    forget(&space);
    assert_eq!(outcome(&space.succeeds(&["run"])).0, ["app", "lib", "other"]);
    // All of the cache is gone.
    forget(&space);
    space.shell("rm -rf ../cache/store");
    assert_eq!(outcome(&space.succeeds(&["run"])).1, ["app", "lib", "other"]);
}

#[test]
fn a_source_that_is_edited_during_the_build_is_not_stored_under_its_old_key() {
    let space = space();
    space.write("lib/note", "as it was\n");
    let waits = "until grep -q edited ${buildout:directory}/lib/note; do sleep 0.05; done";
    space.write(
        "buildout.cfg",
        &BUILDOUT
            .replacen("app other", "other", 1)
            .replace("path = lib\n", &format!("path = lib\npre-configure = {waits}\n")),
    );
    let mut run = space.start(&["run"]);
    run.until("other: Not from the cache");
    space.write("lib/note", "edited\n");
    let ended = run.end();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(
        ended.stdout.contains("other: Not stored in the cache: directory lib changed while it was built"),
        "{ended:?}"
    );
    forget(&space);
    assert_eq!(outcome(&space.succeeds(&["run"])).1, ["other"], "with the source as it is now");
    forget(&space);
    space.write("lib/note", "as it was\n");
    let printed = space.succeeds(&["plan"]);
    assert!(!printed.contains("in the local cache"), "{printed}");
}

#[test]
fn administrators_and_users_share_parts() {
    let space = space();
    let run = |path: &str, more: &[(&str, &str)]| {
        forget(&space);
        let mut command = space.command(host());
        command.arg("run").env("PATH", path).envs(more.iter().copied());
        printed(&command.output().unwrap())
    };
    run("/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", &[]);
    let user = "/home/me/bin:/usr/local/bin:/usr/bin:/bin:/usr/bin:/usr/local/games:/usr/games:/opt/no-such/bin";
    let printed = run(user, &[]);
    assert_eq!(outcome(&printed), (vec!["app", "lib", "other"], vec![]), "{printed}");
    // A variable that decides has its name in the reason.
    let printed = run(user, &[("CFLAGS", "-O1")]);
    assert!(printed.contains("lib: Not from the cache: variable CFLAGS is set, and was not"), "{printed}");
}

/// Runs the program as on another machine: with its own empty caches, and this server.
fn run_elsewhere(space: &Space, server: &Casd, machine: &str, arguments: &[&str]) -> String {
    let mut command = space.command(host());
    command.arg("run").args(arguments).env("XDG_CACHE_HOME", space.root().join(machine));
    let output = command.env("BUILDOUT_REMOTE_CACHE", format!("{}/{INSTANCE}", server.address())).output().unwrap();
    let text = printed(&output);
    assert!(output.status.success(), "{text}");
    text
}

#[test]
fn real_software_is_built_once_and_fetched_by_other_machines() {
    let (space, sources, server) = (Space::new(), UpstreamSources::serve(), Casd::start());
    let sections: String = [("hello", "hello"), ("zlib", "zlib"), ("libpng", "libpng1.6")]
        .iter()
        .map(|(part, package)| sources.section(part, package) + "recipe = cmmi\n")
        .collect();
    let libpng = "[libpng]\nenvironment =\n  CPPFLAGS=-I${zlib:location}/include\n  LDFLAGS=-L${zlib:location}/lib \
                  -Wl,-rpath=${zlib:location}/lib\n";
    space.write("buildout.cfg", &format!("[buildout]\nparts = hello libpng\n{sections}{libpng}"));
    let built = run_elsewhere(&space, &server, "one", &["-j", "2", "--remote-cache-upload"]);
    assert_eq!(outcome(&built), (vec![], vec!["hello", "libpng", "zlib"]), "{built}");

    forget(&space);
    let fetched = run_elsewhere(&space, &server, "two", &["-j", "2", "--require-cached"]);
    assert_eq!(outcome(&fetched), (vec!["hello", "libpng", "zlib"], vec![]), "{fetched}");
    assert!(
        fetched.contains("from the remote cache (") && fetched.contains("3 parts: 3 fetched, 0 built"),
        "{fetched}"
    );
    assert_eq!(space.shell("ls parts"), ("hello\nlibpng\nzlib\n".into(), 0), "no command has a log");
    assert_eq!(space.shell("parts/hello/bin/hello"), ("Hello, world!\n".into(), 0));
    assert!(space.shell("ldd parts/libpng/lib/libpng16.so").0.contains("/parts/zlib/lib/libz.so"));
}

#[test]
fn a_downloaded_profile_does_not_decide_who_gets_the_headers() {
    let space = space();
    let profile = Server::start(|_| ScriptedAnswer::ok("[buildout]\nremote-cache = grpc://127.0.0.1:1/main\n"));
    space.write("buildout.cfg", &BUILDOUT.replacen('\n', &format!("\nextends = {}\n", profile.url("/team.cfg")), 1));
    space.write("headers", "Authorization: Bearer x\n");
    let printed = space.fails(&["run", "--remote-header-file", "headers"]);
    assert!(printed.contains("A downloaded profile cannot set remote-cache"), "{printed}");
    assert!(printed.contains("Hint: Set `--remote-cache` or BUILDOUT_REMOTE_CACHE instead."), "{printed}");
    let printed = space.succeeds(&["run", "--remote-header-file", "headers", "--remote-cache", ""]);
    assert_eq!(outcome(&printed), (vec![], vec!["app", "lib", "other"]), "{printed}");
}

#[test]
fn a_server_that_is_away_is_one_warning() {
    let (space, mut server) = (space(), Casd::start());
    let upload = ["--remote-cache-upload", "buildout:remote-cache-directory="];
    run_elsewhere(&space, &server, "one", &upload);
    forget(&space);
    server.lose_contents();
    let lost = run_elsewhere(&space, &server, "two", &upload);
    assert_eq!(outcome(&lost), (vec!["other"], vec!["app", "lib"]), "{lost}");
    forget(&space);
    server.stop();
    let away = run_elsewhere(&space, &server, "three", &upload);
    assert_eq!(outcome(&away).1, ["app", "lib", "other"], "{away}");
    assert_eq!(away.matches("The remote cache grpc://").count(), 1, "{away}");
    // Nothing to do: not even the warning.
    assert!(!run_elsewhere(&space, &server, "three", &upload).contains("remote cache"));
}

#[test]
fn parts_of_this_machine_are_stored_on_a_server_that_lacks_them() {
    let (space, server) = (space(), Casd::start());
    run_elsewhere(&space, &server, "one", &["buildout:remote-cache-directory="]);
    forget(&space);
    let upload = ["-v", "--remote-cache-upload", "buildout:remote-cache-directory="];
    let printed = run_elsewhere(&space, &server, "one", &upload);
    assert_eq!(outcome(&printed), (vec!["app", "lib", "other"], vec![]), "{printed}");
    assert!(printed.contains(" saved; 3 stored in the remote cache"), "{printed}");
    assert_eq!(printed.matches(": Stored in the remote cache").count(), 3, "{printed}");
    forget(&space);
    let printed = run_elsewhere(&space, &server, "one", &upload);
    assert!(!printed.contains("stored in the remote cache"), "the server has them: {printed}");
    forget(&space);
    let printed = run_elsewhere(&space, &server, "two", &["--require-cached", "buildout:remote-cache-directory="]);
    assert!(printed.contains("3 parts: 3 fetched, 0 built"), "{printed}");
}

#[test]
fn what_is_stored_is_said() {
    let (space, server) = (space(), Casd::start());
    let upload = ["-v", "--remote-cache-upload", "buildout:remote-cache-directory="];
    let printed = run_elsewhere(&space, &server, "one", &upload);
    let location = "app: Stored in the remote cache; only for this path, because bin/start contains it";
    assert!(printed.contains(location) && printed.contains("lib: Stored in the remote cache\n"), "{printed}");
    assert!(printed.contains("0 bytes saved; 3 stored in the remote cache"), "{printed}");
    forget(&space);
    let printed = run_elsewhere(&space, &server, "two", &["-v", "app:x=y", "buildout:remote-cache-directory="]);
    assert!(printed.contains("app: Stored on this machine; only for this path"), "{printed}");
    assert!(!printed.contains("stored in the remote cache"), "{printed}");
    forget(&space);
    let small = ["buildout:remote-cache-directory=", "buildout:remote-cache-size=4000"];
    let printed = run_elsewhere(&space, &server, "three", &small);
    assert!(printed.contains("app: Not from the cache: the part is larger than remote-cache-size"), "{printed}");
}

/// What `run` and `plan` print with this address of a server.
fn with_address(space: &Space, address: &str) -> [String; 2] {
    ["run", "plan"].map(|what| {
        forget(space);
        assert_eq!(space.shell("rm -rf ../elsewhere").1, 0);
        let mut command = space.command(host());
        command.args([what, "--remote-cache", address, "buildout:remote-cache-directory=", "buildout:parts=other"]);
        printed(&command.env("XDG_CACHE_HOME", space.root().join("elsewhere")).output().unwrap())
    })
}

#[test]
fn a_server_that_cannot_be_used_is_named_with_a_reason() {
    let (space, server) = (space(), Casd::start());
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = format!("grpc://{}/main", silent.local_addr().unwrap());
    let page = Server::start(|_| ScriptedAnswer::ok("a page"));
    let other = server.address().replace("grpc://", "grpcs://");
    for (address, why) in [
        ("grpc://127.0.0.1:1/main", "no connection: "),
        (&silent, "no answer within 10 s"),
        (&format!("{}/wrong", server.address()), "Does it have the instance `wrong`? An instance follows the address"),
        (&page.url("").replace("http://", "grpc://"), "Is it a gRPC server? With TLS, write grpcs://"),
        (&other, "The server does not use TLS: write grpc://"),
    ] {
        for printed in with_address(&space, address) {
            let named = format!("The remote cache {} failed: ", address.trim_end_matches('/'));
            assert!(printed.contains(&named) && printed.contains(why), "{address}: {printed}");
            assert_eq!(printed.matches("The remote cache grpc").count(), 1, "{printed}");
            let reason = "he cache: the remote cache is not available";
            assert!(printed.contains(reason), "{address}: {printed}");
        }
    }
    let mut command = space.command(host());
    command.args(["run", "--require-cached", "--remote-cache", "grpc://127.0.0.1:1", "other:x=y"]);
    let printed = printed(&command.output().unwrap());
    assert!(printed.contains("The remote cache grpc://127.0.0.1:1 failed: "), "{printed}");
    assert!(!printed.contains("made here"), "{printed}");
}
