//! The first configuration of a directory: what `init` writes, by what is in the directory already.
//!
//! Knows the files of Python projects. Starts none of them, and writes nothing.

mod project;

use std::path::Path;

/// The name of the configuration file.
pub(crate) const FILE: &str = "buildout.cfg";

/// What a directory contains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Beginning {
    /// A configuration: a buildout already.
    Buildout,
    /// A Python project.
    PythonProject {
        /// What `eggs` lists: its name, with the extra for its tests.
        requirement: String,
        /// What `eggs` lists, too: the programs that run the tests, as a distribution has only its own scripts.
        tools: Vec<String>,
        /// The file that contains the name, or shows that this is a project.
        file: &'static str,
        /// Whether the name is only that of the directory.
        is_guess: bool,
    },
    /// Nothing that `init` knows.
    Empty,
}

impl Beginning {
    /// Looks at the files of the directory.
    pub(crate) fn of(directory: &Path) -> Self {
        if directory.join(FILE).symlink_metadata().is_ok() {
            return Self::Buildout;
        }
        project::find(directory).unwrap_or(Self::Empty)
    }

    /// The configuration; `None` if there is one.
    pub(crate) fn configuration(&self) -> Option<String> {
        match self {
            Self::Buildout => None,
            Self::Empty => Some(EMPTY.to_owned()),
            Self::PythonProject { requirement, tools, file, is_guess } => {
                let guess = if *is_guess {
                    format!("# {file} does not show the project's name: correct it here.\n")
                } else {
                    String::new()
                };
                let eggs = match &tools[..] {
                    [] => format!(" {requirement}"),
                    tools => format!("\n    {requirement}\n    {}", tools.join("\n    ")),
                };
                Some(format!("{PROJECT}{guess}eggs ={eggs}\ninterpreter = python\n"))
            }
        }
    }

    /// What versions of the directory need not be kept.
    pub(crate) fn ignored(&self) -> String {
        let of_builds = if matches!(self, Self::PythonProject { .. }) { "*.egg-info/\n" } else { "" };
        format!("{of_builds}/.installed.cfg*\n/bin/\n/develop-eggs/\n/eggs/\n/parts/\n")
    }
}

const EMPTY: &str = "\
# A buildout makes the parts that `parts` lists, each with a recipe.
[buildout]
parts = hello

# `${data:path}` is the value of an option of another section. A part that is
# referenced is made first.
[hello]
recipe = command
location = ${data:path}/hello.txt
command = echo \"Hello, buildout.\" > ${:location}

[data]
recipe = mkdir
path = ${buildout:directory}/data
";

const PROJECT: &str = "\
# Installs the project in this directory for development, with everything that
# it needs, in the directory eggs, and writes its scripts to bin.
[buildout]
develop = .
parts = project

[project]
recipe = egg
";

#[cfg(test)]
mod tests {
    use super::*;

    fn beginning(files: &[(&str, &str)]) -> Beginning {
        let directory = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(directory.path().join(name), text).unwrap();
        }
        match Beginning::of(directory.path()) {
            Beginning::PythonProject { is_guess: true, file, tools, .. } => {
                Beginning::PythonProject { requirement: "DIRECTORY".into(), tools, file, is_guess: true }
            }
            other => other,
        }
    }

    #[test]
    fn projects_are_known_by_their_files() {
        let t = |files: &[(&str, &str)], expected: &str, file, is_guess| {
            let (requirement, tools) = expected.split_once(' ').unwrap_or((expected, ""));
            let tools = tools.split_whitespace().map(str::to_owned).collect();
            let expected = Beginning::PythonProject { requirement: requirement.to_owned(), tools, file, is_guess };
            assert_eq!(beginning(files), expected, "{files:?}");
        };
        t(&[("pyproject.toml", "[project]\nname = \"a.b\"\n")], "a.b", "pyproject.toml", false);
        let tests = "[project]\nname = \"a\"\n[project.optional-dependencies]\ntest = [\"PyTest >= 8\", \"six\", \"pytest-cov\"]\n";
        t(&[("pyproject.toml", tests)], "a[test] pytest", "pyproject.toml", false);
        t(&[("setup.py", "setup(\n    name = 'b-c',\n)")], "b-c", "setup.py", false);
        t(&[("setup.py", "x"), ("setup.cfg", "[metadata]\nname = d\n")], "d", "setup.cfg", false);
        t(&[("pyproject.toml", "[build-system]\n"), ("setup.py", "setup(name=\"e\")")], "e", "setup.py", false);
        t(&[("setup.py", "setup(name=NAME)")], "DIRECTORY", "setup.py", true);
        t(&[("pyproject.toml", "[build-system]\nrequires = []\n")], "DIRECTORY", "pyproject.toml", true);
        t(&[("pyproject.toml", "no toml [")], "DIRECTORY", "pyproject.toml", true);
        t(&[("pyproject.toml", "[project]\nname = \"a\\n[x]\"\n")], "DIRECTORY", "pyproject.toml", true);
    }

    #[test]
    fn other_directories_are_empty_or_buildouts() {
        assert_eq!(beginning(&[]), Beginning::Empty);
        // Settings of tools alone do not make a project.
        assert_eq!(beginning(&[("pyproject.toml", "[tool.ruff]\n")]), Beginning::Empty);
        assert_eq!(beginning(&[("buildout.cfg", ""), ("setup.py", "")]), Beginning::Buildout);
    }
}
