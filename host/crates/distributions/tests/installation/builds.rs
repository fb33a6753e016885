//! Builds of source distributions and of developed projects, confined.

use std::net::TcpListener;
use std::path::PathBuf;
use std::time::Duration;

use base::event::Level;

use super::NamedTest;
use super::index::Behavior;
use super::space::{InstallationSpace, names, project};
use super::wheels::{TestWheel, source, start};

pub(crate) const TESTS: &[NamedTest] = &[
    ("a_source_distribution_is_built_once", a_source_distribution_is_built_once),
    ("what_a_build_requires_is_in_its_environment", what_a_build_requires_is_in_its_environment),
    ("a_hostile_build_gets_nothing", a_hostile_build_gets_nothing),
    ("a_build_that_fails_is_explained", a_build_that_fails_is_explained),
    ("a_build_that_requires_itself_ends", a_build_that_requires_itself_ends),
    ("a_build_that_makes_something_else_is_refused", a_build_that_makes_something_else_is_refused),
    ("options_for_extensions_reach_the_build", options_for_extensions_reach_the_build),
    ("a_project_is_developed", a_project_is_developed),
    ("a_build_that_takes_long_is_reported", a_build_that_takes_long_is_reported),
    ("a_project_whose_build_fails_leaves_nothing", a_project_whose_build_fails_leaves_nothing),
];

fn a_source_distribution_is_built_once() {
    let space = InstallationSpace::new(Behavior::default());
    source(&space.archives(), "a", "1.0", &project("a 1.0", &[("requires.txt", "b>=1\n")]));
    TestWheel::new("b", "2.0").write(&space.archives());
    let outcome = space.install(&["a"]).unwrap();
    let shown: Vec<String> = outcome.working_set().iter().map(ToString::to_string).collect();
    assert_eq!(shown, ["a 1.0", "b 2.0"]);
    let module = outcome.working_set().iter().next().unwrap().location.join("a.py");
    assert_eq!(std::fs::read_to_string(module).unwrap(), "value = 'built'\n");
    // The wheel is cached: without the backend nothing can be built, and nothing has to be.
    std::fs::remove_dir_all(space.root.join("eggs")).unwrap();
    let kept = space.root.join("cache/distributions/wheels");
    let before = names(&kept);
    space.install(&["a"]).unwrap();
    assert_eq!((names(&kept), before.len()), (before.clone(), 1));
}

fn what_a_build_requires_is_in_its_environment() {
    let space = InstallationSpace::new(Behavior::default());
    let mut helper = TestWheel::new("helper", "1.0").requires("deeper");
    helper.files[0].1 = b"import deeper\ndef text():\n    return 'value = %r\\n' % deeper.version\n".to_vec();
    helper
        .file("helper-1.0.dist-info/entry_points.txt", "[console_scripts]\nhelp-me = helper:text\n")
        .write(&space.archives());
    TestWheel::new("deeper", "3.0").write(&space.archives());
    let pyproject = "[build-system]\nrequires = ['helper']\nbuild-backend = 'backend'\nbackend-path = ['.']\n";
    let tries = "import helper, shutil\nopen('module.py', 'w').write(helper.text())\nassert shutil.which('help-me')\n\
        try:\n    import packaging\n    raise SystemExit('what is installed for the Python is visible')\nexcept ImportError:\n    pass\n";
    let mut files = project("a 1.0", &[("tries.py", tries)]);
    files[0].1 = pyproject;
    source(&space.archives(), "a", "1.0", &files);
    let outcome = space.install(&["a"]).unwrap();
    assert_eq!(outcome.working_set().iter().count(), 1, "what a build requires is not installed");
    let module = outcome.working_set().iter().next().unwrap().location.join("a.py");
    assert_eq!(std::fs::read_to_string(module).unwrap(), "value = '3.0'\n");
}

/// Each line of its findings is `KIND: what`; it must not find anything.
const HOSTILE: &str = r#"
import os, socket, subprocess, sys
found = []

def attempt(kind, action):
    try:
        found.append('%s: %r' % (kind, action()))
    except BaseException:
        pass

HOME, OUTSIDE, PORT = open('where.txt').read().split()
attempt('ssh', lambda: open(os.path.join(HOME, '.ssh/id_rsa')).read())
attempt('outside', lambda: open(os.path.join(OUTSIDE, 'secret')).read())
attempt('list', lambda: os.listdir(OUTSIDE))
attempt('write', lambda: open(os.path.join(OUTSIDE, 'written'), 'w').write('x'))
attempt('connect', lambda: socket.create_connection(('127.0.0.1', int(PORT)), 2).send(b'x'))
attempt('name', lambda: socket.getaddrinfo('example.org', 80))
attempt('datagram', lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', int(PORT))))
attempt('shadow', lambda: open('/etc/shadow').read())
attempt('environment', lambda: os.environ['DISTRIBUTIONS_TEST_SECRET'])
attempt('processes', lambda: [p for p in os.listdir('/proc') if p.isdigit() and int(p) > 100])
attempt('kill', lambda: os.kill(os.getppid(), 9) if os.getppid() > 1 else 1 / 0)
found = [line for line in found if line != 'processes: []']
subprocess.Popen([sys.executable, '-c', 'import os, time; os.setsid(); time.sleep(3); open(%r, "w").write("x")' % os.path.join(os.getcwd(), 'daemon')])
open('module.py', 'w').write('found = %r\n' % (found,))
"#;

fn a_hostile_build_gets_nothing() {
    let space = InstallationSpace::new(Behavior::default());
    let (home, outside) = (space.root.join("home"), space.root.join("outside"));
    std::fs::create_dir_all(home.join(".ssh")).unwrap();
    std::fs::create_dir(&outside).unwrap();
    std::fs::write(home.join(".ssh/id_rsa"), "private").unwrap();
    std::fs::write(outside.join("secret"), "secret").unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let place = format!("{} {} {}", home.display(), outside.display(), listener.local_addr().unwrap().port());
    source(&space.archives(), "a", "1.0", &project("a 1.0", &[("tries.py", HOSTILE), ("where.txt", &place)]));
    let outcome = space.install(&["a"]).unwrap();
    let module = outcome.working_set().iter().next().unwrap().location.join("a.py");
    assert_eq!(std::fs::read_to_string(module).unwrap(), "found = []\n");
    assert!(listener.accept().is_err(), "no connection was made");
    assert_eq!(names(&outside), ["secret"]);
}

fn a_build_that_fails_is_explained() {
    let space = InstallationSpace::new(Behavior::default());
    let tries = "import socket, sys\nprint('first')\ntry:\n    socket.create_connection(('127.0.0.1', 9), 1)\nexcept OSError:\n    pass\n\
        sys.exit('the compiler is missing')\n";
    source(&space.archives(), "a", "1.0", &project("a 1.0", &[("tries.py", tries)]));
    let error = space.error(&["a"]);
    for part in [
        "a 1.0 cannot be built: its command ended with exit code 1",
        "It tried to connect to 127.0.0.1:9",
        "first",
        "the compiler is missing",
    ] {
        assert!(error.contains(part), "{part:?}: {error}");
    }
    let log = space.root.join("logs/a-1.0");
    assert!(error.contains(log.join("build.log").to_str().unwrap()), "{error}");
    assert!(std::fs::read_to_string(log.join("build.log")).unwrap().contains("the compiler is missing"));
    let output = start(&log.join("reproduce.sh"), &[]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("the compiler is missing"), "{output:?}");
    assert!(space.eggs().is_empty());
}

fn a_build_that_requires_itself_ends() {
    let space = InstallationSpace::new(Behavior::default());
    let requires = |name: &str| {
        format!("[build-system]\nrequires = ['{name}']\nbuild-backend = 'backend'\nbackend-path = ['.']\n")
    };
    let (of_a, of_b) = (requires("b"), requires("a"));
    for (name, text, pyproject) in [("a", "a 1.0", &of_a), ("b", "b 1.0", &of_b)] {
        let mut files = project(text, &[]);
        files[0].1 = pyproject;
        source(&space.archives(), name, "1.0", &files);
    }
    let error = space.error(&["a"]);
    assert!(error.contains(" itself"), "{error}");
}

fn a_build_that_makes_something_else_is_refused() {
    let space = InstallationSpace::new(Behavior::default());
    source(&space.archives(), "a", "1.0", &project("b 1.0", &[]));
    assert!(space.error(&["a"]).contains("b-1.0-py3-none-any.whl"));
    let leads_out = "import backend\nbackend.write = lambda *arguments: '../../../etc/passwd'\n";
    source(&space.archives(), "c", "1.0", &project("c 1.0", &[("tries.py", leads_out)]));
    assert!(space.error(&["c"]).contains("is not a wheel"));
    let link = "import backend, os\ndef write(directory, files):\n    os.symlink('/etc/passwd', directory + '/d-1.0-py3-none-any.whl')\n    return 'd-1.0-py3-none-any.whl'\nbackend.write = write\n";
    source(&space.archives(), "d", "1.0", &project("d 1.0", &[("tries.py", link)]));
    assert!(space.error(&["d"]).contains("is not a wheel"));
    assert!(space.eggs().is_empty());
}

fn options_for_extensions_reach_the_build() {
    let mut space = InstallationSpace::new(Behavior::default());
    let parts = space.root.join("parts/libxml2");
    std::fs::create_dir_all(&parts).unwrap();
    std::fs::write(parts.join("libxml.h"), "header").unwrap();
    let tries = "import os\ninclude = [line.split(' = ')[1].strip() for line in open('setup.cfg') if line.startswith('include_dirs')][0]\n\
        open('module.py', 'w').write('value = %r' % [open(include + '/libxml.h').read(), os.environ['CFLAGS']])\n";
    source(
        &space.archives(),
        "a",
        "1.0",
        &project("a 1.0", &[("tries.py", tries), ("setup.cfg", "[build_ext]\ndebug = 1\n")]),
    );
    TestWheel::new("a", "1.0").write(&space.archives());
    space.options.build_ext = vec![("include_dirs".into(), parts.to_str().unwrap().into())];
    space.options.environment = [("CFLAGS".to_owned(), "-O9".to_owned())].into();
    space.options.read = vec![parts];
    let egg = space.build("a").unwrap();
    assert!(egg.starts_with(space.root.join("develop-eggs")), "{egg:?}");
    assert_eq!(std::fs::read_to_string(egg.join("a.py")).unwrap(), "value = ['header', '-O9']");
    // It exists, so it is not built again, and it is preferred to the files of the index.
    assert_eq!(space.build("a").unwrap(), egg);
    space.options = Default::default();
    let outcome = space.install(&["a"]).unwrap();
    assert_eq!(outcome.working_set().iter().next().unwrap().location, egg);
}

pub(crate) fn write_project(space: &InstallationSpace, directory: &str, files: &[(&str, &str)]) -> PathBuf {
    let root = space.root.join(directory);
    for (file, text) in files {
        let path = root.join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    root
}

/// Any build takes longer than the patience of this test: an interpreter starts.
fn a_build_that_takes_long_is_reported() {
    let space = InstallationSpace { patience: Duration::from_micros(1), ..InstallationSpace::new(Behavior::default()) };
    let root = write_project(&space, "slow", &project("slow 1.0", &[]));
    space.develop(&root, &[]).unwrap();
    let reported = space.log.take(Level::Info);
    let expected = "has taken 0 min so far. It is stopped after 60 min, or now with Ctrl-C.";
    assert!(reported.iter().any(|message| message.contains("slow") && message.contains(expected)), "{reported:?}");
}

fn a_project_is_developed() {
    let space = InstallationSpace::new(Behavior::default());
    let tries = "import os\nos.makedirs('dev.egg-info', exist_ok=True)\nopen('dev.egg-info/PKG-INFO', 'w').write('Name: dev\\nVersion: 1.0\\n')\n";
    let files = project("dev 1.0", &[("tries.py", tries), ("requires.txt", "lib"), ("src/x.py", "")]);
    let root = write_project(&space, "it's a \"project\"", &files);
    TestWheel::new("lib", "1.0").write(&space.archives());
    let developed = space.develop(&root, &[]).unwrap();
    let made = ["__editable__.dev.pth", "__editable___dev_finder.py", "dev-1.0.dist-info", "dev.egg-link"];
    let develop_eggs = space.root.join("develop-eggs");
    assert_eq!((developed.name.as_str(), developed.paths), ("dev", made.map(|name| develop_eggs.join(name)).to_vec()));
    assert_eq!(names(&develop_eggs), made);
    let read = |name: &str| std::fs::read_to_string(develop_eggs.join(name)).unwrap();
    assert_eq!(read("__editable__.dev.pth"), format!("{}\n", root.display()));
    assert_eq!(read("dev.egg-link"), format!("{}/src\n..", root.display()));
    assert!(root.join("dev.egg-info/PKG-INFO").exists(), "what the build made is brought back");
    // Python reads the finder, whose path contains quotation marks.
    let check =
        "import sys; sys.path.insert(0, sys.argv[1]); import __editable___dev_finder as f; print(f.MAPPING['dev'])";
    let output =
        std::process::Command::new("/usr/bin/python3").args(["-B", "-c", check]).arg(&develop_eggs).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), format!("{}\n", root.join("module").display()), "{output:?}");
    let outcome = space.install(&["dev"]).unwrap();
    let shown: Vec<String> = outcome.working_set().iter().map(ToString::to_string).collect();
    assert_eq!(shown, ["lib 1.0", "dev 1.0"]);
    // Again: nothing has changed, so it is not built. `built` is written by the build alone.
    let built = || root.join("dev.egg-info/PKG-INFO").metadata().unwrap().modified().unwrap();
    let before = built();
    assert_eq!(space.develop(&root, &[]).unwrap().paths, made.map(|name| develop_eggs.join(name)));
    std::fs::create_dir(root.join("__pycache__")).unwrap();
    std::fs::write(root.join("__pycache__/module.pyc"), "").unwrap();
    space.develop(&root, &[]).unwrap();
    assert_eq!(built(), before);
    // After a change of any file of the project, or of what was made, it is built.
    let mut last = before;
    for (path, text) in [
        (root.join("module.py"), "value = 'new'\n"),
        (root.join("data/new.txt"), ""),
        (develop_eggs.join("dev.egg-link"), "elsewhere"),
        (develop_eggs.join("dev-1.0.dist-info/METADATA"), "Name: dev\nVersion: 2.0\n"),
    ] {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        space.develop(&root, &[]).unwrap();
        assert_ne!(built(), last, "{}", path.display());
        last = built();
    }
    std::fs::remove_file(develop_eggs.join("dev.egg-link")).unwrap();
    // The same result, regardless of what existed.
    assert_eq!(space.develop(&root.join("pyproject.toml"), &[]).unwrap().paths.len(), 4);
    assert_eq!(names(&develop_eggs), made);
}

fn a_project_whose_build_fails_leaves_nothing() {
    let space = InstallationSpace::new(Behavior::default());
    let root = write_project(&space, "project", &project("dev 1.0", &[("tries.py", "raise SystemExit('no')\n")]));
    let error = space.develop(&root, &[]).unwrap_err().to_string();
    assert!(error.contains("cannot be built"), "{error}");
    assert!(names(&space.root.join("develop-eggs")).is_empty());
    let empty = write_project(&space, "empty", &[("README", "")]);
    assert!(space.develop(&empty, &[]).unwrap_err().to_string().contains("neither a pyproject.toml nor a setup.py"));
    let none = write_project(&space, "none", &project("dev 1.0", &[("tries.py", "")]));
    std::fs::write(none.join("backend.py"), "").unwrap();
    assert!(space.develop(&none, &[]).unwrap_err().to_string().contains("has no build_editable"));
}
