//! Rules of the house that no compiler checks: files are short and say what they do, links lead somewhere, versions agree,
//! words are plain, and nothing unfinished is left behind. Looks at the project's own files alone, whatever else a person
//! has made in the tree.

use std::fs;
use std::path::{Path, PathBuf};

use test_support::{repository, tracked_files};

fn read(path: impl AsRef<Path>) -> String {
    let path = repository().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Files that programs write.
const GENERATED: [&str; 2] = ["Cargo.lock", "package-lock.json"];

/// Files that people write, relative to the project's root.
fn files() -> Vec<PathBuf> {
    let mut files = tracked_files(".");
    files.retain(|path| {
        let is_generated = GENERATED.iter().any(|name| path.ends_with(name));
        !is_generated && !repository().join(path).is_symlink()
    });
    assert!(files.len() > 100, "the project's files are not found");
    files
}

fn files_of_type<'a>(extension: &'a str) -> impl Iterator<Item = (PathBuf, String)> + 'a {
    let files = files().into_iter().filter(move |path| path.extension().is_some_and(|found| found == extension));
    files.map(|path| (path.clone(), read(&path)))
}

fn rust_files() -> impl Iterator<Item = (PathBuf, String)> {
    files_of_type("rs")
}

/// Fails with all that was found.
fn none(what: &str, found: Vec<String>) {
    assert!(found.is_empty(), "{what}:\n{}", found.join("\n"));
}

/// The value of the first `key = "value"` after `section`.
fn toml_value(text: &str, section: &str, key: &str) -> String {
    let after = text.split_once(section).unwrap_or_else(|| panic!("no {section}")).1;
    let line = after.lines().find_map(|line| line.strip_prefix(&format!("{key} = "))).unwrap();
    line.trim_matches('"').to_owned()
}

#[test]
fn versions_agree() {
    let version = toml_value(&read("Cargo.toml"), "[workspace.package]", "version");
    assert_eq!(toml_value(&read("sdk/rust/Cargo.toml"), "[package]", "version"), version, "the SDK's version");
    let changes = read("CHANGELOG.md");
    let noted = [format!("## {version}"), "## Unreleased".to_owned()];
    assert!(
        changes.lines().any(|line| noted.iter().any(|heading| line.starts_with(heading))),
        "no {version} in CHANGELOG.md"
    );
    let channel = toml_value(&read("rust-toolchain.toml"), "[toolchain]", "channel");
    let minimum = toml_value(&read("Cargo.toml"), "[workspace.package]", "rust-version");
    assert!(channel.starts_with(&minimum), "rust-toolchain.toml says {channel}, Cargo.toml {minimum}");
}

#[test]
fn every_wit_file_is_of_the_same_package_version() {
    let declared = |path: &PathBuf| read(path).lines().find(|line| line.starts_with("package ")).map(str::to_owned);
    let wit =
        files().into_iter().filter(|path| path.starts_with("wit") && path.extension().is_some_and(|e| e == "wit"));
    let mut packages: Vec<_> = wit.filter_map(|path| declared(&path)).collect();
    packages.dedup();
    assert_eq!(packages.len(), 1, "{packages:?}");
}

#[test]
fn every_decision_has_its_own_number_and_is_listed() {
    let list = read("docs/decisions/README.md");
    let mut numbers = Vec::new();
    let mut found = Vec::new();
    for path in files().iter().filter(|path| path.parent() == Some(Path::new("docs/decisions"))) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name != "README.md" {
            numbers.push(name.chars().take(3).collect::<String>());
            if !list.contains(&format!("({name})")) {
                found.push(name);
            }
        }
    }
    none("docs/decisions/README.md does not list", found);
    assert!(numbers.iter().all(|number| number.chars().all(|c| c.is_ascii_digit())), "{numbers:?}");
    let count = numbers.len();
    numbers.dedup();
    assert_eq!(numbers.len(), count, "a number was given twice");
}

#[test]
fn nothing_unfinished_is_left() {
    // Written in two pieces, so that this file does not find itself.
    let marks = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("XX", "X "),
        concat!("#[ign", "ore"),
        concat!("todo", "!("),
    ];
    let mut found = Vec::new();
    for (path, text) in rust_files() {
        for (number, line) in text.lines().enumerate() {
            if marks.iter().any(|mark| line.contains(mark)) {
                found.push(format!("{}:{}: {}", path.display(), number + 1, line.trim()));
            }
        }
    }
    none("unfinished", found);
}

#[test]
fn every_file_says_what_it_does_and_is_short() {
    const MOST_LINES: usize = 500;
    let mut found = Vec::new();
    for (path, text) in rust_files() {
        if !text.starts_with("//!") {
            found.push(format!("{}: does not begin with //!", path.display()));
        }
        let lines = text.lines().count();
        if lines > MOST_LINES {
            found.push(format!("{}: {lines} lines, more than {MOST_LINES}", path.display()));
        }
    }
    none("these files", found);
}

/// The names of the types that a text defines, with their lines. A `type` in an `impl` or `trait` has its name from there.
fn types_defined(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let is_nested = line.starts_with(' ');
        let mut words = line.split_whitespace().skip_while(|word| word.starts_with("pub") || word.ends_with(')'));
        let keyword = words.next().unwrap_or_default();
        let is_definition = matches!(keyword, "struct" | "enum" | "trait" | "union") || keyword == "type" && !is_nested;
        let name = words.next().unwrap_or_default();
        let name = name.split(|c: char| !(c.is_alphanumeric() || c == '_')).next().unwrap_or_default();
        if is_definition && name.starts_with(char::is_uppercase) {
            found.push((number + 1, name));
        }
    }
    found
}

/// One name for one thing: who searches for a type finds one definition.
#[test]
fn every_type_has_a_name_that_no_other_type_has() {
    const MAY_REPEAT: [&str; 2] = [
        // Each is a program, written as a recipe author would.
        "tests/guests",
        // What recipe authors see. Its names are those of the contract in `wit`, which the host's bindings have as well.
        "sdk",
    ];
    let mut places = std::collections::BTreeMap::<String, Vec<String>>::new();
    for (path, text) in rust_files().filter(|(path, _)| !MAY_REPEAT.iter().any(|place| path.starts_with(place))) {
        for (line, name) in types_defined(&text) {
            places.entry(name.to_owned()).or_default().push(format!("{}:{line}", path.display()));
        }
    }
    assert!(places.len() > 500, "the types are not found");
    let several = places.into_iter().filter(|(_, places)| places.len() > 1);
    none("defined more than once", several.map(|(name, places)| format!("{name}: {}", places.join(", "))).collect());
}

#[test]
fn definitions_of_types_are_found() {
    let text = "pub(in crate::run) struct A<'a> {\nenum B { C }\n    pub trait D: Send {}\ntype E = F;\nimpl G {\n    type H = I;\n";
    assert_eq!(types_defined(text), [(1, "A"), (2, "B"), (3, "D"), (4, "E")]);
}

#[test]
fn no_package_registry_is_named() {
    let hosts = [concat!("crates", ".io"), concat!("py", "pi.org"), concat!("npm", "js.org"), concat!("npm", "js.com")];
    let mut found = Vec::new();
    for path in files() {
        let text = String::from_utf8_lossy(&fs::read(repository().join(&path)).unwrap()).into_owned();
        found
            .extend(hosts.iter().filter(|host| text.contains(*host)).map(|host| format!("{}: {host}", path.display())));
    }
    none("hosts of package registries", found);
}

#[test]
fn the_licenses_are_there() {
    assert!(read("LICENSE-MIT").contains("Permission is hereby granted, free of charge"));
    assert!(read("LICENSE-APACHE").contains("Apache License"));
    assert_eq!(toml_value(&read("Cargo.toml"), "[workspace.package]", "license"), "MIT OR Apache-2.0");
}

/// Where links of a Markdown text lead, with the number of the line; not in fenced blocks.
fn links(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut is_code = false;
    for (number, line) in text.lines().enumerate() {
        is_code ^= line.starts_with("```");
        if is_code {
            continue;
        }
        let targets = line.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
        found.extend(targets.map(|(target, _)| (number + 1, target.to_owned())));
    }
    found
}

/// The names by which links reach the headings of a Markdown text.
fn anchors(text: &str) -> Vec<String> {
    let headings =
        text.lines().filter_map(|line| line.strip_prefix('#').map(|rest| rest.trim_start_matches('#').trim()));
    let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    headings.map(|heading| heading.to_lowercase().chars().filter(kept).collect::<String>().replace(' ', "-")).collect()
}

/// Whether a link in the file `from` leads to something of the project, or out of it.
fn leads_somewhere(from: &Path, target: &str) -> bool {
    if target.contains("://") {
        return true;
    }
    let (path, anchor) = target.split_once('#').map_or((target, None), |(path, anchor)| (path, Some(anchor)));
    let to = if path.is_empty() { from.to_owned() } else { from.parent().unwrap().join(path) };
    let Ok(to) = repository().join(to).canonicalize() else { return false };
    anchor
        .is_none_or(|anchor| fs::read_to_string(to).is_ok_and(|text| anchors(&text).iter().any(|name| name == anchor)))
}

#[test]
fn links_in_documents_lead_somewhere() {
    let mut found = Vec::new();
    for (path, text) in files_of_type("md") {
        let broken = links(&text).into_iter().filter(|(_, target)| !leads_somewhere(&path, target));
        found.extend(broken.map(|(line, target)| format!("{}:{line}: {target}", path.display())));
    }
    none("these links lead nowhere", found);
}

#[test]
fn links_and_headings_are_found() {
    let text = "# The `-j` option\n[a](b.md) and [c](#the--j-option)\n```\n[no](link)\n```\n";
    assert_eq!(links(text), [(2, "b.md".to_owned()), (2, "#the--j-option".to_owned())]);
    assert_eq!(anchors(text), ["the--j-option"]);
    assert!(leads_somewhere(Path::new("docs/architecture.md"), "../README.md#status"));
    assert!(!leads_somewhere(Path::new("docs/architecture.md"), "README.md"));
}

/// Paths of the project in a Markdown text: words in back quotes that begin with one of its directories.
fn paths_named(text: &str) -> Vec<&str> {
    let words = text.split('`').skip(1).step_by(2);
    let begins = |word: &&str| ["fuzz/", "tests/", "xtask/"].iter().any(|beginning| word.starts_with(beginning));
    words.filter(begins).filter(|word| !word.contains(['*', ' ', '<'])).collect()
}

#[test]
fn documents_name_files_that_are_there() {
    let mut found = Vec::new();
    for (path, text) in files_of_type("md").filter(|(path, _)| path.starts_with("docs") || path.ends_with("README.md"))
    {
        let near = path.parent().unwrap();
        let is_there = |name: &str| [Path::new(""), near].iter().any(|at| repository().join(at).join(name).exists());
        let gone = paths_named(&text).into_iter().filter(|name| !is_there(name));
        found.extend(gone.map(|name| format!("{}: {name}", path.display())));
    }
    none("these files are not there", found);
}

/// Lines of files below `directories` that contain one of `words` as a whole word. Of scenarios, only the prose: what they
/// show are the program's words.
fn lines_with(directories: &[&str], words: &[&str]) -> Vec<String> {
    let is_inside = |path: &PathBuf| directories.iter().any(|directory| path.starts_with(directory));
    let mut found = Vec::new();
    for path in files().into_iter().filter(is_inside) {
        // Components and archives are not texts.
        let Ok(text) = fs::read_to_string(repository().join(&path)) else { continue };
        let is_scenario = path.starts_with("tests/scenarios");
        let mut is_shown = false;
        for (number, line) in text.lines().enumerate() {
            is_shown ^= is_scenario && line.starts_with("```");
            if is_shown {
                continue;
            }
            let lower = line.to_lowercase();
            let mut in_line = lower.split(|c: char| !(c.is_alphanumeric() || c == '.'));
            if in_line.any(|word| words.contains(&word.trim_end_matches('.'))) {
                found.push(format!("{}:{}: {}", path.display(), number + 1, line.trim()));
            }
        }
    }
    found
}

/// Directories in which the rules about words apply to every text.
const PLAIN: [&str; 8] = [".ci", "docs", "fuzz", "host", "recipes", "sdk", "tests", "xtask"];

#[test]
fn words_are_plain() {
    // The user of that name, and messages of the program.
    const MEANT: [&str; 2] = ["`nobody`", "NOBODY"];
    // Each in two pieces, so that this file does not find itself.
    let words = [concat!("an", "ew"), concat!("no", "body"), concat!("be", "side"), concat!("to", "ld")];
    let mut found = lines_with(&PLAIN, &words);
    found.retain(|line| !MEANT.iter().any(|meant| line.contains(meant)));
    none("say it in plain English", found);
}

#[test]
fn nothing_outside_the_project_is_cited() {
    let documents = [concat!("des", "ign.md"), concat!("host", "ile.md"), concat!("fac", "ts.md")];
    none("these documents are not in the project", lines_with(&PLAIN, &documents));
}

/// A test that waits for a time, and then finds that nothing has happened, finds that on a slow machine as well.
#[test]
fn tests_wait_for_events() {
    // What is awaited is looked at again after a pause; commands under test may sleep, and so may a slow server.
    const MAY_SLEEP: [&str; 4] =
        ["tests/support/src/wait.rs", "tests/support/src/http.rs", "tests/guests", "tests/confinement"];
    let mark = concat!("thread::", "sleep");
    let mut found = Vec::new();
    for (path, text) in rust_files() {
        let is_test = path.starts_with("tests") && !MAY_SLEEP.iter().any(|place| path.starts_with(place));
        if is_test && text.contains(mark) {
            found.push(path.display().to_string());
        }
    }
    none("these wait for a time; `test_support::wait_until` waits for an event", found);
}
