//! A recipe package in human-readable form.

use std::fmt::Write as _;

use super::terms::imports;
use super::view::PackageView;
use base::source::{printable_line, size};
use recipe::component::ComponentOrigin;
use recipe::{Described, DescribedOption, Presence, ValueType};

pub(in crate::cli) fn of(view: &PackageView) -> String {
    let (package, component) = (&view.package, &view.recipe.component);
    let mut text = format!("{} {}\n", printable_line(&package.name), printable_line(&package.version));
    let mut line = |name: &str, value: &str| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{name:<10} {value}");
    };
    match &view.recipe.component.origin {
        ComponentOrigin::BuiltIn { .. } | ComponentOrigin::PythonRuntime => line("component", "part of buildout-host"),
        ComponentOrigin::Registry { reference, manifest } => {
            line("component", &reference.with_digest(*manifest).to_string())
        }
        ComponentOrigin::Path(file) | ComponentOrigin::Develop { component: file, .. } => {
            line("component", &file.display().to_string())
        }
    }
    if !view.recipe.signers.is_empty() {
        line("signed by", &view.signers().join(", "));
    }
    line("size", &size(component.size()));
    line("digest", &format!("sha256:{}", component.digest));
    line("wit", &view.wit().map_or_else(|| "none".to_owned(), |wit| format!("buildout:recipe {wit}")));
    line("imports", &imports(&package.imports).replace('\n', "\n           "));
    for (described, reference) in view.entry_points() {
        let _ = match reference {
            Some(reference) => writeln!(text, "\nrecipe = {}", printable_line(reference)),
            None => writeln!(
                text,
                "\nentry point {}, which no recipe reference names here",
                printable_line(&described.name)
            ),
        };
        entry_point(&mut text, described);
    }
    text
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
    if described.cacheable {
        let _ = writeln!(text, "  Parts can come from a cache, even one of other machines.");
    }
    if !described.options.is_empty() {
        text.push('\n');
        let width = described.options.iter().map(|option| option.name.chars().count()).max().unwrap_or_default();
        for option in &described.options {
            let meaning = option.documentation.split_whitespace().collect::<Vec<_>>().join(" ");
            let name = printable_line(&option.name);
            let _ = writeln!(text, "  {name:<width$}  {meaning} ({})", printable_line(&value_of(option)));
        }
    }
    let grant = described.grant.to_string();
    if !grant.is_empty() {
        let _ = writeln!(text, "\n  Requests: grant = {{ {grant} }}");
    }
}

fn value_of(option: &DescribedOption) -> String {
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
