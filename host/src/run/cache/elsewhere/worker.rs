//! The worker's side: makes one part, as its order says.

use std::collections::BTreeMap;

use super::super::super::prepare::directories;
use super::super::super::session::Session;
use super::super::decide::Sources;
use super::super::platform::SystemFiles;
use super::order::MakeOrder;
use crate::error::RunError;

/// Why a worker did not make a part.
#[derive(Debug)]
pub(crate) enum MakeFailure {
    /// This machine differs from the one that the part is for, or lacks something.
    Unfit(String),
    /// The recipe failed, or the run was interrupted.
    Failed(RunError),
}

impl Session {
    /// Makes the part of an order, with all inputs at their paths.
    ///
    /// # Errors
    /// Why it is not made.
    pub(crate) fn make_part(&self, order: &MakeOrder) -> Result<(), MakeFailure> {
        let (view, part) = (&self.root, order.part.as_str());
        let _watch = view.context.settings.native.interrupt.watch();
        // What the user's machine could do before it sent the order, this one can, too, if it is like that.
        let unfit = |error: RunError| MakeFailure::Unfit(error.message());
        let locations = view.locations().map_err(unfit)?;
        for directory in [&locations.directory, &locations.parts] {
            directories::create_one(directory, &*view.context.report).map_err(unfit)?;
        }
        view.buildout.section(part).map_err(|error| unfit(error.into()))?;
        let (system, platform) = (SystemFiles::default(), BTreeMap::new());
        let sources = Sources { view, system: &system, platform: &platform, trees: &|_| Ok(Vec::new()) };
        let decision = sources.decide(part).map_err(MakeFailure::Unfit)?;
        // A compiler of another version would make another part under the same key.
        let (here, ordered) = (decision.facts.of_machine(), order.facts.of_machine());
        if let Some(difference) = here.first_difference(&ordered) {
            return Err(MakeFailure::Unfit(format!("its worker differs from this machine: {difference}")));
        }
        let runtime = view.recipes.runtime().map_err(|error| unfit(error.into()))?;
        runtime.isolate(part, order.visible.clone());
        let made = runtime.install(part);
        view.context.settings.native.temporaries.remove();
        let paths = made.map_err(|error| MakeFailure::Failed(error.into()))?;
        match paths.as_slice() {
            [path] if locations.directory.join(path) == order.location => Ok(()),
            _ => Err(MakeFailure::Unfit("it makes paths that are not in its location".to_owned())),
        }
    }
}
