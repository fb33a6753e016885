//! The recipe's description: its own options, in addition to those of all builds.

use buildout_recipe::{Description, OptionDescription as Option};
use native_builds::options::{self, granted};

/// The entry point's description.
pub(crate) fn description() -> Description {
    let documentation = format!(
        "Builds and installs a Python (CPython) from source.\n\n\
         The Python is installed to the part's location. The recipe then checks that it runs, that it has the required \
         version, and that the modules in `modules` can be imported. The build of a Python succeeds without the modules \
         whose libraries are missing. It finds the libraries of the system, and those that `environment` \
         specifies:\n\n\
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
         With `extensions = slapos.rebootstrap` and `python = python` in the section `buildout`, the buildout uses this \
         Python.\n\n\
         {}\n\n\
         Other parts can read the options `location`, `bin-directory`, `executable`, `version` and `compile-directory` (the \
         build directory).",
        options::DOCUMENTATION
    );
    let all = own().into_iter().chain(options::sources()).chain(options::steps()).chain(options::environment());
    granted(all.fold(Description::new(documentation), Description::option))
}

fn own() -> [Option; 7] {
    [
        Option::text(
            "version",
            "The required version: `3.11.2`, or `3.11` for any version that starts with it. Any other version is an error, \
             which is reported before the build if the sources contain their version. The default is the version in the \
             archive's name or in the source directory.",
        ),
        Option::words(
            "configure-options",
            "Arguments of `./configure`, in addition to `--prefix` and those for `pip` and `optimizations`.",
        ),
        Option::words(
            "optimizations",
            "Optimizations, which make the Python faster and its build much slower: `pgo` (profile-guided optimization: \
             builds twice, and runs Python's tests in between) and `lto` (link-time optimization).",
        )
        .default("none"),
        Option::words(
            "modules",
            "Modules that must be importable after the installation: `ssl sqlite3 zlib`. If some are not, the error lists them \
             with the library that each needs.",
        ),
        Option::boolean(
            "pip",
            "Whether to install `pip` from the sources. Nothing is downloaded. It needs the module `zlib`.",
        )
        .default("false"),
        Option::path("bin-directory", "The directory of the Python's programs, set by the recipe to `@@LOCATION@@/bin`."),
        Option::path("executable", "The Python, set by the recipe to `@@LOCATION@@/bin/python`."),
    ]
}
