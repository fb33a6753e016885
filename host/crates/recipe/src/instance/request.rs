//! The purpose of a call of an instance.

use std::sync::Arc;

use config::options::Buildout;

use crate::call::{Call, Phase};
use crate::error::Subject;
use crate::grants::rights::Rights;
use crate::native::reach::LateReach;
use crate::native::shared::Native;

/// Which part is called, in which phase, with which rights.
pub(crate) struct Request<'a> {
    pub(crate) phase: Phase,
    pub(crate) subject: &'a Subject,
    pub(crate) rights: &'a Arc<Rights>,
    /// The buildout of the part, if it has a section.
    pub(crate) buildout: Option<&'a Buildout>,
    /// The paths that native commands may reach; none if no command can be started.
    pub(crate) reach: Arc<LateReach>,
}

impl Request<'_> {
    pub(super) fn call(&self, native: &Native) -> Call {
        let interrupt = &native.settings.interrupt;
        let mut call = Call::new(self.phase, &self.subject.part, self.rights, &self.reach, interrupt);
        call.buildout = self.buildout.cloned();
        call.recipe.clone_from(&self.subject.recipe);
        call
    }
}
