//! The settings of `[buildout]` for distributions, with zc.buildout's defaults.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use config::options::{Buildout, OptionError};
use distributions::default_index::DefaultIndex;
use distributions::eggs::Directories;
use distributions::index::{AllowedHosts, DistributionSources, SearchLocation};
use distributions::install::InstallSettings;
use distributions::pins::Pins;
use distributions::scripts::{absolute, real_path};
use recipe::distributions::Destination;

use super::error::NoDistributions;

/// The directory in the eggs directory for distributions whose sources a Python recipe has chosen.
const OF_OTHER_SOURCES: &str = "other-sources";

/// Where distributions come from and go to.
#[derive(Clone, Debug)]
pub(super) struct DistributionSettings {
    /// `index`; `None` for that of the machine's pip.
    pub(super) index: Option<String>,
    /// `find-links`.
    pub(super) find_links: Vec<String>,
    /// `allow-hosts`.
    pub(super) allowed: AllowedHosts,
    /// The directory of archives in `download-cache`.
    pub(super) archives: Option<PathBuf>,
    /// `install-from-cache`.
    pub(super) from_cache: bool,
    /// The choice of distributions.
    pub(super) choice: InstallSettings,
    /// The buildout directory, to which paths are relative.
    directory: PathBuf,
}

impl DistributionSettings {
    /// Reads the settings. `threads` is how many distributions are installed at once.
    pub(super) fn of(buildout: &Buildout, directory: &Path, threads: usize) -> Result<Self, NoDistributions> {
        let options = BuildoutOptions { buildout };
        let from_cache = options.is_on("install-from-cache")?;
        let archives = options.text("download-cache")?.map(|cache| directory.join(cache).join("dist"));
        if from_cache && archives.is_none() {
            return Err(NoDistributions::Settings("install_from_cache set to true with no download cache".to_owned()));
        }
        let offline = options.is_on("offline")?;
        let choice = InstallSettings {
            directories: options.directories(directory)?,
            path: Vec::new(),
            pins: options.pins()?,
            newest: options.is_on("newest")? && !offline,
            offline,
            prefer_final: options.is_on("prefer-final")?,
            allow_picked_versions: options.is_on("allow-picked-versions")?,
            allow_unknown_extras: options.is_on("allow-unknown-extras")?,
            threads,
            provided: BTreeSet::new(),
            programs: None,
        };
        Ok(Self {
            index: options.text("index")?,
            find_links: words(&options.text("find-links")?.unwrap_or_default()),
            allowed: AllowedHosts::parse(&options.text("allow-hosts")?.unwrap_or_default()),
            archives,
            from_cache,
            choice,
            directory: directory.to_owned(),
        })
    }

    /// The same with the settings that a recipe replaces.
    pub(super) fn with(mut self, replaced: &recipe::distributions::Settings) -> Self {
        let recipe::distributions::Settings { destination, path, index, find_links, allow_hosts, .. } = replaced;
        let choice = &mut self.choice;
        match destination {
            Destination::EggsDirectory => {}
            Destination::Directory(directory) => choice.directories.eggs = PathBuf::from(directory),
            Destination::Nowhere => choice.offline = true,
        }
        if let Some(path) = path {
            choice.path = path.iter().map(PathBuf::from).collect();
        }
        if let Some(versions) = &replaced.versions {
            choice.pins = Pins::new(versions.iter().map(|(name, pin)| (name.as_str(), pin.as_str())));
        }
        choice.newest = replaced.newest.unwrap_or(choice.newest) && !choice.offline;
        choice.prefer_final = replaced.prefer_final.unwrap_or(choice.prefer_final);
        choice.allow_picked_versions = replaced.allow_picked_versions.unwrap_or(choice.allow_picked_versions);
        choice.allow_unknown_extras = replaced.allow_unknown_extras.unwrap_or(choice.allow_unknown_extras);
        self.index = index.clone().or(self.index);
        self.find_links = find_links.clone().unwrap_or(self.find_links);
        self.allowed = allow_hosts.as_ref().map_or(self.allowed, |hosts| AllowedHosts::parse(&hosts.join("\n")));
        self.from_cache = replaced.install_from_cache.unwrap_or(self.from_cache);
        self
    }

    /// Leaves out sources below the directories of parts: Python recipes make what is there.
    pub(super) fn leave_out_made_sources(&mut self, parts: &[PathBuf]) {
        let find_links = std::mem::take(&mut self.find_links);
        self.find_links = find_links.into_iter().filter(|link| !self.is_made(link, parts)).collect();
        if self.index.as_ref().is_some_and(|index| self.is_made(index, parts)) {
            // Without one, another index would take its place.
            self.index = Some(self.choice.directories.eggs.to_string_lossy().into_owned());
        }
    }

    /// Whether a source is below a directory of parts.
    fn is_made(&self, text: &str, parts: &[PathBuf]) -> bool {
        let SearchLocation::Path(path) = SearchLocation::parse(text, &self.directory) else { return false };
        let path = absolute(&path);
        parts.iter().any(|parts| path.starts_with(absolute(parts)) || real_path(&path).starts_with(real_path(parts)))
    }

    /// Keeps what a Python recipe installs apart if it chooses the sources: what is in the eggs directory runs as recipes
    /// with other rights, too. `configured` are the settings of the buildout.
    pub(super) fn keep_apart(&mut self, configured: &Self, parts: &[PathBuf]) {
        let is_known = |link: &String| configured.find_links.contains(link) && !self.is_made(link, parts);
        let is_same_index =
            self.index == configured.index && !self.index.as_ref().is_some_and(|index| self.is_made(index, parts));
        if is_same_index && self.find_links.iter().all(is_known) && self.allowed == configured.allowed {
            return;
        }
        self.choice.directories.eggs = self.choice.directories.eggs.join(OF_OTHER_SOURCES);
    }

    /// Equal for equal sources.
    pub(super) fn sources_key(&self) -> String {
        let Self { index, find_links, allowed, archives, from_cache, choice, .. } = self;
        format!("{index:?} {find_links:?} {allowed:?} {archives:?} {from_cache} {}", choice.offline)
    }

    /// The sources of distributions. `default` returns the index if none is set.
    pub(super) fn sources(
        &self,
        default: impl FnOnce() -> Option<DefaultIndex>,
    ) -> Result<DistributionSources, NoDistributions> {
        let place = |text: &str| SearchLocation::parse(text, &self.directory);
        let mut find_links: Vec<SearchLocation> = self.archives.iter().cloned().map(SearchLocation::Path).collect();
        find_links.extend(self.find_links.iter().map(|link| place(link)));
        let (index, origin) = match (&self.archives, self.from_cache, &self.index) {
            (Some(archives), true, _) => (SearchLocation::Path(archives.clone()), None),
            (.., Some(index)) => (place(index), None),
            (.., None) => match default() {
                Some(DefaultIndex { address, origin }) => (place(&address), Some(origin)),
                // It is not used offline.
                None if self.choice.offline => (SearchLocation::Path(self.choice.directories.eggs.clone()), None),
                None => return Err(NoDistributions::NoIndex),
            },
        };
        Ok(DistributionSources { index, origin, find_links, allowed: self.allowed.clone(), local: self.from_cache })
    }
}

/// The words of an option with several URLs or paths.
pub(super) fn words(value: &str) -> Vec<String> {
    value.split_whitespace().map(str::to_owned).collect()
}

/// The options of `[buildout]`.
struct BuildoutOptions<'a> {
    buildout: &'a Buildout,
}

impl BuildoutOptions<'_> {
    fn text(&self, name: &str) -> Result<Option<String>, OptionError> {
        let value = self.buildout.get("buildout", name)?.map(|value| value.trim().to_owned());
        Ok(value.filter(|value| !value.is_empty()))
    }

    /// As zc.buildout reads such options: one that is missing is off.
    fn is_on(&self, name: &str) -> Result<bool, NoDistributions> {
        match self.text(name)?.as_deref() {
            Some("true") => Ok(true),
            Some("false") | None => Ok(false),
            Some(other) => Err(NoDistributions::Settings(format!("Invalid value for '{name}' option: '{other}'"))),
        }
    }

    fn directories(&self, directory: &Path) -> Result<Directories, NoDistributions> {
        let eggs = self.buildout.expand("buildout", "${buildout:eggs-directory}")?;
        let develop = self.buildout.require("buildout", "develop-eggs-directory")?;
        Ok(Directories { eggs: directory.join(eggs), develop: directory.join(develop) })
    }

    /// The section that `versions` names.
    fn pins(&self) -> Result<Pins, NoDistributions> {
        let section = self.text("versions")?.unwrap_or_else(|| "versions".to_owned());
        if !self.buildout.sections().contains(&section) {
            return Ok(Pins::default());
        }
        let mut pins = Vec::new();
        for name in self.buildout.keys(&section)? {
            let pin = self.buildout.get(&section, &name)?.unwrap_or_default();
            pins.push((name, pin));
        }
        Ok(Pins::new(pins.iter().map(|(name, pin)| (name.as_str(), pin.as_str()))))
    }
}
