//! The action of a part that another machine makes: more inputs than its key in the cache has, which also changes its digest.
//! (docs/decisions/163-two-actions.md)

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use recipe::PartInput;
use recipe::component::Resolved;
use remote::{ActionDescription, BlobDigest, EncodedAction, InputRoot};

use super::super::super::view::ResolvedBuildout;
use super::super::decide::Decision;
use super::inputs::{CapturedPaths, InputLayout, Inputs};
use super::order::{FILES, INPUTS, MakeOrder, SOURCES, SectionValues};

/// This program in the input root. (A worker may have directories of its system at `bin` and `lib`.)
const PROGRAM: &str = "make/buildout-host";

/// The options of `[buildout]` that a worker needs. Others may hold secrets, or name what is not there.
const BUILDOUT_OPTIONS: [&str; 7] = [
    "directory",
    "parts-directory",
    "bin-directory",
    "eggs-directory",
    "develop-eggs-directory",
    "rebootstrap-directory",
    "executable",
];

/// An action, and where its inputs are on this machine.
pub(super) struct PartAction {
    pub(super) action: EncodedAction,
    pub(super) files: BTreeMap<BlobDigest, PathBuf>,
    /// The path of the part in its result.
    pub(super) output: String,
}

/// What an action is made of.
pub(super) struct ActionSource<'a> {
    pub(super) view: &'a ResolvedBuildout,
    pub(super) captured: &'a CapturedPaths,
    pub(super) platform: &'a BTreeMap<String, String>,
    pub(super) part: &'a str,
    pub(super) decision: &'a Decision,
}

impl ActionSource<'_> {
    /// The action; or why the part has to be made here.
    pub(super) fn action(&self) -> Result<PartAction, String> {
        let decision = self.decision;
        let recipe = self.view.recipes.of_part(self.part).ok_or("its recipe is not known")?;
        if recipe.program.is_some() {
            return Err("its recipe is in Python".to_owned());
        }
        let locations = self.view.locations().map_err(|error| error.message())?;
        let layout = InputLayout::new(&locations.directory, &decision.location);
        let (root, files) = (InputRoot::default(), BTreeMap::new());
        let mut inputs = Inputs { view: self.view, captured: self.captured, layout, root, files };
        inputs.add_program(PROGRAM)?;
        let local = inputs.add_sources(self.part, &self.inputs()?)?;
        inputs.add_visible(&[decision.visible.as_slice(), &local].concat())?;
        let output = inputs.layout.place(&decision.location)?;
        let order = self.order(inputs.layout.paths.clone())?;
        inputs.add_text(&MakeOrder::path(), serde_json::to_string(&order).map_err(|error| error.to_string())?)?;
        inputs.add_text(&format!("{FILES}/buildout.cfg"), "[buildout]\n")?;
        add_recipe(&mut inputs, &recipe)?;
        let Inputs { root, files, .. } = inputs;
        let action = ActionDescription {
            arguments: [PROGRAM, "make-part"].map(str::to_owned).to_vec(),
            environment: decision.environment.clone(),
            platform: self.platform(),
            outputs: BTreeSet::from([output.clone()]),
            inputs: root,
            ..ActionDescription::default()
        };
        Ok(PartAction { action: action.encode(), files, output })
    }

    fn inputs(&self) -> Result<Vec<PartInput>, String> {
        let runtime = self.view.recipes.runtime().map_err(|error| error.to_string())?;
        Ok(runtime.inputs(self.part).map_err(|error| error.to_string())??.inputs)
    }

    /// Names and values as the protocol's list of platform properties has them.
    fn platform(&self) -> BTreeMap<String, String> {
        let processor = match std::env::consts::ARCH {
            "x86_64" => "x86-64",
            "aarch64" => "arm-a64",
            other => other,
        };
        let usual = [("ISA", processor), ("OSFamily", std::env::consts::OS)];
        let usual = usual.map(|(name, value)| (name.to_owned(), value.to_owned()));
        usual.into_iter().chain(self.platform.clone()).collect()
    }

    fn order(&self, paths: Vec<(String, PathBuf)>) -> Result<MakeOrder, String> {
        let Decision { facts, location, visible, .. } = self.decision;
        let runtime = self.view.recipes.runtime().map_err(|error| error.to_string())?;
        Ok(MakeOrder {
            part: self.part.to_owned(),
            level: self.view.context.settings.native.level,
            paths,
            log: runtime.log_path(self.part).unwrap_or_default(),
            location: location.clone(),
            sections: self.sections()?,
            visible: visible.clone(),
            facts: facts.clone(),
        })
    }

    /// The sections that the part can read, with values instead of references and without credentials.
    fn sections(&self) -> Result<Vec<SectionValues>, String> {
        let buildout = &self.view.buildout;
        let mut sections = vec![("buildout".to_owned(), self.of_buildout()?)];
        for section in super::super::decide::closure(buildout, self.part) {
            if section != "buildout" {
                // Without its recipe: what it made is there already.
                let options = values(self.view, &section).into_iter().filter(|(name, _)| name != "recipe");
                sections.push((section, options.collect()));
            }
        }
        // What the recipe has set, it sets again.
        let written = buildout.written(self.part).map_err(|error| error.to_string())?;
        let options = values(self.view, self.part).into_iter().filter(|(name, _)| written.contains_key(name.as_str()));
        sections.push((self.part.to_owned(), options.collect()));
        Ok(sections)
    }

    fn of_buildout(&self) -> Result<Vec<(String, String)>, String> {
        let mut options = vec![
            ("download-cache".to_owned(), format!("{INPUTS}/{FILES}/{SOURCES}")),
            ("offline".to_owned(), "true".to_owned()),
        ];
        for name in BUILDOUT_OPTIONS {
            let value = self.view.buildout.get("buildout", name).map_err(|error| error.to_string())?;
            options.extend(value.map(|value| (name.to_owned(), value)));
        }
        Ok(options)
    }
}

/// Adds the recipe, unless this program has it under the name that the configuration has.
fn add_recipe(inputs: &mut Inputs<'_>, recipe: &Resolved) -> Result<(), String> {
    let Resolved { reference, component, entry_point, grant, built_in, .. } = recipe;
    let quoted = |text: &str| toml_edit::Value::from(text).to_string();
    let source = if *built_in {
        format!("builtin = {}", quoted(&format!("{}:{entry_point}", component.package)))
    } else {
        let name = format!("{}.wasm", component.digest);
        let bytes = component.bytes().map_err(|error| error.to_string())?;
        inputs.add_text(&format!("{FILES}/{name}"), bytes.to_vec())?;
        format!("path = {}", quoted(&name))
    };
    if *built_in && reference.package == component.package && grant.to_string().is_empty() {
        return Ok(());
    }
    let entry = format!("[recipe.{}]\n{source}\ngrant = {{ {grant} }}\n", quoted(&reference.to_string()));
    inputs.add_text(&format!("{FILES}/recipes.toml"), entry)
}

/// The options of a section, without those that only the configuration's syntax has.
fn values(view: &ResolvedBuildout, section: &str) -> Vec<(String, String)> {
    let options = view.buildout.snapshot(section);
    let options = options.iter().filter(|(name, _)| !name.starts_with('<'));
    options.map(|(name, value)| (name.to_string(), state::conceal(value))).collect()
}
