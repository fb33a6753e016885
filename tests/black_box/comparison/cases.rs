//! The configurations of the comparison. `LINKS` stands for a directory with wheels.

use super::world::{BACKEND, PYPROJECT};

/// One configuration.
pub(super) struct ComparedCase {
    pub(super) name: &'static str,
    pub(super) configuration: &'static str,
    /// Further files.
    pub(super) files: &'static [(&'static str, &'static str)],
    /// Flags of both programs.
    pub(super) arguments: &'static str,
}

const fn case(name: &'static str, configuration: &'static str) -> ComparedCase {
    ComparedCase { name, configuration, files: &[], arguments: "" }
}

pub(super) const CASES: &[ComparedCase] = &[
    case("one egg", "[buildout]\nparts = part\n\n[part]\nrecipe = zc.recipe.egg\neggs = app\n"),
    case(
        "several eggs",
        "[buildout]\nparts = part\n\n[part]\nrecipe = zc.recipe.egg\neggs =\n    app\n    many\n    ns.two\n",
    ),
    case("the name of the part", "[buildout]\nparts = app\n\n[app]\nrecipe = zc.recipe.egg\n"),
    case("eggs without scripts", "[buildout]\nparts = part\n\n[part]\nrecipe = zc.recipe.egg:eggs\neggs = app\n"),
    case(
        "the entry point scripts",
        "[buildout]\nparts = part\n\n[part]\nrecipe = zc.recipe.egg:scripts\neggs = many\n",
    ),
    case("the entry point script", "[buildout]\nparts = part\n\n[part]\nrecipe = zc.recipe.egg:script\neggs = many\n"),
    case(
        "no scripts",
        "[buildout]\nparts = part\n\n[part]\nrecipe = zc.recipe.egg\neggs = many\nscripts =\ninterpreter = py\n",
    ),
    case(
        "renamed scripts",
        "[buildout]\nparts = part\n\n[part]\nrecipe = zc.recipe.egg\neggs = many\nscripts = first=one second\n",
    ),
    case(
        "selected scripts",
        "[buildout]\nparts = part\n\n[part]\nrecipe = zc.recipe.egg\neggs = many\nscripts = third first\n",
    ),
    case(
        "a script that does not exist",
        "[buildout]\nparts = part\n\n[part]\nrecipe = zc.recipe.egg\neggs = many\nscripts = first fourth\n",
    ),
    case(
        "dependent scripts",
        "[buildout]\nparts = part\n\n[part]\nrecipe = zc.recipe.egg\neggs = app\ndependent-scripts = true\n",
    ),
    case(
        "dependent scripts of many",
        "[buildout]\nparts = part\n\n[part]\nrecipe = zc.recipe.egg\neggs = deep\ndependent-scripts = true\n",
    ),
    case(
        "entry points",
        "[buildout]\nparts = part\n\n[part]\nrecipe = zc.recipe.egg\neggs = lib\nentry-points = run=lib:main go=lib:run.go\n",
    ),
    case(
        "entry points with arguments",
        "[buildout]\nparts = part\n\n[part]\nrecipe = zc.recipe.egg\neggs = lib\nentry-points = run=lib:main\narguments = 1, name='x y'\n",
    ),
    case(
        "an interpreter",
        "[buildout]\nparts = part\n\n[part]\nrecipe = zc.recipe.egg\neggs = app\ninterpreter = py\n",
    ),
    case(
        "an interpreter without scripts",
        "[buildout]\nparts = part\n\n[part]\nrecipe = zc.recipe.egg\neggs = base\ninterpreter = py\n",
    ),
    case(
        "extra paths",
        "[buildout]\nparts = part\n\n[part]\nrecipe = zc.recipe.egg\neggs = app\ninterpreter = py\nextra-paths =\n    src\n    /usr/share/x\n    ${buildout:directory}/lib\n",
    ),
    case(
        "initialization",
        "[buildout]\nparts = part\n\n[part]\nrecipe = zc.recipe.egg\neggs = app\ninterpreter = py\ninitialization =\n    import os\n    os.environ['X'] = '1'\n",
    ),
    case("arguments", "[buildout]\nparts = part\n\n[part]\nrecipe = zc.recipe.egg\neggs = many\narguments = 1, 2\n"),
    case(
        "initialization and arguments",
        "[buildout]\nparts = part\n\n[part]\nrecipe = zc.recipe.egg\neggs = app\nscripts = app\ninitialization = import os\narguments = os.name\n",
    ),
    case(
        "relative paths",
        "[buildout]\nparts = part\n\n[part]\nrecipe = zc.recipe.egg\neggs = app\nrelative-paths = true\ninterpreter = py\n",
    ),
    case(
        "relative paths of the buildout",
        "[buildout]\nparts = part\nrelative-paths = true\n\n[part]\nrecipe = zc.recipe.egg\neggs = app\ninterpreter = py\n",
    ),
    case(
        "relative paths with extra paths",
        "[buildout]\nparts = part\n\n[part]\nrecipe = zc.recipe.egg\neggs = app\nrelative-paths = true\nextra-paths = src\n    /usr/share/x\n",
    ),
    case(
        "relative paths switched off",
        "[buildout]\nparts = part\nrelative-paths = true\n\n[part]\nrecipe = zc.recipe.egg\neggs = app\nrelative-paths = false\n",
    ),
    case("a pin", "[buildout]\nparts = part\n\n[part]\nrecipe = zc.recipe.egg\neggs = app\n\n[versions]\nlib = 1.0\n"),
    case(
        "pins of all",
        "[buildout]\nparts = part\nallow-picked-versions = false\n\n[part]\nrecipe = zc.recipe.egg\neggs = app\n\n[versions]\napp = 1.0\nlib = 1.0\nbase = 1.0\nother = 1.0\n",
    ),
    case(
        "a pin with operator",
        "[buildout]\nparts = part\n\n[part]\nrecipe = zc.recipe.egg\neggs = app\n\n[versions]\nlib = ==1.0\n",
    ),
    case(
        "a range as a pin",
        "[buildout]\nparts = part\n\n[part]\nrecipe = zc.recipe.egg\neggs = app\n\n[versions]\nlib = <2\n",
    ),
    case(
        "another section of pins",
        "[buildout]\nparts = part\nversions = other\n\n[part]\nrecipe = zc.recipe.egg\neggs = app\n\n[other]\nlib = 1.0\n[versions]\nlib = 2.0\n",
    ),
    case(
        "a pin in another spelling",
        "[buildout]\nparts = part\n\n[part]\nrecipe = zc.recipe.egg\neggs = wants-mixed\n\n[versions]\nMIXED_case-name = 1.0\n",
    ),
    case("a requirement with versions", "[buildout]\nparts = part\n\n[part]\nrecipe = zc.recipe.egg\neggs = lib<2\n"),
    case(
        "a requirement with several conditions",
        "[buildout]\nparts = part\n\n[part]\nrecipe = zc.recipe.egg\neggs = base>=1,!=2.5,<3\n",
    ),
    case(
        "pre-releases",
        "[buildout]\nparts = part\nprefer-final = false\n\n[part]\nrecipe = zc.recipe.egg\neggs = base\n",
    ),
    case("only pre-releases", "[buildout]\nparts = part\n\n[part]\nrecipe = zc.recipe.egg\neggs = early\n"),
    case("a required pre-release", "[buildout]\nparts = part\n\n[part]\nrecipe = zc.recipe.egg\neggs = early<1.0b1\n"),
    case("a post-release", "[buildout]\nparts = part\n\n[part]\nrecipe = zc.recipe.egg\neggs = patched\n"),
    case("a local version", "[buildout]\nparts = part\n\n[part]\nrecipe = zc.recipe.egg\neggs = local\n"),
    case("a release for another Python", "[buildout]\nparts = part\n\n[part]\nrecipe = zc.recipe.egg\neggs = python\n"),
    case("an extra", "[buildout]\nparts = part\n\n[part]\nrecipe = zc.recipe.egg\neggs = with-extras[more]\n"),
    case(
        "extras in two requirements",
        "[buildout]\nparts = part\n\n[part]\nrecipe = zc.recipe.egg\neggs =\n    with-extras[more]\n    with-extras[most]\n",
    ),
    case("markers", "[buildout]\nparts = part\n\n[part]\nrecipe = zc.recipe.egg\neggs = marked\n"),
    case(
        "a marker of the requirement",
        "[buildout]\nparts = part\n\n[part]\nrecipe = zc.recipe.egg\neggs =\n    base; python_version >= '3'\n    lib; python_version < '3'\n",
    ),
    case("names in mixed case", "[buildout]\nparts = part\n\n[part]\nrecipe = zc.recipe.egg\neggs = wants-mixed\n"),
    case(
        "a name in another spelling",
        "[buildout]\nparts = part\n\n[part]\nrecipe = zc.recipe.egg\neggs = MIXED-case_Name\n",
    ),
    case(
        "native namespaces",
        "[buildout]\nparts = part\n\n[part]\nrecipe = zc.recipe.egg\neggs = ns.two\ninterpreter = py\n",
    ),
    case(
        "old namespaces",
        "[buildout]\nparts = part\n\n[part]\nrecipe = zc.recipe.egg\neggs =\n    old.two\n    old.one\ninterpreter = py\n",
    ),
    case("a circle", "[buildout]\nparts = part\n\n[part]\nrecipe = zc.recipe.egg\neggs = circle-a\n"),
    case(
        "find-links of the buildout",
        "[buildout]\nparts = part\nfind-links = LINKS\n\n[part]\nrecipe = zc.recipe.egg\neggs = linked\n",
    ),
    case(
        "find-links of the part",
        "[buildout]\nparts = part\n\n[part]\nrecipe = zc.recipe.egg\neggs = linked\nfind-links = LINKS\n",
    ),
    case("a source distribution", "[buildout]\nparts = part\n\n[part]\nrecipe = zc.recipe.egg\neggs = sourced\n"),
    case(
        "a wheel is preferred to sources",
        "[buildout]\nparts = part\n\n[part]\nrecipe = zc.recipe.egg\neggs = both\n",
    ),
    case(
        "two parts",
        "[buildout]\nparts = one two\n\n[one]\nrecipe = zc.recipe.egg\neggs = lib<2\n\n[two]\nrecipe = zc.recipe.egg\neggs = lib\nscripts = lib2\n",
    ),
    case(
        "options of another part",
        "[buildout]\nparts = two\n\n[one]\nrecipe = zc.recipe.egg\neggs = many\nscripts = first\n\n[two]\nrecipe = zc.recipe.egg:scripts\neggs = ${one:eggs}\nscripts = second\n",
    ),
    case(
        "a macro",
        "[buildout]\nparts = part\n\n[common]\nrecipe = zc.recipe.egg\ninterpreter = py\n\n[part]\n<= common\neggs = app\n",
    ),
    case(
        "added eggs",
        "[buildout]\nparts = part\n\n[part]\nrecipe = zc.recipe.egg\neggs = app\n\n[part]\neggs += many\n",
    ),
    case(
        "other directories",
        "[buildout]\nparts = part\neggs-directory = ${buildout:directory}/eggs\nparts-directory = made\n\n[part]\nrecipe = zc.recipe.egg\neggs = app\n",
    ),
    ComparedCase {
        name: "an existing version is enough",
        configuration: "[buildout]\nparts = part\n\n[part]\nrecipe = zc.recipe.egg\neggs = lib\n",
        files: &[],
        arguments: "-N",
    },
    case(
        "allowed hosts",
        "[buildout]\nparts = part\nallow-hosts = 127.0.0.1*\n\n[part]\nrecipe = zc.recipe.egg\neggs = app\n",
    ),
    ComparedCase {
        name: "a requirement of a developed project",
        configuration: "[buildout]\nparts = part\ndevelop = .\n\n[part]\nrecipe = zc.recipe.egg\neggs = demo\ninterpreter = py\n",
        files: &[
            ("pyproject.toml", PYPROJECT),
            ("backend.py", BACKEND),
            ("demo.py", "value = 1\n"),
            ("requires.txt", "app\n"),
        ],
        arguments: "",
    },
    ComparedCase {
        name: "a developed project in src",
        configuration: "[buildout]\nparts = part\ndevelop = project\n\n[part]\nrecipe = zc.recipe.egg\neggs =\n    demo\n    lib\ninterpreter = py\n",
        files: &[
            ("project/pyproject.toml", PYPROJECT),
            ("project/backend.py", BACKEND),
            ("project/src/demo.py", "value = 1\n"),
        ],
        arguments: "",
    },
];
