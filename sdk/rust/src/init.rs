//! What a recipe is given: its options and the buildout.

use std::fmt;

use crate::backend::{BuildoutBackend, OptionsBackend};
use crate::bindings::buildout::recipe as wit;
use crate::error::Error;

/// What [`Recipe::init`](crate::Recipe::init) is given.
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

/// The part's own section. A clone can be kept in the recipe, to read options in `install`.
#[derive(Clone)]
pub struct Options(std::rc::Rc<dyn OptionsBackend>);

impl Options {
    /// The option's value, with all references replaced, if the section has the option.
    ///
    /// # Errors
    /// When what it refers to fails.
    pub fn get(&self, name: &str) -> Result<Option<String>, Error> {
        self.0.get(name)
    }

    /// The option's value, or else `default`.
    ///
    /// # Errors
    /// When what it refers to fails.
    pub fn get_or(&self, name: &str, default: &str) -> Result<String, Error> {
        Ok(self.get(name)?.unwrap_or_else(|| default.to_owned()))
    }

    /// The option's value.
    ///
    /// # Errors
    /// When the option is missing (the host names it, and what was probably meant), or what it refers to fails.
    pub fn require(&self, name: &str) -> Result<String, Error> {
        self.0.require(name)
    }

    /// Sets the option, for this part and all that refer to it. Only in `init`.
    ///
    /// # Errors
    /// After `init`, and for a name that an option cannot have.
    pub fn set(&self, name: &str, value: impl AsRef<str>) -> Result<(), Error> {
        self.0.set(name, value.as_ref())
    }

    /// The names of the options, in the order in which they were written.
    ///
    /// # Errors
    /// When the section cannot be read.
    pub fn keys(&self) -> Result<Vec<String>, Error> {
        self.0.keys()
    }

    /// The name of the part.
    pub fn part(&self) -> String {
        self.0.part()
    }

    /// The part's own place, absolute. Create it where it is needed; it may be written and removed.
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
    /// The option's value, if the section has the option. One of the part's own section is only looked at: the host still
    /// tells that nothing has used it, if nothing does.
    ///
    /// # Errors
    /// When there is no such section, or what the option refers to fails.
    pub fn get(&self, section: &str, option: &str) -> Result<Option<String>, Error> {
        self.0.get(section, option)
    }

    /// The option's value.
    ///
    /// # Errors
    /// When there is no such section or option, or what the option refers to fails.
    pub fn require(&self, section: &str, option: &str) -> Result<String, Error> {
        self.0.require(section, option)
    }

    /// The buildout directory, absolute.
    ///
    /// # Errors
    /// When the option `buildout:directory` cannot be read.
    pub fn directory(&self) -> Result<String, Error> {
        self.require("buildout", "directory")
    }

    /// The names of the section's options, in the order in which they were written.
    ///
    /// # Errors
    /// When there is no such section, or it cannot be read.
    pub fn keys(&self, section: &str) -> Result<Vec<String>, Error> {
        self.0.keys(section)
    }

    /// The names of all sections, in the order in which they were first written.
    ///
    /// # Errors
    /// When there are more than the host lists.
    pub fn sections(&self) -> Result<Vec<String>, Error> {
        self.0.sections()
    }
}

impl fmt::Debug for Buildout<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Buildout")
    }
}
