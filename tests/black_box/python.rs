//! CPython, built by the recipe `python-build` from upstream's sources with zlib and libffi that are parts too, becomes the
//! Python of its buildout.
//!
//! One build, as it takes minutes; what the recipe does around a build is tested with it (`recipes/python-build`).

use test_support::sources::UpstreamSources;
use test_support::{Space, copy_tracked};

/// The example, with what makes its build shorter (less optimized, without tests and static libraries: the build is what
/// is tested, not the Python's speed) and what shows more of it.
const CONFIGURATION: &str = "
[buildout]
extends = examples/python/buildout.cfg

[python]
pip = true
configure-options += --disable-test-modules --without-static-libpython
pre-build = echo \"make gets $MAKEFLAGS.\"
promises = @@LOCATION@@/bin/python3.11
environment +=
    OPT = -DNDEBUG -O1

[show]
command = ${buildout:executable} ${buildout:directory}/show.py

";

/// Whether the run succeeded, and what it printed.
fn run(space: &Space, arguments: &[&str]) -> (bool, String) {
    let output = space.host(&[&["run", "-j", "2"], arguments].concat());
    let printed = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.success(), space.shown(&printed))
}

fn installed(printed: &str) -> Vec<&str> {
    printed.lines().filter_map(|line| line.split("Installing ").nth(1)).collect()
}

#[test]
fn cpython_is_built_with_libraries_that_are_parts_and_used() {
    let (space, sources) = (Space::new(), UpstreamSources::serve());
    let names = [("zlib", "zlib"), ("libffi", "libffi"), ("python", "python3.11")];
    let addresses: String = names.iter().map(|(part, source)| sources.section(part, source)).collect();
    space.write("buildout.cfg", &format!("{CONFIGURATION}{addresses}"));
    copy_tracked("examples/python", &space.buildout());
    space.write("show.py", include_str!("python/show.py"));

    // Another version is wanted than the sources have: that is reported before it is built.
    let (succeeded, printed) = run(&space, &["python:version=3.12"]);
    assert!(
        !succeeded && printed.contains("Part python requires Python 3.12, but its sources are Python 3.11.2"),
        "{printed}"
    );
    assert!(!space.exists("parts/python/bin"), "{printed}");

    let (succeeded, printed) = run(&space, &[]);
    assert!(succeeded, "{printed}");
    assert_eq!(installed(&printed), ["python", "show"], "what it needs is there already: {printed}");
    it_shows_itself(&printed);
    assert!(!printed.contains("promised"), "{printed}");
    assert!(space.read("bin/buildout").contains("/parts/python/bin/python"), "it is the Python of later runs");
    let log = space.read("parts/python.log");
    let flags = log.lines().find(|line| line.starts_with("make gets ")).unwrap_or_default();
    assert!(flags.contains("--jobserver"), "make shares processors with other parts: {flags}");
    assert!(!log.contains("jobserver unavailable"), "{log}");
    pip_is_there(&space);

    // The buildout's own program goes on with it. Nothing changed: nothing is built.
    let state = space.read(".installed.cfg");
    let (printed, code) = space.shell("bin/buildout");
    assert!(code == 0 && installed(&printed).is_empty(), "{printed}");
    it_shows_itself(&printed);
    assert_eq!(space.read(".installed.cfg"), state);
}

fn it_shows_itself(printed: &str) {
    let place = "/tmp/sample-buildout/parts";
    for line in [
        "version 3.11.2".to_owned(),
        format!("prefix {place}/python"),
        format!("executable {place}/python/bin/python"),
        "works 42 round trip".to_owned(),
    ] {
        assert!(printed.lines().any(|printed| printed.ends_with(&line)), "{line}: {printed}");
    }
    let libraries: Vec<&str> = printed.lines().filter_map(|line| line.split("library ").nth(1)).collect();
    assert_eq!(libraries.len(), 2, "{printed}");
    for (library, part) in libraries.iter().zip(["libffi/lib/libffi.so", "zlib/lib/libz.so"]) {
        assert!(library.starts_with(&format!("{place}/{part}")), "{library}");
    }
}

fn pip_is_there(space: &Space) {
    let (printed, code) = space.shell("parts/python/bin/pip3 --version; parts/python/bin/python3 -m pip list");
    assert!(code == 0 && printed.contains("/parts/python/lib/python3.11/site-packages/pip"), "{printed}");
    assert!(printed.contains("setuptools"), "{printed}");
}
