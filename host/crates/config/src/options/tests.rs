//! Options as seen by recipes, with recipes that are closures.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Buildout, Initialize, NoRecipes, OptionError};
use crate::condition::{Facts, PathKind, PythonFacts, System};
use crate::{ConfigFile, LoadRequest, Location, ReadError, ReadSettings, Reader, load};
use base::environment::Environment;
use base::source::Explain;

struct OneFile(String);

impl Reader for OneFile {
    fn read(&self, _: &Location, _: &ReadSettings) -> Result<Vec<u8>, ReadError> {
        Ok(self.0.clone().into_bytes())
    }
    fn exists(&self, _: &Path) -> bool {
        false
    }
    fn canonical(&self, directory: &Path) -> Option<PathBuf> {
        Some(directory.to_owned())
    }
}

struct NoFacts;

impl Facts for NoFacts {
    fn python(&self) -> Result<Arc<PythonFacts>, String> {
        Err("no Python here".into())
    }
    fn system(&self) -> System {
        unreachable!("no condition asks for it")
    }
    fn os_release(&self) -> Result<Vec<(String, String)>, String> {
        Err("no system here".into())
    }
    fn look(&self, _: &Path) -> Option<PathKind> {
        None
    }
}

/// A recipe whose behavior is selected by its part's name.
struct TestRecipes;

impl Initialize for TestRecipes {
    fn initialize(&self, buildout: &Buildout, part: &str) -> Result<(), Box<dyn Explain + Send + Sync>> {
        let boxed = |error: OptionError| Box::new(error) as Box<dyn Explain + Send + Sync>;
        if let Some(path) = buildout.get(part, "path").map_err(boxed)? {
            buildout.set(part, "path", format!("/b/{path}"));
        }
        if let Some(read) = buildout.get(part, "reads").map_err(boxed)? {
            buildout.get_for(part, &read, "path").map_err(boxed)?;
        }
        Ok(())
    }
}

fn buildout_of(text: &str, recipes: Arc<dyn Initialize>) -> Buildout {
    let environment = Environment { directory: "/b".into(), ..Environment::default() };
    let request = LoadRequest {
        file: Some(ConfigFile::Path("/b/buildout.cfg".into())),
        environment: &environment,
        use_user_defaults: false,
        assignments: &[],
        executable: "python3",
        reader: &OneFile(text.to_owned()),
        facts: &NoFacts,
    };
    Buildout::new(load(&request).unwrap(), recipes)
}

fn buildout(text: &str) -> Buildout {
    buildout_of(text, Arc::new(TestRecipes))
}

const REFERENCE: &str = "[show]\nrecipe = x\nfile = ${data:path}/file\n[data]\nrecipe = x\npath = mydata\n";

#[test]
fn today_a_reference_initializes_the_part_that_it_names() {
    let buildout = buildout(REFERENCE);
    assert_eq!(buildout.get("show", "file").unwrap().as_deref(), Some("/b/mydata/file"));
    assert_eq!(buildout.parts(), ["data", "show"]);
    assert_eq!(buildout.dependencies("show").into_iter().collect::<Vec<_>>(), ["data"]);
}

#[test]
fn the_classic_way_a_reference_reads_the_configuration() {
    let buildout = buildout(&format!("[buildout]\ninterpolation = classic\n{REFERENCE}"));
    assert_eq!(buildout.get("show", "file").unwrap().as_deref(), Some("mydata/file"));
    assert_eq!(buildout.parts(), ["show"]);
    assert_eq!(buildout.dependencies("show").into_iter().collect::<Vec<_>>(), ["data"]);
}

#[test]
fn the_classic_way_references_are_known_of_sections_that_are_only_read() {
    let text = "[buildout]\ninterpolation = classic\n[a]\nrecipe = x\nb = ${set:c}\n[set]\nc = ${z:path}\n[z]\nrecipe = x\npath = p\n";
    let buildout = buildout(text);
    assert_eq!(buildout.get("a", "b").unwrap().as_deref(), Some("p"));
    assert!(!buildout.is_initialized("set"));
    assert_eq!(buildout.dependencies("a").into_iter().collect::<Vec<_>>(), ["set"]);
    assert_eq!(buildout.dependencies("set").into_iter().collect::<Vec<_>>(), ["z"]);
}

#[test]
fn a_section_that_a_recipe_reads_becomes_a_part_before_it() {
    let buildout = buildout("[a]\nrecipe = x\nreads = b\n[b]\nrecipe = x\npath = p\n");
    buildout.section("a").unwrap();
    assert_eq!(buildout.parts(), ["b", "a"]);
}

#[test]
fn sections_that_read_each_other_see_each_other_half_done() {
    let buildout = buildout("[a]\nrecipe = x\nreads = b\n[b]\nrecipe = x\nreads = a\n");
    buildout.section("a").unwrap();
    assert_eq!(buildout.parts(), ["b", "a"]);
}

#[test]
fn values() {
    let text = "[a]\nself = ${:plain}\nplain = p\nescaped = $${a:plain}\nname = ${:_buildout_section_name_}\n\
                base = ${:_profile_base_location_}\nodd = ${:plain\n[b]\n<= a\nplain = q\nx = ${:self}-${a:self}\n";
    let buildout = buildout_of(text, Arc::new(NoRecipes));
    let t = |section: &str, option: &str, expected: &str| {
        assert_eq!(buildout.get(section, option).unwrap().as_deref(), Some(expected), "{section}:{option}");
    };
    t("a", "self", "p");
    t("a", "escaped", "$${a:plain}");
    t("a", "name", "a");
    t("a", "base", "/b");
    t("a", "odd", "${:plain");
    t("b", "name", "b");
    t("b", "x", "q-p");
    assert_eq!(buildout.get("a", "nothing").unwrap(), None);
}

#[test]
fn errors() {
    let t = |text: &str, section: &str, expected: &str| {
        let error = buildout(text).section(section).unwrap_err();
        let place = error.place().map(|place| format!("{place}: ")).unwrap_or_default();
        assert_eq!(format!("{place}{error}"), expected);
    };
    t("[a]\nx = 1\ny = ${b:x}\n", "a", "/b/buildout.cfg:3:5: The referenced section, 'b', was not defined.");
    t("[a]\nx = ${:z}\n", "a", "/b/buildout.cfg:2:5: Missing option: a:z");
    t("[a]\nx =\n  one\n  ${a:b:c}\n", "a", "/b/buildout.cfg:4:3: The substitution, ${a:b:c}, has too many colons.");
    t(
        "[a]\nx = ${b:y}\n[b]\ny = ${a:x}\n",
        "a",
        "/b/buildout.cfg:2:5: Circular reference in substitutions: ${b:y} → ${a:x} → ${b:y}.",
    );
    t("[a]\n<= b\n", "a", "/b/buildout.cfg:2:1: No section named 'b'");
}

#[test]
fn growth_and_depth_end_in_an_error() {
    let mut doubling = String::from("[a]\nx0 = 0123456789\n");
    for number in 1..40 {
        doubling += &format!("x{number} = ${{:x{}}}${{:x{}}}\n", number - 1, number - 1);
    }
    let error = buildout(&doubling).section("a").unwrap_err();
    assert!(error.to_string().contains("MiB"), "{error}");

    let deep: String = (0..5000).map(|number| format!("[s{number}]\nx = ${{s{}:x}}\n", number + 1)).collect();
    let thread = std::thread::Builder::new().stack_size(crate::options::STACK_SIZE);
    let error = thread.spawn(move || buildout(&deep).section("s0").unwrap_err()).unwrap().join().unwrap();
    assert!(error.to_string().contains("deep"), "{error}");
}

#[test]
fn many_that_share_what_is_wrong_or_long_cost_no_more() {
    let chain = |head: &str, line: fn(usize) -> String, count: usize, tail: &str| {
        format!("{head}{}{tail}", (0..count).map(line).collect::<String>())
    };
    // Requests every option; returns how many strings were substituted for that.
    let all = |text: &str| {
        let buildout = buildout_of(text, Arc::new(NoRecipes));
        for section in buildout.sections() {
            for option in buildout.keys(&section).unwrap_or_default() {
                let _ = buildout.get(&section, &option);
            }
        }
        buildout.state().substitutions
    };
    let wrong = chain("[a]\n", |n| format!("x{n} = ${{:x{}}}\n", n + 1), 900, "x900 = ${:y}\n");
    assert_eq!(all(&wrong), 901);
    let deep = chain("[a]\n", |n| format!("x{n} = ${{:x{}}}\n", n + 1), 20_000, "x20000 = 1\n");
    assert!((20_000..1_100_000).contains(&all(&deep)), "each from its own start would be 19,500,000");
    let doubling = |head, count| {
        chain(head, |n| format!("x{n} = ${{:x{m}}}${{:x{m}}}\n", m = n + 1), count, &format!("x{count} =\n"))
    };
    assert_eq!(all(&doubling("[a]\n", 60)), 60);
    // In the style of 1.0, the value for references is separate from the value of the option: each is computed once.
    assert_eq!(all(&doubling("[DEFAULT]\n[a]\n", 60)), 60 + 59);
    // This would never end if each macro were expanded wherever it is used: 2^300 times.
    let line = |n| format!("[a{n}]\n<= a{m}\n  a{m}\nx += 1\n", m = n + 1);
    assert_eq!(all(&chain("", line, 300, "[a300]\nx = 1\n")), 0);
    let line = |n| format!("[a{n}]\n<= a{m}\n  a{m}\n", m = n + 1);
    assert_eq!(all(&chain("", line, 2_000, "[a2000]\n")), 0);
}

#[test]
fn what_is_too_deep_from_afar_has_a_value_from_nearby() {
    let chain: String = (0..1200).map(|number| format!("x{number} = ${{:x{}}}\n", number + 1)).collect();
    let buildout = buildout_of(&format!("[a]\n{chain}x1200 = found\n"), Arc::new(NoRecipes));
    for option in ["x0", "x150", "x0"] {
        let error = buildout.get("a", option).unwrap_err();
        assert!(error.to_string().contains("nested more than 1000 levels deep"), "{error}");
    }
    // Both are on the path from x0, from which they were too deep.
    assert_eq!(buildout.get("a", "x900").unwrap().as_deref(), Some("found"));
    assert_eq!(buildout.get("a", "x300").unwrap().as_deref(), Some("found"));
}

#[test]
fn an_option_that_is_not_read_is_unused() {
    let buildout = buildout("[a]\nrecipe = x\npath = p\nextra = ${:other}\nother = 1\n");
    buildout.section("a").unwrap();
    assert_eq!(buildout.unused("a"), ["extra"]);
    let expected = [("extra", "1"), ("other", "1"), ("path", "/b/p"), ("recipe", "x")];
    assert_eq!(buildout.snapshot("a"), expected.into_iter().map(|(k, v)| (k.into(), v.into())).collect());
    assert!(buildout.remove("a", "extra"));
    assert_eq!(buildout.keys("a").unwrap(), ["recipe", "path", "other"]);
}

#[test]
fn what_a_recipe_only_looks_at_is_unused_until_something_reads_it() {
    let buildout = buildout("[a]\nrecipe = x\npath = p\nextra = ${:path}/@\nother = @\n[b]\nx = ${a:other}\n");
    buildout.section("a").unwrap();
    for (option, value) in [("extra", "p/@"), ("other", "@")] {
        assert_eq!(buildout.look("a", option).unwrap().as_deref(), Some(value));
        buildout.set("a", option, value.replace('@', "here"));
        assert_eq!(buildout.look("a", option).unwrap(), Some(value.replace('@', "here")));
    }
    assert_eq!(buildout.look("a", "none").unwrap(), None);
    assert_eq!(buildout.unused("a"), ["extra", "other"]);
    assert_eq!(buildout.snapshot("a").get("extra").map(|value| &**value), Some("p/here"));
    assert_eq!(buildout.get("b", "x").unwrap().as_deref(), Some("here"));
    assert_eq!(buildout.unused("a"), ["extra"]);
    buildout.set("a", "new", "1".to_owned());
    assert_eq!(buildout.look("a", "new").unwrap().as_deref(), Some("1"));
}

#[test]
fn a_section_that_a_recipe_adds_becomes_a_part_when_it_is_read() {
    let buildout = buildout("[a]\nrecipe = x\n[b]\nref = ${new:path}\n");
    buildout.section("a").unwrap();
    let options = [("recipe", "x"), ("path", "${a:recipe}y")];
    let options = options.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    assert!(buildout.add_section("a", "new", options.clone()));
    assert!(!buildout.add_section("a", "new", options.clone()) && !buildout.add_section("a", "b", options));
    assert_eq!(buildout.added_by("new").as_deref(), Some("a"));
    assert_eq!(buildout.sections(), ["buildout", "a", "b", "versions", "new"]);
    assert_eq!(buildout.raw("new", "path").unwrap().as_deref(), Some("${a:recipe}y"));
    assert_eq!(buildout.parts(), ["a"]);
    assert_eq!(buildout.get("b", "ref").unwrap().as_deref(), Some("/b/xy"));
    assert_eq!(buildout.parts(), ["a", "new"]);
}

#[test]
fn changes_of_an_extension_are_the_configuration_of_what_follows() {
    let first =
        buildout_of("[m]\nx = 1\ny = 2\n[a]\n<= m\nrecipe = x\npath = ${b:z}\n[b]\nz = old\n", Arc::new(NoRecipes));
    assert_eq!(first.get("b", "z").unwrap().as_deref(), Some("old"));
    first.change("b", "z", Some("new".to_owned()));
    first.change("a", "x", None);
    assert_eq!(first.get("b", "z").unwrap().as_deref(), Some("new"));
    assert!(first.parts().is_empty());
    let next = Buildout::new(first.changed_configuration().unwrap(), Arc::new(TestRecipes));
    assert_eq!(next.get("a", "path").unwrap().as_deref(), Some("/b/new"));
    assert_eq!(next.get("a", "x").unwrap(), None);
    assert_eq!(next.get("a", "y").unwrap().as_deref(), Some("2"));
}

#[test]
fn what_an_extension_has_set_is_not_unused() {
    let first = buildout_of("[a]\nread = 1\nother = 2\n", Arc::new(NoRecipes));
    assert_eq!(first.get("a", "read").unwrap().as_deref(), Some("1"));
    first.change("a", "read", Some("/1".to_owned()));
    first.change("a", "new", Some("3".to_owned()));
    let next = Buildout::new(first.changed_configuration().unwrap(), Arc::new(NoRecipes));
    next.section("a").unwrap();
    assert_eq!((first.unused("a"), next.unused("a")), (vec!["other".to_owned()], vec!["other".to_owned()]));
}

#[test]
fn what_depends_on_a_change_is_known() {
    let first =
        buildout_of("[a]\nfar = ${a:near}\nnear = ${b:z}\nown = 1\n[b]\nz = old\nother = 1\n", Arc::new(NoRecipes));
    assert!(!first.depends_on_changes("a", "${:far}"));
    first.change("b", "z", Some("new".to_owned()));
    first.add_section("extension", "added", Vec::new());
    let next = Buildout::new(first.changed_configuration().unwrap(), Arc::new(NoRecipes));
    let t = |text: &str, expected: bool| {
        assert_eq!(first.depends_on_changes("a", text), expected, "{text}");
        assert_eq!(next.depends_on_changes("a", text), expected, "{text}");
    };
    t("${:far}", true);
    t("x/${a:near}", true);
    t("${b:other}/${:own}", false);
    t("plain", false);
    t("${unknown:option}", false);
    assert!(first.depends_on_changes("a", "${added:any}"));
}

#[test]
fn a_copy_reads_what_was_not_read_and_initializes_nothing() {
    let buildout =
        buildout("[a]\nrecipe = x\npath = p\n[b]\nrecipe = x\npath = ${a:path}/${c:value}\n[c]\nvalue = v\n");
    buildout.section("a").unwrap();
    let copy = buildout.without_recipes();
    assert_eq!(copy.get("b", "path").unwrap().as_deref(), Some("/b/p/v"));
    assert_eq!(copy.parts(), ["a"]);
    assert!(!buildout.is_initialized("b") && !buildout.is_initialized("c"));
}
