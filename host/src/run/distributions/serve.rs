//! The interface `distributions` of recipes.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use base::event::Level;
use base::files::{FileError, read_at_most};
use distributions::build::BuildOptions;
use distributions::requirement::Requirement;
use distributions::working_set::WorkingSet;
use recipe::distributions::{
    self as wit, Distribution, DistributionError, Distributions, Interpreter, ProjectAccess, PythonError, Refusal,
    Requester, ScriptRequest,
};

use super::convert;
use super::error::NoDistributions;
use super::provider::{BuildoutDistributions, RequestPlace, locked};

/// Variables that builds set themselves.
const OF_EVERY_BUILD: [&str; 5] = ["HOME", "LANG", "MAKEFLAGS", "PATH", "TERM"];

impl Distributions for BuildoutDistributions {
    fn install(
        &self,
        requester: &Requester<'_>,
        requirements: &[String],
        begin: &[Distribution],
        settings: &wit::Settings,
    ) -> Result<Vec<Distribution>, Refusal<DistributionError>> {
        self.install_for_recipe(requester, requirements, begin, settings)
            .map_err(|error| convert::refusal(error, requester))
    }

    fn build(
        &self,
        requester: &Requester<'_>,
        requirement: &str,
        options: &wit::BuildOptions,
        settings: &wit::Settings,
    ) -> Result<Vec<Distribution>, Refusal<DistributionError>> {
        self.build_for_recipe(requester, requirement, options, settings)
            .map_err(|error| convert::refusal(error, requester))
    }

    fn develop(
        &self,
        requester: &Requester<'_>,
        project: &ProjectAccess,
        destination: Option<&str>,
        options: &wit::BuildOptions,
    ) -> Result<String, Refusal<DistributionError>> {
        Ok(self.develop_for_recipe(requester, project, destination, options)?)
    }

    fn write_scripts(
        &self,
        requester: &Requester<'_>,
        request: &ScriptRequest,
        real: &Path,
    ) -> Result<Vec<String>, Refusal<DistributionError>> {
        self.write_scripts_for_recipe(requester, request, real).map_err(|error| convert::refusal(error, requester))
    }

    fn interpreter(&self, requester: &Requester<'_>) -> Result<Interpreter, Refusal<PythonError>> {
        let found = convert::interpreter(&*self.python(requester.buildout)?);
        // What recipes compare it with is `${buildout:executable}`, which may be a shim.
        let shown = requester.buildout.require("buildout", "executable").map_err(NoDistributions::from)?;
        Ok(Interpreter { executable: shown, ..found })
    }

    fn compatible_tags(&self, requester: &Requester<'_>) -> Result<Vec<String>, Refusal<PythonError>> {
        Ok(self.python(requester.buildout)?.tags().in_order().map(ToString::to_string).collect())
    }
}

impl BuildoutDistributions {
    fn install_for_recipe(
        &self,
        requester: &Requester<'_>,
        requirements: &[String],
        begin: &[Distribution],
        settings: &wit::Settings,
    ) -> Result<Vec<Distribution>, NoDistributions> {
        let requirements = convert::requirements(requirements)?;
        let mut place = self.place_of(requester, settings)?;
        let first = convert::of_recipe(begin, &locked(&self.handed))?;
        place.settings.choice.path.extend(first.iter().map(|distribution| distribution.location.clone()));
        let held = first.iter().map(|distribution| (distribution.project.as_str(), distribution.version.as_str()));
        place.settings.choice.pins.hold(held);
        let found = self.install(&place, &requirements, settings.report_picked)?;
        self.note_used(requester.part, &found);
        let is_new = |distribution: &&Arc<_>| first.iter().all(|known| known != *distribution);
        let all = first.iter().chain(found.iter().filter(is_new)).cloned().collect();
        Ok(convert::to_recipe(&WorkingSet::new(all), &place.settings.choice.directories))
    }

    fn build_for_recipe(
        &self,
        requester: &Requester<'_>,
        requirement: &str,
        options: &wit::BuildOptions,
        settings: &wit::Settings,
    ) -> Result<Vec<Distribution>, NoDistributions> {
        let mut place = self.place_of(requester, settings)?;
        if let wit::Destination::Directory(directory) = &settings.destination {
            place.settings.choice.directories.develop = PathBuf::from(directory);
        }
        let options = Self::build_options(requester, &place, options);
        let egg = self.build(&place, &Requirement::parse(requirement)?, options)?;
        let built = distributions::eggs::find(&egg, true).into_iter().map(Arc::new).collect();
        Ok(convert::to_recipe(&WorkingSet::new(built), &place.settings.choice.directories))
    }

    fn develop_for_recipe(
        &self,
        requester: &Requester<'_>,
        project: &ProjectAccess,
        destination: Option<&str>,
        options: &wit::BuildOptions,
    ) -> Result<String, NoDistributions> {
        let place = self.place(requester.buildout)?;
        let directory = destination.map_or_else(|| place.settings.choice.directories.develop.clone(), PathBuf::from);
        let options = Self::build_options(requester, &place, options);
        let developed = self.develop_in(&place, project, &directory, &options)?;
        if !project.may_change {
            let message = format!(
                "The results of building {} are not copied into it: the part {} may not write there",
                project.directory.display(),
                requester.part,
            );
            self.tools(&place)?.report().log(Level::Info, &message);
        }
        let link = developed.paths.iter().find(|path| path.extension().is_some_and(|suffix| suffix == "egg-link"));
        Ok(link.map(|path| path.to_string_lossy().into_owned()).unwrap_or_default())
    }

    fn write_scripts_for_recipe(
        &self,
        requester: &Requester<'_>,
        request: &ScriptRequest,
        real: &Path,
    ) -> Result<Vec<String>, NoDistributions> {
        let place = self.place(requester.buildout)?;
        let tools = self.tools(&place)?;
        let set = convert::of_recipe(&request.distributions, &locked(&self.handed))?;
        let mut scripts = convert::scripts(request)?.make(&set, &tools.python, tools.report())?;
        scripts.retain(|script| {
            // A distribution may have a script of this name: zc.buildout itself.
            let is_protected = script.is_one_of(&place.locations.protected);
            if is_protected {
                let message = format!("{} is not generated: it is a file of this buildout", script.path.display());
                tools.report().log(Level::Warning, &message);
            }
            // Without a record, for example after the state was deleted, a script that was generated is generated again.
            let is_users = !is_protected && (requester.is_foreign)(&script.path) && !looks_generated(&script.path);
            if is_users {
                let message =
                    format!("{} is not generated: it exists, and this part did not make it", script.path.display());
                tools.report().log(Level::Warning, &message);
            }
            !is_protected && !is_users
        });
        for script in &scripts {
            let announced = (requester.will_make)(&script.path);
            announced.map_err(FileError::of("write", &script.path))?;
            script.write(real, tools.report())?;
        }
        Ok(scripts.iter().map(|script| script.path.to_string_lossy().into_owned()).collect())
    }

    fn place_of<'a>(
        &self,
        requester: &Requester<'a>,
        settings: &wit::Settings,
    ) -> Result<RequestPlace<'a>, NoDistributions> {
        let place = self.place(requester.buildout)?;
        let configured = place.settings.clone();
        let mut place = RequestPlace { settings: place.settings.with(settings), ..place };
        if matches!(settings.destination, wit::Destination::EggsDirectory) {
            self.put_aside(&mut place)?;
            if requester.is_program {
                place.settings.keep_apart(&configured, &place.parts);
            }
        }
        Ok(place)
    }

    /// How a part builds: with its environment, and with the headers and libraries of other parts.
    fn build_options(requester: &Requester<'_>, place: &RequestPlace<'_>, options: &wit::BuildOptions) -> BuildOptions {
        let mut environment = requester.environment.clone();
        environment.retain(|name, _| !OF_EVERY_BUILD.contains(&name.as_str()));
        environment.extend(options.environment.iter().cloned());
        BuildOptions { build_ext: options.extensions.clone(), environment, read: place.parts.clone() }
    }
}

/// The largest script that is looked at, in bytes.
const SCRIPT: u64 = 1 << 20;

/// Whether a file looks like a script that this host or zc.buildout has generated: it sets the beginning of `sys.path`, or it
/// calls what a project in `develop` has.
fn looks_generated(path: &Path) -> bool {
    let text = read_at_most(path, SCRIPT).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    text.contains("sys.path[0:0] = [") || text.contains("__import__('pkg_resources')")
}
