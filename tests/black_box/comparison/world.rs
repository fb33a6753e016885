//! The distributions of the comparison.

use test_support::Space;

use crate::index::{IndexServer, ModuleWheel};

/// The in-tree build backend of sources.
pub(super) const BACKEND: &str = include_str!("../distributions/backend.py");

/// The settings of a project that is built by its own backend.
pub(super) const PYPROJECT: &str = "[build-system]\nrequires = []\nbuild-backend = 'backend'\nbackend-path = ['.']\n";

/// A module with functions for scripts.
const MAIN: &str = "import sys\ndef main(*arguments):\n    print(__name__, arguments)\nclass run:\n    go = main\n";

/// A package of a namespace.
const PKGUTIL: &str = "__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n";

fn wheels() -> Vec<ModuleWheel> {
    vec![
        ModuleWheel::new("app", "1.0").requires("lib >= 1").requires("other").script("app = app:main").module(MAIN),
        ModuleWheel::new("app", "0.9").script("old-app = app:main").module(MAIN),
        ModuleWheel::new("lib", "1.0").requires("base").script("lib-tool = lib:run.go").module(MAIN),
        ModuleWheel::new("lib", "2.0")
            .requires("base")
            .script("lib-tool = lib:run.go")
            .script("lib2 = lib:main")
            .module(MAIN),
        ModuleWheel::new("other", "1.0").requires("base < 3"),
        ModuleWheel::new("base", "1.0"),
        ModuleWheel::new("base", "2.5"),
        ModuleWheel::new("base", "2.6rc1"),
        ModuleWheel::new("early", "1.0a1").script("early = early:main").module(MAIN),
        ModuleWheel::new("early", "1.0b2").script("early = early:main").module(MAIN),
        ModuleWheel::new("patched", "1.0"),
        ModuleWheel::new("patched", "1.0.post1"),
        ModuleWheel::new("local", "1.0+ours.1"),
        ModuleWheel::new("python", "1.0"),
        ModuleWheel::new("python", "1.0.post399"),
        ModuleWheel::new("with-extras", "1.0")
            .metadata("Provides-Extra: more")
            .metadata("Provides-Extra: most")
            .requires("base; extra == 'more'")
            .requires("lib; extra == 'most'")
            .script("extra = with_extras:main")
            .module(MAIN),
        ModuleWheel::new("marked", "1.0").requires("base; python_version >= '3'").requires("lib; python_version < '3'"),
        ModuleWheel::new("Mixed.Case_name", "1.0").script("mixed = Mixed_Case_name:main").module(MAIN),
        ModuleWheel::new("wants-mixed", "1.0").requires("mixed-case.NAME"),
        ModuleWheel::new("ns.one", "1.0").file("ns/one/__init__.py", "name = 'one'\n"),
        ModuleWheel::new("ns.two", "1.0").requires("ns.one").file("ns/two/__init__.py", "name = 'two'\n"),
        ModuleWheel::new("old.one", "1.0").file("old/__init__.py", PKGUTIL).file("old/one/__init__.py", ""),
        ModuleWheel::new("old.two", "1.0").file("old/__init__.py", PKGUTIL).file("old/two/__init__.py", ""),
        ModuleWheel::new("many", "1.0")
            .script("first = many:main")
            .script("second = many:run.go")
            .script("third = many:main")
            .module(MAIN),
        ModuleWheel::new("circle-a", "1.0").requires("circle-b"),
        ModuleWheel::new("circle-b", "1.0").requires("circle-a"),
        ModuleWheel::new("deep", "1.0").requires("app").requires("many").requires("base"),
        ModuleWheel::new("both", "1.0").script("both = both:main").module(MAIN),
        ModuleWheel::new("narrow", "1.0").requires("lib < 2"),
    ]
}

/// The running index.
pub(super) fn index() -> IndexServer {
    let index = IndexServer::start(wheels());
    index.add_source("both", "1.0", &[("pyproject.toml", PYPROJECT), ("backend.py", BACKEND)]);
    index.add_source("sourced", "1.0", &[("pyproject.toml", PYPROJECT), ("backend.py", BACKEND)]);
    index
}

/// The directory `links` with a further wheel.
pub(super) fn write_links(space: &Space) {
    let wheel = ModuleWheel::new("linked", "3.0").requires("base").script("linked = linked:main").module(MAIN);
    let directory = space.path("links");
    std::fs::create_dir(&directory).expect("a directory");
    std::fs::write(directory.join(wheel.file_name()), wheel.bytes()).expect("a file");
}
