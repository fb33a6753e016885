//! Composing effects has the same result as zc.buildout, which replays every file for every path to it.
//!
//! The oracle is zc.buildout's algorithm (`_open`, `_update`, `_update_section`) in its simplest form, on strings
//! alone.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use proptest::prelude::*;

use super::memory::MemoryFiles;
use crate::parse::parse;
use base::source::Source;

type PlainSection = IndexMap<String, String>;
type PlainSections = IndexMap<String, PlainSection>;

fn add(value: &str, added: &str) -> String {
    format!("{value}\n{added}")
}

fn remove(value: &str, removed: &str) -> String {
    let removed: Vec<&str> = removed.split('\n').collect();
    value.split('\n').filter(|line| !removed.contains(line)).collect::<Vec<_>>().join("\n")
}

fn update_section(earlier: &PlainSection, later: &PlainSection) -> PlainSection {
    let mut later = later.clone();
    let mut order: Vec<(String, String)> = later.clone().into_iter().collect();
    order.sort_by_key(|(name, _)| (name.trim_end_matches([' ', '+']).to_owned(), name.chars().last()));
    for (name, value) in order {
        let (Some(sign @ ('+' | '-')), target) = (name.chars().last(), name.trim_end_matches([' ', '+', '-'])) else {
            continue;
        };
        let base = later.get(target).or(earlier.get(target)).cloned().unwrap_or_default();
        let value = if sign == '+' { add(&base, &value) } else { remove(&base, &value) };
        later.insert(target.to_owned(), value);
        later.shift_remove(&name);
    }
    let mut section = earlier.clone();
    section.extend(later);
    section
}

fn update(earlier: &PlainSections, later: &PlainSections) -> PlainSections {
    let mut data = earlier.clone();
    for (name, section) in later {
        let outcome = match data.get(name) {
            Some(present) => update_section(present, section),
            None if section.contains_key("<") => section.clone(),
            None => {
                let mut section = section.clone();
                let mut names: Vec<String> = section.keys().cloned().collect();
                names.sort();
                for name in names {
                    let target = name.strip_suffix(" +").or(name.strip_suffix(" -"));
                    if let Some(target) = target.filter(|target| !section.contains_key(*target)) {
                        let value = section.shift_remove(&name).unwrap_or_default();
                        let value = if name.ends_with('+') { value } else { remove(&value, &value) };
                        section.insert(target.to_owned(), value);
                    }
                }
                update_section(&PlainSection::new(), &section)
            }
        };
        data.insert(name.clone(), outcome);
    }
    data
}

fn raw(text: &str) -> PlainSections {
    let parsed = parse(&Source::new("x", text), &mut |_| Ok(true)).unwrap();
    let section = |section: crate::Section| {
        section.options.into_iter().map(|(name, value)| (name.to_string(), value.raw.to_string())).collect()
    };
    parsed.sections.into_iter().map(|(name, options)| (name, section(options))).collect()
}

/// The files that `name` leads to, in order of application; the user's defaults are added to the first leaf.
fn open(files: &BTreeMap<String, String>, name: &str, defaults: &mut PlainSections) -> Vec<PlainSections> {
    let mut own = raw(&files[name]);
    let extends = own.get_mut("buildout").and_then(|buildout| buildout.shift_remove("extends")).unwrap_or_default();
    let mut all: Vec<PlainSections> = extends.split_whitespace().flat_map(|next| open(files, next, defaults)).collect();
    if extends.is_empty() && !defaults.is_empty() {
        own = update(&std::mem::take(defaults), &own);
    }
    all.push(own);
    all
}

fn replay(files: &BTreeMap<String, String>, defaults: &str) -> PlainSections {
    let root = |name: &str, defaults: &mut PlainSections| {
        open(files, name, defaults).iter().fold(PlainSections::new(), |data, file| update(&data, file))
    };
    let mut defaults = update(&PlainSections::new(), &raw(defaults));
    let files = root("buildout.cfg", &mut defaults);
    update(&PlainSections::from([("buildout".to_owned(), PlainSection::new())]), &files)
}

fn option() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec!["x", "y", "x", "z"]);
    let sign = prop::sample::select(vec!["=", "=", "+=", "+=", "-="]);
    let lines = prop::collection::vec(prop::sample::select(vec!["p", "q", "r", "p q"]), 0..3);
    (name, sign, lines, any::<bool>()).prop_map(|(name, sign, lines, block)| match (block, lines.as_slice()) {
        (false, [one]) => format!("{name} {sign} {one}\n"),
        _ => format!("{name} {sign}\n  {}\n", lines.join("\n  ")),
    })
}

fn section() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec!["a", "b", "buildout"]);
    (name, prop::bool::weighted(0.2), prop::collection::vec(option(), 0..4)).prop_map(|(name, is_macro, options)| {
        let begin = if is_macro && name != "buildout" { "<= b\n" } else { "" };
        format!("[{name}]\n{begin}{}", options.concat())
    })
}

/// Files that extend some of the following ones, perhaps one of them twice.
fn graph() -> impl Strategy<Value = BTreeMap<String, String>> {
    let file = (prop::collection::vec(section(), 0..4), prop::collection::vec(any::<prop::sample::Index>(), 0..4));
    prop::collection::vec(file, 1..7).prop_map(|files| {
        let count = files.len();
        let name = |number: usize| if number == 0 { "buildout.cfg".to_owned() } else { format!("f{number}.cfg") };
        let text = |number: usize, sections: &[String], extends: &[prop::sample::Index]| {
            let later = count - number - 1;
            let names: Vec<String> =
                extends.iter().filter(|_| later > 0).map(|index| name(number + 1 + index.index(later))).collect();
            let extends =
                if names.is_empty() { String::new() } else { format!("[buildout]\nextends = {}\n", names.join(" ")) };
            format!("{extends}{}", sections.concat())
        };
        files
            .iter()
            .enumerate()
            .map(|(number, (sections, extends))| (name(number), text(number, sections, extends)))
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn composing_equals_replaying(files in graph(), defaults in prop::collection::vec(section(), 0..3)) {
        let defaults = defaults.concat();
        let mut all: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        all.push(("/home/.buildout/default.cfg", &defaults));
        let loaded = MemoryFiles::new(&all).load(&[]).unwrap();
        let expected = replay(&files, &defaults);
        for (name, section) in &expected {
            for (option, value) in section {
                prop_assert_eq!(&*loaded.sections[name].options[option.as_str()].raw, value.as_str(), "[{}] {}", name, option);
            }
        }
        let is_new = |name: &str, option: &str| !expected.get(name).is_some_and(|section| section.contains_key(option));
        for (name, section) in loaded.sections.iter().filter(|(name, _)| *name != "buildout" && *name != "versions") {
            prop_assert!(expected.contains_key(name));
            prop_assert!(!section.options.keys().any(|option| is_new(name, option)), "{}", name);
        }
    }
}
