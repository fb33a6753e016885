//! Parses a state file into raw sections, by the rules of zc.buildout's parser (`configparser.py`) as far as a state
//! file needs them: repeated sections merge, a later option replaces an earlier one, comments, further lines.

use std::borrow::Cow;
use std::sync::Arc;

use litemap::LiteMap;

use super::damage::{Damage, DamageCause};
use super::quote::is_space;
use base::collections::OrderedMap;
use base::source::{Place, Source};

/// Options by their quoted names.
pub(super) type RawOptions<'a> = LiteMap<&'a str, RawOption<'a>>;

/// Sections by their quoted names.
pub(super) type RawSections<'a> = OrderedMap<&'a str, RawSection<'a>>;

/// One section, all its repetitions merged.
pub(super) struct RawSection<'a> {
    /// Its first header.
    pub(super) place: Place,
    pub(super) options: RawOptions<'a>,
}

/// One option, still quoted.
pub(super) struct RawOption<'a> {
    /// The line of the last assignment.
    pub(super) place: Place,
    /// Lines joined with `\n`, without their indentation.
    pub(super) text: Cow<'a, str>,
}

/// The state of the parser: the option that further lines belong to.
struct Current<'a> {
    section: &'a str,
    option: Option<&'a str>,
    /// The value starts below its name, and keeps relative indentation and empty lines.
    is_block: bool,
}

/// Parses the sections.
///
/// # Errors
/// The first line that cannot be parsed.
pub(super) fn parse(source: &Arc<Source>) -> Result<RawSections<'_>, Damage> {
    let mut sections = RawSections::default();
    let mut current: Option<Current<'_>> = None;
    let mut offset = 0;
    for line in source.text.split_inclusive('\n') {
        let place = Place::new(source, offset..offset + line.trim_end().len());
        offset += line.len();
        let is_indented = line.starts_with(is_space);
        if line.starts_with(['#', ';']) || continue_option(&mut sections, current.as_ref(), line, is_indented) {
            continue;
        }
        if let Some(name) = header(line) {
            let empty = || RawSection { place, options: RawOptions::default() };
            sections.entry(name).or_insert_with(empty);
            current = Some(Current { section: name, option: None, is_block: false });
        } else if line.trim_matches(is_space).is_empty() {
            continue;
        } else if let Some(current) = &mut current {
            let (name, value) = option(line).ok_or_else(|| Damage::at(&place, DamageCause::Line))?;
            current.option = Some(name);
            current.is_block = value.is_empty();
            if let Some(section) = sections.get_mut(current.section) {
                section.options.insert(name, RawOption { place, text: value.into() });
            }
        } else {
            return Err(Damage::at(&place, DamageCause::NoSection));
        }
    }
    for (_, option) in sections.values_mut().flat_map(|section| section.options.iter_mut()) {
        if option.text.starts_with(is_space) {
            option.text = dedent(&option.text).into();
        }
    }
    Ok(sections)
}

/// Adds `line` to the current option if it is a further line of it.
fn continue_option(
    sections: &mut RawSections<'_>,
    current: Option<&Current<'_>>,
    line: &str,
    is_indented: bool,
) -> bool {
    let Some(Current { section, option: Some(option), is_block }) = current.filter(|_| is_indented) else {
        return false;
    };
    let line = if *is_block { line.trim_end_matches(is_space) } else { line.trim_matches(is_space) };
    let value = sections.get_mut(*section).and_then(|section| section.options.get_mut(*option));
    if let Some(value) = value.filter(|_| *is_block || !line.is_empty()) {
        value.text.to_mut().extend(["\n", line]);
    }
    true
}

/// `[name]`, perhaps with a comment after it.
fn header(line: &str) -> Option<&str> {
    let (name, rest) = line.strip_prefix('[')?.split_once(']')?;
    let name = name.trim_matches(is_space);
    let rest = rest.trim_matches(is_space);
    let is_name = !name.is_empty() && !name.contains(is_space) && !name.contains(['#', '[', ':', ';', '{', '}']);
    (is_name && (rest.is_empty() || rest.starts_with(['#', ';']))).then_some(name)
}

/// `name = value`.
fn option(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once('=')?;
    let name = name.trim_end_matches(is_space);
    let is_name = !name.is_empty() && !name.starts_with(is_space) && !name.contains(['[', ']', '{', '}', ':']);
    is_name.then(|| (name, value.trim_matches(is_space)))
}

/// A block value without leading and trailing empty lines and without the indentation that its lines share.
fn dedent(text: &str) -> String {
    let lines: Vec<&str> = text.trim_end_matches(is_space).split('\n').collect();
    let indentation = |line: &&str| line.len() - line.trim_start_matches([' ', '\t']).len();
    let filled = lines.iter().filter(|line| !line.trim_matches(is_space).is_empty());
    let shared = filled.map(indentation).min().unwrap_or_default();
    let cut = |line: &&str| line.get(shared..).unwrap_or_default().to_owned();
    let first = lines.iter().position(|line| !line.is_empty()).unwrap_or(lines.len());
    lines[first..].iter().map(cut).collect::<Vec<_>>().join("\n")
}
