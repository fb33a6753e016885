//! Documentation pages, generated from the description of a recipe package.

use std::fmt::Write as _;
use std::path::Path;

use crate::Description;
use crate::bindings::exports::buildout::recipe::description as wit;

/// The Markdown page of a recipe package: the documentation, options and grants of each entry point.
pub fn document(package: &str, entry_points: Vec<(&str, Description)>) -> String {
    let mut page = format!("# Recipe `{package}`\n");
    for (name, description) in entry_points {
        let entry_point = description.into_wit(name, false, false, false);
        if let Err(error) = section(&mut page, package, &entry_point) {
            unreachable!("writing to a string does not fail: {error}");
        }
    }
    page
}

/// Panics if the file at `path` is not the page that [`document`] returns. With `BLESS=1` in the environment, writes it.
pub fn assert_documented(path: impl AsRef<Path>, package: &str, entry_points: Vec<(&str, Description)>) {
    let (path, page) = (path.as_ref(), document(package, entry_points));
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(path, page).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        return;
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert!(written == page, "{} does not match the recipe's description: run the test with BLESS=1", path.display());
}

fn section(page: &mut String, package: &str, entry_point: &wit::EntryPoint) -> std::fmt::Result {
    let reference = match entry_point.name.as_str() {
        "default" => package.to_owned(),
        name => format!("{package}:{name}"),
    };
    write!(page, "\n## `recipe = {reference}`\n\n{}\n", entry_point.documentation)?;
    if !entry_point.options.is_empty() {
        page.push_str("\n| option | type | default | meaning |\n| --- | --- | --- | --- |\n");
    }
    for option in &entry_point.options {
        let documentation = option.documentation.replace('|', "\\|").replace('\n', " ");
        let (kind, presence) = (kind(&option.value_type), presence(&option.presence));
        writeln!(page, "| `{}` | {kind} | {presence} | {documentation} |", option.name)?;
    }
    let granted: Vec<_> = entry_point.grants.iter().filter_map(grant).collect();
    if !granted.is_empty() {
        writeln!(page, "\nIn addition to its part's location, the recipe may: {}.", granted.join("; "))?;
    }
    Ok(())
}

fn kind(kind: &wit::OptionType) -> String {
    match kind {
        wit::OptionType::Text => "text".to_owned(),
        wit::OptionType::Path => "path".to_owned(),
        wit::OptionType::Boolean => "`true` or `false`".to_owned(),
        wit::OptionType::Integer => "number".to_owned(),
        wit::OptionType::Words => "words".to_owned(),
        wit::OptionType::Lines => "lines".to_owned(),
        wit::OptionType::Choice(choices) => {
            choices.iter().map(|choice| format!("`{choice}`")).collect::<Vec<_>>().join(", ")
        }
        wit::OptionType::Other(name) => name.clone(),
    }
}

fn presence(presence: &wit::Presence) -> String {
    match presence {
        wit::Presence::Required => "required".to_owned(),
        wit::Presence::Optional => String::new(),
        wit::Presence::Default(value) => format!("`{value}`"),
    }
}

fn grant(grant: &wit::Grant) -> Option<String> {
    Some(match grant {
        wit::Grant::Read(path) => format!("read `{path}`"),
        wit::Grant::Write(path) => format!("write to `{path}`"),
        wit::Grant::Env(name) => format!("read the environment variable `{name}`"),
        wit::Grant::Run(program) if program == "*" => "start any program".to_owned(),
        wit::Grant::Run(program) => format!("start `{program}`"),
        wit::Grant::Fetch(address) if address == "*" => "download from any URL".to_owned(),
        wit::Grant::Fetch(address) if address == "file:///" => "use any local file as a download".to_owned(),
        wit::Grant::Fetch(address) => format!("download from `{address}`"),
        wit::Grant::Distributions => "install Python distributions".to_owned(),
        wit::Grant::Memory(bytes) => format!("use {} MiB of memory", bytes >> 20),
        wit::Grant::Timeout(milliseconds) => format!("run for {} minutes per call", milliseconds / 60_000),
        wit::Grant::Network(program) => format!("give `{program}` network access"),
        wit::Grant::Other(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::OptionDescription;

    #[test]
    fn a_page_has_options_and_grants() {
        let description = Description::new("Makes a note.\n\nIn a file.")
            .option(OptionDescription::text("text", "What | it says.").required())
            .option(OptionDescription::choice("size", "How large.", &["a4", "a5"]).default("a4"))
            .grant_run("*");
        let page = document("note", vec![("default", description), ("other", Description::new("Nothing."))]);
        let expected = "# Recipe `note`\n\n## `recipe = note`\n\nMakes a note.\n\nIn a file.\n\n\
                        | option | type | default | meaning |\n| --- | --- | --- | --- |\n\
                        | `text` | text | required | What \\| it says. |\n\
                        | `size` | `a4`, `a5` | `a4` | How large. |\n\n\
                        In addition to its part's location, the recipe may: start any program.\n\n\
                        ## `recipe = note:other`\n\nNothing.\n";
        assert_eq!(page, expected);
    }
}
