//! The escapes: each tries one thing that a confined command must not be able to do. Each runs in a separate process, which is
//! the command. `Ok` means that it got out.
#![allow(unsafe_code, reason = "attempts what safe code does not offer")]

use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, Read as _, Write as _};
use std::net::{TcpStream, UdpSocket};
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _, symlink};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

/// What a probe knows of its surroundings.
pub(crate) struct Surroundings {
    /// May be written.
    pub(crate) work: PathBuf,
    /// May be read.
    pub(crate) readable: PathBuf,
    /// May neither be read nor written.
    pub(crate) outside: PathBuf,
    /// A process that is none of its business, with `CONFINEMENT_SECRET` in its environment.
    pub(crate) victim: i32,
    /// A port of 127.0.0.1 where somebody listens.
    pub(crate) port: u16,
}

impl Surroundings {
    pub(crate) fn arguments(&self) -> Vec<String> {
        let path = |path: &PathBuf| path.to_str().unwrap().to_owned();
        let (victim, port) = (self.victim.to_string(), self.port.to_string());
        vec![path(&self.work), path(&self.readable), path(&self.outside), victim, port]
    }

    pub(crate) fn parse(arguments: &[String]) -> Self {
        let [work, readable, outside, victim, port] = arguments else { panic!("{arguments:?}") };
        Self {
            work: work.into(),
            readable: readable.into(),
            outside: outside.into(),
            victim: victim.parse().unwrap(),
            port: port.parse().unwrap(),
        }
    }

    /// The key of objects of System V that belong to others.
    pub(crate) fn key(&self) -> i32 {
        KEYS + i32::from(self.port)
    }

    /// The name of the abstract socket where somebody listens.
    pub(crate) fn abstract_name(&self) -> String {
        format!("confinement-{}", self.port)
    }
}

type Probe = fn(&Surroundings) -> io::Result<()>;

/// When a probe succeeds at `none`, which shows that it can fail.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unconfined {
    /// For anybody.
    Succeeds,
    /// For root; an ordinary user is denied by the machine.
    SucceedsForRoot,
    /// Not even then, on this machine: it lacks the feature, or trying it would harm.
    Unknown,
}

/// What `partial` makes of it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Partly {
    Denied,
    /// Only namespaces help; `docs/security.md` says so.
    Open,
}

/// One way out.
pub(crate) struct EscapeAttempt {
    pub(crate) name: &'static str,
    pub(crate) unconfined: Unconfined,
    pub(crate) partly: Partly,
    pub(crate) probe: Probe,
}

const fn escape(name: &'static str, unconfined: Unconfined, partly: Partly, probe: Probe) -> EscapeAttempt {
    EscapeAttempt { name, unconfined, partly, probe }
}

use Partly::{Denied, Open};
use Unconfined::{Succeeds, SucceedsForRoot, Unknown};

/// Bad input 26 to 29 of `docs/testing.md`; the numbers stand in the names.
pub(crate) const ESCAPES: &[EscapeAttempt] = &[
    escape("26_write_readable_file", Succeeds, Denied, |t| {
        OpenOptions::new().append(true).open(t.readable.join("file"))?.write_all(b"x")
    }),
    escape("26_truncate_readable_file", Succeeds, Denied, |t| {
        let path = text(&t.readable.join("file"));
        system(unsafe { libc::truncate(path.as_ptr(), 0) })
    }),
    escape("26_create_next_to_readable_file", Succeeds, Denied, |t| fs::write(t.readable.join("new"), "x")),
    escape("26_remove_readable_file", Succeeds, Denied, |t| fs::remove_file(t.readable.join("file"))),
    escape("26_rename_readable_file", Succeeds, Denied, |t| {
        fs::rename(t.readable.join("file"), t.readable.join("other"))
    }),
    escape("26_link_readable_file_and_write", Succeeds, Denied, |t| {
        fs::hard_link(t.readable.join("file"), t.work.join("linked"))?;
        fs::write(t.work.join("linked"), "x")
    }),
    escape("26_write_through_symlink", Succeeds, Denied, |t| {
        symlink(t.readable.join("file"), t.work.join("symlink"))?;
        fs::write(t.work.join("symlink"), "x")
    }),
    escape("26_chmod_readable_file", Succeeds, Open, |t| {
        fs::set_permissions(t.readable.join("file"), Permissions::from_mode(0o600))
    }),
    escape("26_utime_readable_file", Succeeds, Open, |t| {
        let path = text(&t.readable.join("file"));
        let times = libc::utimbuf { actime: 1, modtime: 1 };
        system(unsafe { libc::utime(path.as_ptr(), &raw const times) })
    }),
    escape("26_extended_attribute_of_readable_file", Succeeds, Open, |t| {
        let path = text(&t.readable.join("file"));
        let value = b"x";
        system(unsafe { libc::setxattr(path.as_ptr(), c"user.x".as_ptr(), value.as_ptr().cast(), 1, 0) })
    }),
    escape("26_read_outside", Succeeds, Denied, |t| fs::read(t.outside.join("secret")).map(drop)),
    escape("26_stat_outside", Succeeds, Open, |t| fs::metadata(t.outside.join("secret")).map(drop)),
    escape("26_write_outside", Succeeds, Denied, |t| fs::write(t.outside.join("secret"), "x")),
    escape("26_read_outside_through_root_of_init", Unknown, Denied, |t| {
        let inside = t.outside.strip_prefix("/").unwrap().join("secret");
        fs::read(PathBuf::from("/proc/1/root").join(inside)).map(drop)
    }),
    escape("26_read_shadow", SucceedsForRoot, Denied, |_| fs::read("/etc/shadow").map(drop)),
    escape("26_list_home", Succeeds, Denied, |t| fs::read_dir(t.outside.parent().unwrap().join("home")).map(drop)),
    escape("26_environment_of_another_process", Succeeds, Denied, |_| secret_in_any_environment()),
    escape("26_descriptors_of_process_1", Unknown, Denied, |_| {
        fs::read_dir("/proc/1/fd")?.flatten().try_for_each(|entry| fs::read_link(entry.path()).map(drop))
    }),
    escape("27_tcp", Succeeds, Denied, |t| TcpStream::connect(("127.0.0.1", t.port)).map(drop)),
    escape("27_tcp_fast_open", Succeeds, Denied, |t| {
        let socket = socket(libc::AF_INET, libc::SOCK_STREAM, 0)?;
        send_to(&socket, t.port, libc::MSG_FASTOPEN)
    }),
    escape("27_udp", Succeeds, Denied, |t| {
        UdpSocket::bind("127.0.0.1:0")?.send_to(b"x", ("127.0.0.1", t.port)).map(drop)
    }),
    escape("27_listen", Succeeds, Denied, |_| std::net::TcpListener::bind("127.0.0.1:0").map(drop)),
    escape("27_raw", SucceedsForRoot, Denied, |_| socket(libc::AF_INET, libc::SOCK_RAW, libc::IPPROTO_ICMP).map(drop)),
    escape("27_packet", SucceedsForRoot, Denied, |_| socket(libc::AF_PACKET, libc::SOCK_RAW, 0).map(drop)),
    escape("27_netlink", Succeeds, Denied, |_| socket(libc::AF_NETLINK, libc::SOCK_RAW, libc::NETLINK_ROUTE).map(drop)),
    escape("27_vsock", Unknown, Denied, |_| socket(libc::AF_VSOCK, libc::SOCK_STREAM, 0).map(drop)),
    escape("27_abstract_socket_of_others", Succeeds, Denied, |t| {
        use std::os::linux::net::SocketAddrExt as _;
        let address = std::os::unix::net::SocketAddr::from_abstract_name(t.abstract_name())?;
        UnixStream::connect_addr(&address).map(drop)
    }),
    escape("27_path_socket_outside", Succeeds, Denied, |t| UnixStream::connect(t.outside.join("socket")).map(drop)),
    escape("27_path_socket_readable", Succeeds, Denied, |t| UnixStream::connect(t.readable.join("socket")).map(drop)),
    escape("27_path_socket_readable_by_relative_path", Succeeds, Denied, |t| {
        std::env::set_current_dir(&t.readable)?;
        UnixStream::connect("socket").map(drop)
    }),
    escape("27_path_socket_readable_by_symlink", Succeeds, Denied, |t| {
        symlink(t.readable.join("socket"), t.work.join("symlink"))?;
        UnixStream::connect(t.work.join("symlink")).map(drop)
    }),
    escape("27_datagram_to_path_socket_readable", Succeeds, Denied, |t| {
        UnixDatagram::unbound()?.send_to(b"x", t.readable.join("datagrams")).map(drop)
    }),
    escape("27_datagram_from_a_pair", Unknown, Denied, |_| UnixDatagram::pair().map(drop)),
    escape("27_shared_memory_of_others", Succeeds, Denied, |t| system(unsafe { libc::shmget(t.key(), 1, 0) })),
    escape("27_semaphores_of_others", Succeeds, Denied, |t| system(unsafe { libc::semget(t.key(), 1, 0) })),
    escape("27_messages_of_others", Succeeds, Denied, |t| system(unsafe { libc::msgget(t.key(), 0) })),
    escape("28_kill_another_process", Succeeds, Denied, |t| system(unsafe { libc::kill(t.victim, 0) })),
    escape("28_limit_another_process", Succeeds, Denied, |t| {
        let (mut limit, no_limit) = (libc::rlimit { rlim_cur: 0, rlim_max: 0 }, std::ptr::null());
        let this = system(unsafe { libc::prlimit(0, libc::RLIMIT_CORE, no_limit, &raw mut limit) });
        this.expect("a command may ask for its own limits");
        limit.rlim_cur = 0;
        system(unsafe { libc::prlimit(t.victim, libc::RLIMIT_CORE, &raw const limit, std::ptr::null_mut()) })
    }),
    escape("28_priority_of_another_process", Succeeds, Denied, |t| {
        system(unsafe { libc::setpriority(libc::PRIO_PROCESS, t.victim.cast_unsigned(), 19) })
    }),
    escape("28_input_priority_of_another_process", Succeeds, Denied, |t| {
        call(libc::SYS_ioprio_set, [1, t.victim as usize, 3 << 13, 0])
    }),
    escape("28_processors_of_another_process", Succeeds, Denied, |t| {
        let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
        let size = size_of::<libc::cpu_set_t>();
        system(unsafe { libc::sched_getaffinity(0, size, &raw mut set) })?;
        system(unsafe { libc::sched_setaffinity(0, size, &raw const set) }).expect("its own processors");
        system(unsafe { libc::sched_setaffinity(t.victim, size, &raw const set) })
    }),
    escape("28_scheduler_of_another_process", Succeeds, Denied, |t| {
        let parameter = libc::sched_param { sched_priority: 0 };
        system(unsafe { libc::sched_setscheduler(t.victim, libc::SCHED_BATCH, &raw const parameter) })
    }),
    escape("28_ptrace_another_process", Succeeds, Denied, |t| {
        system(unsafe { libc::ptrace(libc::PTRACE_SEIZE, t.victim, 0, 0) } as i32)
    }),
    escape("28_memory_of_another_process", Succeeds, Denied, |t| {
        OpenOptions::new().write(true).open(format!("/proc/{}/mem", t.victim)).map(drop)
    }),
    escape("28_ptrace_own_child", Succeeds, Denied, |_| {
        system(unsafe { libc::ptrace(libc::PTRACE_TRACEME, 0, 0, 0) } as i32)
    }),
    escape("28_core_pattern", SucceedsForRoot, Denied, |_| {
        OpenOptions::new().write(true).open("/proc/sys/kernel/core_pattern").map(drop)
    }),
    escape("28_own_limit_of_processes", SucceedsForRoot, Denied, |_| {
        OpenOptions::new().write(true).open("/proc/sys/kernel/pid_max").map(drop)
    }),
    escape("28_unshare_user", Succeeds, Denied, |_| system(unsafe { libc::unshare(libc::CLONE_NEWUSER) })),
    escape("28_clone_user", Succeeds, Denied, |_| {
        let flags = libc::CLONE_NEWUSER | libc::SIGCHLD;
        match unsafe { libc::syscall(libc::SYS_clone, flags, 0, 0, 0, 0) } {
            0 => unsafe { libc::_exit(0) },
            result => system(result as i32),
        }
    }),
    escape("28_mount", SucceedsForRoot, Denied, |t| {
        // In a new mount namespace, so that trying does no harm.
        system(unsafe { libc::unshare(libc::CLONE_NEWNS) })?;
        let target = text(&t.work);
        let (source, kind) = (c"none".as_ptr(), c"tmpfs".as_ptr());
        system(unsafe { libc::mount(source, target.as_ptr(), kind, 0, std::ptr::null()) })
    }),
    escape("28_remount_readable_writable", Unknown, Denied, |t| {
        let target = text(&t.readable);
        let flags = libc::MS_REMOUNT | libc::MS_BIND;
        system(unsafe { libc::mount(c"".as_ptr(), target.as_ptr(), c"".as_ptr(), flags, std::ptr::null()) })
    }),
    escape("28_chroot", SucceedsForRoot, Denied, |t| {
        let target = text(&t.work);
        system(unsafe { libc::chroot(target.as_ptr()) })
    }),
    escape("28_bpf", SucceedsForRoot, Denied, |_| {
        // BPF_MAP_CREATE: an array with keys of 4 bytes, values of 4, one entry.
        let attributes: [u32; 32] = std::array::from_fn(|index| [2, 4, 4, 1].get(index).copied().unwrap_or(0));
        call(libc::SYS_bpf, [0, attributes.as_ptr() as usize, 128, 0])
    }),
    escape("28_io_uring", Succeeds, Denied, |_| {
        let parameters = [0_u64; 32];
        call(libc::SYS_io_uring_setup, [1, parameters.as_ptr() as usize, 0, 0])
    }),
    escape("28_keyring", Unknown, Denied, |_| call(libc::SYS_keyctl, [0, usize::MAX - 2, 1, 0])),
    escape("28_userfaultfd", Unknown, Denied, |_| call(libc::SYS_userfaultfd, [0, 0, 0, 0])),
    escape("28_perf_event", Unknown, Denied, |_| {
        let attributes = [0_u64; 16];
        call(libc::SYS_perf_event_open, [attributes.as_ptr() as usize, 0, usize::MAX, usize::MAX])
    }),
    escape("28_file_handle", Succeeds, Denied, |t| {
        let (path, mut handle, mut mount) = (text(&t.readable), [0_u64; 20], 0);
        handle[0] = 128;
        let arguments = [libc::AT_FDCWD as usize, path.as_ptr() as usize, handle.as_mut_ptr() as usize];
        call(libc::SYS_name_to_handle_at, [arguments[0], arguments[1], arguments[2], (&raw mut mount) as usize])
    }),
    #[cfg(target_arch = "x86_64")]
    escape("28_x32", Unknown, Denied, |_| call(libc::SYS_getpid | 0x4000_0000, [0; 4])),
    escape("28_call_of_the_future", Unknown, Denied, |_| call(1000, [0; 4])),
    escape("28_set_host_name", Unknown, Denied, |_| system(unsafe { libc::sethostname(c"x".as_ptr(), 1) })),
    escape("29_setuid_by_chmod", Succeeds, Denied, |t| {
        fs::write(t.work.join("mode"), "")?;
        fs::set_permissions(t.work.join("mode"), Permissions::from_mode(0o4755))
    }),
    escape("29_setgid_by_fchmodat2", Succeeds, Denied, |t| {
        fs::write(t.work.join("mode"), "")?;
        let path = text(&t.work.join("mode"));
        call(libc::SYS_fchmodat2, [libc::AT_FDCWD as usize, path.as_ptr() as usize, 0o2755, 0])
    }),
    escape("29_setuid_by_open", Succeeds, Denied, |t| {
        let mut options = OpenOptions::new();
        options.write(true).create(true).mode(0o4755).open(t.work.join("created")).map(drop)
    }),
    escape("29_setuid_by_nameless_file", Succeeds, Denied, |t| {
        OpenOptions::new().write(true).custom_flags(libc::O_TMPFILE).mode(0o4755).open(&t.work).map(drop)
    }),
    escape("29_setuid_by_openat2", Succeeds, Denied, |t| {
        let path = text(&t.work.join("created2"));
        let how = [(libc::O_CREAT | libc::O_WRONLY) as u64, 0o4755, 0];
        call(libc::SYS_openat2, [libc::AT_FDCWD as usize, path.as_ptr() as usize, how.as_ptr() as usize, 24])
    }),
    escape("29_setuid_by_mknod", Succeeds, Denied, |t| {
        let path = text(&t.work.join("node"));
        system(unsafe { libc::mknod(path.as_ptr(), libc::S_IFREG | 0o4755, 0) })
    }),
    escape("29_device_node", SucceedsForRoot, Denied, |t| {
        let path = text(&t.work.join("device"));
        system(unsafe { libc::mknod(path.as_ptr(), libc::S_IFCHR | 0o600, libc::makedev(1, 3)) })
    }),
    escape("29_capabilities", SucceedsForRoot, Denied, |_| {
        // Also after an attempt to get some by becoming root.
        let _ = unsafe { libc::setuid(0) };
        let status = fs::read_to_string("/proc/self/status")?;
        let effective = status.lines().find_map(|line| line.strip_prefix("CapEff:")).unwrap_or_default();
        if effective.trim().bytes().all(|digit| digit == b'0') { Err(io::Error::other("none")) } else { Ok(()) }
    }),
    escape("29_type_into_terminal", SucceedsForRoot, Denied, |_| {
        system(unsafe { libc::ioctl(TERMINAL, libc::TIOCSTI, c"x".as_ptr()) })
    }),
];

const KEYS: i32 = 0x0b01_0000;

/// Objects of System V with one key: shared memory, semaphores, a queue of messages.
pub(crate) struct SharedObjects([i32; 3]);

impl SharedObjects {
    pub(crate) fn new(port: u16) -> Self {
        let key = KEYS + i32::from(port);
        let flags = libc::IPC_CREAT | 0o600;
        Self(unsafe { [libc::shmget(key, 1, flags), libc::semget(key, 1, flags), libc::msgget(key, flags)] })
    }
}

impl Drop for SharedObjects {
    fn drop(&mut self) {
        let [memory, semaphores, messages] = self.0;
        unsafe {
            libc::shmctl(memory, libc::IPC_RMID, std::ptr::null_mut());
            libc::semctl(semaphores, 0, libc::IPC_RMID);
            libc::msgctl(messages, libc::IPC_RMID, std::ptr::null_mut());
        }
    }
}

/// The number of a terminal's descriptor that every probe is given.
pub(crate) const TERMINAL: i32 = 9;

/// Runs the probe of that name; the exit code shows the outcome.
pub(crate) fn main(name: &str, arguments: &[String]) -> i32 {
    let target = Surroundings::parse(arguments);
    let escape = ESCAPES.iter().find(|escape| escape.name == name).expect("a probe of that name");
    match (escape.probe)(&target) {
        Ok(()) => ESCAPED,
        Err(error) => {
            println!("{error}");
            DENIED
        }
    }
}

pub(crate) const ESCAPED: i32 = 10;
pub(crate) const DENIED: i32 = 11;

fn text(path: &std::path::Path) -> std::ffi::CString {
    std::ffi::CString::new(path.to_str().unwrap()).unwrap()
}

fn system(result: i32) -> io::Result<()> {
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

fn call(number: i64, arguments: [usize; 4]) -> io::Result<()> {
    let [a, b, c, d] = arguments;
    system(unsafe { libc::syscall(number, a, b, c, d, 0) } as i32)
}

fn socket(domain: i32, kind: i32, protocol: i32) -> io::Result<OwnedFd> {
    let descriptor = unsafe { libc::socket(domain, kind, protocol) };
    system(descriptor)?;
    Ok(unsafe { OwnedFd::from_raw_fd(descriptor) })
}

fn send_to(socket: &OwnedFd, port: u16, flags: i32) -> io::Result<()> {
    let mut address: libc::sockaddr_in = unsafe { std::mem::zeroed() };
    address.sin_family = libc::AF_INET as u16;
    address.sin_port = port.to_be();
    address.sin_addr.s_addr = u32::from_ne_bytes([127, 0, 0, 1]);
    let (data, size) = (b"x", size_of_val(&address) as u32);
    let sent =
        unsafe { libc::sendto(socket.as_raw_fd(), data.as_ptr().cast(), 1, flags, (&raw const address).cast(), size) };
    system(sent as i32)
}

fn secret_in_any_environment() -> io::Result<()> {
    let own = std::process::id().to_string();
    for entry in fs::read_dir("/proc")?.flatten().filter(|entry| entry.file_name() != own.as_str()) {
        let mut environment = Vec::new();
        let read = fs::File::open(entry.path().join("environ")).and_then(|mut file| file.read_to_end(&mut environment));
        if read.is_ok() && environment.windows(18).any(|window| window == b"CONFINEMENT_SECRET") {
            return Ok(());
        }
    }
    Err(io::Error::other("in no environment"))
}

/// Whether this number is an open descriptor.
pub(crate) fn is_open(number: i32) -> bool {
    unsafe { libc::fcntl(number, libc::F_GETFD) != -1 }
}

/// A terminal's end, as a program sees it. The other end stays open.
pub(crate) fn terminal() -> io::Result<OwnedFd> {
    let (mut keyboard, mut screen) = (0, 0);
    let nameless = std::ptr::null_mut();
    system(unsafe { libc::openpty(&raw mut keyboard, &raw mut screen, nameless, std::ptr::null(), std::ptr::null()) })?;
    unsafe { libc::fcntl(keyboard, libc::F_SETFD, libc::FD_CLOEXEC) };
    Ok(unsafe { OwnedFd::from_raw_fd(screen) })
}

/// Sleeps longer than any test waits.
pub(crate) fn sleep_long() -> ! {
    loop {
        std::thread::sleep(Duration::from_secs(3600));
    }
}

/// Ignores what can be ignored, leaves its session and parent, keeps its outputs open, locks `lock`, and lives on.
pub(crate) fn daemon(lock: &std::path::Path) {
    unsafe {
        for signal in [libc::SIGTERM, libc::SIGHUP, libc::SIGINT] {
            libc::signal(signal, libc::SIG_IGN);
        }
        if libc::fork() != 0 {
            return;
        }
        libc::setsid();
        if libc::fork() != 0 {
            libc::_exit(0);
        }
    }
    let file = fs::File::create(lock).unwrap();
    file.lock().unwrap();
    fs::write(lock.with_extension("ready"), "").unwrap();
    sleep_long()
}

/// Connects to its sockets in every way: by path, relative, from threads, while the listener does not accept yet,
/// without a name. Gives what came.
pub(crate) fn own_sockets(directory: &std::path::Path) -> String {
    use std::os::linux::net::SocketAddrExt as _;
    std::env::set_current_dir(directory).unwrap();
    let listener = UnixListener::bind("own").unwrap();
    let address = std::os::unix::net::SocketAddr::from_abstract_name("own").unwrap();
    let nameless = UnixListener::bind_addr(&address).unwrap();
    let connect =
        |path: PathBuf| std::thread::spawn(move || UnixStream::connect(path).unwrap().write_all(b"a").unwrap());
    let threads = ["own".into(), directory.join("own"), "./own".into()].map(connect);
    UnixStream::connect_addr(&address).unwrap().write_all(b"a").unwrap();
    let mut text = String::new();
    for listener in [&listener, &listener, &listener, &nameless] {
        listener.accept().unwrap().0.read_to_string(&mut text).unwrap();
    }
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(UnixStream::connect("none").unwrap_err().kind(), io::ErrorKind::NotFound);
    text
}

/// Makes processes until one is refused, or there are a thousand.
pub(crate) fn fork_bomb() -> usize {
    for count in 0..1000 {
        match unsafe { libc::fork() } {
            0 => sleep_long(),
            -1 => return count,
            _ => {}
        }
    }
    1000
}

/// Whether so many bytes of private memory can be had.
pub(crate) fn allocate(bytes: usize) -> bool {
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
    unsafe { libc::mmap(std::ptr::null_mut(), bytes, protection, flags, -1, 0) != libc::MAP_FAILED }
}

/// Fills files in the directory until one cannot be written; at most `most` of a MiB each.
pub(crate) fn fill(directory: &std::path::Path, most: usize) -> usize {
    let block = vec![1_u8; 1 << 20];
    let started = SystemTime::now();
    for count in 0..most {
        let name = format!("{}-{count}", started.elapsed().unwrap_or_default().as_nanos());
        if fs::write(directory.join(name), &block).is_err() {
            return count;
        }
    }
    most
}
