//! System call filters: calls that a build never needs, and access that other layers do not cover.

use std::collections::BTreeMap;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch, apply_filter, sock_filter,
};

use super::shared::{ShimResult, missing};
use crate::error::Layer;
use crate::message::Notice;
use crate::policy::ConfinementLevel;

type Rules = BTreeMap<i64, Vec<SeccompRule>>;
type FilterResult<T> = Result<T, seccompiler::BackendError>;

/// The last call of Linux 6.18 (`file_setattr`). Newer ones are refused as if the kernel did not have them; on x86-64
/// also those of the x32 interface, whose numbers have bit 30 set and would bypass the filters below.
const LAST_CALL: u32 = 469;

/// Calls that are refused regardless of their arguments.
const FORBIDDEN: &[i64] = &[
    // Changes of the mounted file systems.
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_move_mount,
    libc::SYS_open_tree,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_mount_setattr,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_quotactl,
    libc::SYS_quotactl_fd,
    libc::SYS_fanotify_init,
    libc::SYS_name_to_handle_at,
    libc::SYS_open_by_handle_at,
    // Namespaces.
    libc::SYS_unshare,
    libc::SYS_setns,
    // Other processes.
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_pidfd_getfd,
    libc::SYS_kcmp,
    // The kernel.
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_kexec_load,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_reboot,
    libc::SYS_syslog,
    libc::SYS_acct,
    libc::SYS_vhangup,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_clock_adjtime,
    libc::SYS_adjtimex,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
];

/// The same, on x86-64 only.
#[cfg(target_arch = "x86_64")]
const FORBIDDEN_HERE: &[i64] = &[libc::SYS_iopl, libc::SYS_ioperm, libc::SYS_modify_ldt, libc::SYS_kexec_file_load];
#[cfg(not(target_arch = "x86_64"))]
const FORBIDDEN_HERE: &[i64] = &[];

/// Objects that all processes of the user share, and that neither file permissions nor Landlock rules protect. At full,
/// a namespace isolates them. Programs fall back to other means if the kernel does not have them.
const SHARED_OBJECTS: &[i64] = &[
    libc::SYS_shmget,
    libc::SYS_shmat,
    libc::SYS_shmctl,
    libc::SYS_shmdt,
    libc::SYS_semget,
    libc::SYS_semop,
    libc::SYS_semtimedop,
    libc::SYS_semctl,
    libc::SYS_msgget,
    libc::SYS_msgsnd,
    libc::SYS_msgrcv,
    libc::SYS_msgctl,
    libc::SYS_mq_open,
    libc::SYS_mq_unlink,
];

/// Calls that change how a process runs, with the number of the argument that selects the process; 0 is the caller.
const CHANGES_OF_PROCESSES: &[(i64, u8)] = &[
    (libc::SYS_prlimit64, 0),
    (libc::SYS_setpriority, 1),
    (libc::SYS_ioprio_set, 1),
    (libc::SYS_sched_setaffinity, 0),
    (libc::SYS_sched_setscheduler, 0),
    (libc::SYS_sched_setparam, 0),
    (libc::SYS_sched_setattr, 0),
    (libc::SYS_migrate_pages, 0),
    (libc::SYS_move_pages, 0),
];

/// Calls that can also affect all processes of a user: the value of their first argument that selects this.
const CHANGES_OF_USERS: &[(i64, u64)] = &[(libc::SYS_setpriority, 2), (libc::SYS_ioprio_set, 3)];

/// Calls that the filter cannot inspect (their arguments are in memory), or that bypass the filter; programs fall back
/// to older ones if the kernel does not have them.
const UNKNOWN: &[i64] = &[
    libc::SYS_clone3,
    libc::SYS_openat2,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
];

/// The bits of a socket's type, without flags.
const KIND_OF_SOCKET: u64 = 0xf;
const SETUID: u64 = 0o4000;
const SETGID: u64 = 0o2000;
const NAMESPACES: [i32; 7] = [
    libc::CLONE_NEWNS,
    libc::CLONE_NEWCGROUP,
    libc::CLONE_NEWUTS,
    libc::CLONE_NEWIPC,
    libc::CLONE_NEWUSER,
    libc::CLONE_NEWPID,
    libc::CLONE_NEWNET,
];

/// Filters the calls of this process and of everything that it starts, permanently.
pub(super) fn filter(level: ConfinementLevel, network: bool) -> ShimResult<()> {
    let build = || -> FilterResult<[BpfProgram; 4]> {
        Ok([
            compile(refused(level)?, libc::EPERM)?,
            compile(unknown(level), libc::ENOSYS)?,
            compile(sockets(level, network)?, libc::EAFNOSUPPORT)?,
            beyond_the_last(),
        ])
    };
    for program in build().map_err(|error| failed(&error))? {
        apply_filter(&program).map_err(|error| failed(&error))?;
    }
    Ok(())
}

fn failed(error: &dyn std::error::Error) -> Notice {
    missing(Layer::Seccomp, error.to_string())(std::io::Error::from_raw_os_error(libc::EOPNOTSUPP))
}

fn compile(rules: Rules, errno: i32) -> FilterResult<BpfProgram> {
    let refuse = SeccompAction::Errno(errno.cast_unsigned());
    let here = TargetArch::try_from(std::env::consts::ARCH)?;
    SeccompFilter::new(rules, SeccompAction::Allow, refuse, here)?.try_into()
}

fn no_rules(calls: &[i64]) -> Rules {
    calls.iter().map(|call| (*call, Vec::new())).collect()
}

/// All calls that are refused as if the kernel did not have them.
fn unknown(level: ConfinementLevel) -> Rules {
    let mut rules = no_rules(UNKNOWN);
    if level != ConfinementLevel::Full {
        rules.extend(no_rules(SHARED_OBJECTS));
    }
    rules
}

/// Access to other processes; at full, a command sees only its own.
fn other_processes() -> FilterResult<Rules> {
    let mut rules = Rules::new();
    for (call, number) in CHANGES_OF_PROCESSES {
        rules.insert(*call, vec![rule(&[argument(*number, SeccompCmpOp::Ne, 0)])?]);
    }
    for (call, user) in CHANGES_OF_USERS {
        rules.entry(*call).or_default().push(rule(&[is(0, *user)])?);
    }
    Ok(rules)
}

/// All calls that are refused as not permitted.
fn refused(level: ConfinementLevel) -> FilterResult<Rules> {
    let mut rules = no_rules(FORBIDDEN);
    rules.extend(no_rules(FORBIDDEN_HERE));
    // On both architectures, the flags are the first argument.
    rules.insert(
        libc::SYS_clone,
        NAMESPACES.into_iter().map(|flag| rule(&[has(0, flag as u64)])).collect::<FilterResult<_>>()?,
    );
    // Injecting input into a terminal; taking over its console.
    let terminal = [0x5412_u64, 0x541C].into_iter();
    rules.insert(libc::SYS_ioctl, terminal.map(|command| rule(&[is(1, command)])).collect::<FilterResult<_>>()?);
    for (call, mode) in CHANGES_OF_MODE {
        rules.insert(*call, vec![rule(&[has(*mode, SETUID)])?, rule(&[has(*mode, SETGID)])?]);
    }
    for (call, mode, flags) in CREATIONS {
        rules.insert(*call, creation(*mode, *flags)?);
    }
    for (call, mode) in NODES {
        rules.insert(*call, node(*mode)?);
    }
    if level != ConfinementLevel::Full {
        rules.extend(other_processes()?);
    }
    Ok(rules)
}

/// Calls that set a mode, with the number of that argument.
#[cfg(target_arch = "x86_64")]
const CHANGES_OF_MODE: &[(i64, u8)] = &[
    (libc::SYS_chmod, 1),
    (libc::SYS_fchmod, 1),
    (libc::SYS_fchmodat, 2),
    (libc::SYS_fchmodat2, 2),
    (libc::SYS_creat, 1),
];
#[cfg(not(target_arch = "x86_64"))]
const CHANGES_OF_MODE: &[(i64, u8)] = &[(libc::SYS_fchmod, 1), (libc::SYS_fchmodat, 2), (libc::SYS_fchmodat2, 2)];

/// Calls that create a file if their flags say so: mode, flags.
#[cfg(target_arch = "x86_64")]
const CREATIONS: &[(i64, u8, u8)] = &[(libc::SYS_open, 2, 1), (libc::SYS_openat, 3, 2)];
#[cfg(not(target_arch = "x86_64"))]
const CREATIONS: &[(i64, u8, u8)] = &[(libc::SYS_openat, 3, 2)];

/// Calls that make a file of any type.
#[cfg(target_arch = "x86_64")]
const NODES: &[(i64, u8)] = &[(libc::SYS_mknod, 1), (libc::SYS_mknodat, 2)];
#[cfg(not(target_arch = "x86_64"))]
const NODES: &[(i64, u8)] = &[(libc::SYS_mknodat, 2)];

/// Without these flags, the mode is ignored, and may have any value.
fn creation(mode: u8, flags: u8) -> FilterResult<Vec<SeccompRule>> {
    // O_TMPFILE includes O_DIRECTORY, which alone creates nothing; this is the other bit.
    let own_bit_of_tmpfile = (libc::O_TMPFILE & !libc::O_DIRECTORY) as u64;
    let creates = [libc::O_CREAT as u64, own_bit_of_tmpfile];
    let pairs = creates.into_iter().flat_map(|flag| [(flag, SETUID), (flag, SETGID)]);
    pairs.map(|(flag, bit)| rule(&[has(flags, flag), has(mode, bit)])).collect()
}

fn node(mode: u8) -> FilterResult<Vec<SeccompRule>> {
    let kinds = [libc::S_IFCHR, libc::S_IFBLK].map(u64::from);
    let devices = kinds.map(|kind| vec![argument(mode, SeccompCmpOp::MaskedEq(u64::from(libc::S_IFMT)), kind)]);
    let bits = [SETUID, SETGID].map(|bit| vec![has(mode, bit)]);
    devices.into_iter().chain(bits).map(|conditions| rule(&conditions)).collect()
}

/// At full, only unix sockets, and no datagrams, whose address no filter can read; at partial, where sockets of other
/// processes can be reached by path, only connected pairs. With the network, also TCP and UDP.
fn sockets(level: ConfinementLevel, network: bool) -> FilterResult<Rules> {
    let families: &[i32] = match (level, network) {
        (ConfinementLevel::Full, false) => &[libc::AF_UNIX],
        (ConfinementLevel::Full, true) => &[libc::AF_UNIX, libc::AF_INET, libc::AF_INET6],
        (_, true) => &[libc::AF_INET, libc::AF_INET6],
        (_, false) => &[],
    };
    let pairs = refused_sockets(&[libc::AF_UNIX])?;
    let socket = if families.is_empty() { Vec::new() } else { refused_sockets(families)? };
    Ok(Rules::from([(libc::SYS_socket, socket), (libc::SYS_socketpair, pairs)]))
}

/// Sockets of other families, raw ones, and datagrams of unix sockets. (For these, raw means the same as datagram.)
fn refused_sockets(families: &[i32]) -> FilterResult<Vec<SeccompRule>> {
    let kind = |kind: i32| argument(1, SeccompCmpOp::MaskedEq(KIND_OF_SOCKET), kind as u64);
    let others: Vec<ArgumentCondition> =
        families.iter().map(|family| argument(0, SeccompCmpOp::Ne, *family as u64)).collect();
    let unix = is(0, libc::AF_UNIX as u64);
    Ok(vec![rule(&others)?, rule(&[unix, kind(libc::SOCK_DGRAM)])?, rule(&[kind(libc::SOCK_RAW)])?])
}

type ArgumentCondition = (u8, SeccompCmpOp, u64);

fn argument(number: u8, operator: SeccompCmpOp, value: u64) -> ArgumentCondition {
    (number, operator, value)
}

fn has(number: u8, bit: u64) -> ArgumentCondition {
    argument(number, SeccompCmpOp::MaskedEq(bit), bit)
}

fn is(number: u8, value: u64) -> ArgumentCondition {
    argument(number, SeccompCmpOp::Eq, value)
}

/// The kernel uses only 32 bits of all arguments that are checked here.
fn rule(conditions: &[ArgumentCondition]) -> FilterResult<SeccompRule> {
    let conditions = conditions.iter().cloned();
    let conditions = conditions
        .map(|(number, operator, value)| SeccompCondition::new(number, SeccompCmpArgLen::Dword, operator, value));
    SeccompRule::new(conditions.collect::<FilterResult<_>>()?)
}

/// A filter that makes the kernel ask the keeper about one call.
pub(super) fn ask_about(call: i64) -> BpfProgram {
    compared(libc::BPF_JEQ, call as u32, libc::SECCOMP_RET_USER_NOTIF)
}

/// Refuses one call.
pub(super) fn refuse(call: i64) -> ShimResult<()> {
    let program = compared(libc::BPF_JEQ, call as u32, libc::SECCOMP_RET_ERRNO | libc::EACCES.cast_unsigned());
    apply_filter(&program).map_err(|error| failed(&error))
}

fn beyond_the_last() -> BpfProgram {
    compared(libc::BPF_JGT, LAST_CALL, libc::SECCOMP_RET_ERRNO | libc::ENOSYS.cast_unsigned())
}

/// Four instructions: load the call's number, compare it, and return `then` or allow the call.
fn compared(comparison: u32, number: u32, then: u32) -> BpfProgram {
    let instruction = |code: u32, jt, jf, k| sock_filter { code: code as u16, jt, jf, k };
    vec![
        instruction(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, 0),
        instruction(libc::BPF_JMP | comparison | libc::BPF_K, 0, 1, number),
        instruction(libc::BPF_RET | libc::BPF_K, 0, 0, then),
        instruction(libc::BPF_RET | libc::BPF_K, 0, 0, libc::SECCOMP_RET_ALLOW),
    ]
}
