//! Entry point `eggs`: installs distributions, and the settings that `scripts` shares with it.

use buildout_recipe::distributions::{Distribution, Settings, install, sort};
use buildout_recipe::{Description, Error, Init, OptionDescription, Paths, Recipe, Update};

use crate::text::{eggs_directory, lines};

/// Distributions in the eggs directory.
pub struct Eggs {
    requirements: Vec<String>,
    index: Option<String>,
    find_links: Vec<String>,
}

/// The options of `eggs`, which `scripts` has too, and its grants.
pub(crate) fn described(documentation: &str) -> Description {
    sources(
        Description::new(documentation)
            .option(OptionDescription::lines(
                "eggs",
                "Requirements of the distributions, one in each line. The default is the name of the part. What they \
                 require is installed too.",
            ))
            .option(OptionDescription::text(
                "python",
                "This option has no effect, as in zc.recipe.egg 6: the distributions are for the Python of the \
                 buildout.",
            )),
    )
}

/// The options that say where distributions are looked for.
pub(crate) fn sources(description: Description) -> Description {
    description
        .option(OptionDescription::words(
            "find-links",
            "URLs, files and directories in which distributions are looked for, in addition to the index. The default is \
             that of `[buildout]`.",
        ))
        .option(OptionDescription::text("index", "The URL of the package index. The default is that of `[buildout]`."))
        .grant_distributions()
        .grant_read("/")
        .grant_fetch("*")
}

/// Reads `find-links` and `index`, and sets them as options of the part.
pub(crate) fn init_sources(init: &Init<'_>) -> Result<(Option<String>, Vec<String>), Error> {
    let (options, buildout) = (init.options(), init.buildout());
    let written = |name: &str| match options.get(name)? {
        Some(own) => Ok::<_, Error>(Some(own)),
        None => buildout.get("buildout", name),
    };
    let links = written("find-links")?.unwrap_or_default();
    let links: Vec<String> = links.split_whitespace().map(str::to_owned).collect();
    if !links.is_empty() {
        options.set("find-links", links.join("\n"))?;
    }
    let index = written("index")?;
    if let Some(index) = &index {
        options.set("index", index)?;
    }
    Ok((index.filter(|index| !index.trim().is_empty()), links))
}

impl Eggs {
    /// The distributions of the part, in the order of the path of its scripts.
    pub(crate) fn working_set(&self) -> Result<Vec<Distribution>, Error> {
        let settings =
            Settings { index: self.index.clone(), find_links: Some(self.find_links.clone()), ..Settings::default() };
        Ok(sort(install(&self.requirements, &[], &settings)?))
    }

    /// The requirements in the option `eggs`.
    pub(crate) fn requirements(&self) -> &[String] {
        &self.requirements
    }
}

impl Recipe for Eggs {
    fn describe() -> Description {
        described("Installs Python distributions in the eggs directory. Generates no scripts.")
    }

    fn init(init: &Init<'_>) -> Result<Self, Error> {
        let (options, buildout) = (init.options(), init.buildout());
        let (index, find_links) = init_sources(init)?;
        let eggs = eggs_directory(buildout)?;
        let develop_eggs = buildout.require("buildout", "develop-eggs-directory")?;
        for (name, value) in
            [("eggs-directory", &eggs), ("_e", &eggs), ("develop-eggs-directory", &develop_eggs), ("_d", &develop_eggs)]
        {
            options.set(name, value)?;
        }
        let requirements = options.get("eggs")?.unwrap_or_else(|| init.part());
        Ok(Self { requirements: lines(&requirements).map(str::to_owned).collect(), index, find_links })
    }

    fn install(&mut self) -> Result<Paths, Error> {
        self.working_set()?;
        Ok(Paths::none())
    }
}

impl Update for Eggs {
    fn update(&mut self) -> Result<Option<Paths>, Error> {
        self.install().map(Some)
    }
}
