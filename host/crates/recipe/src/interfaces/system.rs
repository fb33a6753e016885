//! `buildout:recipe/system`: the machine and the account, as the part's commands see them.

use std::path::Path;
use std::sync::Arc;

use base::files::read_at_most;
use config::condition::Facts as _;
use config::facts::MachineFacts;
use wasmtime::component::HasData;

use super::bindings::buildout::recipe::system::{self as wit, Host, Machine};
use crate::call::Call;
use crate::native::account::Account;
use crate::native::shared::Native;

/// The host name that commands see, with [`Level::Full`].
const NODE: &str = "localhost";
/// Where shells are on each machine.
const SHELL: &str = "/bin/sh";
/// The largest file of the system that is read here, in bytes.
const LARGEST: u64 = 16 << 20;
/// Directories of the C library, and of directories for one processor that hold it.
const LIBRARIES: [&str; 4] = ["/lib64", "/usr/lib64", "/lib", "/usr/lib"];

/// Marks the interface in the linker.
pub(crate) struct TheMachine;

/// The state that its functions see.
pub(crate) struct View<'a> {
    pub(crate) call: &'a mut Call,
    pub(crate) native: &'a Arc<Native>,
}

impl HasData for TheMachine {
    type Data<'a> = View<'a>;
}

impl Host for View<'_> {
    fn describe_machine(&mut self) -> wasmtime::Result<Machine> {
        self.call.note("system.describe-machine", &[]);
        let facts = MachineFacts::new("", self.native.environment());
        let system = facts.system();
        Ok(Machine {
            system: system.system,
            node: NODE.to_owned(),
            release: system.release,
            version: system.version,
            c_library: glibc(&system.machine).map(|version| ("glibc".to_owned(), version)),
            processor: system.machine,
            processors: u32::try_from(self.native.settings.jobs.limit()).unwrap_or(u32::MAX),
            distribution: facts.os_release().unwrap_or_default(),
        })
    }

    fn describe_account(&mut self) -> wasmtime::Result<wit::Account> {
        self.call.note("system.describe-account", &[]);
        let Account { user: user_id, group: group_id } = Account::own().seen(self.native.settings.level);
        let variables = self.native.variables(&self.call.rights);
        Ok(wit::Account {
            user_id,
            user_name: name_in(Path::new("/etc/passwd"), user_id),
            group_id,
            group_name: name_in(Path::new("/etc/group"), group_id),
            home: variables.get("HOME").cloned().unwrap_or_default(),
            shell: SHELL.to_owned(),
            umask: umask(),
        })
    }
}

/// The name of a number in a file such as `/etc/passwd`; the number itself if the file does not have it.
fn name_in(file: &Path, number: u32) -> String {
    let text = read_at_most(file, LARGEST).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let mut entries = text.lines().map(|line| line.split(':'));
    let found = entries.find_map(|mut fields| {
        let (name, _, id) = (fields.next()?, fields.next()?, fields.next()?);
        (id.parse() == Ok(number)).then(|| name.to_owned())
    });
    found.unwrap_or_else(|| number.to_string())
}

/// The mask of the process. The system call would change it, for all threads.
fn umask() -> u32 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("Umask:"));
    mask.and_then(|mask| u32::from_str_radix(mask.trim(), 8).ok()).unwrap_or(0o022)
}

/// The version of the machine's glibc. This program may have another C library.
fn glibc(processor: &str) -> Option<String> {
    let candidates = LIBRARIES.iter().flat_map(|directory| {
        let directory = Path::new(directory);
        [directory.join(format!("{processor}-linux-gnu")), directory.to_owned()]
    });
    candidates.map(|directory| directory.join("libc.so.6")).find_map(|library| version_of(&library))
}

/// The version in the text that the library prints when it is executed. Example: `GNU C Library (Debian GLIBC 2.36-9)
/// stable release version 2.36.`
fn version_of(library: &Path) -> Option<String> {
    let content = read_at_most(library, LARGEST).ok()?;
    let after = |content: &[u8], text: &str| {
        let at = content.windows(text.len()).position(|window| window == text.as_bytes())?;
        Some(at + text.len())
    };
    let banner = &content[after(&content, "GNU C Library ")?..];
    let banner = &banner[..banner.len().min(500)];
    let version = &banner[after(banner, " release version ")?..];
    let length = version.iter().position(|byte| !byte.is_ascii_digit() && *byte != b'.')?;
    let version = std::str::from_utf8(&version[..length]).ok()?.trim_end_matches('.');
    (!version.is_empty()).then(|| version.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_system_files() {
        let space = tempfile::tempdir().unwrap();
        let file = space.path().join("passwd");
        std::fs::write(&file, "root:x:0:0:root:/root:/bin/bash\n\nme:x:1000:1000::/home/me:/bin/sh\n").unwrap();
        assert_eq!(name_in(&file, 1000), "me");
        assert_eq!(name_in(&file, 7), "7");
        assert_eq!(name_in(&space.path().join("missing"), 0), "0");
    }

    #[test]
    fn the_version_of_the_c_library_is_in_its_text() {
        let space = tempfile::tempdir().unwrap();
        let library = space.path().join("libc.so.6");
        let text = b"\x7fELF...\0GNU C Library (Debian GLIBC 2.36-9+deb12u4) stable release version 2.36.\nCopyright";
        std::fs::write(&library, text).unwrap();
        assert_eq!(version_of(&library).as_deref(), Some("2.36"));
        std::fs::write(&library, "musl").unwrap();
        assert_eq!(version_of(&library), None);
    }

    #[test]
    fn the_mask_is_that_of_this_process() {
        let space = tempfile::tempdir().unwrap();
        let path = space.path().join("file");
        std::fs::write(&path, "").unwrap();
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o666 & !umask());
    }
}
