//! The reference page of a recipe package, in Markdown.

use std::fmt::Write as _;

use super::view::PackageView;
use recipe::{Described, DescribedOption, Presence, ValueType};
use registry::toml_key;

pub(in crate::cli) fn of(view: &PackageView) -> String {
    let package = &view.package;
    let mut page = format!("# {} {}\n", package.name, package.version);
    for (described, reference) in view.entry_points() {
        entry_point(&mut page, described, reference.unwrap_or(&described.name));
    }
    page
}

fn entry_point(page: &mut String, described: &Described, reference: &str) {
    // Writing to a String cannot fail.
    let _ = write!(page, "\n## {reference}\n\n{}\n", described.documentation.trim());
    if !described.options.is_empty() {
        page.push_str("\n| Option | Value | Default | Meaning |\n| --- | --- | --- | --- |\n");
        for option in &described.options {
            let (name, meaning) = (&option.name, cell(&option.documentation));
            let _ =
                writeln!(page, "| `{name}` | {} | {} | {meaning} |", value_type(&option.value_type), default(option));
        }
    }
    let grant = described.grant.to_string();
    if !grant.is_empty() {
        let _ = write!(
            page,
            "\nIt requests, in `recipes.toml`:\n\n```toml\n[recipe.{}]\ngrant = {{ {grant} }}\n```\n",
            toml_key(reference)
        );
    }
}

fn value_type(value_type: &ValueType) -> String {
    match value_type {
        ValueType::Choice(choices) => {
            choices.iter().map(|choice| format!("`{choice}`")).collect::<Vec<_>>().join(", ").replace('|', "\\|")
        }
        other => other.name().to_owned(),
    }
}

fn default(option: &DescribedOption) -> String {
    match &option.presence {
        Presence::Required => "required".to_owned(),
        Presence::Optional => String::new(),
        Presence::Default(value) => format!("`{}`", cell(value)),
    }
}

/// A string as one table cell.
fn cell(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}
