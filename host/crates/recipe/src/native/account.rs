//! The user and the group as native commands see them: with the strongest confinement, in a namespace of users.

use confine::Level;

/// The user `nobody` (and its group): root for its confined commands, and whoever else owns a file.
const NOBODY: u32 = 65534;

/// A user and a group, by their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) user: u32,
    pub(crate) group: u32,
}

impl Account {
    /// The account of this process.
    pub(crate) fn own() -> Self {
        Self { user: rustix::process::geteuid().as_raw(), group: rustix::process::getegid().as_raw() }
    }

    /// The account as commands see it, if it is the one of this process or the owner of a file.
    pub(crate) fn seen(self, level: Level) -> Self {
        self.seen_by(Self::own(), level)
    }

    fn seen_by(self, own: Self, level: Level) -> Self {
        if level != Level::Full {
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
    fn other_users_and_root_are_nobody() {
        let t = |(user, group): (u32, u32), (own_user, own_group): (u32, u32), level, expected: (u32, u32)| {
            let own = Account { user: own_user, group: own_group };
            let seen = Account { user, group }.seen_by(own, level);
            assert_eq!((seen.user, seen.group), expected);
        };
        t((0, 0), (0, 0), Level::Full, (NOBODY, NOBODY));
        t((0, 0), (0, 0), Level::Partial, (0, 0));
        t((1000, 100), (1000, 100), Level::Full, (1000, 100));
        t((0, 100), (1000, 100), Level::Full, (NOBODY, 100));
    }
}
