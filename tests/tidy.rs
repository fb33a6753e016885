//! Rules of the house that no compiler checks: the order of modules, versions that agree, nothing unfinished left behind.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Names of what Cargo, git, package managers and buildouts make.
const MADE: [&str; 8] =
    ["target", ".git", "Cargo.lock", "parts", "eggs", "develop-eggs", "node_modules", "package-lock.json"];

/// Files of the project, relative to its root: all but what was made.
fn files() -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut directories = vec![root()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_symlink() || MADE.contains(&name.as_str()) {
                continue;
            }
            if path.is_dir() {
                directories.push(path);
            } else {
                files.push(path.strip_prefix(root()).unwrap().to_owned());
            }
        }
    }
    files.sort();
    files
}

fn rust_files() -> impl Iterator<Item = (PathBuf, String)> {
    let rust = files().into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    rust.map(|path| (path.clone(), read(&path)))
}

/// Fails with all that was found.
fn none(what: &str, found: Vec<String>) {
    assert!(found.is_empty(), "{what}:\n{}", found.join("\n"));
}

/// The modules that a text takes from the crate's root: `crate::NAME` and `crate::{NAME…, NAME…}`.
fn imported(text: &str) -> Vec<String> {
    let code: String = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let mut names = Vec::new();
    for after in code.split("crate::").skip(1) {
        let identifier = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
        let Some(group) = after.strip_prefix('{') else {
            names.push(identifier(after));
            continue;
        };
        let mut depth = 0;
        let top: String = group
            .chars()
            .take_while(|c| {
                depth += i32::from(*c == '{') - i32::from(*c == '}');
                depth >= 0
            })
            .scan(0, |depth, c| {
                *depth += i32::from(c == '{') - i32::from(c == '}');
                Some(if *depth == 0 { c } else { ' ' })
            })
            .collect();
        names.extend(top.split(',').map(|name| identifier(name.trim())));
    }
    names.retain(|name| !name.is_empty());
    names
}

#[test]
fn imports_are_found_in_paths_and_groups() {
    let text = "//! See [`crate::run`].\nuse crate::config::Place;\nuse crate::{event::{Event, Level}, source};\nfn f() { crate::plan::g() }";
    assert_eq!(imported(text), ["config", "event", "source", "plan"]);
}

#[test]
fn a_module_imports_only_from_those_above_it() {
    let library = read("host/src/lib.rs");
    let order: Vec<_> = library.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    assert!(order.len() > 10, "lib.rs lists the modules");
    let rank = |name: &str| order.iter().position(|module| *module == name);
    let mut found = Vec::new();
    for (path, text) in rust_files() {
        let Ok(inside) = path.strip_prefix("host/src") else { continue };
        let top = inside.components().next().unwrap().as_os_str().to_string_lossy().into_owned();
        let Some(own) = rank(top.trim_end_matches(".rs")) else { continue };
        for name in imported(&text) {
            if rank(&name).is_some_and(|imported| imported > own) {
                found.push(format!("{}: crate::{name}", path.display()));
            }
        }
    }
    none("these import from a module below their own", found);
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
fn every_decision_has_a_number_of_its_own_and_is_listed() {
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

#[test]
fn no_package_registry_is_named() {
    let hosts = [concat!("crates", ".io"), concat!("py", "pi.org"), concat!("npm", "js.org"), concat!("npm", "js.com")];
    let mut found = Vec::new();
    for path in files() {
        let text = String::from_utf8_lossy(&fs::read(root().join(&path)).unwrap()).into_owned();
        found
            .extend(hosts.iter().filter(|host| text.contains(*host)).map(|host| format!("{}: {host}", path.display())));
    }
    none("hosts of package registries", found);
}

#[test]
fn the_licences_are_there() {
    assert!(read("LICENSE-MIT").contains("Permission is hereby granted, free of charge"));
    assert!(read("LICENSE-APACHE").contains("Apache License"));
    assert_eq!(toml_value(&read("Cargo.toml"), "[workspace.package]", "license"), "MIT OR Apache-2.0");
}

#[test]
fn precompile_has_the_dependencies_of_the_host() {
    let list = |path: &str| {
        let text = read(path);
        let (_, section) = text.split_once("[dependencies]\n").unwrap();
        let section = section.split("\n[").next().unwrap();
        section.lines().filter(|line| line.contains('=')).map(str::to_owned).collect::<Vec<_>>()
    };
    let (host, precompile) = (list("host/Cargo.toml"), list("xtask/precompile/Cargo.toml"));
    assert_eq!(
        host, precompile,
        "else wasmtime is compiled twice: copy the host's list into xtask/precompile/Cargo.toml"
    );
}
