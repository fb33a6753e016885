//! A file, and the configuration that it belongs to.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use base::source::Source;
use config::options::{Buildout, NoRecipes};
use config::parse::WrittenSection;
use config::{ConfigError, ConfigFile, Configuration, LoadRequest, Location, Options, ReadError, Trouble, load};

use crate::documents::Documents;
use crate::outlines::FileOutline;
use crate::project::Project;
use crate::recipes::RecipeDocumentation;

/// A file as an editor sees it, in the configuration of a main file.
pub struct Analysis {
    pub(crate) project: Arc<Project>,
    pub(crate) documents: Documents,
    /// The file.
    pub(crate) path: PathBuf,
    /// Its text, with its sections.
    pub(crate) outline: FileOutline,
    /// What cannot be parsed in it.
    pub(crate) troubles: Arc<Vec<Trouble>>,
    /// The configuration of the main file; empty if it cannot be loaded at all.
    pub(crate) configuration: Arc<Configuration>,
    /// Why it cannot be loaded.
    pub(crate) failure: Option<ConfigError>,
    /// Extended files that cannot be read.
    pub(crate) missing: Vec<(Location, ReadError)>,
    /// Whether the file is the main one.
    pub(crate) is_root: bool,
    buildout: OnceLock<Buildout>,
}

impl Analysis {
    pub(crate) fn new(project: &Arc<Project>, documents: &Documents, root: &Path, path: &Path) -> Option<Self> {
        let repaired = project.file(documents, path);
        let (source, troubles) = match repaired {
            Some(repaired) => (repaired.source, repaired.troubles),
            None => (Source::new(path.to_string_lossy(), ""), Arc::default()),
        };
        let reader = project.reader(documents);
        let settings = &project.settings;
        let directory = root.parent().unwrap_or(root).to_owned();
        let environment = base::environment::Environment { directory, ..settings.environment.clone() };
        let request = |file| LoadRequest {
            file,
            environment: &environment,
            use_user_defaults: true,
            assignments: &[],
            executable: "python3",
            reader: &reader,
            facts: &*settings.facts,
        };
        let loaded = load(&request(Some(ConfigFile::Path(root.to_owned()))));
        let missing = std::mem::take(&mut *reader.missing.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
        let (configuration, failure) = match loaded {
            Ok(configuration) => (configuration, None),
            // Without any file, there is `[buildout]` with what is predefined.
            Err(error) => match load(&LoadRequest { use_user_defaults: false, ..request(None) }) {
                Ok(empty) => (empty, Some(error)),
                Err(_) => return None,
            },
        };
        let configuration = Arc::new(configuration);
        Some(Self {
            project: Arc::clone(project),
            documents: documents.clone(),
            path: path.to_owned(),
            outline: FileOutline::of(&source),
            troubles,
            configuration,
            failure,
            missing,
            is_root: root == path,
            buildout: OnceLock::new(),
        })
    }

    /// The text of the file.
    pub fn text(&self) -> &str {
        &self.outline.source.text
    }

    /// Whether the configuration contains a file.
    pub(crate) fn reads(&self, path: &Path) -> bool {
        self.configuration.files.iter().any(|file| file == path)
    }

    /// The options, resolved without recipes.
    pub(crate) fn buildout(&self) -> &Buildout {
        self.buildout.get_or_init(|| Buildout::new(Arc::clone(&self.configuration), Arc::new(NoRecipes)))
    }

    /// The options of a section with those of its macros.
    pub(crate) fn options(&self, section: &str) -> Arc<Options> {
        self.buildout().written(section).unwrap_or_default()
    }

    pub(crate) fn has_section(&self, section: &str) -> bool {
        self.configuration.sections.contains_key(section)
    }

    /// The recipe of a section.
    pub(crate) fn recipe_of(&self, section: &str) -> Option<Arc<RecipeDocumentation>> {
        let options = self.options(section);
        let reference = options.get("recipe")?;
        self.describe(&reference.raw)
    }

    pub(crate) fn describe(&self, reference: &str) -> Option<Arc<RecipeDocumentation>> {
        self.project.settings.recipes.describe(reference.trim(), &self.configuration.directory)
    }

    /// The section around an offset.
    pub(crate) fn section_at(&self, offset: usize) -> Option<&WrittenSection> {
        self.outline.sections.iter().take_while(|section| section.span.start <= offset).last()
    }

    pub(crate) fn name_of(&self, section: &WrittenSection) -> &str {
        &self.outline.source.text[section.name.clone()]
    }
}
