//! A small `configure` and `Makefile` whose `make install` puts the machine's own Python into the part: what the recipe
//! does around a build is real, the build is short. `tests/black_box/python.rs` builds CPython itself.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use buildout_recipe::testing::{Buildout, activities, logged, output};

use super::*;

const CONFIGURE: &str = "#!/bin/sh\necho \"configured $*\"\n\
                         for o in \"$@\"; do case $o in --prefix=*) echo \"P = ${o#*=}\" > config.mk;; esac; done\n";
const MAKEFILE: &str = "include config.mk\nall:\n\ninstall: all\n\tmkdir -p $(P)/bin\n\
                        \tln -s \"$$(command -v python3)\" $(P)/bin/python3\n";

struct Space(tempfile::TempDir);

impl Space {
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

    /// Installs a part with these options; what commands printed.
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
fn machines() -> String {
    let output = std::process::Command::new("python3").args(["-c", version::SCRIPT]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn a_python_is_installed_and_others_are_told_where() {
    let space = Space::new();
    let version = machines();
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
fn a_python_that_is_there_already_is_no_link() {
    let space = Space::new();
    space.write("src/Makefile", &format!("{MAKEFILE}\tcp $(P)/bin/python3 $(P)/bin/python\n"));
    space.install(&[]).unwrap();
    assert!(!std::fs::symlink_metadata(space.path("parts/python/bin/python")).unwrap().is_symlink());
}

#[test]
fn optimizations_are_asked_for() {
    let space = Space::new();
    let printed = space.install(&[("optimizations", "PGO\nlto"), ("make-options", "-s")]).unwrap();
    assert!(printed.contains(" --without-ensurepip --enable-optimizations --with-lto\n"), "{printed}");
    let error = space.install(&[("optimizations", "pgo o3")]).unwrap_err();
    assert!(error.is_user());
    assert_eq!(error.to_string(), "Option optimizations has the words pgo and lto, or is none, not \"o3\"");
}

#[test]
fn sources_of_another_version_are_not_built() {
    let space = Space::new();
    space.patchlevel("3.11.2");
    let error = space.install(&[("version", "3.12")]).unwrap_err();
    assert!(error.is_user());
    assert_eq!(error.to_string(), "Part python is to be Python 3.12, but its sources are those of 3.11.2");
    assert_eq!(activities(), ["copy"]);
    assert!(!space.path("parts/python").exists());
}

#[test]
fn what_was_built_is_asked_for_its_version() {
    let space = Space::new();
    let version = machines();
    let beginning = version.rsplit_once('.').unwrap().0;
    space.install(&[("version", beginning)]).unwrap();
    let error = space.install(&[("version", "2.0.1")]).unwrap_err();
    let expected = format!("Part python is to be Python 2.0.1, but what was built is {version}. What was built is in ");
    assert!(error.is_user() && error.to_string().starts_with(&expected), "{error}");
    let script = space.path("parts/python__compile__/reproduce.sh");
    assert!(error.to_string().ends_with(&format!("by hand, without confinement: sh {}", script.display())), "{error}");
    assert!(script.exists() && !space.path("parts/python").exists());
}

#[test]
fn modules_that_it_lacks_are_named_with_what_they_need() {
    let space = Space::new();
    // Modules of these names come before Python's own, and cannot be imported.
    let hide = "printf 'import no_libbz2' > %(location)s/bz2.py; printf 'import os; os.abort()' > %(location)s/ssl.py\n\
                rm %(executable)s; printf '#!/bin/sh\nPYTHONPATH=%(location)s; export PYTHONPATH\n\
                [ \"$1\" != -E ] || shift\nexec python3 \"$@\"\n' > %(executable)s\nchmod +x %(executable)s";
    let options = [("modules", "no_such bz2 zlib\nssl"), ("post-install", hide)];
    let error = space.install(&options).unwrap_err();
    let expected = "The Python that was built lacks modules: \
                    no_such (ModuleNotFoundError: No module named 'no_such'), \
                    bz2 (it needs bzip2; ModuleNotFoundError: No module named 'no_libbz2'), \
                    ssl (it needs OpenSSL; it was ended by signal 6). What was built is in ";
    assert!(error.is_user() && error.to_string().starts_with(expected), "{error}");
    assert!(!space.path("parts/python").exists());
    let told = logged().into_iter().any(|(_, message)| message.contains("LDFLAGS = -L${part:location}/lib"));
    assert!(told, "how a library is found is told");
}

#[test]
fn pip_is_installed_where_that_is_wanted() {
    let space = Space::new();
    // The small sources install none, and the machine's Python has one or not: it is hidden.
    let hide = "printf 'import none' > %(location)s/pip.py; rm %(executable)s; printf '#!/bin/sh\n\
                cd %(location)s; [ \"$1\" != -E ] || shift\nPYTHONPATH=. exec python3 \"$@\"\n' > %(executable)s\n\
                chmod +x %(executable)s";
    let error = space.install(&[("pip", "true"), ("post-install", hide)]).unwrap_err();
    assert!(error.to_string().contains("lacks modules: pip (it needs pip = true, and zlib; "), "{error}");
    let printed = output();
    assert!(printed.contains(" --with-ensurepip=install\n"), "{printed}");
}

#[test]
fn a_python_that_does_not_work_is_told() {
    let space = Space::new();
    let break_it = "rm %(executable)s; printf '#!/bin/sh\nexit 3\n' > %(executable)s; chmod +x %(executable)s";
    let error = space.install(&[("post-install", break_it)]).unwrap_err();
    let executable = space.path("parts/python/bin/python");
    let expected = format!("{} does not work: it ended with status 3. ", executable.display());
    assert!(error.to_string().starts_with(&expected), "{error}");
}

#[test]
fn options_that_make_no_sense_are_told_before_anything_is_built() {
    let space = Space::new();
    let executable = space.path("parts/python/bin/python");
    let chosen = format!(
        "The executable of part python is not for its section to choose: it is {}, not /usr/bin/python3",
        executable.display()
    );
    for (options, message) in [
        (("executable", "/usr/bin/python3"), chosen.as_str()),
        (("url", "Python-3.11.2.tgz"), "Sources have either a url or a path, not both"),
        (("version", "three"), "Option version begins with a digit, as 3.11.2 does, not \"three\""),
        (("pip", "yes"), "Option pip is true or false, not \"yes\""),
        (
            ("configure-options", "--prefix=/opt"),
            "Option configure-options has a --prefix, but a Python is installed into its part's location",
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
fn a_shared_python_is_built_once_and_checked_when_it_is() {
    let space = Space::new();
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
fn the_page_of_documentation_is_true() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/built-in/python-build.md");
    buildout_recipe::testing::assert_documented(page, "python-build", vec![("default", PythonBuild::describe())]);
}
