//! The name of a Python project, read from its files. `setup.py` is not run: only a name written as a string is found.

use std::path::Path;

use base::files::read_at_most;
use toml_edit::DocumentMut;

use super::Beginning;

/// Longer files are not looked at, in bytes.
const LARGEST: u64 = 1 << 20;

/// The extras that projects use for their tests.
const TESTS: [&str; 2] = ["test", "tests"];

/// The distributions with programs that run tests.
const RUNNERS: [&str; 5] = ["coverage", "nox", "pytest", "tox", "zope.testrunner"];

pub(super) fn find(directory: &Path) -> Option<Beginning> {
    let read = |name: &str| {
        let bytes = read_at_most(&directory.join(name), LARGEST).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    };
    let (toml, program, settings) = (read("pyproject.toml"), read("setup.py"), read("setup.cfg"));
    let named = [
        ("pyproject.toml", toml.as_deref().and_then(in_pyproject)),
        ("setup.cfg", settings.as_deref().and_then(in_setup_cfg).map(|name| (name, Vec::new()))),
        ("setup.py", program.as_deref().and_then(in_setup_py).map(|name| (name, Vec::new()))),
    ];
    let named = named.into_iter().find_map(|(file, name)| Some((file, name?)));
    if let Some((file, (requirement, tools))) = named {
        return Some(Beginning::PythonProject { requirement, tools, file, is_guess: false });
    }
    let is_project = |text: &str| text.lines().any(|line| ["[project]", "[build-system]"].contains(&line.trim()));
    let file = if program.is_some() {
        "setup.py"
    } else {
        toml.filter(|text| is_project(text) || text.parse::<DocumentMut>().is_err()).map(|_| "pyproject.toml")?
    };
    let name = directory.file_name().map(|name| name.to_string_lossy().into_owned());
    let requirement = name.filter(|name| is_name(name)).unwrap_or_else(|| "NAME".into());
    Some(Beginning::PythonProject { requirement, tools: Vec::new(), file, is_guess: true })
}

/// The name, with the extra for tests, and the programs that run the tests.
fn in_pyproject(text: &str) -> Option<(String, Vec<String>)> {
    let document = text.parse::<DocumentMut>().ok()?;
    let project = document.get("project")?;
    let name = project.get("name")?.as_str().filter(|name| is_name(name))?;
    let extras = project.get("optional-dependencies").and_then(|extras| extras.as_table_like());
    let extra = extras.and_then(|extras| TESTS.into_iter().find_map(|test| Some((test, extras.get(test)?))));
    let Some((extra, needed)) = extra else { return Some((name.to_owned(), Vec::new())) };
    let needed = needed.as_array().into_iter().flatten().filter_map(|one| one.as_str());
    let needed: Vec<String> =
        needed.map(|one| one.split(|c| !is_inner(c)).next().unwrap_or("").to_lowercase()).collect();
    let tools = RUNNERS.into_iter().filter(|runner| needed.iter().any(|one| one == runner)).map(str::to_owned);
    Some((format!("{name}[{extra}]"), tools.collect()))
}

fn in_setup_cfg(text: &str) -> Option<String> {
    let metadata = text.lines().map(str::trim).skip_while(|line| *line != "[metadata]").skip(1);
    let mut lines = metadata.take_while(|line| !line.starts_with('['));
    let value = lines.find_map(|line| line.strip_prefix("name")?.trim_start().strip_prefix(['=', ':']))?;
    Some(value.trim().to_owned()).filter(|name| is_name(name))
}

/// The string after `name=`, in the call of `setup`.
fn in_setup_py(text: &str) -> Option<String> {
    let call = &text[text.find("setup(")?..];
    let mut found = call.match_indices("name").filter_map(|(at, word)| {
        let before = call[..at].chars().next_back()?;
        let value = call[at + word.len()..].trim_start().strip_prefix('=')?.trim_start();
        let quote = value.chars().next().filter(|quote| ['"', '\''].contains(quote))?;
        let name = value[1..].split(quote).next()?;
        (before.is_whitespace() || ['(', ','].contains(&before)).then(|| name.to_owned())
    });
    found.next().filter(|name| is_name(name))
}

/// Whether names of distributions contain it.
fn is_inner(c: char) -> bool {
    c.is_ascii_alphanumeric() || "._-".contains(c)
}

/// Whether it can be the name of a distribution.
fn is_name(name: &str) -> bool {
    let is_end = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    name.chars().all(is_inner) && is_end(name.chars().next()) && is_end(name.chars().next_back())
}
