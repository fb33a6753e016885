//! The distributions of the comparison.

use test_support::Space;

use super::super::distributions::index::{Index, Wheel};

/// The in-tree build backend of sources.
pub(super) const BACKEND: &str = include_str!("../distributions/backend.py");

/// The settings of a project that is built by its own backend.
pub(super) const PYPROJECT: &str = "[build-system]\nrequires = []\nbuild-backend = 'backend'\nbackend-path = ['.']\n";

/// A module with functions for scripts.
const MAIN: &str = "import sys\ndef main(*arguments):\n    print(__name__, arguments)\nclass run:\n    go = main\n";

/// A package of a namespace.
const PKGUTIL: &str = "__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n";

fn wheels() -> Vec<Wheel> {
    vec![
        Wheel::new("app", "1.0").requires("lib >= 1").requires("other").script("app = app:main").module(MAIN),
        Wheel::new("app", "0.9").script("old-app = app:main").module(MAIN),
        Wheel::new("lib", "1.0").requires("base").script("lib-tool = lib:run.go").module(MAIN),
        Wheel::new("lib", "2.0")
            .requires("base")
            .script("lib-tool = lib:run.go")
            .script("lib2 = lib:main")
            .module(MAIN),
        Wheel::new("other", "1.0").requires("base < 3"),
        Wheel::new("base", "1.0"),
        Wheel::new("base", "2.5"),
        Wheel::new("base", "2.6rc1"),
        Wheel::new("early", "1.0a1").script("early = early:main").module(MAIN),
        Wheel::new("early", "1.0b2").script("early = early:main").module(MAIN),
        Wheel::new("patched", "1.0"),
        Wheel::new("patched", "1.0.post1"),
        Wheel::new("local", "1.0+ours.1"),
        Wheel::new("python", "1.0"),
        Wheel::new("python", "1.0.post399"),
        Wheel::new("with-extras", "1.0")
            .metadata("Provides-Extra: more")
            .metadata("Provides-Extra: most")
            .requires("base; extra == 'more'")
            .requires("lib; extra == 'most'")
            .script("extra = with_extras:main")
            .module(MAIN),
        Wheel::new("marked", "1.0").requires("base; python_version >= '3'").requires("lib; python_version < '3'"),
        Wheel::new("Mixed.Case_name", "1.0").script("mixed = Mixed_Case_name:main").module(MAIN),
        Wheel::new("wants-mixed", "1.0").requires("mixed-case.NAME"),
        Wheel::new("ns.one", "1.0").file("ns/one/__init__.py", "name = 'one'\n"),
        Wheel::new("ns.two", "1.0").requires("ns.one").file("ns/two/__init__.py", "name = 'two'\n"),
        Wheel::new("old.one", "1.0").file("old/__init__.py", PKGUTIL).file("old/one/__init__.py", ""),
        Wheel::new("old.two", "1.0").file("old/__init__.py", PKGUTIL).file("old/two/__init__.py", ""),
        Wheel::new("many", "1.0")
            .script("first = many:main")
            .script("second = many:run.go")
            .script("third = many:main")
            .module(MAIN),
        Wheel::new("circle-a", "1.0").requires("circle-b"),
        Wheel::new("circle-b", "1.0").requires("circle-a"),
        Wheel::new("deep", "1.0").requires("app").requires("many").requires("base"),
        Wheel::new("both", "1.0").script("both = both:main").module(MAIN),
        Wheel::new("narrow", "1.0").requires("lib < 2"),
    ]
}

/// The running index.
pub(super) fn index() -> Index {
    let index = Index::start(wheels());
    index.add_source("both", "1.0", &[("pyproject.toml", PYPROJECT), ("backend.py", BACKEND)]);
    index.add_source("sourced", "1.0", &[("pyproject.toml", PYPROJECT), ("backend.py", BACKEND)]);
    index
}

/// The directory `links` with a further wheel.
pub(super) fn write_links(space: &Space) {
    let wheel = Wheel::new("linked", "3.0").requires("base").script("linked = linked:main").module(MAIN);
    let directory = space.path("links");
    std::fs::create_dir(&directory).expect("a directory");
    std::fs::write(directory.join(wheel.file_name()), wheel.bytes()).expect("a file");
}
