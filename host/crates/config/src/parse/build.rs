//! Builds sections from lines: decides which line continues which value, as in zc.buildout 6's `configparser.py`.

use std::sync::Arc;

use super::lex::{Line, LineForm, Name};
use super::text::{dedent, is_space, strip, strip_end};
use crate::condition::ConditionError;
use crate::{ConfigError, HistoryItem, Operation, OptionValue, Origin, Piece, Section, Trouble};
use base::collections::OrderedMap;
use base::source::{Place, Source};

/// Maximum number of reported lines that cannot be parsed.
const MAX_TROUBLES: usize = 20;

/// Builds the sections of a file.
pub(super) fn build(
    source: &Arc<Source>,
    lines: &[Line],
    classic: bool,
    condition: &mut dyn FnMut(&str) -> Result<bool, ConditionError>,
) -> Result<OrderedMap<String, Section>, ConfigError> {
    let mut builder = SectionsBuilder {
        source,
        classic,
        sections: OrderedMap::default(),
        section: None,
        option: None,
        block: false,
        counts: true,
        troubles: Vec::new(),
    };
    for line in lines {
        builder.take(line, condition)?;
    }
    builder.finish()
}

struct SectionsBuilder<'a> {
    source: &'a Arc<Source>,
    classic: bool,
    sections: OrderedMap<String, Draft>,
    /// The section to which options are added.
    section: Option<usize>,
    /// The option that an indented line continues.
    option: Option<usize>,
    /// Whether that option's first line was empty: then indentation and blank lines are significant.
    block: bool,
    /// Whether the condition of the last header is true.
    counts: bool,
    troubles: Vec<Trouble>,
}

struct Draft {
    place: Place,
    /// An option that was overridden by a later one is `None`.
    options: OrderedMap<String, Option<DraftOption>>,
}

struct DraftOption {
    value: String,
    /// Number of lines in `value`.
    lines: usize,
    /// Sort key of options: an option that was overridden and is written again is sorted by its last position.
    order: usize,
    /// One for each assignment in the file that contributed to `value`.
    parts: Vec<ValueLines>,
}

struct ValueLines {
    start: usize,
    end: usize,
    /// Number of lines up to and including the last one of this part.
    lines: usize,
}

impl SectionsBuilder<'_> {
    fn take(
        &mut self,
        line: &Line,
        condition: &mut dyn FnMut(&str) -> Result<bool, ConditionError>,
    ) -> Result<(), ConfigError> {
        let text = &self.source.text;
        match &line.form {
            LineForm::Comment => {}
            LineForm::Header { name, expression } => {
                self.counts = match expression {
                    Some(span) => condition(&text[span.clone()]).map_err(|error| {
                        let place = Place::new(self.source, span.start + error.span.start..span.start + error.span.end);
                        let trouble = Trouble::at(place, error.message);
                        ConfigError::from(error.hint.into_iter().fold(trouble, Trouble::hint))
                    })?,
                    None => true,
                };
                if self.counts {
                    let place = Place::new(self.source, line.span.clone());
                    self.open(&text[name.clone()], place);
                }
            }
            LineForm::Indented => self.indented(line),
            // Options of a section that does not apply are skipped, even before the first section.
            LineForm::Assignment { .. } if !self.counts => {}
            LineForm::Assignment { name, value } => {
                let name = match name {
                    Name::Written(span) => &text[span.clone()],
                    Name::PartDependencies => "<part-dependencies>",
                };
                self.assign(line, name, &text[value.clone()]);
            }
            LineForm::Unknown => self.unknown(line),
        }
        if self.section.is_none() && self.counts && !self.troubles.is_empty() {
            return Err(self.troubles.swap_remove(0).into());
        }
        Ok(())
    }

    fn open(&mut self, name: &str, place: Place) {
        self.option = None;
        let entry = self.sections.entry(name.to_owned());
        self.section = Some(entry.index());
        entry
            .and_modify(|draft| draft.place = place.clone())
            .or_insert_with(|| Draft { place, options: OrderedMap::default() });
    }

    fn indented(&mut self, line: &Line) {
        let text = &self.source.text[line.span.clone()];
        let Some(option) = self.option.filter(|_| self.counts) else {
            if self.counts && !strip(text).is_empty() {
                self.unknown(line);
            }
            return;
        };
        let text = if self.block { strip_end(text) } else { strip(text) };
        if text.is_empty() && !self.block {
            return;
        }
        if let Some(draft) = self.option_mut(option) {
            draft.push_line(text);
            if let Some(part) = draft.parts.last_mut() {
                part.lines = draft.lines;
                if !text.is_empty() {
                    part.end = line.span.end;
                }
            }
        }
    }

    fn assign(&mut self, line: &Line, name: &str, value: &str) {
        let Some(section) = self.section else {
            self.unknown(line);
            return;
        };
        self.block = value.is_empty() && !self.classic;
        let options = &mut self.sections[section].options;
        let signed = name.ends_with(['+', '-']);
        let part = |lines| ValueLines { start: line.span.start, end: line.span.end, lines };
        if let Some(Some(draft)) = options.get_mut(name).filter(|_| signed) {
            let kept = strip_end(&draft.value).len();
            draft.lines -= draft.value[kept..].matches('\n').count();
            draft.value.truncate(kept);
            if let Some(part) = draft.parts.last_mut() {
                part.lines = part.lines.min(draft.lines);
            }
            if !value.is_empty() {
                draft.push_line(value);
            }
            draft.parts.push(part(draft.lines));
        } else {
            if !signed {
                // An assignment overrides all previous additions and removals.
                for sign in ['+', '-'] {
                    options.get_mut(&format!("{name} {sign}")).map(Option::take);
                }
            }
            let order = options.get(name).and_then(Option::as_ref).map_or(line.span.start, |draft| draft.order);
            let draft = DraftOption { value: value.to_owned(), lines: 1, order, parts: vec![part(1)] };
            options.insert(name.to_owned(), Some(draft));
        }
        self.option = options.get_index_of(name);
    }

    fn unknown(&mut self, line: &Line) {
        if self.troubles.len() == MAX_TROUBLES {
            return;
        }
        let text = &self.source.text[line.span.clone()];
        let place = Place::new(self.source, line.span.clone());
        let trouble = match self.section {
            None => Trouble::at(place, "There is no section header before this line").hint(match is_open(text) {
                true => NO_BRACKET,
                false => "A configuration begins with a header such as `[buildout]`.",
            }),
            Some(_) => explain(
                Trouble::at(place, "This line is neither a header, an option, a comment nor part of a value"),
                text,
            ),
        };
        self.troubles.push(trouble);
    }

    fn option_mut(&mut self, option: usize) -> Option<&mut DraftOption> {
        let (_, draft) = self.sections.get_index_mut(self.section?)?;
        draft.options.get_index_mut(option)?.1.as_mut()
    }

    fn finish(self) -> Result<OrderedMap<String, Section>, ConfigError> {
        if !self.troubles.is_empty() {
            return Err(ConfigError { troubles: self.troubles, doing: Vec::new() });
        }
        let source = self.source;
        let section = |draft: Draft| {
            let written = draft.options.into_iter().filter_map(|(name, option)| Some((name, option?)));
            let mut written: Vec<(String, DraftOption)> = written.collect();
            written.sort_by_key(|(_, option)| option.order);
            let options =
                written.into_iter().map(|(name, option)| (name.into(), Arc::new(option.finish(source)))).collect();
            Section { options, place: Some(draft.place) }
        };
        Ok(self.sections.into_iter().map(|(name, draft)| (name, section(draft))).collect())
    }
}

/// The hint for a header without its end.
const NO_BRACKET: &str = "A header ends with `]`, which is missing.";

/// Whether a line begins like a header but does not end like one.
fn is_open(line: &str) -> bool {
    line.starts_with('[') && !line.contains(']')
}

/// Adds a hint about what the user may have meant.
fn explain(trouble: Trouble, line: &str) -> Trouble {
    if is_open(line) {
        trouble.hint(NO_BRACKET)
    } else if line.starts_with('[') {
        trouble.hint(
            "A header is `[name]` or `[name:condition]`; its name cannot contain whitespace, colons, \
                   brackets or braces.",
        )
    } else if line.starts_with(is_space) {
        trouble.hint("An indented line continues the value of an option, and there is no option before this line.")
    } else if line.contains('=') {
        trouble.hint("An option name cannot contain brackets, braces or colons.")
    } else {
        trouble.hint("Indent the line if it continues the value above it; otherwise write `name = value`.")
    }
}

impl DraftOption {
    fn push_line(&mut self, line: &str) {
        self.value.push('\n');
        self.value.push_str(line);
        self.lines += 1;
    }

    fn finish(self, source: &Arc<Source>) -> OptionValue {
        let (value, dropped) = if self.value.starts_with(is_space) {
            let value = dedent(&self.value);
            let kept = value.matches('\n').count();
            let dropped = strip_end(&self.value).matches('\n').count().saturating_sub(kept);
            (value, dropped)
        } else {
            (self.value, 0)
        };
        let raw: Arc<str> = value.into();
        let pieces = pieces(&raw, &self.parts, dropped, source);
        let history = contributions(&raw, &pieces);
        OptionValue { raw, history, pieces, inherited: false }
    }
}

/// Which assignment wrote which lines of `raw`, after the first `dropped` lines were removed.
fn pieces(raw: &str, parts: &[ValueLines], dropped: usize, source: &Arc<Source>) -> Vec<Piece> {
    let origin = |part: &ValueLines| Origin::File(Place::new(source, part.start..part.end));
    if let [part] = parts {
        return vec![Piece { end: raw.len(), origin: origin(part) }];
    }
    let ends: Vec<usize> = raw.match_indices('\n').map(|(at, _)| at + 1).chain([raw.len()]).collect();
    let piece = |part: &ValueLines| {
        let end = part.lines.checked_sub(dropped + 1).map_or(0, |last| ends[last.min(ends.len() - 1)]);
        Piece { end, origin: origin(part) }
    };
    parts.iter().map(piece).collect()
}

/// One contribution for each assignment.
fn contributions(raw: &Arc<str>, pieces: &[Piece]) -> Vec<HistoryItem> {
    let item =
        |value: Arc<str>, origin: &Origin| HistoryItem { operation: Operation::Set, value, origin: origin.clone() };
    if let [piece] = pieces {
        return vec![item(Arc::clone(raw), &piece.origin)];
    }
    let mut start = 0;
    let each = pieces.iter().map(|piece| {
        let text = raw[start..piece.end.max(start)].trim_end_matches('\n');
        start = piece.end.max(start);
        item(text.into(), &piece.origin)
    });
    each.collect()
}
