//! Tests of wheels: the eggs made from valid ones, and that nothing remains of invalid ones.

#[allow(dead_code, reason = "the tests of the crate as a whole use it too")]
#[path = "../../tests/support/wheels.rs"]
pub(crate) mod wheels;

use super::opened::check_format;
use super::*;
use crate::python::tests::python311;
use wheels::TestWheel;

struct WheelDirectory(tempfile::TempDir);

impl WheelDirectory {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn egg(&self, wheel: &TestWheel) -> Result<PathBuf, WheelError> {
        self.egg_of(&wheel.write(self.0.path()), &wheel.file_name())
    }

    fn egg_of(&self, path: &Path, name: &str) -> Result<PathBuf, WheelError> {
        let aside = self.0.path().join("aside");
        let _ = std::fs::remove_dir_all(&aside);
        std::fs::create_dir(&aside).unwrap();
        make_egg(path, &FileName::parse(name).unwrap(), &python311(), &aside, 0o022, &|| false)
    }

    /// The reason why a wheel is rejected.
    fn fault(&self, wheel: &TestWheel) -> String {
        match self.egg(wheel) {
            Err(WheelError::Refused { fault, .. }) => fault.to_string(),
            other => panic!("{other:?}"),
        }
    }
}

/// All files below a directory, with their permissions.
fn listed(directory: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut waiting = vec![directory.to_owned()];
    while let Some(next) = waiting.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
                continue;
            }
            let mode = path.metadata().unwrap().permissions().mode() & 0o777;
            found.push(format!("{} {mode:o}", path.strip_prefix(directory).unwrap().display()));
        }
    }
    found.sort();
    found
}

#[test]
fn an_egg_is_what_zc_buildout_makes() {
    let place = WheelDirectory::new();
    let mut wheel = TestWheel::new("My-Project.x", "1.0.0rc1")
        .file("ns/__init__.py", "__import__('pkg_resources').declare_namespace(__name__)\n")
        .file("ns/inner/__init__.py", "")
        .file("ns/inner/tool", "#!/bin/sh\n");
    let data = wheel.info().replace(".dist-info", ".data");
    for kind in ["purelib/a/b.py", "platlib/c.so", "scripts/old", "data/share/x", "headers/h.h"] {
        wheel = wheel.file(&format!("{data}/{kind}"), "x");
    }
    wheel.executable = vec!["ns/inner/tool".into()];
    let egg = place.egg(&wheel).unwrap();
    assert_eq!(egg.file_name().unwrap(), "My_Project.x-1.0.0rc1-py3.11-linux-x86_64.egg");
    let info = "My_Project.x-1.0.0rc1-py3.11-linux-x86_64.dist-info";
    let mut expected = vec![
        format!("{info}/INSTALLER 644"),
        format!("{info}/METADATA 644"),
        format!("{info}/RECORD 644"),
        format!("{info}/WHEEL 644"),
        "My_Project_x.py 644".to_owned(),
        "a/b.py 644".to_owned(),
        "c.so 644".to_owned(),
        "ns/inner/__init__.py 644".to_owned(),
        "ns/inner/tool 755".to_owned(),
    ];
    expected.sort();
    assert_eq!(listed(&egg), expected);
    // RECORD lists the existing files.
    let record = std::fs::read_to_string(egg.join(info).join("RECORD")).unwrap();
    let mut paths: Vec<&str> = record.lines().map(|line| line.split(',').next().unwrap()).collect();
    let mut there: Vec<String> = listed(&egg).iter().map(|line| line.rsplit_once(' ').unwrap().0.to_owned()).collect();
    paths.sort_unstable();
    there.sort();
    assert_eq!(paths, there);
    assert_eq!(record::check(&egg, info, &|| false).unwrap().len(), 9);
}

#[test]
fn the_metadata_of_a_wheel_are_read_without_unpacking_it() {
    let place = WheelDirectory::new();
    let wheel = TestWheel::new("a", "1.0").requires("b>=2");
    let name = FileName::parse(&wheel.file_name()).unwrap();
    assert_eq!(read_metadata(&wheel.write(place.0.path()), &name).unwrap().requires[0].to_string(), "b>=2");
    let other = FileName::parse("b-1.0-py3-none-any.whl").unwrap();
    assert!(read_metadata(&wheel.write(place.0.path()), &other).is_err());
}

#[test]
fn a_wheel_that_lies_is_refused() {
    let place = WheelDirectory::new();
    let good = || TestWheel::new("a", "1.0");
    let t = |wheel: TestWheel, expected: &str| {
        let fault = place.fault(&wheel);
        assert!(fault.contains(expected), "{fault:?} has no {expected:?}");
    };
    // RECORD
    t(TestWheel { unlisted: vec![("evil.py".into(), b"x".to_vec())], ..good() }, "does not list \"evil.py\"");
    let missing = format!("{}gone.py,sha256=x,1\n", good().record_text());
    t(TestWheel { record: Some(missing), ..good() }, "lists \"gone.py\", which is not in the wheel");
    let changed = good().record_text().replacen("sha256=", "sha256=A", 1);
    t(TestWheel { record: Some(changed), ..good() }, "has the SHA-256 digest");
    let without = good().record_text().replacen("sha256=", "", 1);
    t(TestWheel { record: Some(without), ..good() }, "has no SHA-2 digest");
    t(
        TestWheel { record: Some(good().record_text().replacen("sha256=", "md5=", 1)), ..good() },
        "but a \"md5\" digest",
    );
    t(TestWheel { record: Some(format!("{0}{0}", good().record_text())), ..good() }, "two files for");
    t(TestWheel { record: Some("../../evil,,\n".into()), ..good() }, "not a path within the wheel");
    t(TestWheel { record: Some("\"".into()), ..good() }, "cannot be read: line 1");
    // Identity
    t(
        TestWheel { metadata: "Metadata-Version: 2.1\nName: b\nVersion: 1.0\n".into(), ..good() },
        "says that it is b 1.0",
    );
    t(
        TestWheel { metadata: "Metadata-Version: 2.1\nName: a\nVersion: 2.0\n".into(), ..good() },
        "says that it is a 2.0",
    );
    t(
        TestWheel { metadata: "Metadata-Version: 2.1\nName: ../a\nVersion: 1.0\n".into(), ..good() },
        "says that it is ../a",
    );
    t(TestWheel { metadata: "nothing".into(), ..good() }, "it has no Name");
    t(good().file("b-1.0.dist-info/METADATA", "x"), "metadata of another distribution");
    let name = "b-1.0-py3-none-any.whl";
    let path = place.0.path().join(name);
    std::fs::write(&path, good().bytes()).unwrap();
    assert!(place.egg_of(&path, name).unwrap_err().to_string().contains("metadata of another distribution: a-1.0"));
    // Two files for one place
    t(good().file("a-1.0.data/purelib/a.py", "other"), "two files for \"a.py\"");
}

#[test]
fn hostile_members_are_refused() {
    let place = WheelDirectory::new();
    let good = || TestWheel::new("a", "1.0");
    for name in ["../evil", "/evil", "x/../../evil", "a\0b"] {
        let fault = place.fault(&good().file(name, "x"));
        assert!(fault.contains("name"), "{name}: {fault}");
    }
    for target in ["/etc/passwd", "../..", "a.py"] {
        let fault = place.fault(&TestWheel { links: vec![("link".into(), target.into())], ..good() });
        assert!(fault.contains("link"), "{target}: {fault}");
    }
    let bomb = TestWheel { files: vec![("zeros".into(), vec![0; 64 << 20])], ..good() };
    assert!(place.fault(&bomb).contains("times the size of the archive"));
    let many = TestWheel { files: (0..70_000).map(|number| (format!("f{number}"), Vec::new())).collect(), ..good() };
    assert!(place.fault(&many).contains("exceeds the limit of 60000"));
    assert!(!place.0.path().join("evil").exists() && !place.0.path().parent().unwrap().join("evil").exists());
    // Input that is not a wheel at all.
    let path = place.0.path().join("a-1.0-py3-none-any.whl");
    for bytes in [&b""[..], b"PK\x03\x04", b"<html>"] {
        std::fs::write(&path, bytes).unwrap();
        assert!(matches!(place.egg_of(&path, "a-1.0-py3-none-any.whl"), Err(WheelError::Refused { .. })));
        assert!(read_metadata(&path, &FileName::parse("a-1.0-py3-none-any.whl").unwrap()).is_err());
    }
}

#[test]
fn a_wheel_of_another_generation_is_refused() {
    let place = WheelDirectory::new();
    assert_eq!(check_format(place.0.path()).unwrap_err().to_string(), "it has no WHEEL");
    std::fs::write(place.0.path().join("WHEEL"), "Wheel-Version: 2.0\n").unwrap();
    assert!(check_format(place.0.path()).unwrap_err().to_string().contains("its Wheel-Version is \"2.0\""));
}

#[test]
fn an_environment_for_builds_has_modules_scripts_and_data() {
    let place = WheelDirectory::new();
    let mut wheel = TestWheel::new("tool", "1.0")
        .file("tool-1.0.data/scripts/old", "#!python\nprint('old')\n")
        .file("tool-1.0.data/data/share/x", "data")
        .file("tool-1.0.dist-info/entry_points.txt", "[console_scripts]\nnew = tool:main\n../evil = tool:main\n");
    wheel.files[0].1 = b"def main():\n    print('new')\n".to_vec();
    let (environment, aside) = (place.0.path().join("environment"), place.0.path().join("aside"));
    std::fs::create_dir_all(environment.join("lib")).unwrap();
    std::fs::create_dir(&aside).unwrap();
    let name = FileName::parse(&wheel.file_name()).unwrap();
    let python = Path::new("/usr/bin/python3");
    add_to_environment(&wheel.write(place.0.path()), &name, python, (&environment, &environment), &aside, &|| false)
        .unwrap();
    let paths: Vec<String> =
        listed(&environment).iter().map(|line| line.rsplit_once(' ').unwrap().0.to_owned()).collect();
    for path in ["bin/new", "bin/old", "share/x", "lib/tool.py", "lib/tool-1.0.dist-info/METADATA"] {
        assert!(paths.contains(&path.to_owned()), "{path}: {paths:?}");
    }
    assert!(!place.0.path().join("evil").exists());
    if python.exists() {
        for (script, output) in [("new", "new\n"), ("old", "old\n")] {
            let started = wheels::start(&environment.join("bin").join(script), &[]);
            assert_eq!(String::from_utf8_lossy(&started.stdout), output, "{started:?}");
        }
    }
}
