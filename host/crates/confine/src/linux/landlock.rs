//! Landlock rules: which files may be opened and how, no TCP, no signals and no abstract sockets outside the command.
//!
//! At full, a second barrier behind the mounts; at partial, the only one.

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, PathBeneath, Ruleset, RulesetAttr,
    RulesetCreated, RulesetCreatedAttr, RulesetError, RulesetStatus, Scope,
};
use rustix::fs::{FileType, Mode, OFlags, fstat, open};

use super::shared::{ShimResult, missing, without_links};
use crate::error::Layer;
use crate::message::{Notice, StartOrder};
use crate::policy::ConfinementLevel;

/// Newest first. The oldest is the first version that allows renaming files from one directory to another.
const VERSIONS: [ABI; 8] = [ABI::V9, ABI::V8, ABI::V7, ABI::V6, ABI::V5, ABI::V4, ABI::V3, ABI::V2];

const DEVICES: [&str; 5] = ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"];

/// Restricts this process and everything that it starts, permanently.
pub(super) fn restrict(order: &StartOrder) -> ShimResult<()> {
    let (version, mut rules) = newest(order.network).map_err(failed)?;
    let (read, all) = (AccessFs::from_read(version), AccessFs::from_all(version));
    let mut allowed: Vec<(&Path, BitFlags<AccessFs>)> = DEVICES.map(|device| (Path::new(device), all)).to_vec();
    if order.level == ConfinementLevel::Full {
        // Everything that is mounted may be read: files that must not be read are not mounted.
        allowed.extend([(Path::new("/"), read), (Path::new("/tmp"), all)]);
    } else {
        allowed.push((Path::new("/proc"), read));
        allowed.extend(order.layout.copies.iter().map(|path| (Path::new(path), read)));
    }
    let mut allow = |path: &Path, opened: io::Result<OwnedFd>, access| {
        let added = opened.and_then(|opened| add(&mut rules, &opened, access, version));
        added.map_err(|error| missing(Layer::Landlock, path.display().to_string())(error))
    };
    for (path, access) in allowed {
        allow(path, open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).map_err(io::Error::from), access)?;
    }
    for bind in order.layout.binds.iter().filter(|bind| bind.is_writable || order.level != ConfinementLevel::Full) {
        let path = Path::new(&bind.path);
        // If the path contains a link by now, a command created it.
        allow(path, without_links(path), if bind.is_writable { all } else { read })?;
    }
    let status = rules.restrict_self().map_err(failed)?;
    match status.ruleset {
        RulesetStatus::FullyEnforced => Ok(()),
        _ => Err(missing(Layer::Landlock, "restrict_self")(io::Error::from_raw_os_error(libc::EOPNOTSUPP))),
    }
}

fn failed(error: RulesetError) -> Notice {
    missing(Layer::Landlock, error.to_string())(io::Error::from_raw_os_error(libc::EOPNOTSUPP))
}

/// A ruleset of the newest version that the kernel accepts: found by trying, not by its version number.
fn newest(network: bool) -> Result<(ABI, RulesetCreated), RulesetError> {
    let mut tried = VERSIONS.into_iter().map(|version| Ok((version, rules(version, network)?)));
    let oldest = tried.next_back();
    tried.find(Result::is_ok).or(oldest).unwrap_or_else(|| unreachable!("there are versions"))
}

/// The newest version of Landlock that the kernel offers; `None` if it offers none that is new enough.
pub fn version() -> Option<u32> {
    // Nothing is restricted: the rules are dropped.
    newest(false).ok().map(|(version, _)| version as u32)
}

fn rules(version: ABI, network: bool) -> Result<RulesetCreated, RulesetError> {
    let mut rules = Ruleset::default().set_compatibility(CompatLevel::HardRequirement);
    rules = rules.handle_access(AccessFs::from_all(version))?;
    let of_network = AccessNet::from_all(version);
    if !network && !of_network.is_empty() {
        rules = rules.handle_access(of_network)?;
    }
    let scope = Scope::from_all(version);
    if !scope.is_empty() {
        rules = rules.scope(scope)?;
    }
    rules.create()
}

fn add(rules: &mut RulesetCreated, opened: &OwnedFd, access: BitFlags<AccessFs>, version: ABI) -> io::Result<()> {
    let is_directory = FileType::from_raw_mode(fstat(opened)?.st_mode) == FileType::Directory;
    let access = if is_directory { access } else { access & AccessFs::from_file(version) };
    rules.add_rule(PathBeneath::new(opened, access)).map(drop).map_err(io::Error::other)
}
