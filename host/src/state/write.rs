//! The installed model → the text of `.installed.cfg`, as zc.buildout writes it.

use std::collections::BTreeMap;

use super::quote::{Use, quote_any_name, quote_name, quote_value};
use super::{DEVELOP_EGGS, FORMAT, INSTALLED, Installed, InstalledPart, PARTS, SIGNATURE};

/// The text of the state file: `[buildout]` first, then the parts in the order of installation; options sorted by name.
pub fn render(installed: &Installed) -> String {
    let mut text = String::new();
    section(&mut text, "buildout", &buildout_options(installed));
    for (name, part) in &installed.parts {
        text.push('\n');
        section(&mut text, &quote_name(name, Use::Section), &part_options(part));
    }
    text
}

type Options = BTreeMap<String, String>;

fn buildout_options(installed: &Installed) -> Options {
    let mut options = quoted_options(&installed.buildout, &[PARTS, DEVELOP_EGGS, FORMAT]);
    let names: Vec<_> = installed.parts.keys().map(|name| quote_name(name, Use::Section)).collect();
    options.insert(PARTS.to_owned(), names.join(" "));
    if !installed.develop_eggs.is_empty() {
        options.insert(DEVELOP_EGGS.to_owned(), paths(&installed.develop_eggs));
    }
    options
}

fn part_options(part: &InstalledPart) -> Options {
    let mut options = quoted_options(&part.options, &[INSTALLED, SIGNATURE]);
    options.insert(INSTALLED.to_owned(), paths(&part.installed));
    if let Some(signature) = &part.signature {
        options.insert(SIGNATURE.to_owned(), signature.clone());
    }
    options
}

/// Options under the names that they are written with; a name with a meaning of its own is quoted.
fn quoted_options(options: &Options, reserved: &[&str]) -> Options {
    let quoted = |name: &String| match reserved.contains(&name.as_str()) {
        true => quote_any_name(name),
        false => quote_name(name, Use::Option).into_owned(),
    };
    options.iter().map(|(name, value)| (quoted(name), value.clone())).collect()
}

fn paths(paths: &[String]) -> String {
    let quoted: Vec<_> = paths.iter().map(|path| quote_name(path, Use::Path)).collect();
    quoted.join("\n")
}

fn section(text: &mut String, name: &str, options: &Options) {
    text.push_str(&format!("[{name}]\n"));
    for (option, value) in options {
        text.push_str(&format!("{option} = {}\n", quote_value(value)));
    }
}
