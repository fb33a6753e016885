//! Formats a file so that its meaning stays: one space around `=`, no whitespace at the ends of lines, one empty line
//! between sections. What this would change in a value is left as it is.

use config::parse::{ParsedFile, outline, parse};

use base::source::Source;

/// The formatted text; `None` if it has that form already, cannot be parsed, or would mean something else.
pub fn format(text: &str) -> Option<String> {
    let formatted = layout(text);
    let is_same = formatted != text && means(text)? == means(&formatted)?;
    is_same.then_some(formatted)
}

/// Sections and options as they count.
fn means(text: &str) -> Option<Vec<(String, String, String)>> {
    let parsed = |expected: bool| -> Option<ParsedFile> { parse(&Source::new("", text), &mut |_| Ok(expected)).ok() };
    let mut meaning = Vec::new();
    for parsed in [parsed(true)?, parsed(false)?] {
        for (name, section) in parsed.sections {
            meaning.push((name.clone(), String::new(), parsed.classic.to_string()));
            let options =
                section.options.iter().map(|(option, value)| (name.clone(), unspaced(option), value.raw.to_string()));
            meaning.extend(options);
        }
    }
    Some(meaning)
}

/// `name+` for `name +`, which means the same.
fn unspaced(option: &str) -> String {
    let bare = option.trim_end_matches(['+', '-']);
    format!("{}{}", bare.trim_end(), &option[bare.len()..])
}

fn layout(text: &str) -> String {
    let sections = outline(text);
    let mut lines: Vec<String> = Vec::new();
    let mut start = 0;
    for line in text.split('\n') {
        let end = start + line.len();
        let option = sections.iter().flat_map(|section| &section.options).find(|option| option.span.start == start);
        let is_header = sections.iter().any(|section| section.header.start == start && section.header.end == end);
        let mut written = match option {
            Some(option) if option.name.start == start && &text[option.name.clone()] != "=>" => {
                let sign = option.sign.map(|sign| format!("{sign}=")).unwrap_or_else(|| "=".into());
                let value = option.lines.first().map_or("", |value| &text[value.clone()]);
                match &text[option.name.clone()] {
                    "<" => format!("<{sign} {value}"),
                    name => format!("{name} {sign} {value}"),
                }
            }
            _ => line.to_owned(),
        };
        written.truncate(written.trim_end().len());
        if is_header {
            separate(&mut lines);
        }
        lines.push(written);
        start = end + 1;
    }
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines.join("\n") + "\n"
}

/// One empty line before a header, and before the comments directly above it.
fn separate(lines: &mut Vec<String>) {
    let comments = lines.iter().rev().take_while(|line| line.starts_with(['#', ';'])).count();
    let at = lines.len() - comments;
    let blank = lines[..at].iter().rev().take_while(|line| line.is_empty()).count();
    let wanted = if at == blank { vec![] } else { vec![String::new()] };
    lines.splice(at - blank..at, wanted);
}
