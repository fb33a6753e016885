//! What a run will do, and why: computes the steps from the wanted and the installed parts.
//!
//! Pure: reads no file and runs no recipe. The caller checks whether a recorded path still exists.

use std::fmt;

use crate::{InstalledPart, InstalledState, conceal};
use base::collections::Map;
use config::options::Values;

/// A part as required by the configuration and its recipe's `init`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedPart {
    /// The part's name.
    pub name: String,
    /// All its options, substituted, as they will be recorded.
    pub options: Values,
    /// Package name and digest of its recipe, and the digests of the parts that it references.
    pub signature: String,
    /// Whether its recipe can update an installed part; if not, it is installed again.
    pub has_update: bool,
}

/// Which parts the run covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Every part: installed parts that are no longer wanted are uninstalled.
    Whole,
    /// Only the parts named on the command line: all others are left alone.
    Named,
}

/// One step of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Remove what was recorded for the part.
    Uninstall(String, Vec<Reason>),
    /// Install the part, or reinstall it.
    Install(String, Vec<Reason>),
    /// Nothing changed and the recipe has no `update`: its `install` is called again over the existing files.
    InstallAgain(String),
    /// Nothing changed: the recipe's `update` is called.
    Update(String),
}

impl Step {
    /// The part of this step.
    pub fn part(&self) -> &str {
        match self {
            Self::Uninstall(part, _) | Self::Install(part, _) | Self::InstallAgain(part) | Self::Update(part) => part,
        }
    }
}

/// Why a part is installed or uninstalled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It is not installed.
    New,
    /// It is installed, but no longer wanted.
    Unwanted,
    /// The recipe differs from the one that installed the part (signatures; `None` if none was recorded).
    Recipe {
        /// The recorded signature.
        old: Option<String>,
        /// The current signature.
        new: String,
    },
    /// Parts that it references, and was built with, have changed.
    References {
        /// Their names.
        parts: Vec<String>,
    },
    /// An option's value differs from the recorded one.
    Changed {
        /// Its name.
        option: String,
        /// The recorded value.
        old: String,
        /// The current value.
        new: String,
    },
    /// An option that was not recorded.
    Added {
        /// Its name.
        option: String,
        /// Its value.
        new: String,
    },
    /// A recorded option that no longer exists.
    Dropped {
        /// Its name.
        option: String,
        /// The recorded value.
        old: String,
    },
    /// A recorded path no longer exists.
    Missing {
        /// The path.
        path: String,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::New => write!(formatter, "not installed yet"),
            Self::Unwanted => write!(formatter, "no longer a part"),
            Self::Recipe { old: Some(old), new } => write!(formatter, "recipe changed: {old} is now {new}"),
            Self::Recipe { old: None, new } => write!(formatter, "recipe changed: now {new}"),
            Self::References { parts } if parts.is_empty() => {
                write!(formatter, "parts that it references have changed")
            }
            Self::References { parts } => {
                write!(formatter, "parts that it references have changed: {}", parts.join(", "))
            }
            Self::Changed { option, old, new } => {
                write!(formatter, "option `{option}` changed: {old:?} is now {new:?}")
            }
            Self::Added { option, new } => write!(formatter, "option `{option}` is new: {new:?}"),
            Self::Dropped { option, old } => write!(formatter, "option `{option}` is gone: it was {old:?}"),
            Self::Missing { path } => write!(formatter, "{path} is missing"),
        }
    }
}

/// The steps of a run: uninstallations first, in reverse order of installation, then installations in order.
///
/// `present` returns whether a recorded path still exists (a symbolic link itself, not its target).
pub fn plan(
    wanted: &[WantedPart],
    installed: &InstalledState,
    scope: Scope,
    present: &dyn Fn(&str) -> bool,
) -> Vec<Step> {
    let by_name: Map<&str, &WantedPart> = wanted.iter().map(|part| (part.name.as_str(), part)).collect();
    let mut steps = Vec::new();
    let mut reasons: Map<&str, Vec<Reason>> = Map::default();
    for (name, recorded) in installed.parts.iter().rev() {
        let why = match by_name.get(name.as_str()) {
            Some(part) => differences(part, recorded, present),
            None if scope == Scope::Whole => vec![Reason::Unwanted],
            None => continue,
        };
        if !why.is_empty() {
            steps.push(Step::Uninstall(name.clone(), why.clone()));
        }
        reasons.insert(name, why);
    }
    for part in wanted {
        steps.push(match reasons.remove(part.name.as_str()) {
            None => Step::Install(part.name.clone(), vec![Reason::New]),
            Some(why) if !why.is_empty() => Step::Install(part.name.clone(), why),
            Some(_) if part.has_update => Step::Update(part.name.clone()),
            Some(_) => Step::InstallAgain(part.name.clone()),
        });
    }
    steps
}

/// What differs between two signatures. A signature contains the recipe, then the parts that the part references.
fn signature_difference(old: Option<&str>, new: &str) -> Reason {
    let words = |signature: &str| signature.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let (before, now) = (words(old.unwrap_or_default()), words(new));
    if before.first() != now.first() {
        return Reason::Recipe { old: old.map(str::to_owned), new: new.to_owned() };
    }
    let changed =
        now.iter().filter(|word| !before.contains(word)).chain(before.iter().filter(|word| !now.contains(word)));
    let mut parts: Vec<String> = Vec::new();
    for name in changed.filter_map(|word| Some(word.split_once('=')?.0)) {
        if !parts.iter().any(|part| part == name) {
            parts.push(name.to_owned());
        }
    }
    Reason::References { parts }
}

/// Every difference between the recorded and the wanted part; empty if it is up to date.
fn differences(part: &WantedPart, recorded: &InstalledPart, present: &dyn Fn(&str) -> bool) -> Vec<Reason> {
    let mut reasons = Vec::new();
    if recorded.signature.as_deref() != Some(&part.signature) {
        reasons.push(signature_difference(recorded.signature.as_deref(), &part.signature));
    }
    for (option, new) in &part.options {
        match recorded.options.get(option) {
            None => reasons.push(Reason::Added { option: option.to_string(), new: new.to_string() }),
            // zc.buildout records credentials, this host does not.
            Some(old) if old != new && *conceal(old) != **new => {
                reasons.push(Reason::Changed { option: option.to_string(), old: conceal(old), new: new.to_string() });
            }
            Some(_) => {}
        }
    }
    let dropped = recorded.options.iter().filter(|(option, _)| !part.options.contains_key(*option));
    reasons.extend(dropped.map(|(option, old)| Reason::Dropped { option: option.to_string(), old: conceal(old) }));
    if reasons.is_empty() {
        let missing = recorded.installed.iter().find(|path| !path.is_empty() && !present(path));
        reasons.extend(missing.map(|path| Reason::Missing { path: path.clone() }));
    }
    reasons
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(name: &str, options: &[(&str, &str)]) -> WantedPart {
        let options = options.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
        WantedPart { name: name.into(), options, signature: "recipes-1".into(), has_update: false }
    }

    fn installed(parts: &[WantedPart]) -> InstalledState {
        let mut state = InstalledState::default();
        for part in parts {
            let recorded = InstalledPart {
                options: part.options.clone(),
                installed: vec![format!("/b/{}", part.name)],
                signature: Some(part.signature.clone()),
            };
            state.parts.insert(part.name.clone(), recorded);
        }
        state
    }

    fn all_present(_: &str) -> bool {
        true
    }

    fn names(steps: &[Step]) -> Vec<String> {
        let name = |step: &Step| match step {
            Step::Uninstall(part, _) => format!("- {part}"),
            Step::Install(part, _) => format!("+ {part}"),
            Step::InstallAgain(part) => format!("= {part}"),
            Step::Update(part) => format!("~ {part}"),
        };
        steps.iter().map(name).collect()
    }

    #[test]
    fn a_new_part_is_installed() {
        let steps = plan(&[wanted("a", &[])], &InstalledState::default(), Scope::Whole, &all_present);
        assert_eq!(steps, [Step::Install("a".into(), vec![Reason::New])]);
    }

    #[test]
    fn uninstallation_goes_in_reverse_order_and_comes_first() {
        let old = [wanted("a", &[]), wanted("b", &[("x", "1")]), wanted("c", &[])];
        let new = [wanted("b", &[("x", "2")]), wanted("a", &[])];
        let steps = plan(&new, &installed(&old), Scope::Whole, &all_present);
        assert_eq!(names(&steps), ["- c", "- b", "+ b", "= a"]);
    }

    #[test]
    fn named_parts_leave_the_others_alone() {
        let old = [wanted("a", &[]), wanted("b", &[])];
        let steps = plan(&[wanted("b", &[("y", "1")])], &installed(&old), Scope::Named, &all_present);
        assert_eq!(names(&steps), ["- b", "+ b"]);
    }

    #[test]
    fn a_missing_path_reinstalls() {
        let part = wanted("a", &[]);
        let steps =
            plan(std::slice::from_ref(&part), &installed(std::slice::from_ref(&part)), Scope::Whole, &|_| false);
        let why = vec![Reason::Missing { path: "/b/a".into() }];
        assert_eq!(steps, [Step::Uninstall("a".into(), why.clone()), Step::Install("a".into(), why)]);
    }

    #[test]
    fn every_difference_is_reported() {
        let old = wanted("a", &[("gone", "1"), ("same", "2"), ("other", "3")]);
        let mut new = wanted("a", &[("same", "2"), ("other", "4"), ("new", "5")]);
        new.signature = "recipes-2".into();
        let steps = plan(&[new], &installed(&[old]), Scope::Whole, &all_present);
        let Step::Uninstall(_, why) = &steps[0] else { panic!("{steps:?}") };
        let texts: Vec<String> = why.iter().map(Reason::to_string).collect();
        assert_eq!(
            texts,
            [
                "recipe changed: recipes-1 is now recipes-2",
                "option `new` is new: \"5\"",
                "option `other` changed: \"3\" is now \"4\"",
                "option `gone` is gone: it was \"1\"",
            ]
        );
    }

    #[test]
    fn an_unchanged_part_is_updated_where_the_recipe_can() {
        let mut part = wanted("a", &[]);
        part.has_update = true;
        let steps =
            plan(std::slice::from_ref(&part), &installed(std::slice::from_ref(&part)), Scope::Whole, &all_present);
        assert_eq!(steps, [Step::Update("a".into())]);
    }
}
