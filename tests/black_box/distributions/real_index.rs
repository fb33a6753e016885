//! The real index, which the machine's pip is configured for: what people use, and Zope with its released pins.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

use test_support::{RunningProcess, Space, wait_until};

fn run(space: &Space, flags: &[&str]) -> String {
    space.succeeds(&[&["run"], flags].concat())
}

#[test]
fn what_people_use_is_installed_from_the_real_index() {
    let space = Space::new();
    space.write(
        "buildout.cfg",
        "[buildout]\nparts = app\n\n[app]\nrecipe = zc.recipe.egg\ninterpreter = py\neggs =\n    requests\n    lxml\n    Pillow\n    \
         cryptography\n    zope.interface\n    docopt==0.6.2\n",
    );
    let printed = run(&space, &[]);
    assert!(printed.contains("Got docopt 0.6.2."), "it has only sources: {printed}");
    space.write(
        "check.py",
        "import docopt, lxml.etree, requests, zope.interface._zope_interface_coptimizations\nfrom PIL import Image\n\
         from cryptography.hazmat.primitives.ciphers.aead import AESGCM\n\
         print(lxml.etree.fromstring('<a/>').tag, Image.new('L', (1, 2)).size, docopt.__version__, requests.codes.ok)\n",
    );
    assert_eq!(space.shell("bin/py check.py"), ("a (1, 2) 0.6.2 200\n".to_owned(), 0));
    assert!(!run(&space, &["-o"]).contains("Getting"));
}

/// A `setup.py` with a script.
fn setup(name: &str, script: &str, layout: &str) -> String {
    format!(
        "from setuptools import setup, find_packages\nsetup(name='{name}', version='1.0', {layout},\n      \
         entry_points={{'console_scripts': ['{name} = {script}:main']}})\n"
    )
}

#[test]
fn developed_projects_of_all_layouts_can_be_imported() {
    let space = Space::new();
    let main = |word: &str| format!("def main():\n    print('{word}')\n");
    for (path, text) in [
        // In the buildout directory, and with names before and after `develop-eggs`.
        ("setup.py", setup("app", "app", "packages=find_packages(include=['app'])")),
        ("app/__init__.py", main("app")),
        ("a/setup.py", setup("single", "single", "py_modules=['single']")),
        ("a/single.py", main("single")),
        ("b/setup.py", setup("mapped", "mapped.inner", "packages=['mapped'], package_dir={'mapped': 'lib/mapped'}")),
        ("b/lib/mapped/__init__.py", String::new()),
        ("b/lib/mapped/inner.py", main("mapped")),
        ("x/setup.py", setup("late", "late", "packages=['late', 'more'], package_dir={'late': 'lib/late'}")),
        ("x/lib/late/__init__.py", format!("import more\n{}", main("late"))),
        ("x/more/__init__.py", String::new()),
        ("y/setup.py", setup("spaced", "name.space", "packages=['name.space']")),
        ("y/name/space/__init__.py", main("spaced")),
        (
            "z/pyproject.toml",
            "[project]\nname = 'declared'\nversion = '1.0'\nscripts = { declared = 'declared:main' }\n\
             [tool.setuptools]\npackages = ['declared']\n"
                .to_owned(),
        ),
        ("z/declared/__init__.py", main("declared")),
        ("r/setup.py", setup("renamed", "renamed", "packages=['renamed'], package_dir={'renamed': 'lib'}")),
        ("r/lib/__init__.py", String::new()),
    ] {
        space.write(path, &text);
    }
    space.write(
        "buildout.cfg",
        "[buildout]\ndevelop = . a b r x y z\nparts = app\n\n[app]\nrecipe = zc.recipe.egg\neggs =\n    app\n    single\n    \
         mapped\n    late\n    spaced\n    declared\n",
    );
    let printed = run(&space, &[]);
    // One script for each project: a script must not find the project through the path of another.
    for name in ["app", "single", "mapped", "late", "spaced", "declared"] {
        space.write("alone.cfg", &format!("[buildout]\nextends = buildout.cfg\n\n[app]\neggs = {name}\n"));
        run(&space, &["-c", "alone.cfg"]);
        assert_eq!(space.shell(&format!("bin/{name}")), (format!("{name}\n"), 0));
    }
    assert!(printed.contains("renamed: scripts cannot import renamed"), "{printed}");
    assert!(!printed.contains("mapped: scripts"), "{printed}");
}

#[test]
fn zope_with_its_released_pins_answers() {
    let space = Space::new();
    space.write("versions.cfg", include_str!("zope-5.13.cfg"));
    space.write(
        "buildout.cfg",
        "[buildout]\nextends = versions.cfg\nparts = zope\n\n[zope]\nrecipe = zc.recipe.egg\neggs = Zope[wsgi]\n",
    );
    run(&space, &[]);
    let (printed, code) = space.shell("ls eggs/v5 | wc -l");
    assert!(code == 0 && printed.trim().parse::<usize>().unwrap() >= 60, "{printed}");
    let (printed, code) = space.shell("bin/mkwsgiinstance -d instance -u admin:admin");
    assert_eq!(code, 0, "{printed}");
    // The port is free now; nothing else here asks for one.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let settings = space.shown(&space.read("instance/etc/zope.ini")).replace("port = 8080", &format!("port = {port}"));
    space.write("instance/etc/zope.ini", &settings);
    let mut zope = RunningProcess::start(space.command(space.path("bin/runwsgi")).arg("instance/etc/zope.ini"));
    let answer = || {
        let mut connection = TcpStream::connect(("127.0.0.1", port)).ok()?;
        connection.write_all(b"GET / HTTP/1.0\r\n\r\n").ok()?;
        let mut text = String::new();
        connection.read_to_string(&mut text).ok()?;
        Some(text)
    };
    wait_until("Zope answers", || answer().is_some() || zope.is_over());
    if zope.is_over() {
        panic!("Zope has ended: {}", zope.end().printed());
    }
    let text = answer().unwrap();
    assert!(text.starts_with("HTTP/1.0 200") || text.starts_with("HTTP/1.1 200"), "{text}");
    assert!(!run(&space, &[]).contains("Getting"));
}
