//! What the recipe says about itself: the options that are its own, beside those of every build.

use buildout_recipe::{Description, OptionDescription as Option};
use native_builds::options::{self, granted};

/// The entry point's description.
pub(crate) fn description() -> Description {
    let documentation = format!(
        "Builds and installs a Python (CPython) of its own from source.\n\n\
         It is installed into the part's location, and what came of it is checked: that it runs, that it has the version \
         which was wanted, and that the modules can be imported which `modules` names. A build of Python succeeds without \
         the modules whose libraries it does not find; they are found where the system has them, or where `environment` \
         says:\n\n\
         ```ini\n\
         [python]\n\
         recipe = python-build\n\
         url = https://example.com/Python-3.11.2.tar.xz\n\
         modules = zlib ctypes\n\
         environment =\n    \
         CPPFLAGS = -I${{zlib:location}}/include -I${{libffi:location}}/include\n    \
         LDFLAGS = -L${{zlib:location}}/lib -Wl,-rpath=${{zlib:location}}/lib -L${{libffi:location}}/lib \
         -Wl,-rpath=${{libffi:location}}/lib\n\
         ```\n\n\
         With `extensions = slapos.rebootstrap` and `python = python` in the section `buildout`, it becomes the Python of \
         the buildout.\n\n\
         {}\n\n\
         The options `location`, `bin-directory`, `executable`, `version` and `compile-directory` (the build directory) are \
         there for other parts to read.",
        options::DOCUMENTATION
    );
    let all = own().into_iter().chain(options::sources()).chain(options::steps()).chain(options::surroundings());
    granted(all.fold(Description::new(documentation), Description::option))
}

fn own() -> [Option; 7] {
    [
        Option::text(
            "version",
            "The version that the Python must have: `3.11.2`, or `3.11` for any that begins so. Another one is an error, \
             told before the build where the sources say it. Where nothing is written it is set to what the archive's name \
             or the directory of sources says.",
        ),
        Option::words(
            "configure-options",
            "What `./configure` is given, after `--prefix` and what `pip` and `optimizations` add.",
        ),
        Option::words(
            "optimizations",
            "What makes the Python faster and its build much longer: `pgo` (profile-guided optimization: it is built \
             twice, and its own tests run in between) and `lto` (optimization of the whole program when it is linked).",
        )
        .default("none"),
        Option::words(
            "modules",
            "Modules that are imported after the installation: `ssl sqlite3 zlib`. Those that cannot be are an error, which \
             names the library that each needs.",
        ),
        Option::boolean(
            "pip",
            "Whether `pip` is installed, the one that comes with the sources: nothing is downloaded. It needs the module \
             `zlib`.",
        )
        .default("false"),
        Option::path("bin-directory", "Set by the recipe: where the Python's programs are, `@@LOCATION@@/bin`."),
        Option::path("executable", "Set by the recipe: the Python, `@@LOCATION@@/bin/python`."),
    ]
}
