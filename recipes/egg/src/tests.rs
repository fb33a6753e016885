//! The options that the entry points read and set. What they install is tested with the host (`tests/black_box`).

use buildout_recipe::log::Level;
use buildout_recipe::testing::{Buildout, logged};
use buildout_recipe::{Error, Recipe};

use super::*;

fn buildout(options: &[(&str, &str)]) -> Buildout {
    Buildout::new("/b")
        .section(
            "buildout",
            [
                ("eggs-directory", "/b/eggs"),
                ("eggs-directory-version", "v5"),
                ("develop-eggs-directory", "/b/develop-eggs"),
            ],
        )
        .section("buildout", [("bin-directory", "/b/bin"), ("find-links", "")])
        .section("part", [("recipe", "zc.recipe.egg")])
        .section("part", options.iter().copied())
}

fn error<R: Recipe>(options: &[(&str, &str)]) -> String {
    buildout(options).init::<R>("part").err().unwrap().to_string()
}

#[test]
fn sets_the_options_that_zc_recipe_egg_sets() {
    let buildout = buildout(&[("find-links", "/a\n /b "), ("extra-paths", "src\n/c"), ("relative-paths", "true")])
        .section("buildout", [("index", "https://index.invalid/simple")]);
    buildout.init::<EggScripts>("part").unwrap();
    for (name, value) in [
        ("_b", "/b/bin"),
        ("bin-directory", "/b/bin"),
        ("_e", "/b/eggs/v5"),
        ("eggs-directory", "/b/eggs/v5"),
        ("_d", "/b/develop-eggs"),
        ("develop-eggs-directory", "/b/develop-eggs"),
        ("find-links", "/a\n/b"),
        ("index", "https://index.invalid/simple"),
        ("extra-paths", "/b/src\n/c"),
        ("buildout-directory", "/b"),
    ] {
        assert_eq!(buildout.option("part", name).as_deref(), Some(value), "{name}");
    }
}

#[test]
fn sets_nothing_that_is_not_configured() {
    let buildout = buildout(&[]);
    buildout.init::<EggScripts>("part").unwrap();
    for name in ["find-links", "index", "extra-paths", "buildout-directory", "scripts"] {
        assert_eq!(buildout.option("part", name), None, "{name}");
    }
    buildout.init::<Eggs>("part").unwrap();
}

#[test]
fn sets_the_paths_of_extensions() {
    let options = [
        ("egg", "demo"),
        ("include-dirs", "include\n /usr/include/x"),
        ("library-dirs", "lib"),
        ("rpath", "lib\n$ORIGIN/lib"),
        ("swig", "bin/swig"),
        ("environment", "env"),
    ];
    let buildout = buildout(&options).section("env", [("LIB", "it's"), ("A", "1")]);
    buildout.init::<CustomEgg>("part").unwrap();
    for (name, value) in [
        ("include-dirs", "/b/include:/usr/include/x"),
        ("library-dirs", "/b/lib"),
        ("rpath", "/b/lib:$ORIGIN/lib"),
        ("swig", "/b/bin/swig"),
        ("_environment-data", r#"[('A', '1'), ('LIB', "it's")]"#),
        ("_d", "/b/develop-eggs"),
        ("_e", "/b/eggs/v5"),
    ] {
        assert_eq!(buildout.option("part", name).as_deref(), Some(value), "{name}");
    }
}

#[test]
fn makes_the_path_of_a_project_absolute() {
    let buildout = buildout(&[("setup", "src/demo")]);
    buildout.init::<DevelopEgg>("part").unwrap();
    assert_eq!(buildout.option("part", "setup").as_deref(), Some("/b/src/demo"));
    assert_eq!(error::<DevelopEgg>(&[]), "Missing option: part:setup");
}

#[test]
fn rejects_what_is_neither_true_nor_false() {
    assert_eq!(error::<EggScripts>(&[("relative-paths", "yes")]), "Invalid value for relative-paths option: yes");
    assert_eq!(error::<EggScripts>(&[("dependent-scripts", "1")]), "Invalid value for dependent-scripts option: 1");
}

#[test]
fn reads_the_names_of_scripts() {
    let pair = |name: &str, target: &str| (name.to_owned(), target.to_owned());
    assert_eq!(scripts::selected("a b=c\n d=e=f"), [pair("a", "a"), pair("b", "c"), pair("d", "e=f")]);
    assert_eq!(scripts::selected(""), []);
}

#[test]
fn reports_the_entry_point_that_it_cannot_read() -> Result<(), Error> {
    let read = scripts::entry_points("demo=pkg.cli:main.run\nother=m:f")?;
    let read: Vec<_> = read.iter().map(|one| (&*one.name, &*one.module, &*one.attributes)).collect();
    assert_eq!(read, [("demo", "pkg.cli", "main.run"), ("other", "m", "f")]);
    for word in ["demo", "demo=pkg", "demo=pkg:", "=m:f", "demo=m:f;import", "demo=.m:f"] {
        assert_eq!(scripts::entry_points(word).unwrap_err().to_string(), "Invalid entry point");
        assert_eq!(logged(), [(Level::Error, format!("Cannot parse the entry point {word}."))]);
    }
    Ok(())
}

#[test]
fn the_documentation_page_is_current() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/built-in/egg.md");
    buildout_recipe::testing::assert_documented(
        page,
        "egg",
        vec![
            ("default", EggScripts::describe()),
            ("eggs", Eggs::describe()),
            ("custom", CustomEgg::describe()),
            ("develop", DevelopEgg::describe()),
        ],
    );
}
