//! The section `[versions]`: the pinned version of each distribution.

use std::collections::BTreeMap;

use crate::name;
use crate::requirement::Requirement;
use crate::version::{Specifiers, parse};

/// Pinned versions, by key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pins {
    constraints: BTreeMap<String, String>,
}

/// An error of a pin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PinError {
    /// A requirement excludes the version.
    #[error("The requirement ('{requirement}') is not allowed by your [versions] constraint ({constraint})")]
    NotAllowed {
        /// The requirement.
        requirement: String,
        /// The pin in `[versions]`.
        constraint: String,
    },
    /// The pin in `[versions]` is not a version.
    #[error("[versions] {name} = {constraint} is neither a version nor a version specifier")]
    Invalid {
        /// The distribution.
        name: String,
        /// The pin in `[versions]`.
        constraint: String,
    },
}

impl Pins {
    /// Reads the options of the section. An empty value is ignored.
    pub fn new<'a>(options: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let constraints = options.into_iter().map(|(name, value)| (name::canonical(name), value.trim().to_owned()));
        Self { constraints: constraints.filter(|(_, value)| !value.is_empty()).collect() }
    }

    /// Pins distributions to these versions, in place of other pins.
    pub fn hold<'a>(&mut self, versions: impl IntoIterator<Item = (&'a str, &'a str)>) {
        self.constraints.extend(Self::new(versions).constraints);
    }

    /// The pin of a distribution.
    pub fn of(&self, key: &str) -> Option<&str> {
        self.constraints.get(key).map(String::as_str)
    }

    /// The requirement with its pin. A version replaces the conditions, which must allow it; conditions are added.
    ///
    /// # Errors
    /// When the two exclude each other.
    pub(crate) fn constrain(&self, requirement: &Requirement) -> Result<Requirement, PinError> {
        let key = requirement.key();
        let Some(constraint) = self.of(&key) else { return Ok(requirement.clone()) };
        let invalid = || PinError::Invalid { name: requirement.name.clone(), constraint: constraint.to_owned() };
        if constraint.starts_with(['<', '>', '~', '!']) {
            let added = Specifiers::parse(constraint).map_err(|_| invalid())?;
            return Ok(requirement.with_specifiers(requirement.specifiers.and(&added)));
        }
        let text = constraint.strip_prefix("==").unwrap_or(constraint).trim();
        let pinned = Specifiers::parse(&format!("=={text}")).map_err(|_| invalid())?;
        // `1.*` is not a version, so it cannot be compared with the conditions; it is added to them.
        let Some(version) = parse(text) else {
            return Ok(requirement.with_specifiers(requirement.specifiers.and(&pinned)));
        };
        match requirement.specifiers.contains(&version) {
            true => Ok(requirement.with_specifiers(pinned)),
            false => Err(PinError::NotAllowed { requirement: requirement.to_string(), constraint: text.to_owned() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn t(pin: &str, requirement: &str) -> Result<String, String> {
        let pins = Pins::new([("Zope_Interface", pin)]);
        let constrained = pins.constrain(&Requirement::parse(requirement).unwrap());
        constrained.map(|requirement| requirement.to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn pins_as_in_zc_buildout() {
        assert_eq!(t("5.0", "zope.interface"), Ok("zope.interface==5.0".into()));
        assert_eq!(
            t("== 5.0", "zope.interface[x]>=4; python_version>'3'"),
            Ok("zope.interface[x]==5.0; python_version > \"3\"".into())
        );
        assert_eq!(t(">=5,<6", "zope.interface!=5.1"), Ok("zope.interface!=5.1,<6,>=5".into()));
        assert_eq!(t("5.0a1", "zope.interface>=4"), Ok("zope.interface==5.0a1".into()));
        assert_eq!(t("", "zope.interface>=4"), Ok("zope.interface>=4".into()));
        assert_eq!(t("5.*", "zope.interface>=4"), Ok("zope.interface==5.*,>=4".into()));
        assert_eq!(t("5.0", "other"), Ok("other".into()));
        assert_eq!(
            t("5.0", "zope.interface>=6"),
            Err("The requirement ('zope.interface>=6') is not allowed by your [versions] constraint (5.0)".into())
        );
        assert_eq!(
            t("nonsense", "zope.interface"),
            Err("[versions] zope.interface = nonsense is neither a version nor a version specifier".into())
        );
    }
}
