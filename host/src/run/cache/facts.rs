//! Facts: everything that decides a part, each with a name and a value. The key of a part is made from them, and so is the
//! explanation why it is not in the cache: both are one list, and cannot differ.
//!
//! Paths of the buildout are placeholders in values, so that the facts of a part that does not contain its location are the
//! same everywhere.

use serde::{Deserialize, Serialize};

/// A placeholder begins and ends with this character, which no value contains.
const MARK: char = '\u{1}';

/// What decides a part: a name and a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PartFact {
    pub(super) name: String,
    pub(super) value: String,
}

/// All facts of a part, in the order in which they are compared.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PartFacts(Vec<PartFact>);

/// The name of the fact that only the key with the location has.
pub(super) const LOCATION: &str = "location";

/// The first word of the name of a fact about a referenced part.
pub(super) const PART: &str = "part";

/// The first word of the name of a fact about a program of the system.
pub(super) const PROGRAM: &str = "program";

/// The first word of the name of a fact that the user adds.
pub(super) const PLATFORM: &str = "remote-platform";

/// The end of the name of a fact about a variable that the part does not set itself.
pub(super) const OF_THE_ENVIRONMENT: &str = " of the environment";

impl PartFacts {
    pub(super) fn add(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.push(PartFact { name: name.into(), value: value.into() });
    }

    /// The facts as the text of which the key is made: one line each, without the location if `located` is false.
    pub(super) fn text(&self, located: bool) -> String {
        let facts = self.0.iter().filter(|fact| located || fact.name != LOCATION);
        facts.map(|PartFact { name, value }| format!("{}\t{}\n", escaped(name), escaped(value))).collect()
    }

    /// The facts that another machine can check: all but the location, the trees of other parts, and what only the user knows.
    pub(super) fn of_machine(&self) -> Self {
        let mut facts = Self::default();
        for PartFact { name, value } in &self.0 {
            match name.split(' ').next().unwrap_or_default() {
                LOCATION | PART | PLATFORM => {}
                PROGRAM => facts.add(name.clone(), contents(value)),
                _ => facts.add(name.clone(), value.clone()),
            }
        }
        facts
    }

    /// The number of facts that differ.
    pub(super) fn distance(&self, other: &Self) -> usize {
        let missing = |one: &Self, other: &Self| one.0.iter().filter(|fact| !other.0.contains(fact)).count();
        missing(self, other).max(missing(other, self))
    }

    /// The name of the first fact that `others` does not have.
    pub(super) fn first_not_in(&self, others: &Self) -> Option<&str> {
        self.0.iter().find(|fact| !others.0.contains(fact)).map(|fact| fact.name.as_str())
    }

    /// The first fact that differs from those of `before`, as a clause.
    pub(super) fn first_difference(&self, before: &Self) -> Option<String> {
        let value_in = |facts: &Self, name: &str| facts.0.iter().find(|fact| fact.name == name).cloned();
        for fact in &self.0 {
            match value_in(before, &fact.name) {
                Some(old) if old.value == fact.value => {}
                Some(old) => return Some(changed(&fact.name, &old.value, &fact.value)),
                None => return Some(added(&fact.name)),
            }
        }
        let gone = before.0.iter().find(|fact| value_in(self, &fact.name).is_none());
        gone.map(|fact| removed(&fact.name))
    }

    /// Names and values, with the placeholders in readable form.
    pub(super) fn shown(&self) -> Vec<(String, String)> {
        self.0.iter().map(|PartFact { name, value }| (name.clone(), readable(value))).collect()
    }
}

/// The digests of programs, without their paths: `/bin` may be a link to `/usr/bin`, or a directory with the same programs.
fn contents(programs: &str) -> String {
    let mut digests: Vec<&str> = Vec::new();
    for digest in programs.lines().filter_map(|line| line.rsplit(' ').next()) {
        if !digests.contains(&digest) {
            digests.push(digest);
        }
    }
    digests.join(" ")
}

fn added(name: &str) -> String {
    match variable_of(name) {
        Some(variable) => format!("variable {variable} is set, and was not"),
        None => format!("{name} is new"),
    }
}

fn removed(name: &str) -> String {
    match variable_of(name) {
        Some(variable) => format!("variable {variable} was set, and is not"),
        None => format!("{name} is gone"),
    }
}

/// The variable that a fact is about: one that the part sets, or one of the environment.
fn variable_of(name: &str) -> Option<&str> {
    let variable = name.strip_prefix("variable ")?;
    Some(variable.strip_suffix(OF_THE_ENVIRONMENT).unwrap_or(variable))
}

/// A placeholder (`\u{1}location\u{1}`) as `{location}`.
fn readable(value: &str) -> String {
    let mut pieces = value.split(MARK);
    let mut text = pieces.next().unwrap_or_default().to_owned();
    while let (Some(name), Some(rest)) = (pieces.next(), pieces.next()) {
        text.push_str(&format!("{{{name}}}{rest}"));
    }
    text
}

/// A change as a clause. Digests are not shown: they explain nothing.
fn changed(name: &str, old: &str, new: &str) -> String {
    if name == LOCATION {
        let place = old.split(' ').next().unwrap_or_default();
        return format!("it contains its location, and was made at {place}");
    }
    let is_shown = |value: &str| value.len() <= 60 && !value.contains(['\n', MARK]) && !value.contains("sha256:");
    if is_shown(old) && is_shown(new) {
        return format!("{name} changed from {old:?} to {new:?}");
    }
    format!("{name} differs")
}

#[cfg(test)]
impl PartFacts {
    /// Facts with these names and values.
    pub(super) fn of(list: &[(&str, &str)]) -> Self {
        let mut facts = Self::default();
        list.iter().for_each(|(name, value)| facts.add(*name, *value));
        facts
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\t', "\\t").replace('\n', "\\n").replace('\r', "\\r")
}

/// The paths for which there are placeholders.
#[derive(Clone, Debug)]
pub(super) struct Placeholders(Vec<(&'static str, String)>);

impl Placeholders {
    /// Placeholders for these paths, most specific first.
    pub(super) fn new(paths: Vec<(&'static str, String)>) -> Self {
        Self(paths)
    }

    /// The paths that a part must not contain to be the same everywhere.
    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(_, path)| path.as_str())
    }

    /// `text` with each of the paths replaced. `None` if it contains the mark of a placeholder.
    pub(super) fn apply(&self, text: &str) -> Option<String> {
        if text.contains(MARK) {
            return None;
        }
        let replaced = self.0.iter().fold(text.to_owned(), |text, (name, path)| replace_path(&text, path, name));
        Some(replaced)
    }
}

/// Replaces a path, where it is not the beginning of another name, or the end of a longer path (`/b` in `/usr/b`).
fn replace_path(text: &str, path: &str, name: &str) -> String {
    let mut replaced = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(path) {
        let (before, found) = rest.split_at(at);
        let after = &found[path.len()..];
        replaced.push_str(before);
        let is_longer = after.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'));
        if is_longer || ends_in_a_path(&replaced) {
            replaced.push_str(path);
        } else {
            replaced.extend([MARK.to_string().as_str(), name, MARK.to_string().as_str()]);
        }
        rest = after;
    }
    replaced + rest
}

/// Whether what follows this text continues a path, which may be replaced already. An option such as `-I` is not a path.
fn ends_in_a_path(text: &str) -> bool {
    let is_of_path = |c: &char| c.is_alphanumeric() || matches!(*c, '_' | '-' | '.' | '+' | '~' | '/' | MARK);
    text.chars().rev().take_while(is_of_path).any(|c| matches!(c, '/' | MARK))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_has_one_line_for_each_fact_and_no_two_lists_have_the_same() {
        let one = PartFacts::of(&[("option a", "x\ny\tz"), (LOCATION, "/srv/one")]);
        assert_eq!(one.text(true), "option a\tx\\ny\\tz\nlocation\t/srv/one\n");
        assert_eq!(one.text(false), "option a\tx\\ny\\tz\n");
        assert_ne!(PartFacts::of(&[("a", "b\\n")]).text(true), PartFacts::of(&[("a", "b\n")]).text(true));
    }

    #[test]
    fn another_machine_compares_programs_by_their_content() {
        let here =
            [("program cc", "/usr/bin/cc sha256:1"), ("part lib", "x"), ("remote-platform image", "1"), ("c", "d")];
        let there = [("program cc", "/usr/bin/cc sha256:1\n/bin/cc sha256:1"), (LOCATION, "/b"), ("c", "d")];
        assert_eq!(PartFacts::of(&here).of_machine(), PartFacts::of(&there).of_machine());
        let other = [("program cc", "/usr/bin/cc sha256:2"), ("c", "d")];
        assert_eq!(
            PartFacts::of(&here).of_machine().first_difference(&PartFacts::of(&other).of_machine()).unwrap(),
            "program cc differs"
        );
    }

    #[test]
    fn the_first_difference_is_named() {
        let t =
            |before: &[(&str, &str)], now: &[(&str, &str)]| PartFacts::of(now).first_difference(&PartFacts::of(before));
        assert_eq!(t(&[("a", "1")], &[("a", "1")]), None);
        assert_eq!(t(&[("a", "1")], &[("a", "2")]).unwrap(), "a changed from \"1\" to \"2\"");
        assert_eq!(t(&[("a", "sha256:1")], &[("a", "sha256:2")]).unwrap(), "a differs");
        assert_eq!(t(&[], &[("a", "2")]).unwrap(), "a is new");
        assert_eq!(t(&[("a", "2")], &[]).unwrap(), "a is gone");
        assert_eq!(t(&[], &[("variable CC", "x")]).unwrap(), "variable CC is set, and was not");
        let gone = t(&[("variable CC of the environment", "x")], &[]).unwrap();
        assert_eq!(gone, "variable CC was set, and is not");
        let moved = t(&[(LOCATION, "/one")], &[(LOCATION, "/two")]).unwrap();
        assert_eq!(moved, "it contains its location, and was made at /one");
    }

    #[test]
    fn paths_of_the_buildout_are_placeholders() {
        let paths = vec![("location", "/b/parts/a".to_owned()), ("buildout", "/b".to_owned())];
        let placeholders = Placeholders::new(paths);
        let t = |text: &str| placeholders.apply(text);
        assert_eq!(
            t("-I/b/parts/a/include -L/b/parts/ab:/b").unwrap(),
            "-I\u{1}location\u{1}/include -L\u{1}buildout\u{1}/parts/ab:\u{1}buildout\u{1}"
        );
        assert_eq!(t("/bin/sh /b.cfg").unwrap(), "/bin/sh /b.cfg");
        assert_eq!(t("-I/usr/b /usr/b/b x=/b/b").unwrap(), "-I/usr/b /usr/b/b x=\u{1}buildout\u{1}/b");
        assert_eq!(t("a\u{1}b"), None);
        assert_eq!(readable(&t("x=/b/parts/a:/b/c").unwrap()), "x={location}:{buildout}/c");
    }
}
