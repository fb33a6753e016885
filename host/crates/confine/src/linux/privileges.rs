//! Limits the resources and drops the privileges of a process.

use std::io;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::shared::{ShimResult, missing};
use super::system;
use crate::error::Layer;
use crate::message::StartOrder;
use crate::policy::ConfinementLevel;

/// `PR_CAP_AMBIENT_CLEAR_ALL` of prctl(2).
const CLEAR_ALL_AMBIENT: u64 = 4;

/// When memory runs out, the kernel should kill the command rather than another process of the machine.
pub(super) fn prefer_to_kill() {
    // Best effort: without it, the kernel chooses by size alone.
    let _ = std::fs::write("/proc/self/oom_score_adj", "500");
}

/// Sets limits for the process and everything that it starts.
pub(super) fn limit(order: &StartOrder) -> ShimResult<()> {
    let limits = &order.limits;
    let memory = limits.memory.unwrap_or_else(memory_of_the_machine);
    let wanted = [
        (Resource::Core, 0),
        (Resource::Nproc, limits.processes),
        (Resource::Fsize, limits.file_size),
        (Resource::Data, memory),
    ];
    for (resource, most) in wanted {
        lower(resource, most).map_err(missing(Layer::Limits, format!("{resource:?}")))?;
    }
    Ok(())
}

/// Never raises a limit.
fn lower(resource: Resource, most: u64) -> io::Result<()> {
    let current = getrlimit(resource);
    let least = |limit: Option<u64>| Some(limit.map_or(most, |limit| limit.min(most)));
    Ok(setrlimit(resource, Rlimit { current: least(current.current), maximum: least(current.maximum) })?)
}

fn memory_of_the_machine() -> u64 {
    let machine = rustix::system::sysinfo();
    u64::from(machine.mem_unit).max(1).saturating_mul(machine.totalram)
}

/// Drops all capabilities, permanently.
pub(super) fn drop_all(level: ConfinementLevel) -> ShimResult<()> {
    let because = |what: &'static str| missing(Layer::Privileges, what);
    drop_bounding_set(level).map_err(because("bounding set"))?;
    system::prctl(libc::PR_CAP_AMBIENT, CLEAR_ALL_AMBIENT, 0).map_err(because("ambient capabilities"))?;
    system::drop_capabilities().map_err(because("capset"))?;
    system::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0).map_err(because("no_new_privs")).map(drop)
}

/// Drops the capabilities that an executed program could still gain. An ordinary user outside a namespace may not drop
/// them, and does not need to: no_new_privs withholds them.
fn drop_bounding_set(level: ConfinementLevel) -> io::Result<()> {
    for capability in 0..64 {
        match system::prctl(libc::PR_CAPBSET_DROP, capability, 0) {
            Ok(_) => {}
            // Past the last one that this kernel knows.
            Err(error) if error.raw_os_error() == Some(libc::EINVAL) => break,
            Err(error) if error.raw_os_error() == Some(libc::EPERM) && level != ConfinementLevel::Full => return Ok(()),
            Err(error) => return Err(error),
        }
    }
    match system::prctl(libc::PR_SET_SECUREBITS, no_root(), 0) {
        Err(error) if level == ConfinementLevel::Full => Err(error),
        _ => Ok(()),
    }
}

/// User 0 gets no capabilities automatically.
fn no_root() -> u64 {
    let bits = libc::SECBIT_NOROOT | libc::SECBIT_NOROOT_LOCKED;
    u64::from(bits.cast_unsigned())
}
