//! What programs have changed in a configuration.

use std::sync::Arc;

use crate::{OptionValue, Options};
use base::collections::{Map, OrderedMap};

/// What programs have changed.
#[derive(Clone, Default)]
pub(super) struct ConfigurationChanges {
    /// The added sections, each with the name of the program that added it.
    pub(super) added: OrderedMap<String, Arc<str>>,
    /// The changed options of each section; `None` for one that was removed.
    pub(super) options: Map<String, OrderedMap<Arc<str>, Option<Arc<OptionValue>>>>,
}

impl ConfigurationChanges {
    pub(super) fn has_section(&self, section: &str) -> bool {
        self.added.contains_key(section)
    }

    /// How an option was changed, if it was.
    pub(super) fn option(&self, section: &str, option: &str) -> Option<Option<Arc<OptionValue>>> {
        self.options.get(section)?.get(option).cloned()
    }

    pub(super) fn sections(&self) -> impl Iterator<Item = &String> {
        self.added.keys()
    }

    pub(super) fn put_into(&self, section: &str, mut options: Arc<Options>) -> Arc<Options> {
        for (option, value) in self.options.get(section).into_iter().flatten() {
            let options = Arc::make_mut(&mut options);
            match value {
                Some(value) => drop(options.insert(Arc::clone(option), Arc::clone(value))),
                None => drop(options.shift_remove(option)),
            }
        }
        options
    }
}
