//! A recipe package for a person at a terminal.

use std::fmt::Write as _;

use super::Inspected;
use base::source::size;
use recipe::component::Origin;
use recipe::{Described, DescribedGrant, DescribedOption, Presence, ValueType};

/// The text.
pub(super) fn of(inspected: &Inspected) -> String {
    let (package, component) = (&inspected.package, &inspected.recipe.component);
    let mut text = format!("{} {}\n", package.name, package.version);
    let mut line = |name: &str, value: &str| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{name:<10} {value}");
    };
    match &inspected.recipe.component.origin {
        Origin::BuiltIn { .. } => line("component", "part of this program"),
        Origin::Registry { reference, manifest } => line("component", &reference.with_digest(*manifest).to_string()),
        Origin::Path(file) | Origin::Develop { component: file, .. } => line("component", &file.display().to_string()),
    }
    if !inspected.recipe.signers.is_empty() {
        line("signed by", &inspected.signers().join(", "));
    }
    line("size", &size(component.size()));
    line("digest", &format!("sha256:{}", component.digest));
    line("wit", &inspected.wit().map_or_else(|| "none".to_owned(), |wit| format!("buildout:recipe {wit}")));
    line("imports", &imports(&package.imports).replace('\n', "\n           "));
    for described in &package.entry_points {
        let _ = write!(text, "\nrecipe = {}\n", inspected.reference(&described.name));
        entry_point(&mut text, described);
    }
    text
}

/// Interfaces by package: `buildout:recipe (log, options), wasi:io (streams)`.
pub(in crate::cli::recipe) fn imports(imports: &[String]) -> String {
    let mut packages: Vec<(&str, Vec<&str>)> = Vec::new();
    for import in imports {
        let path = import.split('@').next().unwrap_or_default();
        let (package, interface) = path.split_once('/').unwrap_or((path, ""));
        match packages.iter_mut().find(|(known, _)| *known == package) {
            Some((_, interfaces)) => interfaces.push(interface),
            None => packages.push((package, vec![interface])),
        }
    }
    let told = packages.iter().map(|(package, interfaces)| format!("{package} ({})", interfaces.join(", ")));
    let told: Vec<String> = told.collect();
    if told.is_empty() { "none".to_owned() } else { told.join("\n") }
}

fn entry_point(text: &mut String, described: &Described) {
    for line in described.documentation.trim().lines() {
        let _ = writeln!(text, "{}", format!("  {line}").trim_end());
    }
    let calls = match (described.has_update, described.has_uninstall) {
        (true, true) => "Updates parts; is called when they are uninstalled.",
        (true, false) => "Updates parts.",
        (false, true) => "Installs parts again in each run; is called when they are uninstalled.",
        (false, false) => "Installs parts again in each run.",
    };
    let _ = writeln!(text, "  {calls}");
    if !described.options.is_empty() {
        text.push('\n');
        let width = described.options.iter().map(|option| option.name.chars().count()).max().unwrap_or_default();
        for option in &described.options {
            let meaning = option.documentation.split_whitespace().collect::<Vec<_>>().join(" ");
            let _ = writeln!(text, "  {:<width$}  {meaning} ({})", option.name, kind(option));
        }
    }
    let grant = grant(&described.grants);
    if !grant.is_empty() {
        let _ = writeln!(text, "\n  Wants: grant = {{ {grant} }}");
    }
}

fn kind(option: &DescribedOption) -> String {
    let value = match &option.value_type {
        ValueType::Choice(choices) => choices.join(" | "),
        other => other.name().to_owned(),
    };
    match &option.presence {
        Presence::Required => format!("{value}; required"),
        Presence::Optional => value,
        Presence::Default(default) => format!("{value}; default {default:?}"),
    }
}

/// Grants as `recipes.toml` has them between the braces of `grant = { … }`.
pub(super) fn grant(grants: &[DescribedGrant]) -> String {
    let mut keys: Vec<&str> = Vec::new();
    for grant in grants {
        if !keys.contains(&grant.key.as_str()) {
            keys.push(&grant.key);
        }
    }
    let of = |key: &str| {
        let values = grants.iter().filter(|grant| grant.key == key).map(|grant| format!("{:?}", grant.value));
        let values = values.collect::<Vec<_>>().join(", ");
        if DescribedGrant::is_quantity(key) { format!("{key} = {values}") } else { format!("{key} = [{values}]") }
    };
    keys.into_iter().map(of).collect::<Vec<_>>().join(", ")
}
