//! The machine: its distribution, its kernel, and whether this is a container.

use std::path::Path;

use base::environment::Environment;
use config::condition::Facts as _;
use config::facts::MachineFacts;

use super::Check;

/// What remedies depend on.
pub(super) struct CheckedMachine {
    name: String,
    kernel: String,
    processor: String,
    /// How packages are installed here.
    pub(super) packages: PackageManager,
    /// Whether this process is in a container, whose settings decide from outside.
    pub(super) is_container: bool,
}

/// The program that installs packages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PackageManager {
    /// Debian, Ubuntu and others made of them.
    Apt,
    /// Fedora, Red Hat, and others made of them.
    Dnf,
    /// Alpine.
    Apk,
    /// Arch.
    Pacman,
    /// openSUSE.
    Zypper,
    /// Another distribution.
    Unknown,
}

impl CheckedMachine {
    pub(super) fn of(environment: &Environment) -> Self {
        let facts = MachineFacts::new("", environment);
        let release = facts.os_release().unwrap_or_default();
        let value = |key: &str| release.iter().find(|(name, _)| name == key).map_or("", |(_, value)| value.as_str());
        let system = facts.system();
        let container = environment.variables.contains_key("container");
        Self {
            name: value("PRETTY_NAME").to_owned(),
            kernel: system.release,
            processor: system.machine,
            packages: PackageManager::of(value("ID"), value("ID_LIKE")),
            is_container: container
                || ["/.dockerenv", "/run/.containerenv"].iter().any(|file| Path::new(file).exists()),
        }
    }

    pub(super) fn check(&self) -> Check {
        let container = if self.is_container { ", in a container" } else { "" };
        Check::good("system", format!("{}, Linux {}, {}{container}", self.name, self.kernel, self.processor))
    }
}

impl PackageManager {
    /// The one of the distribution `id`, or of one that it resembles.
    pub(super) fn of(id: &str, like: &str) -> Self {
        let known = std::iter::once(id).chain(like.split_whitespace()).find_map(|name| match name {
            "debian" | "ubuntu" => Some(Self::Apt),
            "fedora" | "rhel" | "centos" => Some(Self::Dnf),
            "alpine" => Some(Self::Apk),
            "arch" => Some(Self::Pacman),
            "suse" | "opensuse" => Some(Self::Zypper),
            _ => None,
        });
        known.unwrap_or(Self::Unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::PackageManager;

    #[test]
    fn distributions_are_known_by_what_they_resemble() {
        let t = |id: &str, like: &str, expected| assert_eq!(PackageManager::of(id, like), expected, "{id} {like}");
        t("debian", "", PackageManager::Apt);
        t("linuxmint", "ubuntu debian", PackageManager::Apt);
        t("rocky", "rhel centos fedora", PackageManager::Dnf);
        t("alpine", "", PackageManager::Apk);
        t("manjaro", "arch", PackageManager::Pacman);
        t("opensuse-leap", "suse opensuse", PackageManager::Zypper);
        t("nixos", "", PackageManager::Unknown);
    }
}
