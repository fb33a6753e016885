//! Free space of a file system, and how much of it commands and recipes leave.

use std::path::Path;

use rustix::fs::StatVfs;

/// The most that stays free, in bytes.
const RESERVE: u64 = 1 << 30;

/// Free space of a file system at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FreeSpace {
    /// The bytes that an ordinary user can write.
    pub free: u64,
    /// The size of the file system in bytes.
    size: u64,
}

impl FreeSpace {
    /// What the system said.
    #[must_use]
    pub fn of(found: &StatVfs) -> Self {
        let bytes = |blocks: u64| blocks.saturating_mul(found.f_frsize);
        Self { free: bytes(found.f_bavail), size: bytes(found.f_blocks) }
    }

    /// That of the file system with `path`; `None` if the system does not say.
    pub(crate) fn at(path: &Path) -> Option<Self> {
        rustix::fs::statvfs(path).ok().as_ref().map(Self::of)
    }

    /// What must stay free of it: 1 GiB, or a twentieth of the file system if that is less. Where little is free, half of it,
    /// so that small work can be done.
    #[must_use]
    pub fn reserve(self) -> u64 {
        RESERVE.min(self.size / 20).min(self.free / 2)
    }

    /// Whether what began with this much has left too little: it used more than `limit`, or some of the reserve.
    #[must_use]
    pub fn is_used_up(self, now: Self, limit: u64) -> bool {
        self.free.saturating_sub(now.free) > limit || now.free < self.reserve()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reserve_stays_free() {
        const MIB: u64 = 1 << 20;
        let space = |free: u64, size: u64| FreeSpace { free: free * MIB, size: size * MIB };
        for (before, reserve) in [
            (space(900_000, 1_000_000), 1024),
            (space(10_000, 10_000), 500),
            (space(400, 10_000), 200),
            (space(0, 10_000), 0),
        ] {
            assert_eq!(before.reserve(), reserve * MIB, "{before:?}");
        }
        let before = space(10_000, 10_000);
        for (free, expected) in [(10_000, false), (20_000, false), (500, false), (499, true), (0, true)] {
            assert_eq!(before.is_used_up(space(free, 10_000), 64_000 * MIB), expected, "{free}");
        }
        assert!(before.is_used_up(space(9_000, 10_000), 999 * MIB));
    }
}
