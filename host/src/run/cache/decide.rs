//! What decides a part: its recipe, what the recipe lists as inputs, its options, the parts that it references, the environment
//! of its commands, and the system. A fact that cannot be determined is a reason not to cache the part.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use base::digest::Digest;
use config::facts::directories_of_python;
use config::options::Buildout;
use confine::ConfinementLevel;
use recipe::{PartInput, PartInputs, Runtime};
use remote::{TreeLimits, TreeNode, capture};

use super::super::view::ResolvedBuildout;
use super::facts::{LOCATION, OF_THE_ENVIRONMENT, PART, PLATFORM, PROGRAM, PartFacts, Placeholders};
use super::platform::{SystemFiles, digest_of_file};
use super::trees::PathTree;

/// The option of a part that is made as without a cache if it is `false`.
const OPT_OUT: &str = "remote-cache";

/// The variables that each command gets, with values that are not secret.
pub(super) const PUBLIC_VARIABLES: [&str; 3] = ["LANG", "PATH", "TERM"];

/// What decides a part.
pub(super) struct Decision {
    pub(super) facts: PartFacts,
    /// The recipe's component.
    pub(super) recipe: (Digest, u64),
    /// The trees of the parts that it references, by name.
    pub(super) trees: BTreeMap<String, Vec<PathTree>>,
    /// The environment of its commands.
    pub(super) environment: BTreeMap<String, String>,
    pub(super) placeholders: Placeholders,
    pub(super) location: PathBuf,
    /// All that its commands may see of the buildout.
    pub(super) visible: Vec<PathBuf>,
}

/// Where facts come from.
pub(super) struct Sources<'a> {
    pub(super) view: &'a ResolvedBuildout,
    pub(super) system: &'a SystemFiles,
    /// What the user adds to the platform.
    pub(super) platform: &'a BTreeMap<String, String>,
    /// The trees of a part.
    pub(super) trees: &'a dyn Fn(&str) -> Result<Vec<PathTree>, String>,
}

impl Sources<'_> {
    /// What decides a part, or why that cannot be said.
    pub(super) fn decide(&self, part: &str) -> Result<Decision, String> {
        let view = self.view;
        let runtime = view.recipes.runtime().map_err(|error| error.to_string())?;
        let level = view.context.settings.native.level;
        if view.buildout.get(part, OPT_OUT).ok().flatten().is_some_and(|value| value.trim() == "false") {
            return Err(format!("its section has {OPT_OUT} = false"));
        }
        if level == ConfinementLevel::None {
            return Err("its commands are not confined (--sandbox=none), and could read anything".to_owned());
        }
        let resolved = view.recipes.of_part(part).ok_or("its recipe is not known")?;
        let inputs = runtime.inputs(part).map_err(|error| error.to_string())??;
        let location = runtime.location(part).ok_or("it shares its location with others")?;
        let placeholders = self.placeholders(&location)?;
        let set = view.buildout.get(part, "location").ok().flatten();
        if set.is_some_and(|set| Path::new(&set) != location) {
            return Err("other buildouts share its location".to_owned());
        }
        let environment: BTreeMap<String, String> = runtime.command_environment(part).into_iter().collect();
        let recipe = (resolved.component.digest, resolved.component.size());
        let facts = PartFacts::default();
        let (trees, visible) = Default::default();
        let mut decision = Decision { facts, recipe, trees, environment, placeholders, location, visible };
        decision.facts.add("recipe", format!("sha256:{} {}", recipe.0, resolved.entry_point));
        self.inputs(&mut decision, &inputs)?;
        // Before the options: a recipe may record variables in one, and the first difference is the one that is shown.
        environment_of_commands(&mut decision);
        self.options(&mut decision, part, &inputs)?;
        self.references(&mut decision, part, runtime)?;
        self.system(&mut decision, &inputs, level);
        let place = decision.placeholders.paths().collect::<Vec<_>>().join(" ");
        decision.facts.add(LOCATION, place);
        Ok(decision)
    }

    /// Checks that the files that decide the part are still those that its key was made of: what is built from a file that is
    /// edited meanwhile must not be stored under the key of the old one.
    pub(super) fn check_unchanged(&self, part: &str, known: &Decision) -> Result<(), String> {
        let runtime = self.view.recipes.runtime().map_err(|error| error.to_string())?;
        let inputs = runtime.inputs(part).map_err(|error| error.to_string())??;
        let mut now = known.without_facts();
        self.inputs(&mut now, &inputs)?;
        match now.facts.first_not_in(&known.facts) {
            Some(name) => Err(format!("{name} changed while it was built")),
            None => Ok(()),
        }
    }

    fn placeholders(&self, location: &Path) -> Result<Placeholders, String> {
        let locations = self.view.locations().map_err(|error| error.message())?;
        let text = |path: &Path| path.to_str().map(str::to_owned).ok_or("its path is not UTF-8");
        let mut paths = vec![("location", text(location)?)];
        for (name, path) in [("parts", &locations.parts), ("buildout", &locations.directory)] {
            paths.push((name, text(path)?));
        }
        // What a path says after its links are followed.
        if let Some(real) = locations.directory.canonicalize().ok().filter(|real| *real != locations.directory) {
            paths.push(("buildout", text(&real)?));
        }
        Ok(Placeholders::new(paths))
    }

    /// The inputs that the recipe lists.
    fn inputs(&self, decision: &mut Decision, inputs: &PartInputs) -> Result<(), String> {
        for (number, input) in inputs.inputs.iter().enumerate() {
            match input {
                PartInput::Source { url, digests } => {
                    let name = format!("source {} {}", number + 1, file_name(url));
                    decision.facts.add(name, self.source(url, digests)?);
                }
                PartInput::File(path) => {
                    let path = self.path(path);
                    // Another part of the same run may have written it, so no digest is remembered.
                    let digest = digest_of_file(&path).ok_or(format!("{} cannot be read", path.display()))?;
                    decision.add_path("file", &path, &digest)?;
                }
                PartInput::Directory(path) => {
                    let path = self.path(path);
                    let interrupt = &self.view.context.settings.native.interrupt;
                    let tree = capture(&path, &TreeLimits::default(), interrupt).map_err(|error| error.to_string())?;
                    decision.add_path("directory", &path, &shown(&tree.node.by_digest()))?;
                }
                PartInput::Value(name, value) => decision.add(name, value)?,
                PartInput::Program(_) => {}
            }
        }
        Ok(())
    }

    /// The digests of a file to download; a file of this machine needs none.
    fn source(&self, url: &str, digests: &[(&str, String)]) -> Result<String, String> {
        if !digests.is_empty() {
            return Ok(digests.iter().map(|(name, value)| format!("{name}:{value}")).collect::<Vec<_>>().join(" "));
        }
        let path = match url.split_once("://") {
            Some(("file", path)) => path.to_owned(),
            Some(_) => return Err(format!("its source {} has no digest", file_name(url))),
            None => url.to_owned(),
        };
        let path = self.path(&path);
        digest_of_file(&path).ok_or(format!("its source {} cannot be read", path.display()))
    }

    fn path(&self, path: &str) -> PathBuf {
        let directory = self.view.buildout.get("buildout", "directory").ok().flatten().unwrap_or_default();
        Path::new(&directory).join(path)
    }

    /// The options of the part that matter.
    fn options(&self, decision: &mut Decision, part: &str, inputs: &PartInputs) -> Result<(), String> {
        let options: BTreeMap<_, _> = self.view.buildout.snapshot(part).into_iter().collect();
        for (name, value) in options {
            if !inputs.indifferent_options.iter().any(|indifferent| **indifferent == *name) {
                decision.add(&format!("option {name}"), &state::conceal(&value))?;
            }
        }
        Ok(())
    }

    /// The parts that it references, directly and through others: its commands see them.
    fn references(&self, decision: &mut Decision, part: &str, runtime: &Runtime) -> Result<(), String> {
        let parts: BTreeSet<String> = self.view.buildout.parts().into_iter().collect();
        for reference in closure(&self.view.buildout, part).into_iter().filter(|section| parts.contains(section)) {
            let is_python = self.view.recipes.of_part(&reference).is_some_and(|recipe| recipe.program.is_some());
            if is_python || runtime.uses_distributions(&reference) {
                return Err(format!("it references part {reference}, which uses Python distributions"));
            }
            let trees = (self.trees)(&reference)?;
            for (path, tree) in &trees {
                let text = path.to_str().ok_or("a path of an input is not UTF-8")?;
                let name = if trees.len() == 1 { String::new() } else { format!(" {}", file_name(text)) };
                decision.add(&format!("{PART} {reference}{name}"), &format!("{text} {}", shown(tree)))?;
                decision.visible.push(path.clone());
            }
            decision.trees.insert(reference, trees);
        }
        Ok(())
    }

    /// The programs and the platform.
    fn system(&self, decision: &mut Decision, inputs: &PartInputs, level: ConfinementLevel) {
        let search_path = decision.environment.get("PATH").cloned().unwrap_or_default();
        let mut programs: BTreeSet<String> = inputs.inputs.iter().filter_map(program).collect();
        let python = self.view.executable().ok();
        let facts = decision.facts.text(true);
        let is_in_environment = |python: &str| decision.environment.values().any(|value| value.contains(python));
        let is_used = |python: &&String| facts.contains(python.as_str()) || is_in_environment(python);
        programs.extend(python.iter().filter(is_used).cloned());
        for program in programs {
            decision.facts.add(format!("{PROGRAM} {program}"), self.system.program(&program, &search_path));
            let path = PathBuf::from(&program);
            if path.is_absolute() && !confine::is_of_system(&path) && path.exists() {
                if python.as_ref() == Some(&program) {
                    decision.visible.extend(self.directories_of_python(&path));
                }
                decision.visible.push(path);
            }
        }
        decision.facts.add("processor", std::env::consts::ARCH);
        decision.facts.add("C library", self.system.c_library(Path::new("/bin/sh")));
        decision.facts.add("sandbox", level.name());
        for (name, value) in self.platform {
            decision.facts.add(format!("{PLATFORM} {name}"), value);
        }
    }

    /// Where the buildout's Python is installed: it does not start without its library.
    fn directories_of_python(&self, python: &Path) -> Vec<PathBuf> {
        let Ok(locations) = self.view.locations() else { return Vec::new() };
        let found = directories_of_python(python, &locations.directory, &locations.kept);
        found.into_iter().filter(|path| !confine::is_of_system(path)).collect()
    }
}

impl Decision {
    /// The same place, of which nothing is known.
    fn without_facts(&self) -> Self {
        let (facts, trees, environment, visible) = Default::default();
        let (placeholders, location) = (self.placeholders.clone(), self.location.clone());
        Self { facts, recipe: self.recipe, trees, environment, placeholders, location, visible }
    }

    fn add(&mut self, name: &str, value: &str) -> Result<(), String> {
        let value = self.placeholders.apply(value).ok_or(format!("{name} contains a control character"))?;
        self.facts.add(name, value);
        Ok(())
    }

    /// A path that commands see, and its content.
    fn add_path(&mut self, what: &str, path: &Path, content: &str) -> Result<(), String> {
        let text = path.to_str().ok_or("a path of an input is not UTF-8")?;
        self.add(&format!("{what} {}", file_name(text)), &format!("{text} {content}"))?;
        self.visible.push(path.to_owned());
        Ok(())
    }
}

fn environment_of_commands(decision: &mut Decision) {
    for (name, value) in decision.environment.clone() {
        // Users may grant a variable with a secret, and facts are kept and shown.
        let is_public = PUBLIC_VARIABLES.contains(&name.as_str());
        let value = if is_public { value } else { format!("sha256:{}", Digest::of(value.as_bytes())) };
        decision.facts.add(format!("variable {name}{OF_THE_ENVIRONMENT}"), value);
    }
}

/// The sections that a section references, directly and through others.
pub(super) fn closure(buildout: &Buildout, part: &str) -> BTreeSet<String> {
    let (mut seen, mut left) = (BTreeSet::new(), vec![part.to_owned()]);
    while let Some(section) = left.pop() {
        left.extend(buildout.dependencies(&section).into_iter().filter(|target| seen.insert(target.clone())));
    }
    seen.remove(part);
    seen
}

fn program(input: &PartInput) -> Option<String> {
    match input {
        PartInput::Program(program) => Some(program.clone()),
        _ => None,
    }
}

/// The last name of a path or URL, without a query, which may hold a secret.
fn file_name(url: &str) -> &str {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    path.trim_end_matches('/').rsplit('/').next().unwrap_or_default()
}

fn shown(tree: &TreeNode) -> String {
    match tree {
        TreeNode::Subtree(digest) => format!("directory sha256:{digest}"),
        TreeNode::File { digest, executable } => format!("file sha256:{digest} {executable}"),
        TreeNode::Link { target } => format!("link {target}"),
        TreeNode::Directory(_) => shown(&tree.by_digest()),
    }
}

#[cfg(test)]
mod tests {
    use super::file_name;

    #[test]
    fn the_name_of_a_source_has_no_secret() {
        assert_eq!(file_name("https://user:x@host/a/zlib-1.tar.gz?token=abc#f"), "zlib-1.tar.gz");
        assert_eq!((file_name("a/b/"), file_name("")), ("b", ""));
    }
}
