//! Why a part is not taken from the cache.

use std::fmt;

use remote::MissReason;

/// Why a part is not taken from the cache. Shown after `Not from the cache`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PartMiss {
    /// For this reason.
    Because(String),
    /// The cache does not have it, and this machine knows no other one of this name to compare it with.
    Unexplained {
        /// The part.
        part: String,
    },
}

impl PartMiss {
    /// Why a look-up found nothing that can be used; `None` if there simply is nothing.
    pub(super) fn of_lookup(reason: &MissReason) -> Option<Self> {
        match reason {
            MissReason::Unknown => None,
            MissReason::TooLarge => Some(Self::Because("the part is larger than remote-cache-size".to_owned())),
            other => Some(Self::Because(other.to_string())),
        }
    }

    /// The reason, as a clause.
    pub(crate) fn reason(&self) -> String {
        match self {
            Self::Because(why) => why.clone(),
            Self::Unexplained { part } => format!("this machine has no earlier build of {part} to compare with"),
        }
    }
}

impl fmt::Display for PartMiss {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // That there is nothing to compare with is not why the part is not there.
        let separator = if matches!(self, Self::Because(_)) { ':' } else { ';' };
        write!(formatter, "{separator} {}", self.reason())
    }
}
