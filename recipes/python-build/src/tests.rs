//! Tests with a small `configure` and `Makefile` whose `make install` links the machine's Python into the part. Everything
//! except the build itself is real. `tests/black_box/python.rs` builds CPython.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use buildout_recipe::testing::{Buildout, activities, logged, output};

use super::*;

const CONFIGURE: &str = "#!/bin/sh\necho \"configured $*\"\n\
                         for o in \"$@\"; do case $o in --prefix=*) echo \"P = ${o#*=}\" > config.mk;; esac; done\n";
const MAKEFILE: &str = "include config.mk\nall:\n\ninstall: all\n\tmkdir -p $(P)/bin\n\
                        \tln -s \"$$(command -v python3)\" $(P)/bin/python3\n";

struct PythonBuildSpace(tempfile::TempDir);

impl PythonBuildSpace {
    /// A buildout directory with the sources in `src`.
    fn new() -> Self {
        let space = Self(tempfile::tempdir().unwrap());
        space.write("src/configure", CONFIGURE);
        space.write("src/Makefile", MAKEFILE);
        std::fs::set_permissions(space.path("src/configure"), PermissionsExt::from_mode(0o755)).unwrap();
        space
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        std::fs::create_dir_all(self.path(path).parent().unwrap()).unwrap();
        std::fs::write(self.path(path), text).unwrap();
    }

    fn buildout(&self, options: &[(&str, &str)]) -> Buildout {
        let (_, _, _) = (logged(), activities(), output());
        Buildout::new(self.0.path())
            .section("python", [("recipe", "python-build"), ("path", "src")])
            .section("python", options.iter().copied())
    }

    /// Installs a part with these options. Returns the output of the commands.
    fn install(&self, options: &[(&str, &str)]) -> Result<String, Error> {
        self.buildout(options).init::<PythonBuild>("python")?.install()?;
        Ok(output())
    }

    fn patchlevel(&self, version: &str) {
        let text =
            format!("#define PY_MAJOR_VERSION 3\n\n/* Version as a string */\n#define PY_VERSION  \"{version}\"\n");
        self.write("src/Include/patchlevel.h", &text);
    }
}

/// The version of the Python that the small sources install.
fn machine_version() -> String {
    let output = std::process::Command::new("python3").args(["-c", version::SCRIPT]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn installs_a_python_and_sets_its_options() {
    let space = PythonBuildSpace::new();
    let version = machine_version();
    space.patchlevel(&version);
    let buildout = space.buildout(&[("configure-options", "--one\n --two"), ("modules", "zlib json")]);
    let mut part = buildout.init::<PythonBuild>("python").unwrap();
    let location = space.path("parts/python").to_str().unwrap().to_owned();
    for (name, value) in [
        ("location", location.clone()),
        ("bin-directory", format!("{location}/bin")),
        ("executable", format!("{location}/bin/python")),
        ("version", version),
    ] {
        assert_eq!(buildout.option("python", name), Some(value));
    }
    assert_eq!(part.install().unwrap().as_slice(), [location.as_str()]);
    assert_eq!(activities(), ["copy", "configure", "make", "make install", "check", "clean up"]);
    let printed = output();
    let configured = printed.lines().find(|line| line.starts_with("configured")).unwrap();
    assert_eq!(configured, format!("configured --prefix={location} --without-ensurepip --one --two"));
    assert_eq!(std::fs::read_link(space.path("parts/python/bin/python")).unwrap().to_str(), Some("python3"));
    assert!(!space.path("parts/python__compile__").exists());
    assert_eq!(part.update().unwrap(), None);
}

#[test]
fn keeps_an_existing_python_program() {
    let space = PythonBuildSpace::new();
    space.write("src/Makefile", &format!("{MAKEFILE}\tcp $(P)/bin/python3 $(P)/bin/python\n"));
    space.install(&[]).unwrap();
    assert!(!std::fs::symlink_metadata(space.path("parts/python/bin/python")).unwrap().is_symlink());
}

#[test]
fn passes_optimizations_to_configure() {
    let space = PythonBuildSpace::new();
    let printed = space.install(&[("optimizations", "PGO\nlto"), ("make-options", "-s")]).unwrap();
    assert!(printed.contains(" --without-ensurepip --enable-optimizations --with-lto\n"), "{printed}");
    let error = space.install(&[("optimizations", "pgo o3")]).unwrap_err();
    assert!(error.is_user());
    assert_eq!(error.to_string(), "Invalid value for option optimizations: \"o3\" (expected pgo, lto or none)");
}

#[test]
fn does_not_build_sources_of_another_version() {
    let space = PythonBuildSpace::new();
    space.patchlevel("3.11.2");
    let error = space.install(&[("version", "3.12")]).unwrap_err();
    assert!(error.is_user());
    assert_eq!(error.to_string(), "Part python requires Python 3.12, but its sources are Python 3.11.2");
    assert_eq!(activities(), ["copy"]);
    assert!(!space.path("parts/python").exists());
}

#[test]
fn checks_the_version_of_the_build() {
    let space = PythonBuildSpace::new();
    let version = machine_version();
    let beginning = version.rsplit_once('.').unwrap().0;
    space.install(&[("version", beginning)]).unwrap();
    let error = space.install(&[("version", "2.0.1")]).unwrap_err();
    let expected =
        format!("Part python requires Python 2.0.1, but the build is Python {version}. The build directory is ");
    assert!(error.is_user() && error.to_string().starts_with(&expected), "{error}");
    let script = space.path("parts/python__compile__/reproduce.sh");
    assert!(error.to_string().ends_with(&format!("without confinement, run: sh {}", script.display())), "{error}");
    assert!(script.exists() && !space.path("parts/python").exists());
}

#[test]
fn reports_missing_modules_with_their_libraries() {
    let space = PythonBuildSpace::new();
    // These modules hide Python's own, and cannot be imported.
    let hide = "printf 'import no_libbz2' > %(location)s/bz2.py; printf 'import os; os.abort()' > %(location)s/ssl.py\n\
                rm %(executable)s; printf '#!/bin/sh\nPYTHONPATH=%(location)s; export PYTHONPATH\n\
                [ \"$1\" != -E ] || shift\nexec python3 \"$@\"\n' > %(executable)s\nchmod +x %(executable)s";
    let options = [("modules", "no_such bz2 zlib\nssl"), ("post-install", hide)];
    let error = space.install(&options).unwrap_err();
    let expected = "The built Python lacks modules: \
                    no_such (ModuleNotFoundError: No module named 'no_such'), \
                    bz2 (needs bzip2; ModuleNotFoundError: No module named 'no_libbz2'), \
                    ssl (needs OpenSSL; it was killed by signal 6). The build directory is ";
    assert!(error.is_user() && error.to_string().starts_with(expected), "{error}");
    assert!(!space.path("parts/python").exists());
    let has_advice = logged().into_iter().any(|(_, message)| message.contains("LDFLAGS = -L${part:location}/lib"));
    assert!(has_advice, "the log explains how to specify a library");
}

#[test]
fn installs_pip_on_request() {
    let space = PythonBuildSpace::new();
    // The small sources install no pip, and the machine's Python may have one: this hides it.
    let hide = "printf 'import none' > %(location)s/pip.py; rm %(executable)s; printf '#!/bin/sh\n\
                cd %(location)s; [ \"$1\" != -E ] || shift\nPYTHONPATH=. exec python3 \"$@\"\n' > %(executable)s\n\
                chmod +x %(executable)s";
    let error = space.install(&[("pip", "true"), ("post-install", hide)]).unwrap_err();
    assert!(error.to_string().contains("lacks modules: pip (needs pip = true, and zlib; "), "{error}");
    let printed = output();
    assert!(printed.contains(" --with-ensurepip=install\n"), "{printed}");
}

#[test]
fn reports_a_python_that_does_not_work() {
    let space = PythonBuildSpace::new();
    let break_it = "rm %(executable)s; printf '#!/bin/sh\nexit 3\n' > %(executable)s; chmod +x %(executable)s";
    let error = space.install(&[("post-install", break_it)]).unwrap_err();
    let executable = space.path("parts/python/bin/python");
    let expected = format!("{} does not work: it exited with status 3. ", executable.display());
    assert!(error.to_string().starts_with(&expected), "{error}");
}

#[test]
fn rejects_invalid_options_before_the_build() {
    let space = PythonBuildSpace::new();
    let executable = space.path("parts/python/bin/python");
    let chosen = format!(
        "Invalid value for python:executable: /usr/bin/python3 (the recipe sets it to {})",
        executable.display()
    );
    for (options, message) in [
        (("executable", "/usr/bin/python3"), chosen.as_str()),
        (("url", "Python-3.11.2.tgz"), "The options url and path cannot be used together"),
        (("version", "three"), "Invalid value for option version: \"three\" (expected a version such as 3.11.2)"),
        (("pip", "yes"), "Invalid value for option pip: \"yes\" (expected true or false)"),
        (
            ("configure-options", "--prefix=/opt"),
            "Option configure-options must not contain --prefix: the Python is installed to the part's location",
        ),
    ] {
        let error = space.buildout(&[options]).init::<PythonBuild>("python").err().unwrap();
        assert!(error.is_user());
        assert_eq!(error.to_string(), message);
    }
    let written = space.buildout(&[("executable", "@@LOCATION@@/bin/python")]);
    written.init::<PythonBuild>("python").unwrap();
    assert_eq!(written.option("python", "executable").unwrap(), executable.to_str().unwrap());
}

#[test]
fn builds_and_checks_a_shared_python_once() {
    let space = PythonBuildSpace::new();
    let shared = space.path("shared");
    std::fs::create_dir(&shared).unwrap();
    let install = |modules: &str| {
        let buildout = space
            .buildout(&[
                ("shared", "true"),
                ("modules", modules),
                ("post-install", "echo built >> %(location)s/../log"),
            ])
            .section("buildout", [("shared-part-list", shared.to_str().unwrap())]);
        buildout.init::<PythonBuild>("python").unwrap().install().map(|paths| (paths, buildout))
    };
    let (paths, buildout) = install("zlib").unwrap();
    assert_eq!(paths, Paths::none());
    let executable = buildout.option("python", "executable").unwrap();
    assert!(executable.starts_with(shared.to_str().unwrap()) && std::path::Path::new(&executable).exists());
    install("zlib").unwrap();
    assert_eq!(std::fs::read_to_string(shared.join("python/log")).unwrap(), "built\n");
    install("zlib no_such").unwrap_err();
    assert_eq!(std::fs::read_to_string(shared.join("python/log")).unwrap(), "built\nbuilt\n");
}

#[test]
fn the_documentation_page_is_current() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/built-in/python-build.md");
    buildout_recipe::testing::assert_documented(page, "python-build", vec![("default", PythonBuild::describe())]);
}
