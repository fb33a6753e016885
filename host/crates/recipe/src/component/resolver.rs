//! Recipe reference → component, in this order: `recipes.toml`, `develop`, built-in names, the built-in recipes' names
//! in the Python world.
//!
//! Knows nothing of parts: the same reference returns the same component throughout a run.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::built_in::{built_in, built_ins, has_rights_of_python, of_python_name, python_names};
use super::bytes::{Component, ComponentOrigin};
use super::cache::CompileCache;
use super::detached::{read_signatures, signature_path};
use super::egg_link::DevelopedRecipe;
use super::error::{ComponentError, SignatureError};
use super::program::{PythonProgram, lent_network};
use base::collections::Map;
use base::source::{Place, did_you_mean, nearest};
use registry::locking::{Describe, Locking};
use registry::recipes_toml::{EntrySource, RecipeEntry, RecipesToml};
use registry::trust::{Signer, Trusted};
use registry::{DEFAULT_ENTRY_POINT, Grant, RecipeReference, toml_key};

/// What a recipe reference means.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// The reference as written in the configuration.
    pub reference: RecipeReference,
    /// The recipe package.
    pub component: Arc<Component>,
    /// The entry point in the component.
    pub entry_point: String,
    /// What `recipes.toml` grants.
    pub grant: Grant,
    /// Whether it is part of the host, and so is granted what it requests.
    pub built_in: bool,
    /// The required signers that have signed it.
    pub signers: Vec<Signer>,
    /// What the component loads, if it is the Python runtime.
    pub program: Option<Arc<PythonProgram>>,
}

impl Resolved {
    /// Whether it is a built-in recipe that may write what Python recipes may write.
    pub(crate) fn has_rights_of_python(&self) -> bool {
        self.built_in && has_rights_of_python(&self.reference)
    }

    /// The value of `__buildout_signature__`: the package and its digest.
    pub fn signature(&self) -> String {
        match &self.program {
            Some(program) => program.signature.clone(),
            None => format!("{}-{}", self.component.package, self.component.digest.base64()),
        }
    }
}

/// The recipe of a project that was built, separate from any buildout: entry point `default`, without grants.
///
/// # Errors
/// When the component cannot be loaded.
pub fn developed_recipe(developed: &DevelopedRecipe) -> Result<Resolved, ComponentError> {
    let component = Component::read(&developed.component, &developed.package, developed.origin())?;
    let entry_point = DEFAULT_ENTRY_POINT.to_owned();
    let reference = RecipeReference::new(&*developed.package, &*entry_point);
    let (grant, signers) = (Grant::default(), Vec::new());
    let (component, program) = (Arc::new(component), None);
    Ok(Resolved { reference, component, entry_point, grant, built_in: false, signers, program })
}

/// Finds components by recipe reference. Each is loaded once.
#[derive(Debug)]
pub struct Resolver {
    recipes_toml: Option<PathBuf>,
    toml: RecipesToml,
    developed: Vec<DevelopedRecipe>,
    loaded: Mutex<Map<PathBuf, Arc<Component>>>,
    /// Knows digests of files that were read earlier.
    cache: Option<CompileCache>,
}

/// The sections and options in the references of a template.
fn references(template: &str) -> impl Iterator<Item = (String, String)> {
    let inner = template.split("${").skip(1).filter_map(|rest| rest.split_once('}'));
    let pairs = inner.filter_map(|(reference, _)| reference.split_once(':'));
    pairs.map(|(section, option)| (section.to_owned(), option.to_owned())).filter(|(section, _)| !section.is_empty())
}

/// A component with the requested entry point.
type FoundEntryPoint = (Arc<Component>, String);

impl Resolver {
    /// Reads `recipes_toml` (the file next to the configuration file; it need not exist) and uses the developed recipe
    /// projects.
    ///
    /// # Errors
    /// When the file cannot be read or is invalid.
    pub fn new(recipes_toml: Option<&Path>, developed: Vec<DevelopedRecipe>) -> Result<Self, ComponentError> {
        let toml = recipes_toml.map(RecipesToml::read).transpose()?.unwrap_or_default();
        let recipes_toml = recipes_toml.map(Path::to_owned);
        Ok(Self { recipes_toml, toml, developed, loaded: Mutex::default(), cache: None })
    }

    /// The same, with a cache that knows the digests of large files.
    #[must_use]
    pub fn knowing(self, cache: CompileCache) -> Self {
        Self { cache: Some(cache), ..self }
    }

    /// The component for `recipe` as written in the configuration. Components from registries are those in the lock
    /// file.
    ///
    /// # Errors
    /// When the recipe is unknown, or its component cannot be loaded.
    pub fn resolve(
        &self,
        recipe: &str,
        locking: &Locking,
        describe: &dyn Describe,
    ) -> Result<Resolved, ComponentError> {
        let reference: RecipeReference =
            recipe.parse().map_err(|error| ComponentError::Reference { reference: recipe.to_owned(), error })?;
        let entry = self.entry(&reference);
        let mut signers = Vec::new();
        let found = match entry.and_then(|entry| entry.source.as_ref()) {
            Some(EntrySource::BuiltIn(target, place)) => self.named_built_in(target, place.as_ref())?,
            Some(EntrySource::Path(path)) => {
                let package =
                    path.file_stem().map_or_else(|| reference.package.clone().into(), |stem| stem.to_string_lossy());
                let component = self.load(path, &package, ComponentOrigin::Path(path.clone()))?;
                signers = self.check_signatures(entry, path, &component)?;
                (component, reference.entry_point.clone())
            }
            Some(EntrySource::Registry(..)) => {
                let publication = entry.and_then(|entry| self.toml.publication(entry));
                let publication = publication.ok_or_else(|| self.unknown(&reference))?;
                let obtained = locking.obtain(&publication, self.toml.vendor.as_deref(), describe)?;
                let component = Arc::new(Component::published(&publication, &obtained)?);
                signers = obtained.signers;
                (component, reference.entry_point.clone())
            }
            None => self.unlisted(&reference)?,
        };
        let built_in = matches!(found.0.origin, ComponentOrigin::BuiltIn { .. });
        let grant = match built_in && has_rights_of_python(&reference) {
            true => self.grant_of_program(&reference),
            false => entry.map(|entry| entry.grant.clone()).unwrap_or_default(),
        };
        Ok(Resolved { reference, component: found.0, entry_point: found.1, grant, built_in, signers, program: None })
    }

    /// What `recipes.toml` grants to a Python recipe or extension, and what it keeps of the rights without a grant.
    pub fn grant_of_program(&self, reference: &RecipeReference) -> Grant {
        let mut grant = self.entry(reference).map(|entry| entry.grant.clone()).unwrap_or_default();
        let all = &self.toml.python_recipes;
        grant.extend(all);
        grant.defaults = grant.defaults.or_else(|| all.defaults.clone());
        grant.place = grant.place.or_else(|| all.place.clone());
        if grant.keeps_default("network") {
            let lent = lent_network(&reference.package).iter().map(|program| (*program).to_owned());
            grant.extend(&Grant { network: lent.collect(), ..Grant::default() });
        }
        grant
    }

    /// The contents of `recipes.toml`.
    pub fn recipes_toml(&self) -> &RecipesToml {
        &self.toml
    }

    /// The files of the signers' public keys.
    pub fn key_files(&self) -> impl Iterator<Item = &Path> {
        self.toml.keys.iter().map(|key| key.file.as_path())
    }

    /// The components that `recipes.toml` names by their files.
    pub fn component_files(&self) -> impl Iterator<Item = &Path> {
        self.toml.entries.iter().filter_map(|entry| match &entry.source {
            Some(EntrySource::Path(path)) => Some(path.as_path()),
            _ => None,
        })
    }

    /// The required signers that signed a component file.
    fn check_signatures(
        &self,
        entry: Option<&RecipeEntry>,
        path: &Path,
        component: &Component,
    ) -> Result<Vec<Signer>, ComponentError> {
        let Some(wanted) = entry.and_then(|entry| entry.wanted.as_ref()) else { return Ok(Vec::new()) };
        let Some(trusted) = Trusted::of(&wanted.signed_by, &self.toml.keys).map_err(Arc::new)? else {
            return Ok(Vec::new());
        };
        let place = || wanted.place.clone();
        let found = match read_signatures(path, &signature_path(path)) {
            Err(SignatureError::Missing { .. }) => Vec::new(),
            found => found.map_err(|error| ComponentError::Signature { error: Arc::new(error), place: place() })?,
        };
        let verified = trusted.verify_file(path.display().to_string(), &component.digest, &found);
        verified.map_err(|error| ComponentError::Distrusted { error: Box::new(error), place: place() })
    }

    /// The options of other sections to which grants of paths refer, as section and name.
    pub fn granted_options(&self) -> impl Iterator<Item = (String, String)> {
        let grants = self.toml.entries.iter().flat_map(|entry| entry.grant.read.iter().chain(&entry.grant.write));
        grants.flat_map(|template| references(template))
    }

    /// Every directory that `recipes.toml` grants to a recipe for writing, as written.
    pub fn write_grants(&self) -> impl Iterator<Item = &str> {
        let grants = self.toml.entries.iter().map(|entry| &entry.grant).chain([&self.toml.python_recipes]);
        grants.flat_map(|grant| grant.write.iter().map(String::as_str))
    }

    /// References in `recipes.toml` that match none of `used`, but are similar to one of them, which was probably
    /// meant.
    pub fn mistaken<'a>(&'a self, used: &[&'a RecipeReference]) -> Vec<(&'a RecipeReference, &'a str)> {
        let speaks =
            |entry: &RecipeEntry| used.iter().any(|used| self.entry(used).is_some_and(|own| std::ptr::eq(own, entry)));
        let meant = |package: &str| {
            let near = nearest(package, used.iter().map(|used| used.package.as_str()));
            near.filter(|near| *near != package)
        };
        let unused = self.toml.entries.iter().filter(|entry| !speaks(entry));
        unused.filter_map(|entry| Some((&entry.reference, meant(&entry.reference.package)?))).collect()
    }

    /// The entry for exactly this reference, otherwise the one for its package.
    fn entry(&self, reference: &RecipeReference) -> Option<&RecipeEntry> {
        let is_same = |entry: &RecipeEntry| entry.reference.is_of(&reference.package);
        let exact = |entry: &&RecipeEntry| {
            entry.names_entry_point && is_same(entry) && entry.reference.entry_point == reference.entry_point
        };
        let whole = |entry: &&RecipeEntry| !entry.names_entry_point && is_same(entry);
        self.toml.entries.iter().find(exact).or_else(|| self.toml.entries.iter().find(whole))
    }

    /// The restrictions of a command, in one sentence: they cause many failures.
    fn named_built_in(
        &self,
        target: &RecipeReference,
        place: Option<&Place>,
    ) -> Result<FoundEntryPoint, ComponentError> {
        self.load_built_in(&target.package).map(|component| (component, target.entry_point.clone())).ok_or_else(|| {
            let mut hints = vec![format!("Built-in recipes: {}.", built_in_names())];
            let near = nearest(&target.package, built_ins().iter().map(|built_in| built_in.name));
            hints.extend(near.map(did_you_mean));
            let message = format!("There is no built-in recipe {:?}", target.package);
            ComponentError::RecipesToml { message, place: place.cloned(), hints, remedies: Vec::new() }
        })
    }

    /// The component for a reference for which `recipes.toml` has no source.
    fn unlisted(&self, reference: &RecipeReference) -> Result<FoundEntryPoint, ComponentError> {
        if let Some(developed) = self.developed.iter().find(|developed| developed.package == reference.package) {
            let component = self.load(&developed.component, &developed.package, developed.origin())?;
            return Ok((component, reference.entry_point.clone()));
        }
        if let Some(component) = self.load_built_in(&reference.package) {
            return Ok((component, reference.entry_point.clone()));
        }
        let found = of_python_name(reference)
            .and_then(|name| Some((self.load_built_in(name.built_in)?, name.target.to_owned())));
        found.ok_or_else(|| self.unknown(reference))
    }

    fn unknown(&self, reference: &RecipeReference) -> ComponentError {
        let toml = match &self.recipes_toml {
            Some(path) if path.exists() => path.display().to_string(),
            Some(path) => format!("{} (does not exist)", path.display()),
            None => "no recipes.toml".to_owned(),
        };
        let developed: Vec<_> = self.developed.iter().map(|developed| developed.package.as_str()).collect();
        let developed = if developed.is_empty() { "none".to_owned() } else { developed.join(", ") };
        let searched = vec![
            toml,
            format!("developed packages ({developed})"),
            format!("built-in recipes ({})", built_in_names()),
            "names of the Python packages that they replace".to_owned(),
        ];
        let remedy = format!(
            "Write [recipe.{}] with path = \"FILE.wasm\" or builtin = \"NAME\" in recipes.toml next to the configuration \
             file, or name the recipe's project in [buildout] develop.",
            toml_key(&reference.package)
        );
        let nearest = self.nearest(reference);
        ComponentError::Unknown { reference: reference.to_string(), searched, nearest, remedy, further: Vec::new() }
    }

    /// The most similar known reference to an unknown one: a whole reference, otherwise a package.
    fn nearest(&self, reference: &RecipeReference) -> Option<String> {
        let mut known: Vec<String> = self.toml.entries.iter().map(|entry| entry.reference.to_string()).collect();
        known.extend(self.developed.iter().map(|developed| developed.package.clone()));
        known.extend(built_ins().iter().map(|built_in| built_in.name.to_owned()));
        known.extend(python_names());
        let near = |wrong: &str| nearest(wrong, known.iter().map(String::as_str)).map(str::to_owned);
        near(&reference.to_string()).or_else(|| near(&reference.package))
    }

    fn load_built_in(&self, name: &str) -> Option<Arc<Component>> {
        let built_in = built_in(name)?;
        // No file has this path: a file's path here is absolute.
        let key = PathBuf::from(name);
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        Some(Arc::clone(loaded.entry(key).or_insert_with(|| Arc::new(Component::embedded(built_in)))))
    }

    fn load(&self, path: &Path, package: &str, origin: ComponentOrigin) -> Result<Arc<Component>, ComponentError> {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(component) = loaded.get(path) {
            return Ok(Arc::clone(component));
        }
        let component = match &self.cache {
            Some(cache) => Component::recall(path, package, origin, cache)?,
            None => Component::read(path, package, origin)?,
        };
        let component = Arc::new(component);
        loaded.insert(path.to_owned(), Arc::clone(&component));
        Ok(component)
    }
}

fn built_in_names() -> String {
    let names: Vec<_> = built_ins().iter().map(|built_in| built_in.name).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::digest::Digest;
    use base::environment::Environment;
    use base::event::Silent;
    use base::interrupt::Interrupt;
    use base::source::Explain;
    use registry::locking::{ComponentDescription, ConnectionContext, ListedComponent, LockMode, Obtained};

    /// No registry at all.
    struct Nothing;

    impl Describe for Nothing {
        fn describe(
            &self,
            publication: &ListedComponent<'_>,
            _obtained: &Obtained,
        ) -> Result<ComponentDescription, Arc<dyn Explain + Send + Sync>> {
            panic!("{publication:?} is not available")
        }
    }

    fn resolve(resolver: &Resolver, reference: &str) -> Result<Resolved, ComponentError> {
        let access = ConnectionContext {
            environment: Environment::default(),
            report: Arc::new(Silent),
            interrupt: Interrupt::new().unwrap(),
        };
        let locking = Locking::new(Path::new("/nonexistent/recipes.toml"), LockMode::Leave, access);
        resolver.resolve(reference, &locking, &Nothing)
    }

    const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

    /// A buildout's directory with that `recipes.toml`, and `acme.wasm` in it.
    fn resolver(recipes_toml: &str, developed: &[&str]) -> (tempfile::TempDir, Result<Resolver, ComponentError>) {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        std::fs::write(path("recipes.toml"), recipes_toml).unwrap();
        std::fs::write(path("acme.wasm"), COMPONENT).unwrap();
        let developed = developed.iter().map(|name| {
            let file = path(&format!("{name}.wasm"));
            std::fs::write(&file, [COMPONENT, name.as_bytes()].concat()).unwrap();
            DevelopedRecipe { package: (*name).to_owned(), project: path(name), component: file, link: path("link") }
        });
        let developed = developed.collect();
        let resolver = Resolver::new(Some(&path("recipes.toml")), developed);
        (directory, resolver)
    }

    /// The origin and the entry point, abbreviated.
    fn found(resolver: &Resolver, reference: &str) -> String {
        let resolved = resolve(resolver, reference).unwrap();
        let origin = match &resolved.component.origin {
            ComponentOrigin::BuiltIn { name } => format!("built-in {name}"),
            ComponentOrigin::Path(path) => format!("path {}", path.file_name().unwrap().display()),
            ComponentOrigin::Registry { reference, .. } => format!("registry {reference}"),
            ComponentOrigin::Develop { project, .. } => format!("develop {}", project.file_name().unwrap().display()),
            ComponentOrigin::PythonRuntime => "the Python runtime".to_owned(),
        };
        assert_eq!(resolved.built_in, origin.starts_with("built-in"));
        format!("{origin}:{}", resolved.entry_point)
    }

    #[test]
    fn references_resolve_in_the_order_of_the_design() {
        let toml = "[recipe.acme]\npath = \"acme.wasm\"\n[recipe.\"recipes:mkdir\"]\nbuiltin = \"mkdir\"\n\
                    [recipe.debug]\npath = \"acme.wasm\"\n";
        let (_directory, resolver) = resolver(toml, &["recipes", "mkdir", "acme"]);
        let resolver = resolver.unwrap();
        for (reference, expected) in [
            ("acme", "path acme.wasm:default"),
            ("acme:other", "path acme.wasm:other"),
            ("recipes:mkdir", "built-in mkdir:default"),
            ("recipes:other", "develop recipes:other"),
            ("mkdir", "develop mkdir:default"),
            ("debug", "path acme.wasm:default"),
        ] {
            assert_eq!(found(&resolver, reference), expected, "{reference}");
        }
    }

    #[test]
    fn built_ins_have_their_own_names_and_those_of_the_python_world() {
        let resolver = Resolver::new(None, Vec::new()).unwrap();
        assert_eq!(found(&resolver, "mkdir"), "built-in mkdir:default");
        assert_eq!(found(&resolver, "debug"), "built-in debug:default");
        for (python, expected) in [
            ("slapos.recipe.cmmi", "cmmi:default"),
            ("plone.recipe.command", "command:default"),
            ("slapos.recipe.build:download", "download:download"),
            ("slapos.recipe.build:download-unpacked", "download:download-unpacked"),
            ("slapos.recipe.build:mkdirectory", "mkdir:mkdirectory"),
        ] {
            assert_eq!(found(&resolver, python), format!("built-in {expected}"));
        }
        assert!(matches!(resolve(&resolver, "slapos.recipe.build"), Err(ComponentError::Unknown { .. })));
    }

    #[test]
    fn a_built_in_brings_its_compiled_form_and_names_the_signature() {
        let resolver = Resolver::new(None, Vec::new()).unwrap();
        let resolved = resolve(&resolver, "mkdir").unwrap();
        assert!(resolved.component.compiled.is_some());
        assert_eq!(
            resolved.signature(),
            format!("mkdir-{}", Digest::of(&resolved.component.bytes().unwrap()).base64())
        );
    }

    #[test]
    fn an_entry_without_source_only_grants() {
        let toml = "[recipe.recipes]\ngrant = { env = [\"A\"] }\n[recipe.\"recipes:two\"]\ngrant = { env = [\"B\"] }\n";
        let (_directory, resolver) = resolver(toml, &["recipes"]);
        let resolver = resolver.unwrap();
        let granted = |reference: &str| resolve(&resolver, reference).unwrap().grant.env;
        assert_eq!((granted("recipes"), granted("recipes:two")), (vec!["A".to_owned()], vec!["B".to_owned()]));
        assert_eq!(found(&resolver, "recipes:two"), "develop recipes:two");
    }

    #[test]
    fn a_component_is_read_once() {
        let (directory, resolver) = resolver("[recipe.acme]\npath = \"acme.wasm\"\n", &[]);
        let resolver = resolver.unwrap();
        let first = resolve(&resolver, "acme").unwrap();
        std::fs::remove_file(directory.path().join("acme.wasm")).unwrap();
        assert!(Arc::ptr_eq(&first.component, &resolve(&resolver, "acme:x").unwrap().component));
    }

    #[test]
    fn an_unknown_recipe_shows_what_was_searched_what_is_near_and_what_to_write() {
        let (_directory, resolver) = resolver("[recipe.acme]\npath = \"acme.wasm\"\n", &["recipes"]);
        let error = resolve(&resolver.unwrap(), "recipse:mkdir").unwrap_err();
        assert_eq!(error.to_string(), "There is no recipe \"recipse:mkdir\"");
        let hints = error.hints();
        assert!(
            hints[0].contains(
                "recipes.toml; developed packages (recipes); built-in recipes (cmmi, command, debug, download, egg, mkdir, python-build)"
            ),
            "{hints:?}"
        );
        assert_eq!(hints[1], "Did you mean `recipes`?");
        assert!(hints[2].starts_with("Write [recipe.recipse] with path = "), "{hints:?}");
    }

    #[test]
    fn an_unknown_built_in_is_shown_where_it_is_written() {
        let (_directory, resolver) = resolver("[recipe.a]\nbuiltin = \"mkdri\"\n", &[]);
        let error = resolve(&resolver.unwrap(), "a").unwrap_err();
        assert_eq!(error.to_string(), "There is no built-in recipe \"mkdri\"");
        assert!(error.place().unwrap().to_string().ends_with("recipes.toml:2:11"));
        assert_eq!(
            error.hints(),
            ["Built-in recipes: cmmi, command, debug, download, egg, mkdir, python-build.", "Did you mean `mkdir`?"]
        );
    }
}
