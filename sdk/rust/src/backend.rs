//! Backends of [`Options`](crate::Options) and [`Buildout`](crate::Buildout): the host, or the in-memory buildout of
//! [`testing`](crate::testing).

use crate::bindings::buildout::recipe as wit;
use crate::error::Error;

/// The part's own section.
pub(crate) trait OptionsBackend {
    fn get(&self, name: &str) -> Result<Option<String>, Error>;
    fn require(&self, name: &str) -> Result<String, Error>;
    fn set(&self, name: &str, value: &str) -> Result<(), Error>;
    fn remove(&self, name: &str) -> Result<(), Error>;
    fn keys(&self) -> Result<Vec<String>, Error>;
    fn part(&self) -> String;
    fn location(&self) -> String;
}

/// The other sections.
pub(crate) trait BuildoutBackend {
    fn get(&self, section: &str, option: &str) -> Result<Option<String>, Error>;
    fn require(&self, section: &str, option: &str) -> Result<String, Error>;
    fn keys(&self, section: &str) -> Result<Vec<String>, Error>;
    fn sections(&self) -> Result<Vec<String>, Error>;
    fn initialize(&self, section: &str) -> Result<(), Error>;
    fn raw(&self, section: &str, option: &str) -> Result<Option<String>, Error>;
    fn set(&self, section: &str, option: &str, value: &str) -> Result<(), Error>;
    fn remove(&self, section: &str, option: &str) -> Result<(), Error>;
    fn add(&self, section: &str, options: &[(String, String)]) -> Result<(), Error>;
}

/// Why `object` cannot be changed.
fn refused(object: &str, error: wit::options::SetError) -> Error {
    use wit::options::SetError;
    Error::fault(match error {
        SetError::AfterInit => format!("{object} cannot be changed in this call"),
        SetError::InvalidName => format!("{object} does not have a valid name"),
        SetError::Exists => format!("{object} exists"),
        SetError::Limit => format!("{object} is longer than buildout-host allows"),
        SetError::Other(other) => format!("{object} cannot be changed: {}", other.message),
    })
}

impl OptionsBackend for wit::options::Options {
    fn get(&self, name: &str) -> Result<Option<String>, Error> {
        Ok(wit::options::Options::get(self, name)?)
    }

    fn require(&self, name: &str) -> Result<String, Error> {
        Ok(wit::options::Options::require(self, name)?)
    }

    fn set(&self, name: &str, value: &str) -> Result<(), Error> {
        wit::options::Options::set(self, name, value).map_err(|error| refused(&format!("option {name:?}"), error))
    }

    fn remove(&self, name: &str) -> Result<(), Error> {
        wit::options::Options::remove(self, name).map_err(|error| refused(&format!("option {name:?}"), error))
    }

    fn keys(&self) -> Result<Vec<String>, Error> {
        Ok(wit::options::Options::keys(self)?)
    }

    fn part(&self) -> String {
        wit::options::Options::part(self)
    }

    fn location(&self) -> String {
        wit::options::Options::location(self)
    }
}

/// The buildout of the host, passed to `init` or opened.
impl<B: std::ops::Deref<Target = wit::buildout::Buildout>> BuildoutBackend for B {
    fn get(&self, section: &str, option: &str) -> Result<Option<String>, Error> {
        Ok((**self).get(section, option)?)
    }

    fn require(&self, section: &str, option: &str) -> Result<String, Error> {
        Ok((**self).require(section, option)?)
    }

    fn keys(&self, section: &str) -> Result<Vec<String>, Error> {
        Ok((**self).keys(section)?)
    }

    fn sections(&self) -> Result<Vec<String>, Error> {
        Ok((**self).sections()?)
    }

    fn initialize(&self, section: &str) -> Result<(), Error> {
        Ok((**self).initialize(section)?)
    }

    fn raw(&self, section: &str, option: &str) -> Result<Option<String>, Error> {
        Ok((**self).raw(section, option)?)
    }

    fn set(&self, section: &str, option: &str, value: &str) -> Result<(), Error> {
        (**self).set(section, option, value).map_err(|error| refused(&format!("option {section}:{option}"), error))
    }

    fn remove(&self, section: &str, option: &str) -> Result<(), Error> {
        (**self).remove(section, option).map_err(|error| refused(&format!("option {section}:{option}"), error))
    }

    fn add(&self, section: &str, options: &[(String, String)]) -> Result<(), Error> {
        (**self).add(section, options).map_err(|error| refused(&format!("section {section:?}"), error))
    }
}
