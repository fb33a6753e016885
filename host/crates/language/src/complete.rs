//! What can be written at a place.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use config::parse::{WrittenOption, WrittenSection};

use crate::analysis::Analysis;
use crate::hover::of_recipe;
use crate::macros::bare;
use crate::outlines::EXTENDING;
use crate::symbol::names_sections;

/// One thing that can be written.
#[derive(Clone, Debug)]
pub struct Completion {
    /// What is written.
    pub text: String,
    /// What it is.
    pub kind: CompletionKind,
    /// A few words about it.
    pub detail: String,
    /// What it means, as Markdown.
    pub documentation: String,
    /// What it replaces.
    pub span: Range<usize>,
}

/// What a completion is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompletionKind {
    /// The name of a section.
    Section,
    /// The name of an option.
    Option,
    /// A recipe reference.
    Recipe,
    /// A file.
    File,
    /// A value.
    Value,
}

impl Analysis {
    /// What can be written at an offset.
    pub fn complete(&self, offset: usize) -> Vec<Completion> {
        let text = self.text();
        let Some(before) = text.get(..offset) else { return Vec::new() };
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let line = &before[line_start..];
        if let Some(open) = line.rfind("${").filter(|open| !line[*open..].contains('}')) {
            return self.in_reference(line_start + open + 2, offset);
        }
        if let Some(name) = line.strip_prefix('[').filter(|name| !name.contains([']', ':'])) {
            return self.header_names(offset - name.len()..offset);
        }
        let Some(section) = self.section_at(offset) else { return Vec::new() };
        let is_name = !line.contains(['=', ':']) && !line.starts_with([' ', '\t', '#', ';']);
        if is_name {
            return self.option_names(self.name_of(section), line_start..offset);
        }
        let Some(option) = section.options.iter().rev().find(|option| option.span.start <= offset) else {
            return Vec::new();
        };
        self.in_value(section, option, offset)
    }

    /// After `${`.
    fn in_reference(&self, start: usize, offset: usize) -> Vec<Completion> {
        let written = &self.text()[start..offset];
        let Some((section, option)) = written.split_once(':') else { return self.sections(start..offset, ":") };
        let own = self.section_at(offset).map(|section| self.name_of(section)).unwrap_or_default();
        let section = if section.is_empty() { own } else { section };
        let mut options = self.known(section, offset - option.len()..offset);
        options.retain(|completion| completion.text != "recipe" && completion.text != "<");
        options
    }

    /// After `[`: sections that are written elsewhere. What is being written is not one of them.
    fn header_names(&self, span: Range<usize>) -> Vec<Completion> {
        let mut sections = self.sections(span.clone(), "");
        let named = |written: &&WrittenSection| written.name.start == span.start;
        if let Some(own) = self.outline.sections.iter().find(named).map(|own| self.name_of(own)) {
            let count = self.outline.sections.iter().filter(|other| self.name_of(other) == own).count();
            let path = self.path.to_str();
            let place = self.configuration.sections.get(own).and_then(|section| section.place.as_ref());
            let is_here = place.is_none_or(|place| path == Some(place.source.name.as_str()));
            sections.retain(|section| section.text != own || count > 1 || !is_here);
        }
        sections
    }

    fn sections(&self, span: Range<usize>, suffix: &str) -> Vec<Completion> {
        let section = |name: &String| {
            let recipe = self.options(name).get("recipe").map(|recipe| recipe.raw.to_string());
            Completion {
                text: format!("{name}{suffix}"),
                kind: CompletionKind::Section,
                detail: recipe.unwrap_or_default(),
                documentation: String::new(),
                span: span.clone(),
            }
        };
        self.configuration.sections.keys().map(section).collect()
    }

    /// The options that a section has, and those that its recipe reads.
    fn known(&self, section: &str, span: Range<usize>) -> Vec<Completion> {
        let mut known: BTreeMap<String, Completion> = BTreeMap::new();
        let mut add = |name: &str, detail: String, documentation: String| {
            let text = name.to_owned();
            let completion =
                Completion { text, kind: CompletionKind::Option, detail, documentation, span: span.clone() };
            known.insert(name.to_owned(), completion);
        };
        for (name, value) in self.options(section).iter() {
            let first = value.raw.lines().next().unwrap_or_default().to_owned();
            add(bare(name), first, String::new());
        }
        for option in self.recipe_of(section).iter().flat_map(|recipe| &recipe.options) {
            let default = option.default.as_deref().map(|default| format!(" = {default}")).unwrap_or_default();
            add(&option.name, format!("{}{default}", option.form.name()), of_recipe(option));
        }
        known.into_values().collect()
    }

    /// At the start of a line: what the section does not set in this file yet.
    fn option_names(&self, section: &str, span: Range<usize>) -> Vec<Completion> {
        let mut known = self.known(section, span.clone());
        if section == "buildout" {
            let missing = |name: &&str| !known.iter().any(|completion| completion.text == **name);
            let more: Vec<&str> = config::buildout_options().filter(missing).collect();
            known.extend(more.into_iter().map(|name| plain(name, CompletionKind::Option, &span)));
        } else if !known.iter().any(|completion| completion.text == "recipe") {
            known.push(plain("recipe", CompletionKind::Option, &span));
        }
        let own = self.outline.sections.iter().filter(|written| self.name_of(written) == section);
        let set: Vec<&str> = own
            .flat_map(|own| &own.options)
            .filter(|option| option.name.start != span.start)
            .map(|option| self.outline.text(&option.name))
            .collect();
        known.retain(|completion| !set.contains(&completion.text.as_str()));
        // What is being written is an option of the section already.
        let written = self.text().get(span.clone()).unwrap_or_default();
        let is_option = |name: &str| {
            let of_recipe = self.recipe_of(section).is_some_and(|recipe| recipe.option(name).is_some());
            name == "recipe" || of_recipe || section == "buildout" && config::buildout_options().any(|it| it == name)
        };
        let whole = self.outline.options().find(|(_, option)| option.name.start == span.start);
        let whole = whole.map_or(written, |(_, option)| self.outline.text(&option.name));
        known.retain(|completion| completion.text != whole || is_option(whole));
        known
    }

    fn in_value(&self, section: &WrittenSection, option: &WrittenOption, offset: usize) -> Vec<Completion> {
        let before = &self.text()[option.name.end.min(offset)..offset];
        let word = before.rsplit(|c: char| c.is_whitespace() || c == '=').next().unwrap_or_default();
        let span = offset - word.len()..offset;
        let (around, name) = (self.name_of(section), self.outline.text(&option.name));
        if name == "recipe" {
            let references = self.project.settings.recipes.references();
            return references.iter().map(|reference| plain(reference, CompletionKind::Recipe, &span)).collect();
        }
        if around == "buildout" && EXTENDING.contains(&name) {
            return self.files(word, &span);
        }
        if names_sections(around, name, "") {
            return self.sections(span, "");
        }
        let recipe = self.recipe_of(around);
        let values = recipe.as_ref().and_then(|recipe| recipe.option(name)).map(|option| option.form.values());
        values.unwrap_or_default().iter().map(|value| plain(value, CompletionKind::Value, &span)).collect()
    }

    /// Profiles and directories below what is written of a path.
    fn files(&self, word: &str, span: &Range<usize>) -> Vec<Completion> {
        let (directory, name) = word.rsplit_once('/').map_or(("", word), |(directory, name)| (directory, name));
        let base = self.path.parent().unwrap_or(Path::new("/"));
        let Ok(entries) = std::fs::read_dir(base.join(directory)) else { return Vec::new() };
        let span = span.end - name.len()..span.end;
        let file = |entry: std::fs::DirEntry| {
            let name = entry.file_name().into_string().ok().filter(|name| !name.starts_with('.'))?;
            let is_directory = entry.path().is_dir();
            let text = if is_directory { format!("{name}/") } else { name };
            (is_directory || text.ends_with(".cfg")).then(|| plain(&text, CompletionKind::File, &span))
        };
        let mut files: Vec<Completion> = entries.flatten().filter_map(file).collect();
        files.sort_by(|a, b| a.text.cmp(&b.text));
        files
    }
}

fn plain(text: &str, kind: CompletionKind, span: &Range<usize>) -> Completion {
    let (detail, documentation) = (String::new(), String::new());
    Completion { text: text.to_owned(), kind, detail, documentation, span: span.clone() }
}
