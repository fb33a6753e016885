//! A run that is disturbed at one place, again and again from the same start. strace disturbs it.

use std::path::Path;
use std::process::{Command, Output};

use crate::{Space, host};

const BEFORE: &str = "\
[buildout]
parts = kept moved dropped
[kept]
recipe = mkdir
path = kept
[moved]
recipe = mkdir
path = moved-from
[dropped]
recipe = mkdir
path = dropped
";

const AFTER: &str = "\
[buildout]
parts = kept moved added
[kept]
recipe = mkdir
path = kept
[moved]
recipe = mkdir
path = moved-to
[added]
recipe = mkdir
path = added
";

/// One disturbance, in the words of `strace -e inject`.
#[derive(Debug)]
pub struct Injection<'a> {
    /// The system call.
    pub call: &'a str,
    /// What happens to it, as in `error=EIO`.
    pub what: &'a str,
    /// Which of these calls is disturbed, from 1 (counted in each thread).
    pub number: usize,
    /// Only calls with this path count.
    pub path: Option<&'a str>,
}

/// What an error is called by the system, and by WASI (which has no quota) in recipes.
pub const ERRORS: [(&str, &[&str]); 3] = [
    ("ENOSPC", &["No space left on device"]),
    ("EIO", &["Input/output error", "I/O error"]),
    ("EDQUOT", &["Disk quota exceeded", "I/O error"]),
];

/// A buildout whose next run uninstalls, moves, adds and keeps parts; with what an undisturbed run makes of it.
#[derive(Debug)]
pub struct Bench {
    /// Where it is.
    pub space: Space,
    old: Option<String>,
    new: String,
    tree: Vec<String>,
}

impl Bench {
    /// A buildout that was run once, then edited.
    pub fn edited() -> Self {
        Self::prepare(|space| {
            space.write("buildout.cfg", BEFORE);
            let run = space.host(&["run"]);
            assert!(run.status.success(), "{run:?}");
            for part in ["kept", "moved-from", "dropped"] {
                space.write(&format!("{part}/below/file"), "x");
            }
            space.write("buildout.cfg", AFTER);
        })
    }

    /// A buildout that was never run.
    pub fn of_first_run() -> Self {
        Self::prepare(|space| space.write("buildout.cfg", AFTER))
    }

    /// A buildout that `make` makes, up to the run that is disturbed.
    pub fn prepare(make: impl Fn(&Space)) -> Self {
        let strace = Command::new("strace").arg("-V").output();
        assert!(strace.is_ok(), "these tests need strace: install it (Debian: apt-get install strace)");
        let space = Space::new();
        make(&space);
        copy(&space.buildout(), &space.root().join("start"));
        let old = std::fs::read_to_string(space.buildout().join(".installed.cfg")).ok();
        let run = space.host(&["run"]);
        assert!(run.status.success(), "{run:?}");
        let new = space.read(".installed.cfg");
        let mut bench = Self { space, old, new, tree: Vec::new() };
        bench.tree = bench.tree();
        bench
    }

    /// Back to the start.
    pub fn reset(&self) {
        let buildout = self.space.buildout();
        std::fs::remove_dir_all(&buildout).expect("the buildout goes");
        copy(&self.space.root().join("start"), &buildout);
    }

    /// Runs with one call disturbed.
    pub fn disturbed(&self, injection: &Injection<'_>) -> Output {
        let Injection { call, what, number, path } = injection;
        let (trace, inject) = (format!("trace={call}"), format!("inject={call}:{what}:when={number}"));
        let mut arguments = vec!["-e", &trace, "-e", &inject];
        arguments.extend(path.iter().flat_map(|path| ["-P", path]));
        self.strace(&arguments)
    }

    /// Runs with these calls logged.
    pub fn traced(&self, calls: &str) -> Output {
        self.strace(&["-e", &format!("trace={calls}")])
    }

    fn strace(&self, arguments: &[&str]) -> Output {
        let mut command = self.space.command("strace");
        command.args(["-f", "-y", "-qq", "-s", "300", "-o", "../strace.log"]).args(arguments);
        command.arg(host()).arg("run").output().expect("strace runs")
    }

    /// Files that a run makes, as the calls of openat name them.
    pub fn created_files(&self) -> Vec<String> {
        self.reset();
        assert!(self.traced("openat").status.success());
        let log = strace_log(&self.space);
        let mut paths: Vec<String> = log
            .iter()
            .filter(|line| line.contains("O_CREAT"))
            .filter_map(|line| line.split('"').nth(1).map(str::to_owned))
            .collect();
        paths.dedup();
        assert!(paths.len() >= 3, "lock, journal and new state at least: {log:?}");
        paths
    }

    /// The call that was made to fail in the last run; none if the run did not come so far.
    pub fn injected(&self) -> Option<String> {
        strace_log(&self.space).into_iter().find(|line| line.contains("(INJECTED)"))
    }

    /// Checks how a failed call was reported; gives whether it was. What is tried as a courtesy (the text of the lock,
    /// clearing up) may fail in silence if the run did its work all the same.
    pub fn assert_reported(&self, run: &Output, call: &str, messages: &[&str]) -> bool {
        let errors = String::from_utf8_lossy(&run.stderr);
        if run.status.success() {
            assert_eq!(self.space.read(".installed.cfg"), self.new, "{call}: exit 0 without the work");
            return false;
        }
        if call.contains("(1<") || call.contains("(2<") {
            return false;
        }
        assert_eq!(run.status.code(), Some(1), "{call}: {errors}");
        let last = errors.lines().last().unwrap_or_default();
        assert!(last.starts_with("Error: "), "{call}: {errors}");
        assert!(messages.iter().any(|message| errors.contains(message)), "{call}: no cause in {errors}");
        let root = self.space.root().display().to_string();
        let named = errors.lines().filter(|line| !line.starts_with(' ')).any(|line| line.contains(&root));
        assert!(named, "{call}: no path in {errors}");
        true
    }

    /// The state is the old or the new one, whole; and the next run makes what an undisturbed one makes.
    pub fn assert_recovers(&self, what: &str) {
        let state = std::fs::read_to_string(self.space.buildout().join(".installed.cfg")).ok();
        let is_new = state.as_ref() == Some(&self.new);
        assert!(is_new || state == self.old || is_whole(state.as_deref()), "{what}: neither old nor new: {state:?}");
        let run = self.space.host(&["run"]);
        assert!(run.status.success(), "after {what}: {run:?}");
        self.assert_converged(what);
    }

    /// The tree and the state are those of an undisturbed run.
    pub fn assert_converged(&self, what: &str) {
        assert_eq!(self.space.read(".installed.cfg"), self.new, "{what}");
        assert_eq!(self.tree(), self.tree, "{what}");
    }

    /// What the files hold that a run writes; except logs, which are about one run.
    pub fn content(&self) -> Vec<(String, Vec<u8>)> {
        let paths = self.tree().into_iter().filter(|path| !path.ends_with(".log"));
        let read = |path: String| Some((path.clone(), std::fs::read(self.space.buildout().join(&path[1..])).ok()?));
        paths.filter_map(read).collect()
    }

    /// All paths in the buildout directory.
    pub fn tree(&self) -> Vec<String> {
        let mut paths = Vec::new();
        list(&self.space.buildout(), "", &mut paths);
        paths
    }
}

/// Runs shell commands in the buildout, in a separate mount namespace, after `mounts` were made there. Root may do so;
/// others need namespaces of an ordinary user.
pub fn mounted(space: &Space, mounts: &str, script: &str) -> Output {
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n");
    let namespaces = if is_root { "-m" } else { "-rm" };
    let script = format!("{{ {mounts}; }} || exit 99\n{script}");
    let run = space.command("unshare").args([namespaces, "sh", "-c", &script]).output();
    let run = run.expect("these tests need unshare and mount: install util-linux");
    let errors = String::from_utf8_lossy(&run.stderr);
    let cannot = run.status.code() == Some(99) || errors.contains("unshare:");
    assert!(!cannot, "file systems cannot be mounted here, as root or with `unshare -rm`: {errors}");
    run
}

/// Runs the host with the buildout on a separate small file system, of which so many blocks (4 KiB) and files are left;
/// then the buildout is what that file system held.
pub fn on_full_disk(space: &Space, blocks: usize, files: usize) -> Output {
    let mounts = "mkdir ../disk && mount -t tmpfs -o size=1m,nr_inodes=1000 tmpfs ../disk && cp -a . ../disk/sample";
    let script = format!(
        "cd ../disk && free() {{ stat -f -c \"$1\" .; }}
         dd if=/dev/zero of=filler bs=4k count=$(($(free %a) - {blocks})) status=none
         for file in $(seq $(($(free %d) - {files}))); do : > fill$file; done
         mount --bind sample \"$OLDPWD\" && cd \"$OLDPWD\" && buildout-host run; code=$?
         cp .installed.cfg ../state 2>/dev/null
         rm -f \"$OLDPWD\"/fill* && buildout-host run >../again 2>&1; cp -a . ../left; exit $code"
    );
    let run = mounted(space, mounts, &script);
    let (buildout, left) = (space.buildout(), space.root().join("left"));
    std::fs::remove_dir_all(&buildout).expect("the buildout goes");
    std::fs::rename(left, &buildout).expect("what was left on the disk");
    std::fs::remove_dir(space.root().join("disk")).expect("the mount point");
    // The next run continues on the same disk: a copy of the files would have been born later.
    if let Ok(state) = std::fs::read_to_string(space.root().join("state")) {
        assert!(is_whole(Some(&state)), "half a state: {state}");
        std::fs::remove_file(space.root().join("state")).expect("the state goes");
    }
    run
}

/// A failed run saves what it has done: a state between the two, but never half a file.
fn is_whole(state: Option<&str>) -> bool {
    let Some(state) = state else { return false };
    let parts = state.lines().find_map(|line| line.strip_prefix("parts = ")).unwrap_or_default();
    let has_section = |part: &str| state.contains(&format!("\n[{part}]\n__buildout_installed__ = /"));
    state.ends_with("recipe = mkdir\n") && parts.split(' ').all(has_section)
}

/// What strace wrote of the last run.
pub fn strace_log(space: &Space) -> Vec<String> {
    let log = std::fs::read(space.root().join("strace.log")).unwrap_or_default();
    String::from_utf8_lossy(&log).lines().map(str::to_owned).collect()
}

fn list(directory: &Path, prefix: &str, paths: &mut Vec<String>) {
    let mut entries: Vec<_> =
        std::fs::read_dir(directory).expect("a directory").map(|entry| entry.expect("an entry")).collect();
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let path = format!("{prefix}/{}", entry.file_name().to_string_lossy());
        if entry.file_type().expect("a type").is_dir() {
            list(&entry.path(), &path, paths);
        }
        paths.push(path);
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir(to).expect("a directory");
    for entry in std::fs::read_dir(from).expect("a directory") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("a type").is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), &target).expect("a copy");
        }
    }
}
