//! `doctor` on machines that lack something, which the tests make: no user namespaces, no mounts, no compiler.

use std::process::Output;

use serde_json::Value;
use test_support::fault::mounted;
use test_support::{Space, host, printed};

/// The checks of `doctor --format json`, by their names.
fn checks(output: &Output) -> Vec<Value> {
    let object: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"));
    object["checks"].as_array().expect("checks").clone()
}

#[track_caller]
fn check(output: &Output, name: &str) -> (String, String) {
    let checks = checks(output);
    let check = checks.iter().find(|check| check["name"] == name).unwrap_or_else(|| panic!("no {name}: {checks:?}"));
    (check["status"].as_str().expect("a status").to_owned(), check.to_string())
}

#[test]
fn a_machine_for_builds_lacks_nothing() {
    let space = Space::new();
    let output = space.host(&["doctor", "--format", "json"]);
    assert!(output.status.success(), "{}", printed(&output));
    for name in ["user namespaces", "mounts", "/proc", "Landlock", "seccomp", "C compiler", "make", "cache", "clock"] {
        assert_eq!(check(&output, name).0, "ok", "{name}: {}", printed(&output));
    }
    let text = space.succeeds(&["doctor"]);
    assert!(text.contains("ok          C compiler"), "{text}");
}

#[test]
fn without_user_namespaces_it_names_the_setting() {
    let space = Space::new();
    let script = "echo 0 > /proc/sys/user/max_user_namespaces && buildout-host doctor --format json";
    let output = mounted_in_user_namespace(&space, script);
    assert_eq!(output.status.code(), Some(4), "{}", printed(&output));
    let (status, all) = check(&output, "user namespaces");
    assert_eq!(status, "unconfined");
    assert!(all.contains("sysctl user.max_user_namespaces=10000"), "{all}");
    // What the weaker level needs is still checked.
    assert_eq!(check(&output, "Landlock").0, "ok");
    assert_eq!(check(&output, "mounts").0, "skipped");
}

#[test]
fn a_run_without_user_namespaces_leads_to_it() {
    let space = Space::new();
    space.write("buildout.cfg", "[buildout]\nparts = a\n[a]\nrecipe = command\ncommand = true\n");
    let output = mounted_in_user_namespace(&space, "echo 0 > /proc/sys/user/max_user_namespaces && buildout-host run");
    assert_eq!(output.status.code(), Some(4), "{}", printed(&output));
    assert!(printed(&output).contains("Hint: `buildout-host doctor` checks this machine"), "{}", printed(&output));
}

#[test]
fn in_a_container_it_names_the_option_of_the_container() {
    let space = Space::new();
    // As Docker does: a part of /proc is covered, and so the kernel lets no other one be mounted.
    let script = "mount --bind /proc/sys /proc/sys && container=docker buildout-host doctor --json";
    let output = mounted_in_user_namespace(&space, script);
    assert_eq!(output.status.code(), Some(4), "{}", printed(&output));
    let (status, all) = check(&output, "/proc");
    assert_eq!(status, "unconfined", "{all}");
    assert!(all.contains("systempaths=unconfined"), "{all}");
}

#[test]
fn without_a_compiler_it_names_the_package_of_the_distribution() {
    let space = Space::new();
    std::fs::create_dir(space.path("bin")).expect("a directory");
    std::os::unix::fs::symlink(host(), space.path("bin/buildout-host")).expect("a link");
    let run = |release: &str| {
        space.write("os-release", release);
        let script = "PATH=$PWD/bin buildout-host doctor --format json";
        mounted(&space, "mount --bind os-release \"$(readlink -f /etc/os-release)\"", script)
    };
    for (release, command) in [
        ("ID=debian\n", "apt-get install gcc g++ libc6-dev"),
        ("ID=rocky\nID_LIKE=\"rhel centos fedora\"\n", "dnf install gcc gcc-c++ glibc-devel"),
        ("ID=alpine\n", "apk add gcc g++ musl-dev"),
        ("ID=arch\n", "pacman -S gcc"),
    ] {
        let output = run(release);
        assert_eq!(output.status.code(), Some(1), "{}", printed(&output));
        let (status, all) = check(&output, "C compiler");
        assert_eq!(status, "missing");
        assert!(all.contains(command), "{command}: {all}");
        assert!(printed(&output).contains("Error: This machine lacks: C compiler, make"), "{}", printed(&output));
    }
}

#[test]
fn a_directory_in_which_nothing_can_be_made_is_reported_as_such() {
    let space = Space::new();
    let with = |name: &str, value: &str| {
        space.command(host()).args(["doctor", "--json"]).env(name, value).output().expect("it starts")
    };
    let output = with("TMPDIR", "/nonexistent");
    assert_eq!(output.status.code(), Some(1), "{}", printed(&output));
    let (status, all) = check(&output, "temporary directory");
    assert_eq!(status, "missing", "{all}");
    assert!(all.contains("/nonexistent is not a directory") && all.contains("set TMPDIR"), "{all}");
    // The compiler cannot be tried, and is not to be installed.
    assert!(check(&output, "C compiler").1.contains("not tried"), "{}", printed(&output));
    let output = with("HOME", "/proc");
    let (status, all) = check(&output, "cache");
    assert_eq!(status, "warning", "{all}");
    assert!(all.contains("/proc/.cache/buildout-host cannot be written to"), "{all}");
}

/// In a separate user namespace, whose limits it may set.
fn mounted_in_user_namespace(space: &Space, script: &str) -> Output {
    let run = space.command("unshare").args(["-rm", "sh", "-c", script]).output();
    run.expect("these tests need unshare: install util-linux")
}
