//! `recipe.toml`: how a recipe project in any language is built.

use std::io::ErrorKind;
use std::path::{Component as Step, Path, PathBuf};

use toml_edit::{Item, TableLike};

use super::super::error::ComponentError;
use crate::sdk::Language;
use base::digest::Digest;
use base::files::read_string;
use registry::RecipeReference;
use registry::{RecipesFileError, TomlFile};

/// The file's name.
pub(crate) const RECIPE_TOML: &str = "recipe.toml";

/// The contents of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ProjectManifest {
    /// The package's name; the component must describe itself with the same name.
    pub(super) name: String,
    /// The program and its arguments.
    pub(super) command: Vec<String>,
    /// Globs of the component's inputs, relative to the project. None: the command decides whether there is something
    /// to do.
    pub(super) inputs: Option<Vec<String>>,
    /// Where the command writes the component, or a core module; relative to the project.
    pub(super) component: PathBuf,
    /// This host's SDK in `sdk/` of the project.
    pub(super) sdk: Option<Language>,
    /// The digest of the file itself.
    pub(super) digest: Digest,
}

impl ProjectManifest {
    /// Reads the file in a project's directory; `None` if it does not exist.
    pub(super) fn read(project: &Path) -> Result<Option<Self>, ComponentError> {
        let path = project.join(RECIPE_TOML);
        match read_string(&path) {
            Ok(text) => Ok(Some(Self::parse(&path, &text)?)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(ComponentError::read(&path, error)),
        }
    }

    fn parse(path: &Path, text: &str) -> Result<Self, RecipesFileError> {
        let file = TomlFile::new(path, text);
        let document = file.document()?;
        file.check_keys(document.as_table(), "", &["recipe", "build"])?;
        let recipe = required(&file, document.as_table(), "recipe", EXAMPLE)?;
        let recipe = file.table(recipe, "recipe")?;
        file.check_keys(recipe, " of [recipe]", &["name", "version", "license", "repository", "description"])?;
        let build = required(&file, document.as_table(), "build", EXAMPLE)?;
        let build = file.table(build, "build")?;
        file.check_keys(build, " of [build]", &["command", "inputs", "component", "sdk"])?;
        for key in ["version", "license", "repository", "description"] {
            recipe.get(key).map(|item| file.string(item, key)).transpose()?;
        }
        let inputs = build.contains_key("inputs").then(|| file.strings(build, "inputs")).transpose()?;
        Ok(Self {
            name: name(&file, required(&file, recipe, "name", "name = \"note\"")?)?,
            command: command(&file, build)?,
            inputs,
            component: component(&file, required(&file, build, "component", "component = \"build/note.wasm\"")?)?,
            sdk: build.get("sdk").map(|item| sdk(&file, item)).transpose()?,
            digest: Digest::of(text.as_bytes()),
        })
    }
}

/// A suggestion for a user whose file is still empty.
const EXAMPLE: &str = "[recipe] with name = \"…\", and [build] with command = [\"…\"] and component = \"….wasm\"";

fn required<'a>(
    file: &TomlFile,
    table: &'a dyn TableLike,
    key: &str,
    example: &str,
) -> Result<&'a Item, RecipesFileError> {
    table.get(key).ok_or_else(|| {
        let hints = vec![format!("Write {example}.")];
        file.error(None, format!("Key {key:?} is missing"), hints)
    })
}

fn name(file: &TomlFile, item: &Item) -> Result<String, RecipesFileError> {
    let name = file.string(item, "name")?;
    let is_package = name.parse::<RecipeReference>().is_ok_and(|reference| reference.package == name);
    // The name becomes part of a file name, that of the link in `develop-eggs`.
    if !is_package || name.contains('/') || name.starts_with('.') {
        let hints = vec!["A package name cannot contain spaces, colons or slashes.".to_owned()];
        return Err(file.error(item.span(), format!("Invalid package name {name:?}"), hints));
    }
    Ok(name.to_owned())
}

/// A string is run by a shell.
fn command(file: &TomlFile, build: &dyn TableLike) -> Result<Vec<String>, RecipesFileError> {
    let item = required(file, build, "command", "command = [\"sh\", \"build.sh\"]")?;
    if item.is_str() {
        let line = file.string(item, "command")?;
        return Ok(["sh", "-c", line].map(str::to_owned).to_vec());
    }
    let words = file.strings(build, "command")?;
    if words.first().is_none_or(String::is_empty) || words.iter().any(|word| word.contains('\0')) {
        let hints = vec!["Write the program first, then its arguments.".to_owned()];
        return Err(file.error(item.span(), "\"command\" does not name a program".to_owned(), hints));
    }
    Ok(words)
}

fn component(file: &TomlFile, item: &Item) -> Result<PathBuf, RecipesFileError> {
    let path = PathBuf::from(file.string(item, "component")?);
    let is_inside = path.components().all(|step| matches!(step, Step::Normal(_) | Step::CurDir));
    if !is_inside || path.extension().is_none_or(|extension| extension != "wasm") {
        let hints = vec!["Write a path within the project: component = \"build/note.wasm\".".to_owned()];
        return Err(file.error(item.span(), "\"component\" is not a .wasm file of the project".to_owned(), hints));
    }
    Ok(path)
}

fn sdk(file: &TomlFile, item: &Item) -> Result<Language, RecipesFileError> {
    let name = file.string(item, "sdk")?;
    Language::of_name(name).ok_or_else(|| {
        let known: Vec<&str> = Language::ALL.iter().map(|language| language.name()).collect();
        let hints = vec![format!("Known SDKs: {}.", known.join(", "))];
        file.error(item.span(), format!("buildout-host has no SDK {name:?}"), hints)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::source::Explain as _;

    fn parse(text: &str) -> Result<ProjectManifest, RecipesFileError> {
        ProjectManifest::parse(Path::new("/p/recipe.toml"), text)
    }

    #[test]
    fn a_project_with_everything_is_understood() {
        let text = "[recipe]\nname = \"note\"\nversion = \"0.1.0\"\n[build]\ncommand = [\"make\", \"-s\"]\n\
                    inputs = [\"app.py\", \"src/**\"]\ncomponent = \"build/note.wasm\"\nsdk = \"python\"\n";
        let manifest = parse(text).unwrap();
        assert_eq!((manifest.name.as_str(), manifest.command), ("note", vec!["make".to_owned(), "-s".to_owned()]));
        assert_eq!(manifest.inputs.unwrap(), ["app.py", "src/**"]);
        assert_eq!((manifest.component, manifest.sdk), ("build/note.wasm".into(), Some(Language::Python)));
        let least =
            parse("[recipe]\nname = \"note\"\n[build]\ncommand = \"make -s\"\ncomponent = \"a.wasm\"\n").unwrap();
        assert_eq!(least.command, ["sh", "-c", "make -s"]);
        assert_eq!((least.inputs, least.sdk), (None, None));
    }

    #[test]
    fn an_error_is_reported_with_its_line() {
        let t = |text: &str, expected: &str| {
            let error = parse(text).unwrap_err();
            assert_eq!(format!("{}: {error}", error.place().unwrap()), format!("/p/recipe.toml:{expected}"));
        };
        let with = |line: &str| format!("[recipe]\nname = \"note\"\n[build]\n{line}\n");
        t("", "1:1: Key \"recipe\" is missing");
        t("[recipe]\nname = \"a b\"\n[build]\n", "2:8: Invalid package name \"a b\"");
        t("[recipe]\nname = \"..\"\n[build]\n", "2:8: Invalid package name \"..\"");
        t(&with("comand = 1"), "4:1: Unknown key \"comand\" of [build]");
        t(&with("command = []"), "4:11: \"command\" does not name a program");
        t(&with("component = \"a.wasm\""), "1:1: Key \"command\" is missing");
        t(
            &with("command = \"a\"\ncomponent = \"../a.wasm\""),
            "5:13: \"component\" is not a .wasm file of the project",
        );
        t(&with("command = \"a\"\ncomponent = \"a.wasm\"\nsdk = \"cobol\""), "6:7: buildout-host has no SDK \"cobol\"");
    }
}
