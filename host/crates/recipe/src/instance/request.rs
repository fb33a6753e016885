//! The purpose of a call of an instance.

use std::sync::Arc;

use crate::call::{Call, Phase};
use crate::error::Subject;
use crate::grants::rights::Rights;
use crate::native::reach::Reach;
use crate::native::shared::Native;

/// Which part is called, in which phase, with which rights.
pub(crate) struct Request<'a> {
    pub(crate) phase: Phase,
    pub(crate) subject: &'a Subject,
    pub(crate) rights: &'a Arc<Rights>,
    /// The paths that native commands may reach; none if no command can be started.
    pub(crate) reach: Arc<Reach>,
}

impl Request<'_> {
    pub(super) fn call(&self, native: &Native) -> Call {
        Call::new(self.phase, &self.subject.part, self.rights, &self.reach, &native.settings.interrupt)
    }
}
