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

    /// Sets the option, for this part and all sections that reference it. Only in `init`.
    ///
    /// # Errors
    /// If called after `init`, or if the name is not valid.
    pub fn set(&self, name: &str, value: impl AsRef<str>) -> Result<(), Error> {
        self.0.set(name, value.as_ref())
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

/// The other sections of the buildout. Only in `init`.
pub struct Buildout<'a>(Box<dyn BuildoutBackend + 'a>);

impl Buildout<'_> {
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
