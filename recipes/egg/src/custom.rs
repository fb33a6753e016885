//! Entry point `custom`: builds a distribution from source, with options for its extension modules.

use buildout_recipe::distributions::{BuildOptions, Settings, build};
use buildout_recipe::{Description, Error, Init, OptionDescription, Paths, Recipe, Update, warning};

use crate::build_ext;
use crate::eggs::{init_sources, sources};
use crate::text::eggs_directory;
use buildout_recipe::text::repr;

/// A distribution that is built from source.
pub struct CustomEgg {
    requirement: String,
    extensions: Vec<(String, String)>,
    /// The environment of the build, as written.
    environment: Vec<(String, String)>,
    index: Option<String>,
    find_links: Vec<String>,
    is_offline: bool,
    /// Whether the requirement is in the option `eggs`.
    is_deprecated: bool,
}

impl Recipe for CustomEgg {
    fn describe() -> Description {
        let own = Description::new(
            "Builds a distribution from source, with options for its extension modules, and installs it in the directory of \
             develop eggs: so this build is preferred to any other of the same version.",
        )
        .option(OptionDescription::text("egg", "The requirement. The default is the name of the part."))
        .option(OptionDescription::text("eggs", "A deprecated name of `egg`."))
        .option(OptionDescription::text(
            "environment",
            "The section with environment variables for the build. In a value, `%(NAME)s` is the variable `NAME` of buildout-host's environment.",
        ));
        build_ext::described(sources(own)).grant_write("${buildout:develop-eggs-directory}").grant_env("PATH")
    }

    fn init(init: &Init<'_>) -> Result<Self, Error> {
        let (options, buildout) = (init.options(), init.buildout());
        options.set("_d", buildout.require("buildout", "develop-eggs-directory")?)?;
        let extensions = build_ext::read(init)?;
        let (index, find_links) = init_sources(init)?;
        let mut environment = Vec::new();
        if let Some(section) = options.get("environment")?.filter(|section| !section.is_empty()) {
            for name in buildout.keys(&section)? {
                let value = buildout.require(&section, &name)?;
                environment.push((name, value));
            }
        }
        environment.sort();
        options.set("_environment-data", environment_data(&environment))?;
        options.set("_e", eggs_directory(buildout)?)?;
        let (egg, eggs) = (options.get("egg")?, options.get("eggs")?);
        let is_deprecated = egg.is_none() && eggs.is_some();
        let requirement = egg.or(eggs).unwrap_or_else(|| init.part()).trim().to_owned();
        let is_offline = buildout.get("buildout", "offline")?.as_deref() == Some("true");
        Ok(Self { requirement, extensions, environment, index, find_links, is_offline, is_deprecated })
    }

    fn install(&mut self) -> Result<Paths, Error> {
        if self.is_offline {
            return Ok(Paths::none());
        }
        if self.is_deprecated {
            warning!("The eggs option is deprecated. Use egg instead");
        }
        let variables = self.environment.iter().map(|(name, value)| Ok((name.clone(), replaced(value)?)));
        let options =
            BuildOptions { extensions: self.extensions.clone(), environment: variables.collect::<Result<_, Error>>()? };
        let settings =
            Settings { index: self.index.clone(), find_links: Some(self.find_links.clone()), ..Settings::default() };
        let built = build(&self.requirement, &options, &settings)?;
        Ok(built.iter().map(|distribution| &distribution.location).collect())
    }
}

impl Update for CustomEgg {
    fn update(&mut self) -> Result<Option<Paths>, Error> {
        self.install().map(Some)
    }
}

/// The environment as Python writes a list of pairs.
fn environment_data(environment: &[(String, String)]) -> String {
    let pairs: Vec<String> =
        environment.iter().map(|(name, value)| format!("({}, {})", repr(name), repr(value))).collect();
    format!("[{}]", pairs.join(", "))
}

/// Replaces `%(NAME)s` by the host's variable, and `%%` by `%`.
fn replaced(value: &str) -> Result<String, Error> {
    let (mut made, mut rest) = (String::new(), value);
    while let Some((before, after)) = rest.split_once('%') {
        made.push_str(before);
        if let Some(after) = after.strip_prefix('%') {
            made.push('%');
            rest = after;
            continue;
        }
        let named = after.strip_prefix('(').and_then(|after| after.split_once(")s"));
        let (name, after) = named.ok_or_else(|| {
            Error::user(format!("Invalid value in environment: {value:?} (expected %(NAME)s after %)"))
        })?;
        let variable = std::env::var(name)
            .map_err(|_| Error::user(format!("The environment variable {name} is not available to the build")))?;
        made.push_str(&variable);
        rest = after;
    }
    made.push_str(rest);
    Ok(made)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_the_environment_as_python_does() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(environment_data(&[]), "[]");
        assert_eq!(environment_data(&[pair("A", "it's"), pair("B", "x\\y\n")]), r#"[('A', "it's"), ('B', 'x\\y\n')]"#);
    }

    #[test]
    fn replaces_variables() {
        let path = std::env::var("PATH").unwrap();
        assert_eq!(replaced("/x:%(PATH)s:100%%").unwrap(), format!("/x:{path}:100%"));
        assert!(replaced("%(NO_SUCH_VARIABLE)s").is_err() && replaced("100%").is_err());
    }
}
