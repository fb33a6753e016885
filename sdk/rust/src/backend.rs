//! Backends of [`Options`](crate::Options) and [`Buildout`](crate::Buildout): the host, or the in-memory buildout of
//! [`testing`](crate::testing).

use crate::bindings::buildout::recipe as wit;
use crate::error::Error;

/// The part's own section.
pub(crate) trait OptionsBackend {
    fn get(&self, name: &str) -> Result<Option<String>, Error>;
    fn require(&self, name: &str) -> Result<String, Error>;
    fn set(&self, name: &str, value: &str) -> Result<(), Error>;
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
}

impl OptionsBackend for wit::options::Options {
    fn get(&self, name: &str) -> Result<Option<String>, Error> {
        Ok(wit::options::Options::get(self, name)?)
    }

    fn require(&self, name: &str) -> Result<String, Error> {
        Ok(wit::options::Options::require(self, name)?)
    }

    fn set(&self, name: &str, value: &str) -> Result<(), Error> {
        use wit::options::SetError;
        wit::options::Options::set(self, name, value).map_err(|error| match error {
            SetError::AfterInit => Error::fault(format!("option {name:?} was set after init")),
            SetError::InvalidName => Error::fault(format!("{name:?} is not a valid option name")),
            SetError::Exists => Error::fault(format!("option {name:?} exists")),
            SetError::Limit => Error::fault(format!("option {name:?} is longer than the host allows")),
            SetError::Other(other) => Error::fault(format!("option {name:?} cannot be set: {}", other.message)),
        })
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

impl BuildoutBackend for &wit::buildout::Buildout {
    fn get(&self, section: &str, option: &str) -> Result<Option<String>, Error> {
        Ok(wit::buildout::Buildout::get(self, section, option)?)
    }

    fn require(&self, section: &str, option: &str) -> Result<String, Error> {
        Ok(wit::buildout::Buildout::require(self, section, option)?)
    }

    fn keys(&self, section: &str) -> Result<Vec<String>, Error> {
        Ok(wit::buildout::Buildout::keys(self, section)?)
    }

    fn sections(&self) -> Result<Vec<String>, Error> {
        Ok(wit::buildout::Buildout::sections(self)?)
    }
}
