//! The effect of a file on a section, as a value that composes: options that are set, lines that are added and removed.
//!
//! zc.buildout reads and applies a file once for every path of `extends` that leads to it. Here, a file with everything
//! it extends becomes one [`FileEffect`]; composing two effects means applying one after the other. Does not know about
//! files.
//!
//! Due to two rules of zc.buildout, an effect depends on the previous state: in a new section, the first `+=` of an
//! option becomes its value (in an existing section, it is added to an empty first line), and a section that starts
//! with a macro (`<`) is copied unchanged, including signs. So an effect contains both results.

mod edit;
mod history;

use std::sync::Arc;

use super::parse::text::is_space;
use super::{ConfigError, HistoryItem, Operation, OptionValue, Options, Origin, Piece, Section};
use base::collections::OrderedMap;
use base::source::Place;
use edit::{Edit, Sign};

/// The effects of a file, by section.
pub(crate) type FileEffect = OrderedMap<Arc<str>, Arc<SectionEffect>>;

#[derive(Clone, Debug)]
pub(crate) struct SectionEffect {
    place: Option<Place>,
    kind: SectionEdit,
}

#[derive(Clone, Debug)]
enum SectionEdit {
    /// Options are only set: the result does not depend on the previous state.
    Plain(Options),
    /// Lines are added to and removed from options.
    Edited {
        /// The result for a new section.
        first: Options,
        /// The changes of an existing section.
        over: OptionEdits,
    },
}

type OptionEdits = OrderedMap<Arc<str>, OptionEdit>;

/// The change of one option of an existing section.
#[derive(Clone, Debug)]
enum OptionEdit {
    Set(Arc<OptionValue>),
    Edit(Arc<Edit>),
}

/// Appends `then` to `effect`.
pub(crate) fn compose(effect: &mut FileEffect, then: &FileEffect) -> Result<(), ConfigError> {
    for (name, later) in then {
        match effect.get_mut(name) {
            Some(earlier) => *earlier = earlier.then(later)?,
            None => {
                effect.insert(Arc::clone(name), Arc::clone(later));
            }
        }
    }
    Ok(())
}

impl SectionEffect {
    /// The effect of a section of one file.
    pub(crate) fn of(section: &Section) -> Result<Self, ConfigError> {
        Self::of_options(section.options.clone(), section.place.clone())
    }

    /// The effect of options, whose names may end with a sign.
    pub(crate) fn of_options(written: Options, place: Option<Place>) -> Result<Self, ConfigError> {
        if !written.keys().any(|name| name.ends_with(['+', '-'])) {
            return Ok(Self { place, kind: SectionEdit::Plain(written) });
        }
        let over = changes(&written)?;
        let first =
            if written.contains_key("<") { written } else { apply(Options::default(), &changes(&first_of(written))?)? };
        Ok(Self { place, kind: SectionEdit::Edited { first, over } })
    }

    /// The section, if it did not exist before.
    pub(crate) fn first(&self) -> &Options {
        match &self.kind {
            SectionEdit::Plain(options) => options,
            SectionEdit::Edited { first, .. } => first,
        }
    }

    /// The section, if it was `section` before.
    pub(crate) fn over(&self, section: Options) -> Result<Options, ConfigError> {
        match &self.kind {
            SectionEdit::Plain(options) => Ok(overlay(section, options)),
            SectionEdit::Edited { over, .. } => apply(section, over),
        }
    }

    /// The last place where the section was written.
    pub(crate) fn place(&self) -> Option<&Place> {
        self.place.as_ref()
    }

    fn then(self: &Arc<Self>, later: &Arc<Self>) -> Result<Arc<Self>, ConfigError> {
        let kind = match (&self.kind, &later.kind) {
            (SectionEdit::Plain(_), SectionEdit::Plain(_)) if Arc::ptr_eq(self, later) => return Ok(Arc::clone(self)),
            (SectionEdit::Plain(earlier), SectionEdit::Plain(later)) => {
                SectionEdit::Plain(overlay(earlier.clone(), later))
            }
            _ => SectionEdit::Edited { first: later.over(self.first().clone())?, over: self.changes_then(later)? },
        };
        let place = later.place.clone().or_else(|| self.place.clone());
        Ok(Arc::new(Self { place, kind }))
    }

    fn changes_then(&self, later: &Self) -> Result<OptionEdits, ConfigError> {
        let mut changes = self.changes();
        for (name, after) in later.changes() {
            let change = match changes.get(&name) {
                Some(before) => before.then(&after)?,
                None => after,
            };
            changes.insert(name, change);
        }
        Ok(changes)
    }

    fn changes(&self) -> OptionEdits {
        match &self.kind {
            SectionEdit::Plain(options) => {
                options.iter().map(|(n, v)| (Arc::clone(n), OptionEdit::Set(Arc::clone(v)))).collect()
            }
            SectionEdit::Edited { over, .. } => over.clone(),
        }
    }
}

impl OptionEdit {
    fn then(&self, later: &Self) -> Result<Self, ConfigError> {
        Ok(match (self, later) {
            (Self::Set(before), Self::Set(after)) => Self::Set(replace(before, after)),
            (Self::Set(before), Self::Edit(edit)) => Self::Set(Arc::new(edit.apply(Some(before))?)),
            (Self::Edit(edit), Self::Set(after)) => {
                let history = history::join(edit.history(), &after.history);
                Self::Set(Arc::new(OptionValue { history, ..OptionValue::clone(after) }))
            }
            (Self::Edit(before), Self::Edit(after)) => Self::Edit(Edit::then(before, after)),
        })
    }
}

/// The changes for the written options: `+=` is applied before `-=`, and both after the assignments of the same file.
fn changes(written: &Options) -> Result<OptionEdits, ConfigError> {
    let mut order: Vec<(&Arc<str>, &Arc<OptionValue>)> = written.iter().collect();
    order.sort_by_key(|(name, _)| (name.trim_end_matches([' ', '+']), name.chars().next_back()));
    let mut changes: OrderedMap<Arc<str>, Option<OptionEdit>> =
        written.iter().map(|(name, value)| (Arc::clone(name), Some(OptionEdit::Set(Arc::clone(value))))).collect();
    for (name, value) in order {
        let (sign, target) = match name.chars().next_back() {
            Some('+') => (Sign::Add, name.trim_end_matches([' ', '+'])),
            Some('-') => (Sign::Remove, name.trim_end_matches([' ', '-'])),
            _ => continue,
        };
        let edit = OptionEdit::Edit(Arc::new(Edit::one(sign, value)));
        let change = match changes.get(target) {
            Some(Some(before)) => before.then(&edit)?,
            _ => edit,
        };
        changes.insert(target.into(), Some(change));
        changes.insert(Arc::clone(name), None);
    }
    Ok(changes.into_iter().filter_map(|(name, change)| Some((name, change?))).collect())
}

/// The options of a new section: `+=` without `=` sets, `-=` without either results in an empty value.
fn first_of(mut written: Options) -> Options {
    let mut signed: Vec<Arc<str>> = written.keys().filter(|name| name.ends_with(['+', '-'])).cloned().collect();
    signed.sort();
    let mut renamed: OrderedMap<Arc<str>, Arc<OptionValue>> = OrderedMap::default();
    for name in signed {
        let target = name[..name.len() - 1].trim_end_matches(is_space);
        if written.contains_key(target) || renamed.contains_key(target) {
            continue;
        }
        if let Some(value) = written.get(&name) {
            let value = if name.ends_with('+') { Arc::clone(value) } else { Arc::new(emptied(value)) };
            renamed.insert(target.into(), value);
            written.insert(name, Arc::new(OptionValue::set("", Origin::Implicit)));
        }
    }
    // Renamed options were marked above by a value that no file contains; removing them one by one would be slow.
    written.retain(|name, value| !(name.ends_with(['+', '-']) && *value.origin() == Origin::Implicit));
    written.extend(renamed);
    written
}

fn emptied(value: &OptionValue) -> OptionValue {
    let mut history = value.history.clone();
    let removed = Arc::clone(&value.raw);
    history.push(HistoryItem { operation: Operation::Remove, value: removed, origin: Origin::Implicit });
    OptionValue { raw: "".into(), history, pieces: Vec::<Piece>::new(), inherited: value.inherited }
}

fn overlay(mut section: Options, later: &Options) -> Options {
    for (name, after) in later {
        match section.get_mut(name) {
            Some(before) => *before = replace(before, after),
            None => {
                section.insert(Arc::clone(name), Arc::clone(after));
            }
        }
    }
    section
}

fn apply(mut section: Options, changes: &OptionEdits) -> Result<Options, ConfigError> {
    for (name, change) in changes {
        let before = section.get(name);
        let value = match (before, change) {
            (Some(before), OptionEdit::Set(after)) => replace(before, after),
            (None, OptionEdit::Set(after)) => Arc::clone(after),
            (before, OptionEdit::Edit(edit)) => Arc::new(edit.apply(before.map(Arc::as_ref))?),
        };
        section.insert(Arc::clone(name), value);
    }
    Ok(section)
}

/// `after`, with the history of the value that it replaces.
fn replace(before: &Arc<OptionValue>, after: &Arc<OptionValue>) -> Arc<OptionValue> {
    if Arc::ptr_eq(before, after) {
        return Arc::clone(after);
    }
    let history = history::join(&before.history, &after.history);
    Arc::new(OptionValue { history, ..OptionValue::clone(after) })
}
