//! The cache in a run: before a part is installed it is looked up, and fetched or built; what was built is stored.
//!
//! The cache never fails a run, unless the user requires it: what goes wrong is a reason to build, or not to store.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::OnceLock;

use base::event::{Event, Level};
use base::remedy::Remedy;
use base::source::{Explain, size};
use recipe::{PlaceOutcome, Runtime};
use remote::{
    ActionOutputs, BlobStore, BlobStoreError, CacheHit, CacheLookup, CapturedOutputs, CapturedTree, HitOrigin,
    LinkPolicy, MaterializeError, RemoteExecution, ResultCache, TreeLimits, TreeNode, capture, materialize,
};

use super::super::context::RunContext;
use super::super::execute::step::StepOutcome;
use super::super::view::ResolvedBuildout;
use super::decide::Sources;
use super::elsewhere::{MadeElsewhere, PartExecutor};
use super::key::{OUTPUT, PartKey};
use super::known::KnownParts;
use super::missed::PartMiss;
use super::platform::SystemFiles;
use super::prefix;
use super::settings::CacheSettings;
use super::trees::{PartTrees, PathTree};
use crate::error::RunError;

/// The cache of a run, opened when the first part is installed.
pub(in crate::run) type OpenCache = OnceLock<Option<PartCache>>;

/// The cache of a run.
pub(in crate::run) struct PartCache {
    pub(super) results: ResultCache,
    settings: CacheSettings,
    system: SystemFiles,
    pub(super) trees: PartTrees,
    pub(super) known: KnownParts,
    executor: PartExecutor,
}

/// What users should know when a build fails.
const ISOLATED: &str = "Because parts are cached, its commands saw only what decides this part: its sources and the parts \
                        that it references. If they need another file of the buildout, set remote-cache = false in its section.";

/// The same of a build on another machine.
const ELSEWHERE: &str = "It was built by the remote executor, and its build directory is gone. With remote-cache = false in its \
                         section, it is built here.";

/// A part that had to come from the cache.
#[derive(Debug, thiserror::Error)]
#[error("Part {part} cannot be taken from the cache{why}")]
struct NotFromCache {
    part: String,
    why: PartMiss,
}

impl Explain for NotFromCache {
    fn remedies(&self) -> Vec<Remedy> {
        vec![Remedy::AllowBuilds]
    }
}

/// A part that was looked for.
enum SoughtPart<T> {
    Placed(T),
    Missed(PartMiss),
}

impl PartCache {
    /// The cache of the run; `None` without one.
    pub(in crate::run) fn of(view: &ResolvedBuildout) -> Result<Option<&Self>, RunError> {
        let context = &view.context;
        if let Some(open) = context.cache.get() {
            return Ok(open.as_ref());
        }
        let settings = CacheSettings::of(context, &view.buildout)?;
        let opened = settings.map(|settings| Self::open(context, settings)).transpose()?;
        Ok(context.cache.get_or_init(|| opened).as_ref())
    }

    fn open(context: &RunContext, settings: CacheSettings) -> Result<Self, RunError> {
        let store = BlobStore::open(&settings.directory.join("store"), settings.capacity).or_else(|error| {
            context.log(Level::Warning, &format!("{error}. Parts are not kept on this machine."));
            BlobStore::temporary()
        });
        let store = store.map_err(NoPartStore)?;
        let (server, executor) = (settings.server.clone(), settings.executor.clone());
        let results = ResultCache::new(store, server, executor, &context.settings.native.interrupt);
        let known = KnownParts::new(settings.directory.join("known"));
        let (system, trees, executor) = Default::default();
        Ok(Self { results, settings, system, trees, known, executor })
    }

    /// Installs a part: from the cache, or with its recipe.
    pub(in crate::run) fn install(&self, view: &ResolvedBuildout, part: &str) -> Result<StepOutcome, RunError> {
        let runtime = view.recipes.runtime()?;
        let tally = &view.context.tally;
        self.trees.forget(part);
        if !runtime.is_cacheable(part) {
            tally.built();
            return Ok(runtime.install(part).map(Some));
        }
        let key = match self.key(view, part, &|reference| self.trees.of(view, reference)) {
            Ok(key) => key,
            Err(why) => {
                let why = PartMiss::Because(format!("it is not cached: {why}"));
                log(view, part, Level::Info, &format!("Not from the cache{why}"));
                tally.built_uncached(part);
                return Ok(runtime.install(part).map(Some));
            }
        };
        self.executor.forget(&key);
        let sought = self.fetch(view, part, &key)?;
        self.report_warnings(view);
        let why = match sought {
            SoughtPart::Placed(paths) => return Ok(Ok(Some(paths))),
            SoughtPart::Missed(why) => why,
        };
        view.context.check_interrupt()?;
        if self.settings.require {
            return Err(NotFromCache { part: part.to_owned(), why }.into());
        }
        if let Some(paths) = self.make_elsewhere(view, part, &key, &why)? {
            return Ok(Ok(Some(paths)));
        }
        runtime.isolate(part, key.decision.visible.clone());
        let outcome = runtime.install(part);
        tally.built();
        match &outcome {
            Ok(paths) => {
                if let Err(why) = self.record(view, part, &key, paths) {
                    log(view, part, Level::Info, &format!("Not stored in the cache: {why}"));
                }
                self.report_warnings(view);
            }
            Err(_) => log(view, part, Level::Info, ISOLATED),
        }
        Ok(outcome.map(Some))
    }

    /// The key of a part, or why it has none.
    pub(super) fn key(
        &self,
        view: &ResolvedBuildout,
        part: &str,
        trees: &dyn Fn(&str) -> Result<Vec<PathTree>, String>,
    ) -> Result<PartKey, String> {
        PartKey::new(part, self.sources(view, trees).decide(part)?)
    }

    fn sources<'a>(
        &'a self,
        view: &'a ResolvedBuildout,
        trees: &'a dyn Fn(&str) -> Result<Vec<PathTree>, String>,
    ) -> Sources<'a> {
        Sources { view, system: &self.system, platform: &self.settings.platform, trees }
    }

    /// Looks a part up, with its location and then without, and puts it in its place.
    fn fetch(&self, view: &ResolvedBuildout, part: &str, key: &PartKey) -> Result<SoughtPart<Vec<String>>, RunError> {
        let mut why = None;
        for action in [&key.located, &key.free] {
            match self.results.lookup(action) {
                CacheLookup::Hit(hit) => match self.place_found(view, part, key, &hit)? {
                    SoughtPart::Placed(paths) => return Ok(SoughtPart::Placed(paths)),
                    SoughtPart::Missed(reason) => why = Some(reason),
                },
                CacheLookup::Miss(reason) => why = PartMiss::of_lookup(&reason).or(why),
            }
        }
        Ok(SoughtPart::Missed(why.unwrap_or_else(|| self.known.explain(part, &key.decision.facts))))
    }

    /// Has a part made by the executor, if there is one. `None`: it has to be made here.
    fn make_elsewhere(
        &self,
        view: &ResolvedBuildout,
        part: &str,
        key: &PartKey,
        why: &PartMiss,
    ) -> Result<Option<Vec<String>>, RunError> {
        let missed = || log(view, part, Level::Info, &format!("Not from the cache{why}"));
        if self.settings.executor.is_none() {
            missed();
            return Ok(None);
        }
        let made = self.executor.make(view, &self.results, &self.settings.platform, part, key);
        // What the executor had already made is as good as cached.
        if !matches!(&made, MadeElsewhere::Made { execution, .. } if execution.cached) {
            missed();
        }
        self.report_warnings(view);
        view.context.check_interrupt()?;
        let (execution, node) = match made {
            MadeElsewhere::Made { execution, node } => (execution, node),
            MadeElsewhere::Failed(failure) => {
                log(view, part, Level::Info, ISOLATED);
                log(view, part, Level::Info, ELSEWHERE);
                return Err(failure.into());
            }
            MadeElsewhere::Not => return Ok(None),
        };
        match self.place(view, part, key, (&execution.hit, &node))? {
            SoughtPart::Placed((paths, transferred)) => {
                self.report_made(view, part, &execution, &node, transferred);
                // Under the key that those look up who have no executor.
                if let Err(why) = self.record(view, part, key, &paths) {
                    log(view, part, Level::Info, &format!("Not stored in the cache: {why}"));
                }
                self.report_warnings(view);
                Ok(Some(paths))
            }
            SoughtPart::Missed(why) => {
                log(view, part, Level::Warning, &format!("The remote executor's result was not used{why}"));
                Ok(None)
            }
        }
    }

    fn report_made(
        &self,
        view: &ResolvedBuildout,
        part: &str,
        execution: &RemoteExecution,
        node: &TreeNode,
        sent: u64,
    ) {
        let (files, bytes) = node.extent();
        let plural = if files == 1 { "" } else { "s" };
        let made = format!("{files} file{plural}, {}", size(bytes));
        let transferred = format!("{} transferred", size(sent));
        let message = if execution.cached {
            view.context.tally.fetched(part, bytes);
            format!("Fetched {made}, from the remote executor ({transferred})")
        } else {
            view.context.tally.built_there(part);
            if let Some(took) = execution.elapsed {
                log(view, part, Level::Debug, &format!("The worker took {:.1} s", took.as_secs_f64()));
            }
            let on = if execution.worker.is_empty() { "" } else { " on " };
            format!("Built by the remote executor{on}{}: {made} ({transferred})", execution.worker)
        };
        log(view, part, Level::Info, &message);
    }

    /// Fetches a part that was found, and puts it in its place.
    fn place_found(
        &self,
        view: &ResolvedBuildout,
        part: &str,
        key: &PartKey,
        hit: &CacheHit,
    ) -> Result<SoughtPart<Vec<String>>, RunError> {
        let Some(node) = hit.outputs.paths.get(OUTPUT) else {
            return Ok(SoughtPart::Missed(PartMiss::Because("it is empty".to_owned())));
        };
        Ok(match self.place(view, part, key, (hit, node))? {
            SoughtPart::Placed((paths, transferred)) => {
                self.report_fetched(view, part, key, hit, transferred);
                SoughtPart::Placed(paths)
            }
            SoughtPart::Missed(why) => SoughtPart::Missed(why),
        })
    }

    /// Fetches a part, and puts it in its place. Returns its paths and the number of bytes that were transferred.
    fn place(
        &self,
        view: &ResolvedBuildout,
        part: &str,
        key: &PartKey,
        (hit, node): (&CacheHit, &TreeNode),
    ) -> Result<SoughtPart<(Vec<String>, u64)>, RunError> {
        view.context.report.report(Event::PartActivity { part, activity: "fetch" });
        let transferred = match self.results.fetch(hit) {
            Ok(bytes) => bytes,
            Err(reason) => {
                let why = PartMiss::of_lookup(&reason).unwrap_or_else(|| PartMiss::Because(reason.to_string()));
                return Ok(SoughtPart::Missed(why));
            }
        };
        let accepts = |target: &str| key.accepts_link(target);
        let interrupt = &view.context.settings.native.interrupt;
        let put = |location: &Path| {
            materialize(node, self.results.store(), location, LinkPolicy::Outside(&accepts), interrupt)?.place()
        };
        Ok(match view.recipes.runtime()?.place(part, put)? {
            PlaceOutcome::Placed(paths) => {
                self.trees.set(part, key.decision.location.clone(), node);
                SoughtPart::Placed((paths, transferred))
            }
            PlaceOutcome::Failed(error) => {
                if matches!(error, MaterializeError::Blob { .. } | MaterializeError::Hostile { .. }) {
                    self.results.forget(&hit.key);
                }
                SoughtPart::Missed(PartMiss::Because(error.to_string()))
            }
            PlaceOutcome::Refused(why) => SoughtPart::Missed(PartMiss::Because(why)),
        })
    }

    fn report_fetched(&self, view: &ResolvedBuildout, part: &str, key: &PartKey, hit: &CacheHit, transferred: u64) {
        let (files, bytes) = hit.outputs.extent();
        view.context.tally.fetched(part, bytes);
        self.known.remember(part, &key.decision.facts);
        let plural = if files == 1 { "" } else { "s" };
        let from = match hit.origin {
            HitOrigin::Local => "the local cache".to_owned(),
            HitOrigin::Remote => format!("the remote cache ({} transferred)", size(transferred)),
        };
        let message = format!("Fetched {files} file{plural}, {}, from {from}", size(bytes));
        log(view, part, Level::Info, &message);
        if hit.origin == HitOrigin::Local {
            self.offer(view, part, key);
        }
    }

    /// Stores a part of this machine on the server, if it is not there: it was made before that was asked for.
    fn offer(&self, view: &ResolvedBuildout, part: &str, key: &PartKey) {
        let offered = [&key.located, &key.free].map(|action| self.results.offer(action));
        if offered.contains(&true) {
            view.context.tally.stored(part);
            log(view, part, Level::Debug, "Stored in the remote cache");
        }
    }

    /// Stores what was built.
    fn record(&self, view: &ResolvedBuildout, part: &str, key: &PartKey, paths: &[String]) -> Result<(), String> {
        let location = &key.decision.location;
        let directory = view.locations().map_err(|error| error.message())?.directory.clone();
        if !matches!(paths, [path] if directory.join(path) == *location) {
            return Err("it made paths that are not in its location".to_owned());
        }
        let interrupt = &view.context.settings.native.interrupt;
        view.context.report.report(Event::PartActivity { part, activity: "store" });
        self.sources(view, &|reference| self.trees.of(view, reference)).check_unchanged(part, &key.decision)?;
        let tree = capture(location, &TreeLimits::default(), interrupt).map_err(|error| error.to_string())?;
        self.trees.set(part, location.clone(), &tree.node);
        LinkPolicy::Outside(&|target| key.accepts_link(target)).check(&tree.node).map_err(|error| error.to_string())?;
        let prefixes: Vec<&str> = key.decision.placeholders.paths().collect();
        let found = prefix::find(&tree, &prefixes);
        let CapturedTree { node, files } = tree;
        let outputs = ActionOutputs { paths: BTreeMap::from([(OUTPUT.to_owned(), node)]) };
        let captured = CapturedOutputs { outputs, files };
        let recorded = self.results.record(&key.located, &captured);
        if !recorded.local && !recorded.remote {
            // There is a warning, or the run is interrupted.
            return Ok(());
        }
        if found.is_none() {
            self.results.record(&key.free, &captured);
        }
        self.known.remember(part, &key.decision.facts);
        let place = if recorded.remote { "in the remote cache" } else { "on this machine" };
        if recorded.remote {
            view.context.tally.stored(part);
        }
        let reach = found.map_or_else(String::new, |file| {
            let file = Path::new(&file).strip_prefix(location).unwrap_or(Path::new(&file)).display();
            format!("; only for this path, because {file} contains it")
        });
        log(view, part, Level::Debug, &format!("Stored {place}{reach}"));
        Ok(())
    }

    pub(super) fn report_warnings(&self, view: &ResolvedBuildout) {
        for warning in self.results.take_warnings() {
            // What is not in the cache is not made here if it must come from there.
            let text = if self.settings.require { warning.message } else { warning.to_string() };
            view.context.log(Level::Warning, &text);
        }
    }
}

/// No store can be opened at all.
#[derive(Debug, thiserror::Error)]
#[error("The local cache cannot be used: {0}")]
struct NoPartStore(BlobStoreError);

impl Explain for NoPartStore {}

fn log(view: &ResolvedBuildout, part: &str, level: Level, message: &str) {
    view.context.report.report(Event::Log { logger: part, level, message });
}

/// Checks the settings of the cache, before anything is made: a run that uses no cache after all has them checked, too.
pub(in crate::run) fn check_settings(view: &ResolvedBuildout) -> Result<(), RunError> {
    CacheSettings::of(&view.context, &view.buildout).map(drop)
}

/// Installs a part: with the cache if there is one.
pub(in crate::run) fn install(view: &ResolvedBuildout, part: &str) -> Result<StepOutcome, RunError> {
    let runtime: &Runtime = view.recipes.runtime()?;
    match PartCache::of(view)? {
        Some(cache) => cache.install(view, part),
        None => Ok(runtime.install(part).map(Some)),
    }
}
