//! What native commands of a part may reach: determined when the first one starts.

use std::sync::Arc;

use super::Runtime;
use super::parts::Part;
use crate::grants::rights::Rights;
use crate::native::reach::{LateReach, Reach};

impl Runtime {
    /// What native commands of a part may reach while it is uninstalled.
    pub(super) fn reach(&self, rights: &Arc<Rights>) -> Arc<LateReach> {
        let (rights, parts) = (Arc::clone(rights), Arc::clone(&self.parts));
        let buildout = self.native.buildout().cloned();
        LateReach::new(move || Reach::new(&rights, buildout.as_ref(), parts.rights().iter()))
    }

    /// The same while the part is made.
    pub(super) fn reach_of(&self, part: &Part, rights: &Arc<Rights>) -> Arc<LateReach> {
        let Some(seen) = part.isolated.get().cloned() else { return self.reach(rights) };
        let (rights, parts) = (Arc::clone(rights), Arc::clone(&self.parts));
        LateReach::new(move || Reach::new(&rights, None, parts.rights().iter()).only(&seen, &rights))
    }

    /// The same while the part is initialized: the parts that follow are not known yet.
    pub(super) fn reach_in_init(&self, rights: &Arc<Rights>) -> Arc<LateReach> {
        let (rights, parts) = (Arc::clone(rights), Arc::clone(&self.parts));
        LateReach::new(move || {
            let all = parts.rights();
            Reach::new(&rights, None, all.iter().chain([&rights])).of_init(&rights)
        })
    }
}
