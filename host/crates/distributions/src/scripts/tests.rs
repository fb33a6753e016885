//! Scripts, compared with those that zc.buildout 6.0.1 wrote for the same working set (`recorded/`, with `@DIR@` and
//! `@PYTHON@` for the directory and the Python).

use std::path::Path;

use base::event::{Level, Silent};
use test_support::ReportedMessages;

use super::*;
use crate::eggs::InstalledDistributions;
use crate::python::tests::python311;

const OLD: &str = "#!python\n\"\"\"Doc.\"\"\"\nfrom __future__ import print_function\n# import later\nimport os\nprint(os.getcwd())\n";

const ENTRY_POINTS: &str =
    "[console_scripts]\ndemo = demo.cli:main\nother-demo = demo.cli:Class.run [extra]\n[gui_scripts]\ng = demo:gui\n";

fn egg(eggs: &Path, name: &str, version: &str, entry_points: &str, scripts: &[(&str, &str)]) {
    let stem = format!("{}-{version}-py3.11-linux-x86_64", name.replace('-', "_"));
    let info = eggs.join(format!("{stem}.egg/{stem}.dist-info"));
    std::fs::create_dir_all(info.join("scripts")).unwrap();
    std::fs::write(info.join("METADATA"), format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"))
        .unwrap();
    std::fs::write(info.join("entry_points.txt"), entry_points).unwrap();
    for (script, text) in scripts {
        std::fs::write(info.join("scripts").join(script), text).unwrap();
    }
}

struct ScriptsFixture {
    directory: tempfile::TempDir,
    working_set: WorkingSet,
    python: Python,
}

impl ScriptsFixture {
    fn new(entry_points: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let eggs = directory.path().join("eggs/v5");
        egg(&eggs, "demo.tool", "1.0", entry_points, &[("old-demo", OLD), ("nopy.sh", "#!/bin/sh\necho hi\n")]);
        egg(&eggs, "lib-two", "2.0", "", &[]);
        std::fs::create_dir_all(directory.path().join("src dir/it's")).unwrap();
        std::fs::create_dir_all(directory.path().join("bin")).unwrap();
        let python = python311();
        let installed = InstalledDistributions::scan_eggs(&eggs, &python);
        let found = ["demo-tool", "lib-two"].map(|key| Arc::clone(&installed.project(key)[0]));
        Self { directory, working_set: WorkingSet::new(found.to_vec()), python }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.directory.path().join(path)
    }

    fn real(&self, path: &str) -> PathBuf {
        self.path(path).canonicalize().unwrap()
    }

    fn scripts(&self, requirements: &[&str]) -> RequestedScripts {
        let requirements = requirements.iter().map(|text| Requirement::parse(text).unwrap()).collect();
        RequestedScripts { requirements, directory: self.path("bin"), ..RequestedScripts::default() }
    }

    fn make(&self, scripts: &RequestedScripts) -> Result<Vec<Script>, ScriptError> {
        scripts.make(&self.working_set, &self.python, &Silent)
    }

    /// The name and contents of each script, with the directory and the Python as in the records.
    fn shown(&self, scripts: &RequestedScripts) -> Vec<(String, String)> {
        let directory = self.directory.path().canonicalize().unwrap();
        let masked = |text: &str| {
            text.replace(directory.to_str().unwrap(), "@DIR@")
                .replace(self.python.executable.to_str().unwrap(), "@PYTHON@")
        };
        let made = self.make(scripts).unwrap();
        made.iter()
            .map(|script| (script.path.file_name().unwrap().to_str().unwrap().to_owned(), masked(&script.text)))
            .collect()
    }
}

fn recorded(case: &str) -> Vec<(String, String)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/scripts/recorded");
    let mut found: Vec<(String, String)> = std::fs::read_dir(directory)
        .unwrap()
        .filter_map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name()?.to_str()?.strip_prefix(&format!("{case}."))?.strip_suffix(".txt")?.to_owned();
            Some((name, std::fs::read_to_string(path).unwrap()))
        })
        .collect();
    found.sort();
    found
}

#[test]
fn scripts_are_those_of_zc_buildout() {
    let fixture = ScriptsFixture::new(ENTRY_POINTS);
    let demo = || RequestedScripts { interpreter: Some("py".into()), ..fixture.scripts(&["demo.tool"]) };
    let named =
        |pairs: &[(&str, &str)]| Some(pairs.iter().map(|(name, target)| ((*name).into(), (*target).into())).collect());
    let options = RequestedScripts {
        arguments: "1, \"two\"".into(),
        initialization: "import os\nos.environ[\"A\"] = \"%s\"".into(),
        extra_paths: ["src dir/it's", "missing/../x", "bin"].map(|path| fixture.path(path)).to_vec(),
        ..demo()
    };
    let relative = RequestedScripts {
        relative_to: Some(fixture.path("")),
        extra_paths: vec![fixture.path(""), "/usr/lib".into()],
        initialization: "pass".into(),
        ..demo()
    };
    let chosen = RequestedScripts {
        names: named(&[("demo", "renamed"), ("old-demo", "old-demo"), ("none", "none"), ("gone", "x")]),
        ..fixture.scripts(&["demo.tool"])
    };
    let points = RequestedScripts {
        entry_points: vec![EntryPoint { name: "x".into(), module: "m.n".into(), attributes: "f".into() }],
        interpreter: Some(String::new()),
        ..fixture.scripts(&["lib_two"])
    };
    for (case, scripts) in
        [("plain", demo()), ("options", options), ("relative", relative), ("chosen", chosen), ("points", points)]
    {
        let mut shown = fixture.shown(&scripts);
        shown.sort();
        let expected = recorded(case);
        assert!(!expected.is_empty());
        assert_eq!(
            shown.iter().map(|(name, _)| name).collect::<Vec<_>>(),
            expected.iter().map(|(name, _)| name).collect::<Vec<_>>()
        );
        for ((name, text), (_, expected)) in shown.iter().zip(&expected) {
            assert_eq!(text, expected, "{case} {name}");
        }
    }
}

#[test]
fn the_order_is_that_of_the_entry_points() {
    let fixture = ScriptsFixture::new(ENTRY_POINTS);
    let names: Vec<String> =
        fixture.shown(&fixture.scripts(&["Demo_Tool"])).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["demo", "other-demo", "nopy.sh", "old-demo"]);
}

#[test]
fn what_is_not_in_the_working_set() {
    let fixture = ScriptsFixture::new(ENTRY_POINTS);
    let error = |requirement: &str| fixture.make(&fixture.scripts(&[requirement])).unwrap_err().to_string();
    assert_eq!(error("none"), "Could not find requirement 'none' in working set.");
    assert_eq!(error("demo.tool>1"), "demo.tool 1.0 is in the working set, but demo.tool>1 is required");
    assert!(fixture.shown(&fixture.scripts(&["none; python_version < '3'"])).is_empty());
}

#[test]
fn a_distribution_writes_nowhere_but_into_the_directory() {
    for name in ["../x", "/etc/x", "..", "a/b"] {
        let fixture = ScriptsFixture::new(&format!("[console_scripts]\n{name} = demo:main\n"));
        let error = fixture.make(&fixture.scripts(&["demo.tool"])).unwrap_err();
        assert!(matches!(error, ScriptError::Name { .. }), "{error}");
    }
    let fixture = ScriptsFixture::new("[console_scripts]\nx = demo; import os:main\n");
    assert!(matches!(fixture.make(&fixture.scripts(&["demo.tool"])).unwrap_err(), ScriptError::EntryPoints { .. }));
}

/// Linux accepts no whitespace in the path of an interpreter, and no long line: a real shell and a real Python do.
#[test]
fn a_python_with_spaces_in_its_path_is_started_by_a_shell() {
    let mut fixture = ScriptsFixture::new(ENTRY_POINTS);
    let Some(python) = ["/usr/bin/python3", "/usr/local/bin/python3"].iter().find(|path| Path::new(path).exists())
    else {
        return;
    };
    let directory = fixture.path("a \"b\" $c `d` \\e");
    std::fs::create_dir(&directory).unwrap();
    fixture.python.executable = directory.join("python3");
    std::os::unix::fs::symlink(python, &fixture.python.executable).unwrap();
    let scripts = RequestedScripts { interpreter: Some("py".into()), ..fixture.scripts(&[]) };
    for script in fixture.make(&scripts).unwrap() {
        script.write(&fixture.real("bin"), &Silent).unwrap();
    }
    let output = crate::wheel::tests::wheels::start(&fixture.path("bin/py"), &["-c", "import sys; print(sys.path[0])"]);
    let expected = fixture.path("eggs/v5/demo.tool-1.0-py3.11-linux-x86_64.egg").canonicalize().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), expected.to_str().unwrap(), "{output:?}");
}

#[test]
fn names_lead_nowhere_else() {
    let fixture = ScriptsFixture::new(ENTRY_POINTS);
    for name in ["../victim", "/tmp/victim", "..", ".", "inner/py", "a\0b"] {
        let interpreter = RequestedScripts { interpreter: Some(name.to_owned()), ..fixture.scripts(&[]) };
        let error = fixture.make(&interpreter).unwrap_err().to_string();
        assert!(error.starts_with(&format!("`interpreter` has {name:?}")), "{error}");
        let names = Some(vec![("demo".to_owned(), name.to_owned())]);
        let selected = RequestedScripts { names, ..fixture.scripts(&["demo-tool"]) };
        assert!(fixture.make(&selected).unwrap_err().to_string().starts_with("`scripts` has"), "{name:?}");
        let entry_points =
            vec![EntryPoint { name: name.to_owned(), module: "os".to_owned(), attributes: "getcwd".to_owned() }];
        let own = RequestedScripts { entry_points, ..fixture.scripts(&[]) };
        assert!(fixture.make(&own).unwrap_err().to_string().starts_with("`entry-points` has"), "{name:?}");
    }
}

#[test]
fn a_file_is_recognized_by_whatever_name() {
    let fixture = ScriptsFixture::new("");
    let script = |path: &str| Script { path: fixture.path(path), text: String::new(), is_interpreter: false };
    std::fs::write(fixture.path("bin/kept"), "").unwrap();
    std::os::unix::fs::symlink("bin", fixture.path("other")).unwrap();
    std::os::unix::fs::symlink("bin/kept", fixture.path("link")).unwrap();
    let kept = [fixture.path("bin/kept"), fixture.path("bin/new"), fixture.path("link")];
    for path in ["bin/kept", "other/kept", "other/new", "bin/../other/new", "link", "other/../link"] {
        assert!(script(path).is_one_of(&kept), "{path}");
    }
    assert!(!script("bin/free").is_one_of(&kept) && !script("other/free").is_one_of(&kept));
}

#[test]
fn a_script_is_written_through_no_link() {
    let fixture = ScriptsFixture::new("");
    std::os::unix::fs::symlink("bin", fixture.path("other")).unwrap();
    let script = Script { path: fixture.path("other/a"), text: "x".to_owned(), is_interpreter: false };
    let real = fixture.directory.path().canonicalize().unwrap();
    assert!(script.write(&real.join("other"), &Silent).is_err());
    script.write(&real.join("bin"), &Silent).unwrap();
    assert_eq!(std::fs::read_to_string(fixture.path("bin/a")).unwrap(), "x");
}

#[test]
fn a_script_is_written_once() {
    let fixture = ScriptsFixture::new(ENTRY_POINTS);
    let scripts = RequestedScripts {
        names: Some(vec![("demo".into(), "demo".into()), ("gone".into(), "x".into()), ("none".into(), "none".into())]),
        interpreter: Some("py".into()),
        ..fixture.scripts(&["demo.tool"])
    };
    let reported = ReportedMessages::default();
    for _ in 0..2 {
        for script in scripts.make(&fixture.working_set, &fixture.python, &reported).unwrap() {
            script.write(&fixture.real("bin"), &reported).unwrap();
        }
    }
    let bin = fixture.path("bin");
    let warnings = [
        "Could not generate script 'gone' as script 'x' is not defined in the egg entry points.".to_owned(),
        "Could not generate script 'none' as it is not defined in the egg entry points.".to_owned(),
    ];
    let written = [
        format!("Generated script '{}/demo'.", bin.display()),
        format!("Generated interpreter '{}/py'.", bin.display()),
    ];
    let expected: Vec<String> = warnings.iter().chain(&written).chain(&warnings).cloned().collect();
    assert_eq!(reported.take(Level::Debug), expected);
    // A link in the place of a script is replaced, not followed.
    let outside = fixture.path("outside");
    std::fs::write(&outside, "kept").unwrap();
    std::fs::remove_file(bin.join("py")).unwrap();
    std::os::unix::fs::symlink(&outside, bin.join("py")).unwrap();
    scripts.make(&fixture.working_set, &fixture.python, &Silent).unwrap()[1]
        .write(&fixture.real("bin"), &Silent)
        .unwrap();
    assert_eq!(std::fs::read_to_string(&outside).unwrap(), "kept");
}
