//! Tests of resolution, with sources that are a table.

use std::sync::atomic::{AtomicUsize, Ordering};

use base::event::Silent;
use base::source::Explain as _;

use super::*;
use crate::eggs::Directories;
use crate::filename::FileName;
use crate::index::SearchLocation;
use crate::python::tests::python311;

/// The available distributions: `name version; requirement; extra: requirement` on each line; `!` before the version
/// yanks it, `sdist` after it makes it a source distribution, `python>=X` sets its versions of Python.
struct World {
    files: BTreeMap<String, Vec<IndexFile>>,
    metadata: BTreeMap<String, Metadata>,
    pages: AtomicUsize,
}

impl World {
    fn new(text: &str) -> Self {
        let mut world = Self { files: BTreeMap::new(), metadata: BTreeMap::new(), pages: AtomicUsize::new(0) };
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            world.add(line);
        }
        world
    }

    fn add(&mut self, line: &str) {
        let mut parts = line.split(';').map(str::trim);
        let mut head = parts.next().unwrap().split(' ');
        let (name, version) = (head.next().unwrap(), head.next().unwrap());
        let flags: Vec<&str> = head.collect();
        let (yanked, version) =
            version.strip_prefix('!').map_or((None, version), |version| (Some("broken".to_owned()), version));
        let file = if flags.contains(&"sdist") {
            format!("{name}-{version}.tar.gz")
        } else {
            format!("{}-{version}-py3-none-any.whl", name.replace('-', "_"))
        };
        let mut text = format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n");
        for part in parts {
            match part.split_once(": ") {
                Some((extra, requirement)) => {
                    text += &format!("Provides-Extra: {extra}\nRequires-Dist: {requirement}; extra == '{extra}'\n")
                }
                None => text += &format!("Requires-Dist: {part}\n"),
            }
        }
        let requires_python = flags.iter().find_map(|flag| flag.strip_prefix("python")).map(str::to_owned);
        self.metadata.insert(file.clone(), Metadata::parse(&text).unwrap());
        let location = SearchLocation::Url(format!("https://files.invalid/{file}"));
        let name = FileName::parse(&file).unwrap();
        let key = name.key();
        let (checksums, metadata) = (Vec::new(), None);
        let file = IndexFile { name, file, location, checksums, requires_python, yanked, metadata, size: None };
        self.files.entry(key).or_default().push(file);
    }
}

impl Available for World {
    fn project(&self, key: &str, _: &str) -> Result<Arc<ProjectFiles>, IndexError> {
        self.pages.fetch_add(1, Ordering::SeqCst);
        let files = self.files.get(key).cloned();
        Ok(Arc::new(ProjectFiles { known: files.is_some(), files: files.unwrap_or_default(), refused: false }))
    }

    fn metadata(&self, file: &IndexFile) -> Result<Arc<Metadata>, MetadataProblem> {
        let found = self.metadata.get(&file.file).cloned().map(Arc::new);
        found.ok_or_else(|| MetadataProblem::Unusable("it is broken".to_owned()))
    }
}

/// A request with its environment.
struct Case {
    world: World,
    directory: tempfile::TempDir,
    pins: Pins,
    newest: bool,
    prefer_final: bool,
    allow_unknown_extras: bool,
    offline: bool,
    provided: BTreeSet<String>,
}

fn case(world: &str) -> Case {
    Case {
        world: World::new(world),
        directory: tempfile::tempdir().unwrap(),
        pins: Pins::default(),
        newest: true,
        prefer_final: true,
        allow_unknown_extras: false,
        offline: false,
        provided: BTreeSet::new(),
    }
}

impl Case {
    fn pins(mut self, pins: &[(&str, &str)]) -> Self {
        self.pins = Pins::new(pins.iter().copied());
        self
    }

    /// An existing distribution: an egg, or, with `develop`, a developed project.
    fn there(self, name: &str, version: &str, develop: bool, requires: &str) -> Self {
        let info = if develop {
            self.directory.path().join(format!("develop-eggs/{name}-{version}.dist-info"))
        } else {
            let stem = format!("{name}-{version}-py3.11-linux-x86_64");
            self.directory.path().join(format!("eggs/{stem}.egg/{stem}.dist-info"))
        };
        std::fs::create_dir_all(&info).unwrap();
        let requires = if requires.is_empty() { String::new() } else { format!("Requires-Dist: {requires}\n") };
        std::fs::write(
            info.join("METADATA"),
            format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{requires}"),
        )
        .unwrap();
        self
    }

    fn resolve(&self, requirements: &[&str]) -> Result<Resolution, ResolveError> {
        let python = python311();
        let directories = Directories {
            eggs: self.directory.path().join("eggs"),
            develop: self.directory.path().join("develop-eggs"),
        };
        let installed = InstalledDistributions::scan(&directories, &[], &python);
        let requirements: Vec<Requirement> =
            requirements.iter().map(|text| Requirement::parse(text).unwrap()).collect();
        let request = ResolveRequest {
            requirements: &requirements,
            pins: &self.pins,
            python: &python,
            installed: &installed,
            newest: self.newest,
            prefer_final: self.prefer_final,
            allow_unknown_extras: self.allow_unknown_extras,
            sources_only: false,
            offline: self.offline,
            provided: &self.provided,
            preferred: None,
        };
        resolve(&request, &self.world, &Silent)
    }

    /// The distributions in their order; existing ones with `*`.
    fn found(&self, requirements: &[&str]) -> String {
        let shown = |step: &ResolvedDistribution| match &step.candidate {
            Candidate::Installed(distribution) => format!("{distribution}*"),
            Candidate::File(_) => step.candidate.to_string(),
        };
        self.resolve(requirements).unwrap().steps.iter().map(shown).collect::<Vec<_>>().join(", ")
    }

    fn error(&self, requirements: &[&str]) -> (String, Vec<String>) {
        let error = self.resolve(requirements).unwrap_err();
        (error.to_string(), error.details())
    }
}

#[test]
fn the_order_is_that_of_zc_buildout() {
    let world = "requests 2.34.2; charset_normalizer<4,>=2; idna<4,>=2.5; urllib3<3,>=1.26; certifi>=2023\nrequests 1.0\n\
        zope.interface 8.7\ndocopt 0.6.2 sdist\ncertifi 2026.1\nurllib3 2.8\nurllib3 3.0\nidna 3.20\ncharset-normalizer 3.5";
    let case = case(world);
    // Recorded with zc.buildout 6.0.1 (a second run).
    let expected = "requests 2.34.2, zope.interface 8.7, docopt 0.6.2, certifi 2026.1, urllib3 2.8, idna 3.20, charset-normalizer 3.5";
    assert_eq!(case.found(&["requests", "zope.interface", "docopt"]), expected);
    let steps = case.resolve(&["requests", "zope.interface", "docopt"]).unwrap().steps;
    let asked: Vec<String> = steps.iter().map(|step| step.requirement.to_string()).collect();
    assert_eq!(asked[3..], ["certifi>=2023", "urllib3<3,>=1.26", "idna<4,>=2.5", "charset_normalizer<4,>=2"]);
}

#[test]
fn a_choice_that_excludes_another_is_taken_back() {
    let world = "a 2.0; lib>=2\na 1.0; lib>=1\nb 1.0; lib<2\nlib 1.5\nlib 2.5";
    // zc.buildout: There is a version conflict. We already have: lib 2.5 but b 1.0 requires 'lib<2'.
    assert_eq!(case(world).found(&["a", "b"]), "a 1.0, b 1.0, lib 1.5");
    assert_eq!(case("a 1.0; lib\nb 1.0; lib<2\nlib 1.5\nlib 2.5").found(&["a", "b"]), "a 1.0, b 1.0, lib 1.5");
}

#[test]
fn one_version_back_is_better_than_many() {
    // As docutils and Sphinx: old versions of the second do not say what they exclude.
    let case = case("d 23\n d 22\n s 9; d<23\n s 8; d<23\n s 7; d<22\n s 3; d\n s 2; d");
    assert_eq!(case.found(&["d", "s"]), "d 22, s 9");
    assert_eq!(case.found(&["s", "d"]), "s 9, d 22");
    // Not beyond what is requested.
    assert_eq!(case.found(&["d>22", "s"]), "d 23, s 3");
}

#[test]
fn a_conflict_is_shown_as_a_chain() {
    let (message, chain) = case("app 1.0; a; b\na 1.0; lib>=2\nb 1.0; lib<2\nlib 1.5\nlib 2.5").error(&["app"]);
    assert_eq!(message, "There is a version conflict: no usable version satisfies lib<2 and lib>=2 at once");
    for line in
        ["app is required", "app 1.0 requires a", "app 1.0 requires b", "a 1.0 requires lib>=2", "b 1.0 requires lib<2"]
    {
        assert!(chain.contains(&line.to_owned()), "{line}: {chain:#?}");
    }
}

#[test]
fn what_is_missing_is_named_with_what_there_is() {
    let case = case("app 1.0; gone>=2\ngone 1.0\ngone !3.0\ngone 4.0 python>=3.12");
    let (message, chain) = case.error(&["app"]);
    assert_eq!(message, "Couldn't find a distribution for 'gone>=2'.");
    let expected = [
        "app is required",
        "app 1.0 requires gone>=2",
        "usable versions of gone: 3.0, 1.0",
        "gone-4.0-py3-none-any.whl is ignored: it requires Python >=3.12",
        "gone-3.0-py3-none-any.whl is ignored: it was withdrawn: broken",
    ];
    assert_eq!(chain, expected);
    let (message, chain) = case.error(&["unknown"]);
    assert_eq!(message, "Couldn't find a distribution for 'unknown'.");
    assert_eq!(
        chain,
        ["unknown is required", "there are no distributions of unknown: neither the index nor find-links has any"]
    );
}

#[test]
fn pins() {
    let world = "a 1.0; Lib.One\na 2.0; lib-one>=2\nlib_one 1.0\nlib_one 2.0\nlib_one 3.0a1";
    assert_eq!(case(world).pins(&[("lib.ONE", "3.0a1")]).found(&["a"]), "a 2.0, lib-one 3.0a1");
    // The newest version of `a` contradicts the pin: another one may match.
    assert_eq!(case(world).pins(&[("lib-one", "1.0")]).found(&["a"]), "a 1.0, lib-one 1.0");
    assert_eq!(case(world).pins(&[("lib-one", "<2")]).found(&["lib_one"]), "lib-one 1.0");
    let (message, _) = case(world).pins(&[("lib-one", "1.0")]).error(&["lib-one>=2"]);
    assert_eq!(message, "The requirement ('lib-one>=2') is not allowed by your [versions] constraint (1.0)");
    let (message, chain) = case(world).pins(&[("lib-one", "1.0"), ("a", "2.0")]).error(&["a"]);
    let reason = "The requirement ('lib-one>=2') is not allowed by your [versions] constraint (1.0)";
    assert_eq!(message, format!("There is a version conflict: a 2.0 cannot be used: {reason}"));
    assert_eq!(
        chain,
        ["a==2.0 is required, because [versions] has 2.0".to_owned(), format!("a 2.0 cannot be used: {reason}")]
    );
}

#[test]
fn releases_are_preferred_unless_there_is_none() {
    let world = "a 1.0\na 2.0b1\nb 1.0.dev1\nb 1.0a1";
    assert_eq!(case(world).found(&["a", "b"]), "a 1.0, b 1.0a1");
    assert_eq!(case(world).found(&["a>1"]), "a 2.0b1");
    assert_eq!(Case { prefer_final: false, ..case(world) }.found(&["a"]), "a 2.0b1");
}

#[test]
fn what_is_there_is_used_without_asking() {
    let there = |newest: bool| Case { newest, ..case("a 1.0\na 2.0; b\nb 1.0") }.there("a", "1.0", false, "");
    assert_eq!(there(true).found(&["a"]), "a 2.0, b 1.0");
    let old = there(false);
    assert_eq!(old.found(&["a"]), "a 1.0*");
    assert_eq!(old.world.pages.load(Ordering::SeqCst), 0);
    // Only what does not match is read from the sources.
    assert_eq!(old.found(&["a>1"]), "a 2.0, b 1.0");
    let pinned = there(true).pins(&[("a", "1.0")]);
    assert_eq!(pinned.found(&["a"]), "a 1.0*");
    assert_eq!(pinned.world.pages.load(Ordering::SeqCst), 0);
    // The existing distributions are not enough: then all sources are read.
    let narrow = Case { newest: false, ..case("a 1.0; b>=2\nb 1.0\nb 2.0") }
        .there("a", "1.0", false, "b>=2")
        .there("b", "1.0", false, "");
    assert_eq!(narrow.found(&["a"]), "a 1.0*, b 2.0");
    assert_eq!(narrow.found(&["a", "b"]), "a 1.0*, b 2.0");
}

#[test]
fn offline_only_what_is_there_counts() {
    let offline = Case { offline: true, ..case("a 2.0") }.there("a", "1.0", false, "");
    assert_eq!(offline.found(&["a"]), "a 1.0*");
    let (message, _) = offline.error(&["a>1"]);
    assert_eq!(message, "We don't have a distribution for a>1\nand can't install one in offline (no-install) mode.");
    assert_eq!(offline.world.pages.load(Ordering::SeqCst), 0);
}

#[test]
fn what_is_developed_comes_first() {
    let world = "dev 9.0; other\nother 1.0\napp 1.0; dev>=2\napp2 1.0; dev";
    let developed = || case(world).there("dev", "1.0", true, "other");
    assert_eq!(developed().found(&["dev"]), "dev 1.0*, other 1.0");
    assert_eq!(developed().found(&["app2"]), "app2 1.0, dev 1.0*, other 1.0");
    // As in zc.buildout: if the first requirement excludes it, it is not used …
    assert_eq!(developed().found(&["app"]), "app 1.0, dev 9.0, other 1.0");
    assert_eq!(developed().pins(&[("dev", "9.0")]).found(&["dev"]), "dev 9.0, other 1.0");
    // … and if it is required directly, nothing replaces it.
    let (message, _) = developed().error(&["dev", "app"]);
    let expected = "dev 1.0 is developed here, so no other version is considered, and app 1.0 requires dev>=2";
    assert_eq!(message, format!("There is a version conflict: {expected}"));
}

#[test]
fn extras() {
    let world = "a 1.0; x; ssl: crypto>=1; All: b[ssl]\nx 1.0\ncrypto 2.0\nb 1.0; ssl: y\ny 1.0";
    assert_eq!(case(world).found(&["a[SSL]"]), "a 1.0, crypto 2.0, x 1.0");
    assert_eq!(case(world).found(&["a[all]"]), "a 1.0, b 1.0, x 1.0, y 1.0");
    let (message, _) = case(world).error(&["a[none]"]);
    assert_eq!(message, "a 1.0 does not provide the extra 'none'.");
    assert_eq!(Case { allow_unknown_extras: true, ..case(world) }.found(&["a[none]"]), "a 1.0, x 1.0");
}

#[test]
fn what_was_withdrawn_is_for_those_who_name_it() {
    let world = "a 1.0\na !2.0\nb !1.0";
    assert_eq!(case(world).found(&["a"]), "a 1.0");
    assert_eq!(case(world).found(&["a==2.0"]), "a 2.0");
    assert_eq!(case(world).pins(&[("a", "2.0")]).found(&["a"]), "a 2.0");
    assert_eq!(case(world).error(&["b"]).0, "Couldn't find a distribution for 'b'.");
}

#[test]
fn direct_references() {
    let mut case = case("a 1.0; b @ https://files.invalid/b-2.0-py3-none-any.whl\nb 1.0\nb 2.0\nb 3.0");
    assert_eq!(case.found(&["a"]), "a 1.0, b 2.0");
    assert_eq!(case.found(&["b @ https://files.invalid/b-2.0-py3-none-any.whl#sha256=00"]), "b 2.0");
    assert!(case.error(&["b @ https://files.invalid/other"]).0.contains("names a URL"));
    case.world.add("c 1.0; b @ https://files.invalid/b-3.0-py3-none-any.whl");
    assert!(case.resolve(&["a", "c"]).is_err());
}

#[test]
fn markers_and_pythons() {
    let world = "a 1.0; old; python_version < '3'\na 1.0.1 python>=3.12\na 0.9";
    assert_eq!(
        case(&world.replace("; old; python_version < '3'", "")).found(&["a", "none; sys_platform == 'win32'"]),
        "a 1.0"
    );
}

#[test]
fn a_distribution_with_unusable_metadata_is_passed_over() {
    let mut case = case("a 1.0\na 2.0");
    case.world.metadata.remove("a-2.0-py3-none-any.whl");
    assert_eq!(case.found(&["a"]), "a 1.0");
    case.world.metadata.clear();
    let (_, chain) = case.error(&["a"]);
    assert!(chain.iter().any(|line| line == "a 2.0 cannot be used: it is broken"), "{chain:#?}");
}

#[test]
fn circles_are_no_trouble() {
    assert_eq!(case("a 1.0; b\nb 1.0; a; c\nc 1.0; b[x]\nb 2.0; x: a").found(&["a"]), "a 1.0, b 2.0");
}

#[test]
fn what_is_provided_is_not_resolved() {
    let provided = ["zc-buildout".to_owned(), "setuptools".to_owned()].into();
    let case =
        Case { provided, ..case("a 1.0; zc.buildout<3; setuptools[x]; b\nb 1.0") }.pins(&[("zc.buildout", "2.13")]);
    assert_eq!(case.found(&["a", "setuptools"]), "a 1.0, b 1.0");
}

#[test]
fn picked_versions() {
    let case = case("a 1.0; b; c>=1\nb 1.0\nc 1.0\nd 1.0").pins(&[("d", "1.0")]);
    let picked = case.resolve(&["a", "d"]).unwrap().picked;
    let expected = ["[versions]", "a = 1.0", "c = 1.0", "", "# Required by:", "# a==1.0", "b = 1.0"];
    assert_eq!(picked_lines(&picked), expected);
}

#[test]
fn versions_of_buildout_itself_are_picked_and_allowed() {
    let case = case("a 1.0; zc.buildout>=3; setuptools; wheel<1\nzc.buildout 6.0\nsetuptools 80\nwheel 0.9");
    let picked = case.resolve(&["a"]).unwrap().picked;
    let refused: Vec<&str> = picked.iter().filter(|one| !one.is_allowed).map(|one| one.name.as_str()).collect();
    assert_eq!(refused, ["a", "wheel"]);
    let shown = ["[versions]", "a = 1.0", "wheel = 0.9", "zc.buildout = 6.0", "", "# Required by:", "# a==1.0"];
    assert_eq!(picked_lines(&picked), [&shown[..], &["setuptools = 80"]].concat());
}

/// Each version of `p0` requires a different version of each of the others, and none of them is compatible with `last`.
#[test]
fn a_search_that_explodes_ends() {
    let mut world = String::new();
    for project in 0..6 {
        for version in 0..150 {
            world += &format!("p{project} {version}; p{}>={version}; last=={version}.5\n", (project + 1) % 6);
        }
    }
    world += "last 1\n";
    let (message, chain) = case(&world).error(&["p0", "p3"]);
    assert!(message.starts_with("There is a version conflict: no version satisfies last=="), "{message}");
    assert!(chain.len() < 100);
}

#[test]
fn a_search_that_would_look_at_everything_is_given_up() {
    let world: String = (0..1100).map(|version| format!("a {version}; last=={version}.5\n")).collect();
    let (message, tried) = case(&(world + "last 1\n")).error(&["a"]);
    assert!(
        message.starts_with("Gave up searching for distributions that meet all requirements after looking at 100"),
        "{message}"
    );
    assert_eq!(tried, ["1001 versions of a were tried"]);
}
