//! Projects that `develop` lists and that do not exist. As in zc.buildout, distributions take their place without an error, so
//! that is reported.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;

use base::event::{Level, Report};
use base::source::{did_you_mean, nearest};
use distributions::eggs::Precedence;
use distributions::name::canonical;
use distributions::working_set::WorkingSet;
use recipe::component::is_python_project;

use super::provider::locked;

/// The projects that do not exist: as they are listed, by the keys of the distributions that they may be.
#[derive(Default)]
pub(super) struct AbsentProjects(Mutex<BTreeMap<String, String>>);

impl AbsentProjects {
    /// Reports that `listed`, which is `path`, does not exist.
    pub(super) fn add(&self, listed: &str, path: &Path, report: &dyn Report) {
        let warn = |message: &str| report.log(Level::Warning, message);
        warn(&format!("Couldn't develop {listed} (not found)"));
        let (Some(name), Some(directory)) = (path.file_name().and_then(|name| name.to_str()), path.parent()) else {
            return;
        };
        let others = std::fs::read_dir(directory).into_iter().flatten().flatten();
        let others = others.filter(|entry| is_python_project(&entry.path()));
        let others: Vec<String> = others.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        let meant = nearest(name, others.iter().map(String::as_str));
        if let Some(meant) = meant {
            warn(&did_you_mean(&listed.strip_suffix(name).map_or(meant.to_owned(), |start| format!("{start}{meant}"))));
        }
        let names = [Some(name), meant].into_iter().flatten();
        locked(&self.0).extend(names.map(|name| (canonical(name), listed.to_owned())));
    }

    /// Reports distributions that take the place of such projects, each once.
    pub(super) fn warn_of(&self, used: &WorkingSet, report: &dyn Report) {
        let mut absent = locked(&self.0);
        for distribution in used.iter().filter(|one| one.precedence != Precedence::Develop) {
            if let Some(listed) = absent.remove(&distribution.key()) {
                let message = format!("{distribution} is used: `develop` lists {listed}, which does not exist");
                report.log(Level::Warning, &message);
            }
        }
    }
}
