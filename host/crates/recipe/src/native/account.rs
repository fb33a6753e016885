//! The user and the group as native commands see them: with the strongest confinement, in a namespace of users.

use confine::ConfinementLevel;

/// The user `nobody` (and its group): root for its confined commands, and anyone else who owns a file.
const NOBODY: u32 = 65534;

/// A user and a group, by their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CommandAccount {
    pub(crate) user: u32,
    pub(crate) group: u32,
}

impl CommandAccount {
    /// The account of this process.
    pub(crate) fn own() -> Self {
        Self { user: rustix::process::geteuid().as_raw(), group: rustix::process::getegid().as_raw() }
    }

    /// The account as commands see it, if it is the one of this process or the owner of a file.
    pub(crate) fn seen(self, level: ConfinementLevel) -> Self {
        self.seen_by(Self::own(), level)
    }

    fn seen_by(self, own: Self, level: ConfinementLevel) -> Self {
        if level != ConfinementLevel::Full {
            return self;
        }
        let seen = |id: u32, own: u32| if id != own || id == 0 { NOBODY } else { id };
        Self { user: seen(self.user, own.user), group: seen(self.group, own.group) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_that_are_not_known_are_the_overflow_user() {
        let t = |(user, group): (u32, u32), (own_user, own_group): (u32, u32), level, expected: (u32, u32)| {
            let own = CommandAccount { user: own_user, group: own_group };
            let seen = CommandAccount { user, group }.seen_by(own, level);
            assert_eq!((seen.user, seen.group), expected);
        };
        t((0, 0), (0, 0), ConfinementLevel::Full, (NOBODY, NOBODY));
        t((0, 0), (0, 0), ConfinementLevel::Partial, (0, 0));
        t((1000, 100), (1000, 100), ConfinementLevel::Full, (1000, 100));
        t((0, 100), (1000, 100), ConfinementLevel::Full, (NOBODY, 100));
    }
}
