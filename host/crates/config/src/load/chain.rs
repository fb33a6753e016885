//! Follows `extends`: the effect of a file is composed from the effects of the files that it extends, each computed
//! once.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::profile::{Profile, ProfileName};
use super::request::LoadRequest;
use super::sections::{LoadedSections, apply, update};
use crate::Options;
use crate::merge::{FileEffect, SectionEffect, compose};
use crate::{ConfigError, Location, ReadSettings, Trouble, parse, predefined};
use base::collections::Map;
use base::paths::normalize;
use base::source::{Place, continued_option};

/// Maximum length of a chain of `extends`. The deepest real configurations are below 100; zc.buildout fails near 1,000.
const MAX_DEPTH: usize = 500;

/// The files read so far, and those that are being followed.
pub(super) struct Chain<'a> {
    request: &'a LoadRequest<'a>,
    /// The buildout directory, if no option sets another one.
    directory: PathBuf,
    settings: ReadSettings,
    /// Whether the command line or the main file says if this is offline: what is extended cannot change that.
    is_decided: bool,
    profiles: Map<Location, Arc<Profile>>,
    effects: Map<Location, Arc<FileEffect>>,
    /// The files that are being followed, outermost first.
    open: Vec<Location>,
    directories: Map<PathBuf, Option<PathBuf>>,
    notices: Vec<String>,
    /// Where another run may find configuration.
    reserved: BTreeSet<PathBuf>,
}

impl<'a> Chain<'a> {
    pub(super) fn new(request: &'a LoadRequest<'a>, directory: PathBuf) -> Self {
        Self {
            request,
            directory,
            settings: ReadSettings::default(),
            is_decided: false,
            profiles: Map::default(),
            effects: Map::default(),
            open: Vec::new(),
            directories: Map::default(),
            notices: Vec::new(),
            reserved: BTreeSet::new(),
        }
    }

    /// Reads the settings for URLs from `[buildout]`; the command line takes precedence.
    pub(super) fn settings(&mut self, data: &LoadedSections, assigned: &LoadedSections) -> Result<(), ConfigError> {
        let mut data = data.clone();
        update(&mut data, assigned)?;
        self.is_decided = assigned.get("buildout").is_some_and(|(options, _)| offline(options).is_some());
        let Some((options, _)) = data.get("buildout") else { return Ok(()) };
        let cache =
            options.get("extends-cache").filter(|cache| cache.raw.contains("${")).and_then(|cache| cache.place());
        if let Some(place) = cache {
            return Err(Trouble::at(place, "`extends-cache` may not contain ${section:option} to expand").into());
        }
        self.settings = ReadSettings {
            extends_cache: predefined::extends_cache(options, self.request.environment),
            newest: flag(options, "newest")?,
            offline: is_offline(options)?,
        };
        self.reserved.extend(self.settings.extends_cache.clone());
        Ok(())
    }

    /// The result of a main file (specified at `place`, if anywhere) and everything it extends, with the user's
    /// defaults below the first file that extends nothing.
    pub(super) fn root(
        &mut self,
        location: &Location,
        place: Option<&Place>,
        defaults: Option<&LoadedSections>,
        assigned: &LoadedSections,
    ) -> Result<LoadedSections, ConfigError> {
        let before = self.settings.clone();
        let profile = self.profile(location, place)?;
        self.settings_of(&profile, assigned)?;
        let mut pending = defaults.filter(|defaults| !defaults.is_empty()).cloned();
        let effect = self.follow(location, place, &mut pending)?;
        self.settings = before;
        let section = |effect: &SectionEffect| (effect.first().clone(), effect.place().cloned());
        Ok(effect.iter().map(|(name, effect)| (Arc::clone(name), section(effect))).collect())
    }

    /// A main file may contain the settings for the URLs that it extends.
    fn settings_of(&mut self, profile: &Profile, assigned: &LoadedSections) -> Result<(), ConfigError> {
        let Some(own) = profile.own.get("buildout") else { return Ok(()) };
        let text = |flag: bool| if flag { "true" } else { "false" };
        let mut known = predefined::options(&self.directory, "");
        let mut set = |name: &str, value: &str| {
            let value = crate::OptionValue::set(value, crate::Origin::Computed);
            known.insert(name.into(), Arc::new(value));
        };
        set("newest", text(self.settings.newest));
        set("offline", text(self.settings.offline));
        if let Some(cache) = &self.settings.extends_cache {
            set("extends-cache", &cache.to_string_lossy());
        }
        let mut data = LoadedSections::default();
        data.insert("buildout".into(), (own.over(known)?, None));
        self.settings(&data, assigned)
    }

    /// Whether a file that was read follows the rules of 1.0.
    pub(super) fn is_classic(&self, location: &Location) -> bool {
        self.profiles.get(location).is_some_and(|profile| profile.classic)
    }

    /// Notes where another run may find configuration.
    pub(super) fn reserve(&mut self, paths: impl IntoIterator<Item = PathBuf>) {
        self.reserved.extend(paths);
    }

    /// The files that were read.
    pub(super) fn files(&self) -> Vec<PathBuf> {
        let path = |location: &Location| match location {
            Location::Path(path) => Some(path.clone()),
            Location::Url(url) => url.strip_prefix("file://").and_then(|rest| Some(rest[rest.find('/')?..].into())),
        };
        self.profiles.keys().filter_map(path).collect()
    }

    /// The files whose displayed name is not their full location, by that name.
    pub(super) fn unnamed(&self) -> Map<String, Location> {
        let named = self.profiles.keys().map(|location| (location.to_string(), location));
        named.filter(|(name, location)| *name != location.as_written()).map(|(n, l)| (n, l.clone())).collect()
    }

    pub(super) fn into_reserved_and_notices(self) -> (Vec<PathBuf>, Vec<String>) {
        (self.reserved.into_iter().collect(), self.notices)
    }

    /// The effect of a file and everything it extends. `pending` contains the user's defaults until a file has consumed
    /// them.
    fn follow(
        &mut self,
        location: &Location,
        place: Option<&Place>,
        pending: &mut Option<LoadedSections>,
    ) -> Result<Arc<FileEffect>, ConfigError> {
        let known = pending.is_none();
        if let Some(effect) = self.effects.get(location).filter(|_| known) {
            return Ok(Arc::clone(effect));
        }
        self.enter(location, place)?;
        let profile = self.profile(location, place)?;
        let outer = (self.is_decided, self.settings.offline);
        // As in zc.buildout, only a main file decides for what it extends.
        if let (1, false, Some(own)) = (self.open.len(), self.is_decided, offline_of(&profile.own)) {
            (self.is_decided, self.settings.offline) = (true, own?);
        }
        let mut total = FileEffect::default();
        self.follow_all(location, &profile.extends, pending, &mut total)?;
        let own = match pending.take_if(|_| profile.extends.is_empty()) {
            Some(defaults) => Arc::new(above(defaults, &profile.own)?),
            None => Arc::clone(&profile.own),
        };
        let optional = self.existing(location, &profile.optional_extends);
        self.follow_all(location, optional, pending, &mut total)?;
        compose(&mut total, &own)?;
        self.follow_all(location, &profile.extended_by, pending, &mut total)?;
        self.open.pop();
        (self.is_decided, self.settings.offline) = outer;
        let effect = Arc::new(total);
        if known {
            self.effects.insert(location.clone(), Arc::clone(&effect));
        }
        Ok(effect)
    }

    fn follow_all<'n>(
        &mut self,
        location: &Location,
        names: impl IntoIterator<Item = &'n ProfileName>,
        pending: &mut Option<LoadedSections>,
        total: &mut FileEffect,
    ) -> Result<(), ConfigError> {
        for ProfileName { name, place } in names {
            let next = self.resolve(location, name);
            let effect = self.follow(&next, place.as_ref(), pending).map_err(|error| match place {
                Some(place) => error.while_doing(format!("Reading {next}, which {place} extends.")),
                None => error,
            })?;
            compose(total, &effect)?;
            // Offline applies to what is read from here on.
            if let (false, Some(found)) = (self.is_decided, offline_of(&effect)) {
                self.settings.offline = found?;
            }
        }
        Ok(())
    }

    /// Marks a file as being followed.
    fn enter(&mut self, location: &Location, place: Option<&Place>) -> Result<(), ConfigError> {
        let trouble = |message| Trouble { message, place: place.cloned(), hints: Vec::new() };
        if let Some(start) = self.open.iter().position(|open| open == location) {
            let cycle: Vec<String> = self.open[start..].iter().chain([location]).map(Location::to_string).collect();
            return Err(trouble(format!("Recursive file include: {}", cycle.join(" extends "))).into());
        }
        if self.open.len() >= MAX_DEPTH {
            return Err(trouble(format!("More than {MAX_DEPTH} files extend one another in a row")).into());
        }
        self.open.push(location.clone());
        Ok(())
    }

    fn profile(&mut self, location: &Location, place: Option<&Place>) -> Result<Arc<Profile>, ConfigError> {
        if let Some(profile) = self.profiles.get(location) {
            return Ok(Arc::clone(profile));
        }
        let bytes = self.request.reader.read(location, &self.settings).map_err(|error| Trouble {
            message: error.message,
            place: place.cloned(),
            hints: error.hints,
        })?;
        let source = parse::decode(location, bytes)?;
        let profile = Arc::new(Profile::read(&source, self.request.facts)?);
        self.profiles.insert(location.clone(), Arc::clone(&profile));
        Ok(profile)
    }

    /// The optional files that exist; missing ones are reported.
    fn existing<'n>(&mut self, location: &Location, names: &'n [ProfileName]) -> Vec<&'n ProfileName> {
        let mut existing = Vec::new();
        for named in names {
            match self.resolve(location, &named.name) {
                Location::Path(path) if !self.request.reader.exists(&path) => {
                    self.notices.push(format!("optional-extends file not found: {}", named.name));
                    self.reserved.insert(path);
                }
                _ => existing.push(named),
            }
        }
        existing
    }

    /// Resolves `name` in the file `from`, to the same location for all paths that lead to it.
    fn resolve(&mut self, from: &Location, name: &str) -> Location {
        match Location::resolve(&from.directory(), name) {
            Location::Path(path) => Location::Path(self.clean(&path)),
            url => url,
        }
    }

    /// The path without `..`, unless a symbolic link changes its meaning.
    fn clean(&mut self, path: &Path) -> PathBuf {
        let clean = normalize(path);
        if clean == path {
            return clean;
        }
        match (self.canonical(parent(&clean)), self.canonical(parent(path)), path.file_name()) {
            (Some(by_name), Some(directory), Some(file)) if by_name != directory => directory.join(file),
            _ => clean,
        }
    }

    fn canonical(&mut self, directory: &Path) -> Option<PathBuf> {
        if let Some(known) = self.directories.get(directory) {
            return known.clone();
        }
        let canonical = self.request.reader.canonical(directory);
        self.directories.insert(directory.to_owned(), canonical.clone());
        canonical
    }
}

/// The effect of a file on top of the user's defaults, including them.
fn above(mut defaults: LoadedSections, own: &FileEffect) -> Result<FileEffect, ConfigError> {
    for (name, effect) in own {
        apply(&mut defaults, name, effect)?;
    }
    let mut effects = FileEffect::default();
    for (name, (options, place)) in defaults {
        effects.insert(name, Arc::new(SectionEffect::of_options(options, place)?));
    }
    Ok(effects)
}

/// Whether a file and what it extends say that this is offline; `None` if they say nothing about it.
fn offline_of(effect: &FileEffect) -> Option<Result<bool, ConfigError>> {
    offline(effect.get("buildout")?.first())
}

fn offline(options: &Options) -> Option<Result<bool, ConfigError>> {
    let is_set = ["offline", "install-from-cache"].iter().any(|name| options.contains_key(*name));
    is_set.then(|| is_offline(options))
}

/// zc.buildout does not download anything either if everything must come from its cache.
fn is_offline(options: &Options) -> Result<bool, ConfigError> {
    Ok(flag(options, "offline")? || flag(options, "install-from-cache")?)
}

fn flag(options: &Options, name: &str) -> Result<bool, ConfigError> {
    let Some(value) = options.get(name) else { return Ok(false) };
    match &*value.raw {
        "true" => Ok(true),
        "false" => Ok(false),
        other => Err(Trouble {
            message: format!("Invalid value for '{name}' option: '{other}'"),
            place: value.place(),
            hints: continued_option(other).into_iter().chain(["It must be `true` or `false`.".into()]).collect(),
        }
        .into()),
    }
}

/// The parent directory of a path; the root for the root.
fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or(path)
}
