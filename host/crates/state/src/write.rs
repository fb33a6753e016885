//! Renders the installed model as `.installed.cfg`, in the format of zc.buildout.

use std::borrow::Cow;

use litemap::LiteMap;

use super::model::{InstalledPart, InstalledState};
use super::names::{DEVELOP_EGGS, FORMAT, INSTALLED, PARTS, SIGNATURE};
use super::quote::{Use, quote_any_name, quote_name, quote_value};
use config::options::Values;

/// The text of the state file: `[buildout]` first, then the parts in the order of installation; options sorted by name.
pub fn render(installed: &InstalledState) -> String {
    let mut text = String::with_capacity(256 * installed.parts.len());
    section(&mut text, "buildout", &buildout_options(installed));
    for (name, part) in &installed.parts {
        text.push('\n');
        section(&mut text, &quote_name(name, Use::Section), &part_options(part));
    }
    text
}

/// Options as written: quoted, sorted by name.
type WrittenOptions<'a> = LiteMap<Cow<'a, str>, Cow<'a, str>>;

fn buildout_options(installed: &InstalledState) -> WrittenOptions<'_> {
    let mut options = quoted_options(&installed.buildout, &[PARTS, DEVELOP_EGGS, FORMAT]);
    let names: Vec<_> = installed.parts.keys().map(|name| quote_name(name, Use::Section)).collect();
    options.insert(PARTS.into(), names.join(" ").into());
    if !installed.develop_eggs.is_empty() {
        options.insert(DEVELOP_EGGS.into(), paths(&installed.develop_eggs));
    }
    options
}

fn part_options(part: &InstalledPart) -> WrittenOptions<'_> {
    let mut options = quoted_options(&part.options, &[INSTALLED, SIGNATURE]);
    options.insert(INSTALLED.into(), paths(&part.installed));
    if let Some(signature) = &part.signature {
        options.insert(SIGNATURE.into(), signature.into());
    }
    options
}

/// Options under their written names; names with a special meaning are quoted.
fn quoted_options<'a>(options: &'a Values, reserved: &[&str]) -> WrittenOptions<'a> {
    let quoted = |name: &'a str| match reserved.contains(&name) {
        true => quote_any_name(name).into(),
        false => quote_name(name, Use::Option),
    };
    options.iter().map(|(name, value)| (quoted(name), Cow::Borrowed(&**value))).collect()
}

fn paths(paths: &[String]) -> Cow<'_, str> {
    match paths {
        [path] => quote_name(path, Use::Path),
        _ => paths.iter().map(|path| quote_name(path, Use::Path)).collect::<Vec<_>>().join("\n").into(),
    }
}

fn section(text: &mut String, name: &str, options: &WrittenOptions<'_>) {
    text.extend(["[", name, "]\n"]);
    for (option, value) in options.iter() {
        text.extend([option, " = "]);
        quote_value(text, value);
        text.push('\n');
    }
}
