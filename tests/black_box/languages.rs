//! Recipes in all languages, with their real compilers: `recipe new`, `recipe build`, `recipe test`, and a buildout that
//! develops the project.
//!
//! The same behavior gives the same log, tree and state in each. `cargo xtask toolchains` sets the compilers up; each
//! language's steps share a project and a compile cache, since the components of Python and JavaScript take ten seconds each.

use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

use test_support::{Space, host, repository};

/// A language, and where its mistakes are shown.
struct TestedLanguage {
    name: &'static str,
    /// The file that the template has the recipe in.
    file: &'static str,
    /// The program that its `build.sh` needs, and the beginning of what it says offline without the compiler.
    missing: Option<(&'static str, &'static str)>,
    /// A line that the compiler refuses, put at the file's end, and what it must say.
    mistake: (&'static str, &'static str),
    /// A recipe that uses all that the host offers, and fails in the way that its option `how` names.
    recipe: &'static str,
    /// Ways to fail, and what must be said.
    failures: &'static [(&'static str, &'static [&'static str])],
}

#[test]
fn rust() {
    check(&TestedLanguage {
        name: "rust",
        file: "src/lib.rs",
        missing: None,
        mistake: ("fn wrong() -> u8 { \"text\" }", "error[E0308]: mismatched types"),
        recipe: include_str!("languages/recipe.rs"),
        failures: &[
            ("user", &["Error: Not so"]),
            ("fault", &["Error: opening /nowhere/file: "]),
            ("lookup", &["Error: Missing option: part:nothing"]),
            (
                "trap",
                &["panicked at src/lib.rs:94", "/sample-buildout/note/src/lib.rs:94)", "Error: Recipe note panicked"],
            ),
        ],
    });
}

#[test]
fn python() {
    check(&TestedLanguage {
        name: "python",
        file: "app.py",
        missing: Some(("python3", "build.sh: componentize-py ")),
        mistake: ("def wrong(:", "app.py\", line 31"),
        recipe: include_str!("languages/recipe.py"),
        failures: &[
            ("user", &["Error: Not so"]),
            (
                "fault",
                &["part: PermissionError", "  at app.py:42 in install", "Error: PermissionError", " (app.py:42)"],
            ),
            ("lookup", &["Error: Missing option: part:nothing"]),
            (
                "trap",
                &[
                    "  at app.py:14 in deeper: return 1 / number",
                    "Error: ZeroDivisionError: division by zero (app.py:14)",
                ],
            ),
            ("late", &["can only use modules that were imported when it was built", "Error: ModuleNotFoundError"]),
        ],
    });
}

#[test]
fn javascript() {
    check(&TestedLanguage {
        name: "javascript",
        file: "recipe.js",
        missing: Some(("node", "build.sh: componentize-js ")),
        mistake: ("function wrong( {", "recipe.js"),
        recipe: include_str!("languages/recipe.js"),
        failures: &[
            ("user", &["Error: Not so"]),
            ("fault", &["part: FileError: /nowhere/file", " at recipe.js:51 in install", " (recipe.js:51)"]),
            ("lookup", &["Error: Missing option: part:nothing"]),
            ("trap", &["  at recipe.js:13 in deeper", "Error: TypeError", "is null (recipe.js:13)"]),
        ],
    });
}

#[test]
fn c() {
    check(&TestedLanguage {
        name: "c",
        file: "recipe.c",
        missing: Some(("python3", "build.sh: zig ")),
        mistake: ("int wrong(void) { return nothing; }", "use of undeclared identifier 'nothing'"),
        recipe: include_str!("languages/recipe.c"),
        failures: &[
            ("user", &["Error: Not so"]),
            ("fault", &["Error: cannot open /nowhere/file: ", "(recipe.c:110)"]),
            ("lookup", &["Error: Missing option: part:nothing"]),
            ("trap", &["  at deeper (", "recipe.c:17)", "Error: Recipe note trapped"]),
        ],
    });
}

fn check(language: &TestedLanguage) {
    let space = Space::new();
    makes_a_project(&space, language);
    imports(&space, &["process", "download"], false);
    passes_its_own_test(&space);
    behaves_like_all(&space);
    shows_what_the_compiler_says(&space, language);
    reaches_all(&space, language);
    shows_where_it_failed(&space, language);
}

/// `recipe new` and `recipe build`, twice: the second does nothing, so that it needs no compiler.
fn makes_a_project(space: &Space, language: &TestedLanguage) {
    run(space, &["recipe", "new", "note", "--language", language.name]);
    reports_what_is_missing(space, language);
    let (built, _) = run(space, &["recipe", "build", "note"]);
    assert!(built.contains("Recipe package note 0.1.0: "), "{built}");
    let component =
        built.split_once("0.1.0: ").and_then(|(_, rest)| rest.lines().next()).expect("the component's path");
    let component = PathBuf::from(space.real(component));
    let before = component.metadata().expect("the component");
    if language.name != "rust" {
        let without = space.command(host()).args(["recipe", "build", "note"]).env("PATH", "/nowhere").output();
        assert!(without.expect("the host runs").status.success(), "an unchanged project is not built again");
    }
    let after = component.metadata().expect("the component");
    assert_eq!((before.ino(), before.mtime_nsec()), (after.ino(), after.mtime_nsec()));
}

/// `build.sh` on a machine without Python or Node.js, and without the compiler where nothing may be downloaded.
fn reports_what_is_missing(space: &Space, language: &TestedLanguage) {
    let Some((program, unavailable)) = language.missing else { return };
    let tools = space.root().join("tools");
    std::fs::create_dir(&tools).expect("a directory for tools");
    let lend = |name: &str| {
        let found = space.shell(&format!("command -v {name}")).0;
        let target = space.real(found.trim());
        std::os::unix::fs::symlink(&target, tools.join(name))
            .unwrap_or_else(|error| panic!("{name}, {target}: {error}"));
    };
    let build = |arguments: &[&str]| {
        let mut command = space.command(host());
        let output = command.args(["recipe", "build", "note"]).args(arguments).env("PATH", &tools).output();
        let output = output.expect("the host runs");
        assert!(!output.status.success());
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
    };
    ["sh", "sed", "dirname"].iter().for_each(|name| lend(name));
    let printed = build(&[]);
    assert!(printed.contains(&format!("build.sh: {program} is not installed")), "{printed}");
    lend(program);
    let printed = build(&["--offline"]);
    assert!(
        printed.contains(unavailable) && printed.contains(" is not installed, and downloads are not allowed"),
        "{printed}"
    );
    std::fs::remove_dir_all(tools).expect("the tools go");
}

/// A component imports only what its recipe uses: `lends` are interfaces of which all are imported, or none is.
fn imports(space: &Space, lends: &[&str], expected: bool) {
    let (printed, success) = run(space, &["recipe", "inspect", "note"]);
    let imported = printed.split_once("buildout:recipe (").and_then(|(_, rest)| rest.split_once(')'));
    let (imported, _) = imported.unwrap_or_else(|| panic!("{success}: {printed}"));
    let found: Vec<bool> = lends.iter().map(|name| imported.split(", ").any(|imported| imported == *name)).collect();
    assert!(found.iter().all(|found| *found == expected), "{lends:?} in {imported}");
}

fn passes_its_own_test(space: &Space) {
    let (printed, success) = run(space, &["recipe", "test", "note"]);
    assert!(success && printed.contains("1 passed; 0 failed"), "{printed}");
}

/// What a part of the template's recipe does in its life, with what is logged, made and recorded.
fn behaves_like_all(space: &Space) {
    space.write("buildout.cfg", "[buildout]\ndevelop = note\nparts = part\n\n[part]\nrecipe = note\npath = var/log\n");
    let mut printed = String::new();
    let mut step = |title: &str, arguments: &[&str]| {
        let (log, success) = run(space, &[&["run"], arguments].concat());
        printed.push_str(&format!("== {title} ({})\n{log}", if success { "done" } else { "failed" }));
        printed.push_str(&space.shell("find parts | sort; cat .installed.cfg").0);
    };
    step("made", &[]);
    step("updated", &[]);
    std::fs::remove_dir_all(space.buildout().join("parts/part/var")).expect("the part's directory");
    step("removed by hand", &[]);
    step("changed", &["part:path=etc"]);
    step("refused", &["part:path=/etc"]);
    step("uninstalled", &["buildout:parts="]);
    same(&printed, "life.txt");
}

/// What all languages do alike is in one file.
fn same(printed: &str, name: &str) {
    let expected = repository().join("tests/black_box/languages").join(name);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&expected, printed).expect(name);
    }
    let expected = std::fs::read_to_string(expected).expect(name);
    let difference = similar::TextDiff::from_lines(expected.as_str(), printed);
    assert_eq!(printed, expected, "{}", difference.unified_diff());
}

fn shows_what_the_compiler_says(space: &Space, language: &TestedLanguage) {
    let path = format!("note/{}", language.file);
    let source = space.read(&path);
    let (mistake, said) = language.mistake;
    space.write(&path, &format!("{source}{mistake}\n"));
    let (printed, success) = run(space, &["run"]);
    assert!(!success && printed.contains(said), "{} must say {said:?}:\n{printed}", language.name);
    space.write(&path, &source);
}

/// A recipe reaches all that the host offers: options, sections, locks, permissions, commands, downloads.
fn reaches_all(space: &Space, language: &TestedLanguage) {
    space.write(&format!("note/{}", language.file), language.recipe);
    space.write(
        "buildout.cfg",
        "[buildout]\ndevelop = note\nparts = part\n\n[part]\nrecipe = note\nhow = all\n\n[other]\nvalue = 1\n",
    );
    space.write("recipes.toml", "[recipe.note]\ngrant = { run = [\"echo\", \"sh\"], fetch = [\"*\"] }\n");
    space.write("text", "b\na\n");
    let (mut printed, success) = run(space, &["run"]);
    assert!(success, "{printed}");
    printed.push_str(&space.shell("find parts -printf '%P %m\\n' | sort; cat .installed.cfg").0);
    printed.push_str(&run(space, &["run", "part:how=no"]).0);
    same(&printed, "reach.txt");
    imports(space, &["process", "download", "paths"], true);
}

fn shows_where_it_failed(space: &Space, language: &TestedLanguage) {
    for (how, expected) in language.failures {
        let (printed, success) = run(space, &["run", &format!("part:how={how}")]);
        assert!(!success, "{}, {how}:\n{printed}", language.name);
        for text in *expected {
            assert!(printed.contains(text), "{}, {how}: {text:?} is missing in\n{printed}", language.name);
        }
    }
}

/// What the host prints, both outputs as they came, and whether it succeeded.
fn run(space: &Space, arguments: &[&str]) -> (String, bool) {
    let mut command = space.command("sh");
    command.args(["-c", "exec 2>&1; exec buildout-host \"$@\"", "sh"]).args(arguments);
    let output = command.output().expect("the host runs");
    (space.shown(&String::from_utf8_lossy(&output.stdout)), output.status.success())
}
