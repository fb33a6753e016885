//! A project in a temporary directory: `¦` in a text is the place that is asked about.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use base::environment::Environment;
use config::condition::Facts;
use config::facts::MachineFacts;
use config::{Location, ReadError, ReadSettings, Reader};
use proptest::prelude::*;

use crate::{
    Analysis, Documents, OptionDocumentation, Project, ProjectSettings, RecipeCatalog, RecipeDocumentation,
    RenameError, Severity, Spot, ValueForm, format,
};

struct DiskReader;

impl Reader for DiskReader {
    fn read(&self, location: &Location, _settings: &ReadSettings) -> Result<Vec<u8>, ReadError> {
        match location {
            Location::Path(path) => std::fs::read(path).map_err(|_| ReadError::missing(location)),
            Location::Url(_) => Err(ReadError::new(format!("{location} was not downloaded yet"))),
        }
    }

    fn exists(&self, path: &Path) -> bool {
        path.exists()
    }

    fn canonical(&self, directory: &Path) -> Option<PathBuf> {
        directory.canonicalize().ok()
    }
}

struct OneRecipe;

impl RecipeCatalog for OneRecipe {
    fn describe(&self, reference: &str, _directory: &Path) -> Option<Arc<RecipeDocumentation>> {
        let option = |name: &str, form, is_required, default: Option<&str>| OptionDocumentation {
            name: name.into(),
            form,
            is_required,
            default: default.map(str::to_owned),
            documentation: format!("Means {name}."),
        };
        (reference == "make").then(|| {
            Arc::new(RecipeDocumentation {
                documentation: "Makes it.\n\nIn detail.".into(),
                options: vec![
                    option("url", ValueForm::Any("text"), true, None),
                    option("shared", ValueForm::Boolean, false, Some("false")),
                    option("options", ValueForm::Any("words"), false, None),
                ],
                project: None,
            })
        })
    }

    fn references(&self) -> Vec<String> {
        vec!["make".into(), "mkdir".into()]
    }
}

struct EditedProject {
    directory: tempfile::TempDir,
    project: Arc<Project>,
    documents: Documents,
}

impl EditedProject {
    fn new(files: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = directory.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let environment = Environment::default();
        let facts: Arc<dyn Facts> = Arc::new(MachineFacts::new("python3", &environment));
        let project = Arc::new(Project::new(ProjectSettings {
            environment,
            reader: Arc::new(DiskReader),
            facts,
            recipes: Arc::new(OneRecipe),
            folders: vec![directory.path().to_owned()],
        }));
        Self { directory, project, documents: Documents::default() }
    }

    /// Opens a text with a mark; gives its analysis and the offset of the mark.
    fn open(&mut self, name: &str, marked: &str) -> (Analysis, usize) {
        let offset = marked.find('¦').unwrap_or(marked.len());
        let path = self.directory.path().join(name);
        self.documents.set(&path, &marked.replacen('¦', "", 1));
        (self.project.analyze(&self.documents, &path).expect("an analysis"), offset)
    }

    fn shown(&self, spots: &[Spot]) -> Vec<String> {
        let show = |spot: &Spot| {
            let name = spot.path.strip_prefix(self.directory.path()).unwrap().display().to_string();
            format!("{name}:{}", spot.place.line())
        };
        spots.iter().map(show).collect()
    }
}

/// The messages for a file, with the text that each is about.
fn messages(space: &mut EditedProject, name: &str, text: &str) -> Vec<(Severity, String)> {
    let (analysis, _) = space.open(name, text);
    let shown = analysis.diagnose(&|| false).into_iter().map(|found| {
        (found.severity, format!("{}: {}", &analysis.text()[found.span], found.message.replace('\n', " ")))
    });
    shown.collect()
}

const BASE: (&str, &str) = ("base.cfg", "[zlib]\nrecipe = make\nurl = u\n\n[flags]\nc = -O2\n");

#[test]
fn mistakes_are_found_where_they_are() {
    let t = |text: &str, expected: &[(Severity, &str)]| {
        let expected: Vec<_> = expected.iter().map(|(severity, text)| (*severity, (*text).to_owned())).collect();
        assert_eq!(messages(&mut EditedProject::new(&[BASE]), "buildout.cfg", text), expected, "{text}");
    };
    let with = |rest: &str| format!("[buildout]\nextends = base.cfg\nparts = a\n[a]\nrecipe = make\nurl = x\n{rest}");
    t(&with("options = ${zlib:location} ${flags:c}\n"), &[]);
    t(
        &with("options = ${zlb:location}\n"),
        &[(Severity::Error, "zlb: The referenced section, 'zlb', was not defined. Did you mean `zlib`?")],
    );
    t(&with("options = ${flags:d}\n"), &[(Severity::Error, "d: Missing option: flags:d")]);
    t(
        &with("options = ${flags}\n"),
        &[(Severity::Error, "${flags}: The substitution is not of the form ${section:option}.")],
    );
    t(&with("shared = maybe\n"), &[(Severity::Error, "maybe: The value of `shared` must be: true or false.")]);
    t(
        &with("sharedd = true\n"),
        &[(Severity::Unused, "sharedd: Nothing reads the option `sharedd`. Did you mean `shared`?")],
    );
    t(&with("[b]\nx = ${b:x}\n"), &[(Severity::Error, "x: Circular reference in substitutions: ${b:x} → ${b:x}.")]);
    t(
        "[buildout]\nparts = a b\n[a]\nrecipe = make\n[b]\n",
        &[(Severity::Error, "b: Missing option: b:recipe"), (Severity::Error, "a: Missing option: a:url")],
    );
    t(
        "[buildout]\nparts = tset\n[test]\nrecipe = make\nurl = u\n",
        &[(Severity::Error, "tset: No section named 'tset' Did you mean `test`?")],
    );
    t(
        &with("url = y\n[c]\nd = 1\nd += 2\n"),
        &[(Severity::Warning, "url: The option `url` is written again below: this value has no effect.")],
    );
    t("[buildout]\nparts = c\n", &[(Severity::Error, "c: No section named 'c'")]);
    t(
        "[buildout]\nprats = \n",
        &[(Severity::Unused, "prats: Nothing reads the option `prats` of [buildout]. Did you mean `parts`?")],
    );
    t("[buildout]\nparts =\nremote-cache-size = 1 GiB\n", &[]);
    let found = messages(&mut EditedProject::new(&[]), "buildout.cfg", "[buildout]\nextends = gone.cfg\nparts =\n");
    assert!(found[0].1.starts_with("gone.cfg: Couldn't open "), "{found:?}");
}

#[test]
fn a_half_written_line_hides_nothing_else() {
    let mut space = EditedProject::new(&[BASE]);
    let text = "[buildout]\nextends = base.cfg\nparts = a\nwh\n[a]\nrecipe = make\nurl = ${zlb:x}\n";
    let found = messages(&mut space, "buildout.cfg", text);
    assert!(found[0].1.starts_with("wh: This line is neither"), "{found:?}");
    assert!(found[1].1.starts_with("zlb: The referenced section"), "{found:?}");
}

#[test]
fn definitions_lead_over_extends_and_macros() {
    let main = "[buildout]\nextends = base.cfg\nparts = a\n[a]\n<= flags\nrecipe = make\nurl = ${zlib:location}\n";
    let mut space = EditedProject::new(&[BASE]);
    let mut t = |from: &str, to: &str, expected: &[&str]| {
        let (analysis, offset) = space.open("buildout.cfg", &main.replacen(from, to, 1));
        assert_eq!(space.shown(&analysis.definition(offset)), expected, "{to}");
    };
    t("${zlib", "${z¦lib", &["base.cfg:1"]);
    t("zlib:location", "zlib:loc¦ation", &["base.cfg:1"]);
    t("base.cfg", "ba¦se.cfg", &["base.cfg:1"]);
    t("parts = a", "parts = ¦a", &["buildout.cfg:4"]);
    t("<= flags", "<= f¦lags", &["base.cfg:5"]);
    t("zlib:location", "a:¦c", &["base.cfg:6"]);
    t("recipe = make", "recipe = ma¦ke", &[]);
}

#[test]
fn references_and_renames_go_over_all_files() {
    let other = ("sub/other.cfg", "[buildout]\nextends = ../base.cfg\n[c]\n<= flags\nx = ${zlib:url}${:c}\n");
    let mut space = EditedProject::new(&[BASE, other]);
    let main = "[buildout]\nextends = base.cfg\nparts = zlib\n[d]\nx = ${zl¦ib:url} ${flags:c}\n";
    let (analysis, offset) = space.open("buildout.cfg", main);
    let places = ["base.cfg:1", "buildout.cfg:3", "buildout.cfg:5", "sub/other.cfg:5"];
    assert_eq!(space.shown(&analysis.references(offset)), places);
    assert_eq!(space.shown(&analysis.rename(offset, "z").unwrap()), places);
    assert_eq!(analysis.rename(offset, "flags").unwrap_err(), RenameError::Taken("a section [flags]".into()));
    assert_eq!(analysis.rename(offset, "a b").unwrap_err(), RenameError::Name);
    let (analysis, offset) = space.open("buildout.cfg", &main.replace('¦', "").replace("flags:c", "flags:¦c"));
    assert_eq!(space.shown(&analysis.rename(offset, "d").unwrap()), ["base.cfg:6", "buildout.cfg:5"]);
    let (analysis, offset) = space.open("buildout.cfg", &main.replace('¦', "").replace("zlib:url", "zlib:u¦rl"));
    assert_eq!(analysis.rename(offset, "x").unwrap_err(), RenameError::Meaning("The option url".into()));
    let (analysis, offset) = space.open("buildout.cfg", &main.replace('¦', "").replace("extends", "ext¦ends"));
    assert_eq!(analysis.rename(offset, "x").unwrap_err(), RenameError::Meaning("The option extends".into()));
}

#[test]
fn hover_shows_value_history_and_documentation() {
    let mut space = EditedProject::new(&[BASE]);
    let main = "[buildout]\nextends = base.cfg\n[zlib]\nurl = ${flags:c}/x\n[d]\nx = ${zlib:u¦rl}\n";
    let (analysis, offset) = space.open("buildout.cfg", main);
    let (text, span) = analysis.hover(offset).unwrap();
    assert_eq!(&analysis.text()[span], "url");
    for expected in [
        "**zlib:url**",
        "${flags:c}/x",
        "-O2/x",
        "- SET base.cfg:3\n- OVERRIDE buildout.cfg:4",
        "*text, required*",
        "Means url.",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    let (analysis, offset) = space.open("buildout.cfg", "[a]\nrecipe = m¦ake\n");
    assert!(analysis.hover(offset).unwrap().0.contains("In detail."));
    let (analysis, offset) = space.open("buildout.cfg", "[a]\nrec¦ipe = make\n");
    assert!(analysis.hover(offset).unwrap().0.contains("In detail."));
}

#[test]
fn completions_fit_to_the_place() {
    let mut space = EditedProject::new(&[BASE, ("sub/x.cfg", "")]);
    let mut t = |text: &str, expected: &[&str]| {
        let (analysis, offset) = space.open("buildout.cfg", text);
        let found = analysis.complete(offset);
        let names: Vec<&str> = found.iter().map(|completion| completion.text.as_str()).collect();
        expected.iter().for_each(|name| assert!(names.contains(name), "{name}: {names:?}"));
        (found.iter().map(|completion| completion.documentation.clone()).collect::<String>(), names.len())
    };
    let base = "[buildout]\nextends = base.cfg\n";
    t(&format!("{base}[a]\nx = ${{z¦"), &["zlib:", "flags:", "buildout:"]);
    assert_eq!(t(&format!("{base}[a]\nx = ${{flags:¦}}\n"), &["c"]).1, 1);
    let (documentation, _) = t(&format!("{base}[a]\nrecipe = make\n¦\n"), &["url", "shared", "options"]);
    assert!(documentation.contains("*true or false, default `false`*\n\nMeans shared."), "{documentation}");
    assert_eq!(t(&format!("{base}[a]\nrecipe = make\nshared = ¦"), &["true", "false"]).1, 2);
    t("[a]\nrecipe = ¦\n", &["make", "mkdir"]);
    t("[buildout]\nextends =\n  ¦\n", &["base.cfg", "sub/"]);
    t("[buildout]\nextends = sub/¦\n", &["x.cfg"]);
    t(&format!("{base}[buildout]\nparts = ¦"), &["zlib"]);
    t(&format!("{base}[a]\n<= ¦"), &["flags"]);
    t(&format!("{base}[¦"), &["zlib"]);
    t("[buildout]\n¦", &["parts", "extends", "eggs-directory"]);
    // What is being written is no suggestion.
    let mut names = |text: &str| {
        let (analysis, offset) = space.open("buildout.cfg", text);
        analysis.complete(offset).into_iter().map(|completion| completion.text).collect::<Vec<_>>()
    };
    assert_eq!(names("[a]\nrecipe = make\nur¦ = u\n"), ["options", "shared", "url"]);
    assert_eq!(names("[a]\nrecipe = make\nurl¦ = u\n"), ["options", "shared", "url"]);
    assert_eq!(names(&format!("{base}[tset]\n[zl¦]\n")), ["buildout", "zlib", "flags", "tset", "versions"]);
}

#[test]
fn formatting_keeps_the_meaning() {
    let t = |text: &str, expected: Option<&str>| assert_eq!(format(text).as_deref(), expected, "{text}");
    t("[a]\nx=1  \ny+=2\n# c\n[b]\n<=a\n", Some("[a]\nx = 1\ny += 2\n\n# c\n[b]\n<= a\n"));
    t("[a]\nx =\n  1\n\n    2\n\n\n\n[b]\n", Some("[a]\nx =\n  1\n\n    2\n\n[b]\n"));
    t("[a]\nx = 1\n", None);
    t("[a]\n???\n", None);
}

#[test]
fn a_main_file_above_gives_the_sections() {
    let main = ("buildout.cfg", "[buildout]\nextends = profiles/a.cfg\nparts =\n[flags]\nc = 1\n");
    let mut space = EditedProject::new(&[main]);
    assert_eq!(messages(&mut space, "profiles/a.cfg", "[x]\ny = ${flags:c}\n"), []);
    let alone = messages(&mut EditedProject::new(&[]), "profiles/a.cfg", "[x]\ny = ${flags:c}\n");
    assert_eq!(alone[0].0, Severity::Warning);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_text_makes_it_panic(text in "(\\[[a-c:${}]{0,4}\\]\n|[a-c<=>]{1,3} ?[+-]?= ?|\\$\\{[a-c:]{0,4}\\}?|[ \n\t¦ü]|extends = |parts = a\n|recipe = make\n){0,30}") {
        let mut space = EditedProject::new(&[BASE]);
        let (analysis, _) = space.open("buildout.cfg", &text);
        let _ = analysis.diagnose(&|| false);
        for (offset, _) in analysis.text().char_indices() {
            let _ = (analysis.hover(offset), analysis.definition(offset), analysis.complete(offset));
            let _ = (analysis.references(offset), analysis.renamable(offset));
        }
        let _ = (analysis.symbols(), analysis.links(), format(&text));
    }
}
