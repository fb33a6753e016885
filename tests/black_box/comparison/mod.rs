//! The real zc.buildout 6.0.1 runs next to this host, with the same configuration and index: the distributions, the order of
//! paths, `bin/` byte for byte, and the options in `.installed.cfg` are the same.
//!
//! First this host runs, then zc.buildout with a copy of the eggs directory: so it uses what this host installed, and writes
//! the scripts of a second run (those of its first run have the reverse order). `differences` is about what is not the same.

mod cases;
mod differences;
pub(crate) mod program;
mod world;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use test_support::Space;

use crate::index::IndexServer;
use cases::{CASES, ComparedCase};

/// Two copies of a buildout: one for each program.
struct Pair {
    space: Space,
    index: IndexServer,
}

/// What a program left.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    eggs: Vec<String>,
    /// The files in `bin`.
    scripts: BTreeMap<String, String>,
    /// The options of parts in `.installed.cfg`.
    parts: BTreeMap<String, BTreeMap<String, String>>,
}

impl Pair {
    fn new(configuration: &str, files: &[(&str, &str)]) -> Self {
        let pair = Self { space: Space::new(), index: world::index() };
        world::write_links(&pair.space);
        for name in ["ours", "theirs"] {
            let executable = program::environment().join("bin/python");
            let head = format!("[buildout]\nindex = {}\nexecutable = {}\n", pair.index.url(), executable.display());
            let text = configuration.replacen("[buildout]\n", &head, 1).replace("LINKS", "/tmp/sample-buildout/links");
            pair.space.write(&format!("{name}/buildout.cfg"), &text);
            files.iter().for_each(|(path, text)| pair.space.write(&format!("{name}/{path}"), text));
        }
        pair
    }

    fn directory(&self, name: &str) -> PathBuf {
        self.space.path(name).canonicalize().expect("a directory")
    }

    /// Runs this host.
    fn ours(&self, arguments: &str) -> (String, bool) {
        let (printed, code) = self.space.shell(&format!("cd ours && buildout-host run {arguments}"));
        (printed, code == 0)
    }

    /// Runs zc.buildout.
    fn theirs(&self, arguments: &str) -> (String, bool) {
        let program = program::environment().join("bin/buildout");
        let (printed, code) = self.space.shell(&format!("cd theirs && '{}' {arguments}", program.display()));
        (printed, code == 0)
    }

    /// Gives one copy the eggs of the other.
    fn share_eggs(&self, from: &str, to: &str) {
        self.space.shell(&format!("mkdir -p {to}; rm -rf {to}/eggs; cp -a {from}/eggs {to}/eggs"));
    }

    fn outcome(&self, name: &str) -> Outcome {
        let directory = self.directory(name);
        let shown = |text: &str| text.replace(&*directory.to_string_lossy(), "/buildout");
        let scripts = names(&directory.join("bin"));
        let scripts = scripts.into_iter().filter(|name| name != "buildout").map(|name| {
            let text = fs::read_to_string(directory.join("bin").join(&name)).expect("a script");
            (name, with_plain_first_line(&shown(&text)))
        });
        let state = shown(&fs::read_to_string(directory.join(".installed.cfg")).unwrap_or_default());
        Outcome { eggs: names(&directory.join("eggs/v5")), scripts: scripts.collect(), parts: parts(&state) }
    }
}

/// A script whose first line is as zc.buildout writes it. Linux starts no Python whose path has a space from such a line, so
/// there a shell starts it in our scripts (docs/decisions/110-python-distributions.md).
fn with_plain_first_line(script: &str) -> String {
    let plain = || {
        let rest = script.strip_prefix("#!/bin/sh\n'''exec' \"")?;
        let (python, rest) = rest.split_once("\" \"$0\" \"$@\"\n' '''\n")?;
        Some(format!("#!{python}\n{rest}"))
    };
    plain().unwrap_or_else(|| script.to_owned())
}

/// The names in a directory, sorted.
fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    names
}

/// The options of the parts in a state file. Signatures differ, as they name the recipe; the order of paths has no meaning.
fn parts(state: &str) -> BTreeMap<String, BTreeMap<String, String>> {
    let mut parts: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    let (mut section, mut option) = (String::new(), String::new());
    for line in state.lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            section = name.to_owned();
        } else if let Some((name, value)) = line.split_once(" = ").filter(|_| !line.starts_with('\t')) {
            option = name.to_owned();
            parts.entry(section.clone()).or_default().insert(option.clone(), value.to_owned());
        } else if line.starts_with('\t')
            && let Some(value) = parts.get_mut(&section).and_then(|options| options.get_mut(&option))
        {
            *value += &format!("\n{}", line.trim());
        }
    }
    parts.remove("buildout");
    for options in parts.values_mut() {
        options.remove("__buildout_signature__");
        if let Some(installed) = options.get_mut("__buildout_installed__") {
            let mut paths: Vec<&str> = installed.split_whitespace().collect();
            paths.sort_unstable();
            *installed = paths.join("\n");
        }
    }
    parts
}

/// Runs both programs, and compares what they left.
fn compare(case: &ComparedCase) -> Result<(), String> {
    let pair = Pair::new(case.configuration, case.files);
    let (printed, succeeded) = pair.ours(case.arguments);
    if !succeeded {
        return Err(format!("this host fails: {printed}"));
    }
    pair.share_eggs("ours", "theirs");
    pair.index.requests();
    let (printed, succeeded) = pair.theirs(case.arguments);
    if !succeeded {
        return Err(format!("zc.buildout fails: {printed}"));
    }
    let downloaded: Vec<String> =
        pair.index.requests().into_iter().filter(|path| path.starts_with("/files/")).collect();
    // A wheel is built of sources again for each develop egg.
    if !downloaded.is_empty() {
        return Err(format!("zc.buildout downloads {downloaded:?}: {printed}"));
    }
    let (ours, theirs) = (pair.outcome("ours"), pair.outcome("theirs"));
    if ours != theirs {
        return Err(format!("ours: {ours:#?}\ntheirs: {theirs:#?}"));
    }
    // The other way round: with what zc.buildout has left, this host downloads nothing, and writes the same.
    pair.space.shell("rm -rf ours/eggs ours/bin ours/.installed.cfg ours/develop-eggs");
    pair.share_eggs("theirs", "ours");
    pair.index.requests();
    let (printed, succeeded) = pair.ours(case.arguments);
    let downloaded: Vec<String> =
        pair.index.requests().into_iter().filter(|path| path.starts_with("/files/")).collect();
    match succeeded && downloaded.is_empty() && pair.outcome("ours") == theirs {
        true => Ok(()),
        false => Err(format!("with the eggs of zc.buildout: {printed}\n{downloaded:?}\n{:#?}", pair.outcome("ours"))),
    }
}

/// Compares every `number`th case of `of`: tests run at the same time.
fn compare_some(number: usize, of: usize) {
    let failures: Vec<String> = CASES
        .iter()
        .skip(number)
        .step_by(of)
        .filter_map(|case| Some(format!("{}: {}", case.name, compare(case).err()?)))
        .collect();
    assert!(failures.is_empty(), "{} differ:\n{}", failures.len(), failures.join("\n\n"));
}

#[test]
fn the_outcome_is_that_of_zc_buildout_1() {
    compare_some(0, 3);
}

#[test]
fn the_outcome_is_that_of_zc_buildout_2() {
    compare_some(1, 3);
}

#[test]
fn the_outcome_is_that_of_zc_buildout_3() {
    compare_some(2, 3);
}

#[test]
fn there_are_many_cases_with_different_names() {
    let names: std::collections::BTreeSet<&str> = CASES.iter().map(|case| case.name).collect();
    assert!(names.len() == CASES.len() && names.len() >= 40, "{} cases", CASES.len());
}
