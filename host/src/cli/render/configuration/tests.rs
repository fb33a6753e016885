//! Output of `config`, `annotate` and `query`. The expected output of the last two is zc.buildout 6.0.1's.

use std::sync::Arc;

use super::super::annotated::{option as query, sections as annotate};
use super::{Choice, json, text};
use crate::error::Explained;
use crate::run::RunError;
use base::source::Explain;
use config::Configuration;
use config::load::memory::MemoryFiles;
use config::options::{Buildout, NoRecipes};

const MAIN: &str =
    "[buildout]\nextends = base.cfg sub/o.cfg\n[a]\nx += main\ny -= 2\nz = main\n  more\n[b]\n<= a\nx += b\n";
const BASE: &str = "[a]\nrecipe = r\nx = 1\ny = 1\n  2\nz = base\ne =\n";
const OTHER: &str = "[a]\nx += o\n[c]\nk += 1\nl = ${a:location}/l ${:k}\nm = ${no:such}\n";

fn configuration() -> Configuration {
    MemoryFiles::new(&[("buildout.cfg", MAIN), ("base.cfg", BASE), ("sub/o.cfg", OTHER)]).load(&["c:n=1"]).unwrap()
}

fn shown(chosen: &[&str], as_json: bool) -> Result<String, RunError> {
    let chosen: Vec<String> = chosen.iter().map(|name| (*name).to_owned()).collect();
    let (buildout, choice) = (Buildout::new(configuration(), Arc::new(NoRecipes)), Choice::new(&chosen));
    if as_json { json(&buildout, &choice) } else { text(&buildout, &choice) }
}

fn explained(error: RunError) -> (String, String) {
    let error = Explained::from(error);
    (error.to_string(), error.hints().join(" "))
}

#[test]
fn json_has_raw_value_and_all_places() {
    let text = shown(&["b:x", "c"], true).unwrap();
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    let expected = serde_json::json!({"sections": {
        "c": {
            "k": {"raw": "1", "value": "1", "from": ["sub/o.cfg:4"]},
            "l": {"raw": "${a:location}/l ${:k}", "value": null, "from": ["sub/o.cfg:5"]},
            "m": {"raw": "${no:such}", "value": null, "from": ["sub/o.cfg:6"]},
            "n": {"raw": "1", "value": "1", "from": ["COMMAND_LINE_VALUE"]},
        },
        "b": {"x": {
            "raw": "1\no\nmain\nb", "value": "1\no\nmain\nb",
            "from": ["base.cfg:3", "sub/o.cfg:2", "buildout.cfg:4", "buildout.cfg:10"],
        }},
    }});
    assert_eq!(json, expected);
}

#[test]
fn text_says_why_a_value_is_not_known() {
    let expected = "[b]\nrecipe = r\nx =\n    1\n    o\n    main\n    b\ny = 1\nz =\n    main\n    more\ne =\n\n[c]\n\
        # needs the recipe of [a], for `location`:\nl = ${a:location}/l ${:k}\n\
        # Error: The referenced section, 'no', was not defined. (/b/sub/o.cfg:6:5)\nm = ${no:such}\nk = 1\nn = 1";
    let mut sections: Vec<String> = shown(&["b", "c"], false).unwrap().split("\n\n").map(str::to_owned).collect();
    sections.sort();
    assert_eq!(sections.join("\n\n"), expected);
}

#[test]
fn missing_names_are_errors() {
    let t = |name: &str, message: &str, hint: &str| {
        assert_eq!(explained(shown(&[name], true).unwrap_err()), (message.into(), hint.into()), "{name}");
    };
    t("buildut", "Section not found: buildut", "Did you mean `buildout`?");
    t("buildout:part-directory", "Key not found: part-directory", "Did you mean `parts-directory`?");
}

#[test]
fn query_shows_what_is_written() {
    let t = |name: &str, expected: &str| assert_eq!(query(&configuration(), name).unwrap(), expected, "{name}");
    t("a:x", "1\no\nmain");
    t("c:l", "${a:location}/l ${:k}");
    t("newest", "true");
    let t = |name: &str, message: &str| assert_eq!(explained(query(&configuration(), name).unwrap_err()).0, message);
    t("zzzz:x", "Section not found: zzzz");
    t("a:zzzz", "Key not found: zzzz");
    t("a:b:c", "Invalid option: a:b:c");
}

#[test]
fn annotate_shows_files() {
    let shown = annotate(&configuration(), &["a".into(), "b".into()], false).unwrap();
    let expected = "\nAnnotated sections\n==================\n\n[a]\ne=\n    base.cfg\nrecipe= r\n    base.cfg\n\
        x= 1\no\nmain\n    base.cfg\n+=  sub/o.cfg\n+=  buildout.cfg\ny= 1\n    base.cfg\n-=  buildout.cfg\n\
        z= main\nmore\n    buildout.cfg\n\n[b]\n<= a\n    buildout.cfg\nx += b\n    buildout.cfg";
    assert_eq!(shown, expected);
}

#[test]
fn verbose_annotate_shows_the_history() {
    let shown = annotate(&configuration(), &["a".into()], true).unwrap();
    let y = "y= 1\n\n   IN buildout.cfg\n   REMOVE VALUE = 2\n   IN base.cfg\n   SET VALUE =\n      1\n      2\n\n";
    assert!(shown.contains(y), "{shown}");
    let z = "z= main\nmore\n\n   IN buildout.cfg\n   OVERRIDE VALUE =\n      main\n      more\n   IN base.cfg\n   SET VALUE = base\n";
    assert!(shown.contains(z), "{shown}");
    let defaults = annotate(&configuration(), &["buildout".into()], true).unwrap();
    assert!(defaults.contains("newest= true\n\n   AS DEFAULT_VALUE\n   SET VALUE = true\n"), "{defaults}");
}
