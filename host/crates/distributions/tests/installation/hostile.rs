//! Builds that put links, pipes and devices where the host reads and writes, and that change what is not theirs.

use std::path::{Path, PathBuf};

use base::source::Explain as _;
use distributions::build::BuildError;

use super::NamedTest;
use super::builds::write_project;
use super::index::Behavior;
use super::space::{InstallationSpace, names, project};
use super::wheels::source;

pub(crate) const TESTS: &[NamedTest] = &[
    ("the_files_of_the_host_are_out_of_reach_of_a_build", the_files_of_the_host_are_out_of_reach_of_a_build),
    ("an_answer_is_a_short_file", an_answer_is_a_short_file),
    ("a_wheel_is_a_file_that_the_build_made", a_wheel_is_a_file_that_the_build_made),
    ("options_for_extensions_never_leave_the_copy", options_for_extensions_never_leave_the_copy),
    ("what_a_failed_build_left_is_kept_without_its_links_and_pipes", what_a_failed_build_left_is_kept),
    ("only_outputs_of_a_build_come_back", only_outputs_of_a_build_come_back),
    ("nothing_comes_back_where_the_caller_may_not_write", nothing_comes_back_where_the_caller_may_not_write),
];

const BACKEND: &str = "[build-system]\nrequires = []\nbuild-backend = 'hostile'\nbackend-path = ['.']\n";

/// Finds the host's order to its runner, and runs `early.py` in the first hook, before the one that builds.
const HOSTILE: &str = "
import os, sys
from backend import build_editable, build_wheel
def of_host():
    frame = sys._getframe()
    while 'order' not in frame.f_globals:
        frame = frame.f_back
    return frame.f_globals['order'], frame.f_code.co_filename
def early(config_settings=None):
    if os.path.exists('early.py'):
        exec(open('early.py').read(), {'__name__': 'early'})
    return []
get_requires_for_build_editable = get_requires_for_build_wheel = early
";

/// Puts something else in the place of a file.
const PUT: &str = "
import os, sys, hostile
order, runner = hostile.of_host()
def put(path, make):
    try:
        if os.path.lexists(path):
            os.remove(path)
        make(path)
    except OSError:
        pass
";

/// A project that runs `early` in its first hook, and `late` in the hook that builds.
fn files<'a>(name: &'a str, early: &'a str, late: &'a str) -> Vec<(&'a str, &'a str)> {
    let mut files = project(name, &[("hostile.py", HOSTILE), ("early.py", early), ("tries.py", late)]);
    files[0].1 = BACKEND;
    files
}

fn victim(space: &InstallationSpace) -> PathBuf {
    let victim = space.root.join("victim");
    std::fs::write(&victim, "precious").unwrap();
    victim
}

fn is_precious(victim: &Path) -> bool {
    std::fs::read_to_string(victim).unwrap() == "precious"
}

fn the_files_of_the_host_are_out_of_reach_of_a_build() {
    for make in ["lambda path: os.symlink(VICTIM, path)", "os.mkfifo"] {
        let space = InstallationSpace::new(Behavior::default());
        let victim = victim(&space);
        let early = format!(
            "{PUT}VICTIM = {:?}\nfor path in (runner, os.path.join(os.path.dirname(order['answer']), 'runner.py')):\n    put(path, {make})\n",
            victim.display().to_string()
        );
        source(&space.archives(), "a", "1.0", &files("a 1.0", &early, ""));
        space.install(&["a"]).unwrap();
        let root = write_project(&space, "project", &files("dev 1.0", &early, ""));
        space.develop(&root, &[]).unwrap();
        assert!(is_precious(&victim), "{make}");
    }
}

fn an_answer_is_a_short_file() {
    let space = InstallationSpace::new(Behavior::default());
    let answer = space.root.join("answer");
    std::fs::write(&answer, "{\"result\": \"x-1.0-py3-none-any.whl\", \"has_hook\": true}").unwrap();
    let link = format!("lambda path: os.symlink({:?}, path)", answer.display().to_string());
    let long = "lambda path: open(path, 'w').write('[' * (2 << 20))";
    for make in ["os.mkfifo", "lambda path: os.symlink('/dev/zero', path)", "os.mkdir", &link, long] {
        let late = format!("{PUT}put(order['answer'], {make})\nput(order['tried'], {make})\nos._exit(0)\n");
        let root = write_project(&space, "project", &files("dev 1.0", "", &late));
        let error = space.develop(&root, &[]).unwrap_err().to_string();
        assert!(error.contains("the build backend returned no result"), "{make}: {error}");
    }
}

fn a_wheel_is_a_file_that_the_build_made() {
    let space = InstallationSpace::new(Behavior::default());
    let outside = space.root.join("outside");
    std::fs::create_dir(&outside).unwrap();
    std::fs::write(outside.join("dev-1.0-py3-none-any.whl"), "secret").unwrap();
    let name = "dev-1.0-py3-none-any.whl";
    let pipe = format!("os.mkfifo(os.path.join(order['output'], {name:?}))");
    let link = format!("os.rmdir(order['output'])\nos.symlink({:?}, order['output'])", outside.display().to_string());
    for action in [pipe, link] {
        let late = format!(
            "{PUT}import backend\ndef write(*arguments):\n    return {name:?}\nbackend.write = write\n{action}\n"
        );
        let root = write_project(&space, "project", &files("dev 1.0", "", &late));
        let error = space.develop(&root, &[]).unwrap_err();
        assert!(matches!(error, BuildError::NoWheel { .. }), "{action}: {error}");
    }
}

fn options_for_extensions_never_leave_the_copy() {
    for make in ["lambda path: os.symlink(VICTIM, path)", "os.mkfifo"] {
        let mut space = InstallationSpace::new(Behavior::default());
        let victim = victim(&space);
        space.options.build_ext = vec![("include-dirs".into(), "/x".into())];
        let late = format!("{PUT}VICTIM = {:?}\nput('setup.cfg', {make})\n", victim.display().to_string());
        let mut all = files("dev 1.0", "", &late);
        all.push(("setup.cfg", "export EVIL=1\n"));
        let root = write_project(&space, "project", &all);
        space.develop(&root, &[]).unwrap();
        assert!(is_precious(&victim), "{make}");
        assert_eq!(std::fs::read_to_string(root.join("setup.cfg")).unwrap(), "export EVIL=1\n");
        // A link of the project itself: neither read nor written outside.
        std::fs::remove_file(root.join("setup.cfg")).unwrap();
        std::os::unix::fs::symlink(&victim, root.join("setup.cfg")).unwrap();
        let error = space.develop(&root, &[]).unwrap_err().to_string();
        assert!(error.contains("setup.cfg cannot be read"), "{error}");
        assert!(is_precious(&victim), "{make}");
    }
}

fn what_a_failed_build_left_is_kept() {
    let space = InstallationSpace::new(Behavior::default());
    let victim = victim(&space);
    let late = format!(
        "import os\nos.mkfifo('pipe')\nos.symlink({:?}, 'link')\nos.symlink('/', 'root')\nfor _ in range(300):\n    \
         os.mkdir('d')\n    os.chdir('d')\nraise SystemExit('no')\n",
        victim.display().to_string()
    );
    source(&space.archives(), "a", "1.0", &files("a 1.0", "", &late));
    let error = space.install(&["a"]).unwrap_err();
    assert!(error.hints().iter().any(|hint| hint.contains("build.log")), "{error}");
    let kept = names(&space.root.join("logs/a-1.0/source"));
    assert!(kept.contains(&"tries.py".to_owned()) && kept.contains(&"d".to_owned()), "{kept:?}");
    for left_out in ["pipe", "link", "root"] {
        assert!(!kept.contains(&left_out.to_owned()), "{left_out}");
    }
    assert_eq!(names(&space.root.join("cache/distributions/sources")), [] as [&str; 0], "nothing is left to be built");
}

fn only_outputs_of_a_build_come_back() {
    let space = InstallationSpace::new(Behavior::default());
    let late = "
import os
for path in ['bin/tool', '.installed.cfg', '.git/hooks/x', 'dev/fine.py', 'dev/_x.so', 'dev.egg-info/PKG-INFO', '../outside',
             'eggs/x/y', 'hello/recipe.toml', 'keys/acme.pub', 'keys/new.pub', 'recipes.toml', 'pylock.toml',
             'buildout.cfg', 'dev/__init__.py', '.cargo/config.toml', 'vendor/x.wasm', 'conftest.py']:
    try:
        os.makedirs(os.path.dirname(path) or '.', exist_ok=True)
        open(path, 'w').write('evil')
    except OSError:
        pass
";
    let own = [
        (".git/HEAD", "good"),
        ("bin/tool", "good"),
        ("hello/recipe.toml", "good"),
        ("keys/acme.pub", "good"),
        ("dev/__init__.py", "good"),
        ("buildout.cfg", "good"),
    ];
    let all = [files("dev 1.0", "", late), own.to_vec()].concat();
    let root = write_project(&space, "project", &all);
    let protected = ["bin", ".installed.cfg", "eggs"].map(|name| root.join(name));
    space.develop(&root, &protected).unwrap();
    for path in ["dev/fine.py", "dev/_x.so", "dev.egg-info/PKG-INFO"] {
        assert_eq!(std::fs::read_to_string(root.join(path)).unwrap(), "evil", "{path}");
    }
    for (path, text) in own {
        assert_eq!(std::fs::read_to_string(root.join(path)).unwrap(), text, "{path}");
    }
    for path in [
        ".installed.cfg",
        ".git/hooks",
        "../outside",
        "eggs",
        "keys/new.pub",
        "recipes.toml",
        "pylock.toml",
        ".cargo",
        "vendor",
        "conftest.py",
    ] {
        assert!(!root.join(path).exists(), "{path}");
    }
}

fn nothing_comes_back_where_the_caller_may_not_write() {
    let mut space = InstallationSpace::new(Behavior::default());
    space.changes_project = false;
    let late = "import os\nos.makedirs('dev.egg-info')\nopen('dev.egg-info/PKG-INFO', 'w').write('x')\n";
    let root = write_project(&space, "project", &files("dev 1.0", "", late));
    let before = names(&root);
    assert_eq!(space.develop(&root, &[]).unwrap().name, "dev");
    assert_eq!(names(&root), before);
}
