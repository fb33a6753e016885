//! Builds of real software: upstream sources, served from loopback, made by their own `configure` and `make`.
//!
//! `cargo xtask sources` brings the sources (`cargo xtask test` does it).

use test_support::Space;
use test_support::sources::UpstreamSources;

/// The parts of the stack, each with its source package.
const STACK: [(&str, &str); 5] =
    [("zlib", "zlib"), ("xz-utils", "xz-utils"), ("libpng", "libpng1.6"), ("m4", "m4"), ("libtool", "libtool")];

fn run(space: &Space, arguments: &[&str]) -> String {
    space.succeeds(&[&["run"], arguments].concat())
}

#[test]
fn hello_is_built_and_greets() {
    let (space, sources) = (Space::new(), UpstreamSources::serve());
    let section = sources.section("hello", "hello");
    space.write("buildout.cfg", &format!("[buildout]\nparts = hello\n{section}recipe = slapos.recipe.cmmi\n"));
    let printed = run(&space, &[]);
    assert!(printed.contains("buildout: Installing hello"), "{printed}");
    assert_eq!(space.shell("parts/hello/bin/hello"), ("Hello, world!\n".into(), 0));
    assert!(!space.exists("parts/hello__compile__"), "the build directory is gone");

    // Nothing changed: nothing is built. An option changed: it is built again.
    let state = space.read(".installed.cfg");
    let printed = run(&space, &[]);
    assert!(!printed.contains("Installing hello"), "{printed}");
    assert_eq!(space.read(".installed.cfg"), state);
    let printed = run(&space, &["-v", "hello:configure-options=--disable-nls"]);
    assert!(printed.contains("Uninstalling hello") && printed.contains("Installing hello"), "{printed}");
}

#[test]
fn a_stack_builds_with_its_own_dependencies() {
    let (space, sources) = (Space::new(), UpstreamSources::serve());
    let sections: String = STACK.iter().map(|(part, package)| sources.section(part, package)).collect();
    let stack = |options: &str| format!("[buildout]\nextends = stack.cfg\n{sections}{options}");
    space.write("stack.cfg", include_str!("builds/stack.cfg"));
    space.write("buildout.cfg", &stack(""));
    run(&space, &["-j", "2"]);
    the_stack_works(&space);

    // The same again does nothing.
    let state = space.read(".installed.cfg");
    let printed = run(&space, &["-j", "2"]);
    assert!(!printed.contains("Installing"), "{printed}");
    assert_eq!(space.read(".installed.cfg"), state);

    // A changed option rebuilds that part and what references it, no other.
    space.write("buildout.cfg", &stack("[m4]\nconfigure-options = --disable-nls\n"));
    let printed = run(&space, &["-j", "2"]);
    let installed: Vec<&str> = printed.lines().filter_map(|line| line.split("Installing ").nth(1)).collect();
    assert_eq!(installed, ["m4", "libtool"], "{printed}");
    the_stack_works(&space);
}

fn the_stack_works(space: &Space) {
    let xz = "parts/xz-utils/bin/xz";
    let round_trip = format!("printf 'round trip' | {xz} -9 | {xz} -d");
    assert_eq!(space.shell(&round_trip), ("round trip\n".into(), 0));
    let (version, code) = space.shell("parts/libtool/bin/libtool --version");
    assert!(code == 0 && version.contains("GNU libtool"), "{version}");
    // A C program linked with libpng finds it, and zlib through it, by the paths recorded in them.
    space.write("png.c", include_str!("builds/png.c"));
    let build = "cc png.c -o png -Iparts/libpng/include -Iparts/zlib/include -Lparts/libpng/lib \
                 -Wl,-rpath,$PWD/parts/libpng/lib -Wl,-rpath-link,parts/zlib/lib -lpng16";
    assert_eq!(space.shell(build), (String::new(), 0));
    assert_eq!(space.shell("./png"), ("encoded\n".into(), 0));
    let (libraries, _) = space.shell("ldd png");
    for library in ["libpng16.so", "libz.so"] {
        let line = libraries.lines().find(|line| line.contains(library)).unwrap_or_default();
        assert!(line.contains("/parts/"), "{libraries}");
    }
}
