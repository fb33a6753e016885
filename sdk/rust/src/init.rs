//! The arguments of a recipe's `init`: its options and the buildout.

use std::fmt;

use crate::backend::{BuildoutBackend, OptionsBackend};
use crate::bindings::buildout::recipe as wit;
use crate::error::Error;

/// The argument of [`Recipe::init`](crate::Recipe::init).
pub struct Init<'a> {
    options: Options,
    buildout: Buildout<'a>,
}

impl<'a> Init<'a> {
    pub(crate) fn of_host(options: wit::options::Options, buildout: &'a wit::buildout::Buildout) -> Self {
        Self::new(options, buildout)
    }

    pub(crate) fn new(options: impl OptionsBackend + 'static, buildout: impl BuildoutBackend + 'a) -> Self {
        Self { options: Options(std::rc::Rc::new(options)), buildout: Buildout(Box::new(buildout)) }
    }

    /// The name of the part.
    pub fn part(&self) -> String {
        self.options.part()
    }

    /// The part's own section.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// The other sections. Reading one makes the part depend on it.
    pub fn buildout(&self) -> &Buildout<'a> {
        &self.buildout
    }
}

impl fmt::Debug for Init<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Init").field("part", &self.part()).finish_non_exhaustive()
    }
}

/// The part's own section. Keep a clone in the recipe to read options in `install`.
#[derive(Clone)]
pub struct Options(std::rc::Rc<dyn OptionsBackend>);

impl Options {
    /// The option's value with all references replaced, or none if the option is missing.
    ///
    /// # Errors
    /// If a referenced section fails.
    pub fn get(&self, name: &str) -> Result<Option<String>, Error> {
        self.0.get(name)
    }

    /// The option's value, or `default` if the option is missing.
    ///
    /// # Errors
    /// If a referenced section fails.
    pub fn get_or(&self, name: &str, default: &str) -> Result<String, Error> {
        Ok(self.get(name)?.unwrap_or_else(|| default.to_owned()))
    }

    /// The option's value.
    ///
    /// # Errors
    /// If the option is missing, or a referenced section fails. For a missing option, the host suggests a similar name.
    pub fn require(&self, name: &str) -> Result<String, Error> {
        self.0.require(name)
    }

    /// Sets the option, for this part and all sections that reference it. What `install` and `update` set is kept until the
    /// end of the run, but not recorded: the part is not reinstalled when it changes.
    ///
    /// # Errors
    /// If the name is not valid.
    pub fn set(&self, name: &str, value: impl AsRef<str>) -> Result<(), Error> {
        self.0.set(name, value.as_ref())
    }

    /// Removes the option. A missing option is not an error.
    ///
    /// # Errors
    /// If the name is not valid.
    pub fn remove(&self, name: &str) -> Result<(), Error> {
        self.0.remove(name)
    }

    /// The names of the options, in the order in which they were written.
    ///
    /// # Errors
    /// If the section cannot be read.
    pub fn keys(&self) -> Result<Vec<String>, Error> {
        self.0.keys()
    }

    /// The name of the part.
    pub fn part(&self) -> String {
        self.0.part()
    }

    /// The absolute path of the part's own directory. The recipe may create, write to and remove it.
    pub fn location(&self) -> String {
        self.0.location()
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Options").field(&self.part()).finish()
    }
}

/// The sections of the buildout.
///
/// In `init`, reading a section makes the part depend on it, and initializes it first if it has a recipe. In other calls,
/// its current options are returned ([`Buildout::open`]).
pub struct Buildout<'a>(Box<dyn BuildoutBackend + 'a>);

impl Buildout<'static> {
    /// The buildout. The value may be kept between calls.
    pub fn open() -> Self {
        #[cfg(target_arch = "wasm32")]
        return Self(Box::new(Box::new(wit::buildout::open())));
        #[cfg(not(target_arch = "wasm32"))]
        Self(Box::new(crate::testing::opened()))
    }
}

impl Buildout<'_> {
    /// Reads a section without reading an option. In `init`, this initializes the section if it has a recipe.
    ///
    /// # Errors
    /// If the section does not exist, or its recipe fails.
    pub fn initialize(&self, section: &str) -> Result<(), Error> {
        self.0.initialize(section)
    }

    /// The option's value with its references not replaced, or none if the option is missing. The part does not depend on it.
    ///
    /// # Errors
    /// If the section does not exist.
    pub fn raw(&self, section: &str, option: &str) -> Result<Option<String>, Error> {
        self.0.raw(section, option)
    }

    /// Adds a section. If it has a recipe, it becomes a part when it is read. Only in `init`.
    ///
    /// # Errors
    /// If the section exists, or the recipe may not add it.
    pub fn add<N: Into<String>, V: Into<String>>(
        &self,
        section: &str,
        options: impl IntoIterator<Item = (N, V)>,
    ) -> Result<(), Error> {
        let options: Vec<_> = options.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        self.0.add(section, &options)
    }

    /// Sets an option of a section that the part has added. Only in `init`.
    ///
    /// # Errors
    /// If the recipe may not change the section.
    pub fn set(&self, section: &str, option: &str, value: &str) -> Result<(), Error> {
        self.0.set(section, option, value)
    }

    /// Removes an option of a section that the part has added. Only in `init`.
    ///
    /// # Errors
    /// If the recipe may not change the section.
    pub fn remove(&self, section: &str, option: &str) -> Result<(), Error> {
        self.0.remove(section, option)
    }

    /// The option's value, or none if the option is missing. Reading an option of the part's own section does not mark it as
    /// used, so the host still reports it if nothing else uses it.
    ///
    /// # Errors
    /// If the section does not exist, or a referenced section fails.
    pub fn get(&self, section: &str, option: &str) -> Result<Option<String>, Error> {
        self.0.get(section, option)
    }

    /// The option's value.
    ///
    /// # Errors
    /// If the section or option does not exist, or a referenced section fails.
    pub fn require(&self, section: &str, option: &str) -> Result<String, Error> {
        self.0.require(section, option)
    }

    /// The absolute path of the buildout directory.
    ///
    /// # Errors
    /// If the option `buildout:directory` cannot be read.
    pub fn directory(&self) -> Result<String, Error> {
        self.require("buildout", "directory")
    }

    /// The names of the section's options, in the order in which they were written.
    ///
    /// # Errors
    /// If the section does not exist, or cannot be read.
    pub fn keys(&self, section: &str) -> Result<Vec<String>, Error> {
        self.0.keys(section)
    }

    /// The names of all sections, in the order in which they were first written.
    ///
    /// # Errors
    /// If there are more sections than the host's limit.
    pub fn sections(&self) -> Result<Vec<String>, Error> {
        self.0.sections()
    }
}

impl fmt::Debug for Buildout<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Buildout")
    }
}
