//! The installed model: what a buildout knows about its installed parts, and how it changes.
//!
//! Does not know about files or formats.

use serde::{Deserialize, Serialize};

use base::collections::OrderedMap;
use config::options::Values;

/// The installed state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InstalledState {
    /// Options of `[buildout]` other than `parts` and `installed_develop_eggs`. Existing ones are kept.
    pub buildout: Values,
    /// Files that `develop` put into the develop-eggs directory (`installed_develop_eggs`).
    pub develop_eggs: Vec<String>,
    /// The installed parts, in the order in which they were installed.
    pub parts: OrderedMap<String, InstalledPart>,
}

/// What is recorded about one installed part.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstalledPart {
    /// The part's options as they were when it was installed, without `__buildout_installed__` and
    /// `__buildout_signature__`.
    #[serde(with = "values")]
    pub options: Values,
    /// The paths that the recipe created, as it recorded them; removed when the part is uninstalled.
    pub installed: Vec<String>,
    /// `<package>-<digest>` of its recipe; `None` if the file has none.
    pub signature: Option<String>,
}

/// One change of the state by a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StateChange {
    /// A part was installed or updated; it becomes the last of the parts.
    Installed {
        /// Its name.
        part: String,
        /// Its record.
        record: InstalledPart,
    },
    /// A part was uninstalled.
    Removed {
        /// Its name.
        part: String,
    },
    /// An option of `[buildout]` was set.
    Option {
        /// Its name.
        name: String,
        /// Its value.
        value: String,
    },
    /// An option of `[buildout]` was removed.
    NoOption {
        /// Its name.
        name: String,
    },
    /// Several changes, applied together or not at all.
    Together(Vec<StateChange>),
    /// The files that `develop` created in this run.
    DevelopEggs(Vec<String>),
    /// The parts in a new order. Parts that are not listed follow those that are; names that are not parts are ignored.
    Order(Vec<String>),
}

impl InstalledState {
    /// Whether nothing needs to be saved: then no state file is written, as in zc.buildout.
    pub(crate) fn is_empty(&self) -> bool {
        self.parts.is_empty() && self.develop_eggs.is_empty()
    }

    /// Applies one change.
    pub fn apply(&mut self, change: &StateChange) {
        match change {
            StateChange::Installed { part, record } => {
                self.parts.shift_remove(part);
                self.parts.insert(part.clone(), record.clone());
            }
            StateChange::Removed { part } => {
                self.parts.shift_remove(part);
            }
            StateChange::Option { name, value } => {
                self.buildout.insert(name.as_str().into(), value.as_str().into());
            }
            StateChange::NoOption { name } => {
                self.buildout.remove(name.as_str());
            }
            StateChange::Together(changes) => changes.iter().for_each(|change| self.apply(change)),
            StateChange::DevelopEggs(paths) => self.develop_eggs.clone_from(paths),
            StateChange::Order(names) => self.order(names),
        }
    }

    fn order(&mut self, names: &[String]) {
        if self.parts.keys().eq(names) {
            return;
        }
        // Not removed one by one: each removal would move all following parts.
        let parts = std::mem::take(&mut self.parts);
        let mut rest: OrderedMap<_, _> = parts.into_iter().map(|(name, record)| (name, Some(record))).collect();
        for name in names {
            if let Some(record) = rest.get_mut(name).and_then(Option::take) {
                self.parts.insert(name.clone(), record);
            }
        }
        self.parts.extend(rest.into_iter().filter_map(|(name, record)| Some((name, record?))));
    }
}

/// Options in the journal: a JSON object of strings.
mod values {
    use std::collections::BTreeMap;

    use serde::{Deserialize as _, Deserializer, Serializer};

    use super::Values;

    pub(super) fn serialize<S: Serializer>(values: &Values, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(values.iter().map(|(name, value)| (&**name, &**value)))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Values, D::Error> {
        let texts = BTreeMap::<String, String>::deserialize(deserializer)?;
        Ok(texts.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(installed: &InstalledState) -> Vec<&str> {
        installed.parts.keys().map(String::as_str).collect()
    }

    #[test]
    fn changes_keep_the_order_of_installation() {
        let mut installed = InstalledState::default();
        assert!(installed.is_empty());
        for part in ["a", "b", "c", "a"] {
            installed.apply(&StateChange::Installed { part: part.into(), record: InstalledPart::default() });
        }
        assert_eq!(names(&installed), ["b", "c", "a"]);
        installed.apply(&StateChange::Order(vec!["a".into(), "none".into(), "b".into(), "a".into()]));
        assert_eq!(names(&installed), ["a", "b", "c"]);
        installed.apply(&StateChange::Removed { part: "b".into() });
        installed.apply(&StateChange::Removed { part: "b".into() });
        assert_eq!(names(&installed), ["a", "c"]);
    }
}
