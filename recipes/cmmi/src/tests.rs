//! Tests that build parts with the machine's `sh` and `make`.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use buildout_recipe::testing::{Buildout, activities, logged, output};

use super::*;

/// A configure script that records its arguments, and a makefile that installs them.
const CONFIGURE: &str = "#!/bin/sh\necho \"configured $*\"\necho \"$*\" > options\n\
                         for o in \"$@\"; do case $o in --prefix=*) echo \"P = ${o#*=}\" > config.mk;; esac; done\n";
const MAKEFILE: &str = "-include config.mk\nP ?= $(prefix)\nall:\n\tcat options > built\ninstall: all\n\
                        \tmkdir -p $(P)/bin\n\tcp built $(P)/bin/tool\nextra:\n\tmkdir -p $(P)\n\ttouch $(P)/extra\n";

struct CmmiSpace(tempfile::TempDir);

impl CmmiSpace {
    /// A buildout directory with the sources in `src`, and as an archive `tool.tar.gz`.
    fn new() -> Self {
        let space = Self(tempfile::tempdir().unwrap());
        space.write("src/configure", CONFIGURE);
        space.write("src/Makefile", MAKEFILE);
        std::fs::set_permissions(space.path("src/configure"), PermissionsExt::from_mode(0o755)).unwrap();
        let mut tar = Command::new("tar");
        tar.args(["--transform", "s/^src/tool-1.0/", "-czf", "tool.tar.gz", "src"]).current_dir(space.0.path());
        assert!(tar.status().unwrap().success());
        space
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        std::fs::create_dir_all(self.path(path).parent().unwrap()).unwrap();
        std::fs::write(self.path(path), text).unwrap();
    }

    fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    fn buildout(&self, options: &[(&str, &str)]) -> Buildout {
        let (_, _) = (logged(), activities());
        Buildout::new(self.0.path())
            .section("part", [("recipe", "slapos.recipe.cmmi")])
            .section("part", options.iter().copied())
    }

    fn part(&self, options: &[(&str, &str)]) -> Result<Cmmi, Error> {
        self.buildout(options).init("part")
    }

    /// Installs a part with these options. Returns the output of the commands.
    fn install(&self, options: &[(&str, &str)]) -> Result<String, Error> {
        let _ = output();
        self.part(options)?.install()?;
        Ok(output())
    }
}

#[test]
fn configures_builds_and_installs_an_archive() {
    let space = CmmiSpace::new();
    let mut part = space.part(&[("url", "tool.tar.gz"), ("configure-options", "--one\n  --two=%(recipe)s")]).unwrap();
    let location = space.path("parts/part");
    let location = location.to_str().unwrap();
    assert_eq!(part.install().unwrap().as_slice(), [location]);
    assert_eq!(space.read("parts/part/bin/tool"), format!("--prefix={location} --one --two=slapos.recipe.cmmi\n"));
    assert!(!space.path("parts/part__compile__").exists(), "the build directory is removed");
    assert_eq!(activities(), ["download", "unpack", "configure", "make", "make install", "clean up"]);
    assert_eq!(part.update().unwrap(), None);
}

#[test]
fn builds_a_directory_in_a_copy() {
    let space = CmmiSpace::new();
    space.install(&[("path", "src")]).unwrap();
    assert!(space.path("parts/part/bin/tool").exists());
    assert!(!space.path("src/built").exists() && !space.path("src/options").exists());
}

#[test]
fn reports_missing_sources() {
    let space = CmmiSpace::new();
    for options in [&[("path", "none")][..], &[("path", "none"), ("compile-directory", "none")]] {
        let error = space.install(options).unwrap_err();
        assert!(error.is_user());
        let expected = format!("The source directory {} does not exist", space.path("none").display());
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn does_not_copy_the_buildout_into_itself() {
    let space = CmmiSpace::new();
    for file in ["configure", "Makefile"] {
        std::fs::rename(space.path("src").join(file), space.path(file)).unwrap();
    }
    space.write("parts/other/file", "");
    space.install(&[("path", "."), ("keep-compile-dir", "true")]).unwrap();
    assert!(space.path("parts/part__compile__/tool.tar.gz").exists());
    assert!(!space.path("parts/part__compile__/parts").exists());
}

#[test]
fn builds_in_place_on_request() {
    let space = CmmiSpace::new();
    space.install(&[("path", "src"), ("compile-directory", "src")]).unwrap();
    assert!(space.path("src/built").exists() && space.path("parts/part/bin/tool").exists());
}

#[test]
fn a_failure_in_place_leaves_nothing_in_the_sources() {
    let space = CmmiSpace::new();
    let one = space.path("one");
    std::fs::create_dir(&one).unwrap();
    std::fs::rename(space.path("src"), one.join("src")).unwrap();
    let patch = "--- Makefile\n+++ Makefile\n@@ -3,2 +3,3 @@\n all:\n+\t@echo patched\n \tcat options > built\n";
    space.write("fix.patch", patch);
    let options = [("path", "one"), ("compile-directory", "one"), ("keep-compile-dir", "true")];
    let failing = [("patches", "fix.patch"), ("pre-build", "false")];
    let error = space.install(&[&options[..], &failing].concat()).unwrap_err().to_string();
    let script = space.path("parts/part__compile__/reproduce.sh");
    let ending =
        format!("The build directory is {}/src; to repeat the build without confinement, run: sh ", one.display());
    assert!(error.contains(&ending) && error.ends_with(script.to_str().unwrap()), "{error}");
    assert_eq!(std::fs::read_dir(&one).unwrap().count(), 1, "its only directory is where the build is repeated");
    let comment = "# It runs without confinement: its commands have all your permissions.\n";
    assert!(std::fs::read_to_string(&script).unwrap().contains(comment));

    let printed = space.install(&options).unwrap();
    assert!(printed.contains("patched") && space.path("parts/part/bin/tool").exists(), "{printed}");
    assert!(script.exists() && one.join("src/built").exists());
}

#[test]
fn a_failure_to_write_the_script_does_not_hide_the_build_failure() {
    let space = CmmiSpace::new();
    let options =
        [("path", "src"), ("compile-directory", "src"), ("pre-build", "echo > @@LOCATION@@__compile__; false")];
    let error = space.install(&options).unwrap_err().to_string();
    let directory = format!("The build directory is {}", space.path("src").display());
    assert_eq!(error, format!("pre-build exited with status 1. {directory}"));
    assert!(
        logged().iter().any(|(_, message)| message.starts_with("Cannot write ") && message.contains("reproduce.sh: "))
    );
}

#[test]
fn runs_steps_in_order_in_separate_shells() {
    let space = CmmiSpace::new();
    let step = |name: &str| format!("echo step {name}; variable={name}; test -d %(location)s");
    let steps = ["pre-configure", "pre-build", "pre-install", "post-install"].map(|name| (name, step(name)));
    let mut options: Vec<(&str, &str)> = steps.iter().map(|(name, step)| (*name, step.as_str())).collect();
    options.extend([
        ("url", "tool.tar.gz"),
        ("make-targets", "install\n extra"),
        ("make-options", "--no-print-directory"),
    ]);
    let printed = space.install(&options).unwrap();
    let order: Vec<_> = printed.lines().filter(|line| line.contains("step") || line.contains("configured")).collect();
    assert_eq!(order.len(), 5, "{printed}");
    assert!(order[0].ends_with("pre-configure") && order[1].starts_with("configured"), "{printed}");
    assert!(order[2].ends_with("pre-build") && order[4].ends_with("post-install"), "{printed}");
    assert!(space.path("parts/part/extra").exists());
}

#[test]
fn a_step_stops_at_the_first_failure() {
    let space = CmmiSpace::new();
    let error = space.install(&[("path", "src"), ("pre-configure", "false\ntouch @@LOCATION@@/after")]).unwrap_err();
    assert!(error.to_string().starts_with("pre-configure exited with status 1. "), "{error}");
}

#[test]
fn a_custom_configure_command_installs_with_the_prefix() {
    let space = CmmiSpace::new();
    space.install(&[("path", "src"), ("configure-command", "echo own > options #")]).unwrap();
    assert_eq!(space.read("parts/part/bin/tool"), "own\n");
    let options = [("path", "src"), ("configure-command", ":"), ("make-binary", "echo > %(location)s/made;:")];
    space.install(&options).unwrap();
    assert_eq!(space.read("parts/part/made"), "\n");
}

#[test]
fn creates_the_prefix() {
    let space = CmmiSpace::new();
    let options = [("path", "src"), ("prefix", "opt/../tools")];
    let error = space.install(&[&options[..], &[("pre-build", "false")]].concat()).unwrap_err();
    assert!(error.to_string().starts_with("pre-build exited"), "{error}");
    assert!(!space.path("tools").exists(), "the empty prefix is removed");
    let buildout = space.buildout(&options);
    let location = space.path("parts/part");
    let paths = buildout.init::<Cmmi>("part").unwrap().install().unwrap();
    assert_eq!(paths.as_slice(), [location.to_str().unwrap()]);
    assert_eq!(buildout.option("part", "prefix").unwrap(), space.path("tools").to_str().unwrap());
    assert!(space.path("tools/bin/tool").exists() && !location.join("bin").exists());
    space.install(&[("path", "src"), ("prefix", "@@LOCATION@@/usr")]).unwrap();
    assert!(location.join("usr/bin/tool").exists());
}

#[test]
fn rejects_a_location_with_special_characters() {
    for c in ["%", "$", "\"", "`"] {
        let directory = format!("/a{c}b");
        let buildout = Buildout::new(&directory).section("part", [("recipe", "cmmi"), ("url", "x.tar.gz")]);
        let error = buildout.init::<Cmmi>("part").err().unwrap().to_string();
        assert!(error.starts_with(&format!("Cannot build at {directory}/parts/part: ")), "{error}");
    }
}

#[test]
fn replaces_the_location_in_all_options_and_rejects_another_location() {
    let space = CmmiSpace::new();
    let location = space.path("parts/part").to_str().unwrap().to_owned();
    let options = [("path", "src"), ("location", "@@LOCATION@@"), ("program", "@@LOCATION@@/bin/tool")];
    let buildout = space.buildout(&options);
    buildout.init::<Cmmi>("part").unwrap();
    assert_eq!(buildout.option("part", "program").unwrap(), format!("{location}/bin/tool"));
    assert_eq!(buildout.option("part", "prefix").unwrap(), location);
    let compile_directory = buildout.option("part", "compile-directory").unwrap();
    assert_eq!(compile_directory, format!("{location}__compile__"));
    let error = space.part(&[("path", "src"), ("location", "/opt/tool")]).err().unwrap();
    assert!(error.to_string().contains("/opt/tool"), "{error}");
}

#[test]
fn variables_come_from_options_and_sections() {
    let space = CmmiSpace::new();
    space.write("tools/special", "#!/bin/sh\necho special ran\n");
    std::fs::set_permissions(space.path("tools/special"), PermissionsExt::from_mode(0o755)).unwrap();
    let path = format!("PATH={}:%(PATH)s\nA = 1=2", space.path("tools").display());
    let test = ("pre-configure", "special; test \"$A\" = 1=2");
    let printed = space.install(&[("path", "src"), test, ("environment", &path)]).unwrap();
    assert!(printed.contains("special ran"), "{printed}");

    let buildout = space
        .buildout(&[("path", "src"), ("pre-configure", "test \"$B\" = 50%%"), ("environment", "variables")])
        .section("variables", [("B", "50%%"), ("$(B)", "no")]);
    buildout.init::<Cmmi>("part").unwrap().install().unwrap();
    assert_eq!(buildout.option("part", "environment-variables").unwrap(), "B=50%%");
    let left_out = "Option $(B) of section variables is not a valid variable name, and is ignored";
    assert!(logged().iter().any(|(_, message)| message == left_out));

    for (environment, message) in [
        ("A=1\nA=2", "Option environment sets A twice"),
        ("A=1\nB", "Option environment: \"B\" is not NAME = VALUE"),
        ("A: 1", "Option environment: \"A: 1\" is neither NAME = VALUE nor the name of a section"),
        ("x$(y)=1", "Option environment: \"x$(y)\" is not a valid variable name (expected only letters, digits and _)"),
        ("A=%(NONE)s", "Option environment, A: %(NONE)s is not defined"),
        ("missing", "Option environment: \"missing\" is neither NAME = VALUE nor the name of a section"),
    ] {
        let error = space.install(&[("path", "src"), ("environment", environment)]).unwrap_err();
        assert_eq!(error.to_string(), message);
    }
}

#[test]
fn applies_and_checks_patches() {
    let space = CmmiSpace::new();
    let patch = "--- Makefile\n+++ Makefile\n@@ -3,3 +3,3 @@\n all:\n-\tcat options > built\n\
                 +\tcat options > built; echo patched >> built\n install: all\n";
    space.write("fix.patch", patch);
    let digest = |program: &str| {
        let printed = Command::new(program).arg(space.path("fix.patch")).output().unwrap().stdout;
        String::from_utf8(printed).unwrap().split(' ').next().unwrap().to_owned()
    };
    for program in ["md5sum", "sha256sum"] {
        let patches = format!("fix.patch#{}", digest(program));
        space.install(&[("url", "tool.tar.gz"), ("patches", &patches)]).unwrap();
        assert!(space.read("parts/part/bin/tool").ends_with("\npatched\n"));
    }
    let p1 = patch.replace(" Makefile\n", " a/Makefile\n");
    space.write("p1.patch", &p1);
    space.install(&[("path", "src"), ("patches", "p1.patch"), ("patch-options", "-p1")]).unwrap();
    let wrong =
        space.install(&[("path", "src"), ("patches", "p1.patch#00000000000000000000000000000000")]).unwrap_err();
    assert!(wrong.is_user() && wrong.to_string().starts_with("patch p1.patch: "), "{wrong}");
    let error = space.install(&[("path", "src"), ("patches", "fix.patch fix.patch")]).unwrap_err();
    assert!(error.to_string().starts_with("Cannot apply patch fix.patch in "), "{error}");
}

#[test]
fn a_failure_keeps_the_build_directory_and_a_script_that_repeats_the_build() {
    let space = CmmiSpace::new();
    let options = [
        ("url", "tool.tar.gz"),
        ("environment", "GREETING = it's here\nMODE=first"),
        ("pre-build", "echo \"$GREETING\"\ntest -e go-on"),
    ];
    let error = space.install(&options).unwrap_err();
    let script = space.path("parts/part__compile__/reproduce.sh");
    let ending = format!("to repeat the build without confinement, run: sh {}", script.display());
    assert!(error.is_user() && error.to_string().starts_with("pre-build exited with status 1."), "{error}");
    assert!(error.to_string().ends_with(&ending), "{error}");
    assert!(!space.path("parts/part").exists(), "the location is removed");

    let run = |argument: &str| {
        let output =
            Command::new("sh").arg(&script).args(Some(argument).filter(|a| !a.is_empty())).env_clear().output();
        let output = output.unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (status, printed) = run("");
    assert_eq!(status, Some(1));
    assert!(printed.contains("--- pre-build") && printed.ends_with("it's here\n"), "{printed}");
    std::fs::write(space.path("parts/part__compile__/tool-1.0/go-on"), "").unwrap();
    assert_eq!(run("").0, Some(0));
    assert!(space.path("parts/part/bin/tool").exists());
    assert!(run("configure").1.starts_with("--- configure: ./configure "));
    assert_eq!(run("nonsense").0, Some(2));

    space.install(&options[..2]).unwrap();
    assert!(!space.path("parts/part__compile__").exists(), "an earlier build directory does not matter");
}

#[test]
fn a_kept_build_directory_belongs_to_the_part() {
    let space = CmmiSpace::new();
    let kept = space.path("parts/part__compile__");
    let options = [("url", "tool.tar.gz"), ("keep-compile-dir", "true")];
    let paths = space.part(&options).unwrap().install().unwrap();
    assert_eq!(paths.as_slice()[1..], [kept.to_str().unwrap().to_owned()]);
    assert!(kept.join("reproduce.sh").exists() && kept.join("tool-1.0/built").exists());
}

#[test]
fn warns_about_a_missing_promised_file() {
    let space = CmmiSpace::new();
    let promises = "@@LOCATION@@/bin/tool\n/bin/sh\n@@LOCATION@@/bin/other";
    space.install(&[("path", "src"), ("promises", promises)]).unwrap();
    let messages: Vec<_> = logged().into_iter().map(|(_, message)| message).collect();
    let other = format!("The promised file {} does not exist", space.path("parts/part/bin/other").display());
    assert_eq!(messages.iter().filter(|message| message.contains("promised")).collect::<Vec<_>>(), [&other]);
}

#[test]
fn rejects_invalid_options_before_the_build() {
    let space = CmmiSpace::new();
    for (options, message) in [
        (&[][..], "The sources are missing: set the option url or path"),
        (&[("url", "a"), ("path", "b")], "The options url and path cannot be used together"),
        (&[("url", "a"), ("md5sum", "12")], "Invalid value for option md5sum: \"12\" (expected 32 hexadecimal digits)"),
        (
            &[("url", "a"), ("shared", "true"), ("prefix", "/opt/tool")],
            "The prefix of a part with shared = true must be in its location, but /opt/tool is outside",
        ),
        (&[("url", "a"), ("prefix", "/tmp")], "Cannot install to the prefix /tmp, because it contains the buildout"),
        (
            &[("url", "a"), ("pre-make-hook", "hooks.py#1:pre_make")],
            "Option pre-make-hook of part part is not supported, because it contains Python code: use shell commands in \
             pre-build instead",
        ),
        (
            &[("url", "a"), ("pre-configure", "printf %s")],
            "The command of pre-configure: invalid \"%s\" (write %(NAME)s for a value and %% for a percent sign)",
        ),
    ] {
        let error = space.part(options).err().unwrap();
        assert!(error.is_user());
        assert_eq!(error.to_string(), message);
    }
}

#[test]
fn builds_a_shared_part_once_without_an_owner() {
    let space = CmmiSpace::new();
    let options = [("url", "tool.tar.gz"), ("shared", "true"), ("post-install", "echo built >> %(location)s/../log")];
    let install = |directory: &str, more: &[(&str, &str)]| {
        let buildout = Buildout::new(space.path(directory))
            .section("buildout", [("shared-part-list", space.path("shared").to_str().unwrap())])
            .section("part", [("recipe", "slapos.recipe.cmmi")])
            .section("part", options)
            .section("part", more.iter().copied())
            .section("part", [("url", space.path("tool.tar.gz").to_str().unwrap())]);
        let mut part = buildout.init::<Cmmi>("part").unwrap();
        assert_eq!(part.install().unwrap(), Paths::none());
        assert_eq!(part.update().unwrap(), None);
        PathBuf::from(buildout.option("part", "location").unwrap())
    };
    let first = install("one", &[]);
    assert_eq!(install("two", &[]), first);
    assert_eq!(space.read("shared/part/log"), "built\n");
    assert!(first.join("bin/tool").exists() && first.starts_with(space.path("shared/part")));
    assert_ne!(install("one", &[("configure-options", "--other")]), first);
    assert!(!space.path("one/parts/part").exists());
}

#[test]
fn wraps_scripts_with_a_long_first_line() {
    let space = CmmiSpace::new();
    let deep = format!("{}/{}", space.path("deep").display(), "d".repeat(150));
    std::fs::create_dir_all(&deep).unwrap();
    std::os::unix::fs::symlink("/bin/sh", format!("{deep}/sh")).unwrap();
    let script = format!(
        "mkdir %(location)s/bin; cd %(location)s/bin\nprintf '#!{deep}/sh -u\\necho $- \"$@\"\\n' > long; chmod 555 long\n\
         printf '#!/bin/sh\\n' > short; ln -s long link"
    );
    let options = [("path", "src"), ("configure-command", ":"), ("make-binary", ":"), ("post-install", &script)];
    space.install(&options).unwrap();
    let long = space.path("parts/part/bin/long");
    assert_eq!(std::fs::metadata(&long).unwrap().permissions().mode() & 0o777, 0o555);
    assert!(space.read("parts/part/bin/long").starts_with("#!/bin/sh\n"));
    assert_eq!(space.read("parts/part/bin/short"), "#!/bin/sh\n");
    assert!(std::fs::symlink_metadata(space.path("parts/part/bin/link")).unwrap().is_symlink());
    let output = Command::new(long).args(["a b", "c"]).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "u a b c\n");
    assert!(!Path::new(&space.path("parts/part/bin/short.shebang")).exists());
}

#[test]
fn the_documentation_page_is_current() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/built-in/cmmi.md");
    buildout_recipe::testing::assert_documented(page, "cmmi", vec![("default", Cmmi::describe())]);
}
