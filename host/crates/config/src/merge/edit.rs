//! The effect of `+=` and `-=` on one option, as a value that composes: steps that add or remove lines.

use std::sync::Arc;

use super::history;
use crate::{ConfigError, HistoryItem, Operation, OptionValue, Origin, Piece};
use base::collections::Set;

/// More additions and removals of one option are refused: a few files that extend each other twice produce billions.
const MAX_STEPS: usize = 1 << 20;

/// Maximum length of a value with additions, in bytes.
const MAX_LENGTH: usize = 64 << 20;

/// How many lines all removals of one option may compare.
const MAX_LOOKS: usize = 1 << 28;

/// Deeper compositions are flattened to a list, so that no recursion grows with the configuration.
const MAX_DEPTH: usize = 100;

/// Whether lines are added or removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    Add,
    Remove,
}

/// Additions and removals, in order.
#[derive(Debug)]
pub(super) struct Edit {
    steps: EditSteps,
    count: usize,
    depth: usize,
    history: Vec<HistoryItem>,
}

#[derive(Debug)]
enum EditSteps {
    List(Vec<EditStep>),
    Both(Arc<Edit>, Arc<Edit>),
}

#[derive(Clone, Debug)]
struct EditStep {
    sign: Sign,
    value: Arc<OptionValue>,
}

impl Edit {
    /// A single step: the lines of `value`.
    pub(super) fn one(sign: Sign, value: &Arc<OptionValue>) -> Self {
        let operation = match sign {
            Sign::Add => Operation::Add,
            Sign::Remove => Operation::Remove,
        };
        let history = value.history.iter().map(|item| HistoryItem { operation, ..item.clone() }).collect();
        Self { steps: EditSteps::List(vec![EditStep { sign, value: Arc::clone(value) }]), count: 1, depth: 0, history }
    }

    /// `later` after `earlier`.
    pub(super) fn then(earlier: &Arc<Self>, later: &Arc<Self>) -> Arc<Self> {
        let count = earlier.count.saturating_add(later.count);
        let depth = earlier.depth.max(later.depth) + 1;
        let history = history::join(&earlier.history, &later.history);
        let both = Self { steps: EditSteps::Both(Arc::clone(earlier), Arc::clone(later)), count, depth, history };
        if depth <= MAX_DEPTH {
            return Arc::new(both);
        }
        let list = if count > MAX_STEPS { Vec::new() } else { both.steps().cloned().collect() };
        Arc::new(Self { steps: EditSteps::List(list), count, depth: 0, history: both.history })
    }

    /// The contributions.
    pub(super) fn history(&self) -> &[HistoryItem] {
        &self.history
    }

    fn steps(&self) -> impl Iterator<Item = &EditStep> {
        let mut waiting = vec![self];
        let mut list: std::slice::Iter<'_, EditStep> = [].iter();
        std::iter::from_fn(move || {
            loop {
                if let Some(step) = list.next() {
                    return Some(step);
                }
                match &waiting.pop()?.steps {
                    EditSteps::List(steps) => list = steps.iter(),
                    EditSteps::Both(earlier, later) => waiting.extend([later.as_ref(), earlier.as_ref()]),
                }
            }
        })
    }

    /// The option after these steps; a missing option starts as an empty line.
    ///
    /// # Errors
    /// When there are too many steps, or the value becomes too long.
    pub(super) fn apply(&self, before: Option<&OptionValue>) -> Result<OptionValue, ConfigError> {
        if self.count > MAX_STEPS {
            return Err(self.too_much());
        }
        let mut lines: Vec<(&str, &Origin)> = before.map_or_else(|| vec![("", &Origin::Implicit)], lines_of);
        let mut length = before.map_or(0, |value| value.raw.len());
        let mut looks = 0;
        for EditStep { sign, value } in self.steps() {
            match sign {
                Sign::Add => {
                    length += value.raw.len() + 1;
                    lines.extend(lines_of(value));
                }
                Sign::Remove => {
                    looks += lines.len();
                    let removed: Set<&str> = value.raw.split('\n').collect();
                    lines.retain(|(line, _)| !removed.contains(line));
                    if lines.is_empty() {
                        lines.push(("", &Origin::Implicit));
                    }
                }
            }
            if length > MAX_LENGTH || looks > MAX_LOOKS {
                return Err(self.too_much());
            }
        }
        let history = history::join(before.map_or(&[], |value| &value.history), &self.history);
        let (raw, pieces) = assemble(&lines);
        Ok(OptionValue { raw: raw.into(), history, pieces, inherited: false })
    }

    fn too_much(&self) -> ConfigError {
        let message = "An option has too many `+=` and `-=`, or its value becomes too long";
        match self.history.iter().rev().find_map(|item| item.origin.place()) {
            Some(place) => crate::Trouble::at(place.clone(), message)
                .hint("A file that is extended along several paths counts once for each path: set the option with `=`.")
                .into(),
            None => ConfigError::new(message),
        }
    }
}

/// The lines of a value with their origins.
fn lines_of(value: &OptionValue) -> Vec<(&str, &Origin)> {
    let mut offset = 0;
    let mut pieces = value.pieces.iter().peekable();
    let line = |line| {
        while pieces.next_if(|piece| piece.end <= offset && piece.end < value.raw.len()).is_some() {}
        let origin = pieces.peek().map_or_else(|| value.origin(), |piece| &piece.origin);
        offset += str::len(line) + 1;
        (line, origin)
    };
    value.raw.split('\n').map(line).collect()
}

fn assemble(lines: &[(&str, &Origin)]) -> (String, Vec<Piece>) {
    let mut raw = String::with_capacity(lines.iter().map(|(line, _)| line.len() + 1).sum());
    let mut pieces: Vec<Piece> = Vec::new();
    for (number, (line, origin)) in lines.iter().enumerate() {
        if number > 0 {
            raw.push('\n');
            if let Some(piece) = pieces.last_mut() {
                piece.end = raw.len();
            }
        }
        raw.push_str(line);
        match pieces.last_mut().filter(|piece| piece.origin == **origin) {
            Some(piece) => piece.end = raw.len(),
            None => pieces.push(Piece { end: raw.len(), origin: (*origin).clone() }),
        }
    }
    (raw, pieces)
}
