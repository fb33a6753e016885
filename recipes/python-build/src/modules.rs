//! Modules that a Python must have: each is imported, and one that cannot be is told with the library it is made of.
//!
//! A build of Python succeeds without the modules whose libraries it does not find.

use buildout_recipe::{Command, Error, Runner, info};

/// Imports the module that its argument names, and prints why it cannot. Understood by every Python; the directory that it
/// runs in is no place for modules.
const SCRIPT: &str = "import sys
del sys.path[0]
try:
    __import__(sys.argv[1])
except BaseException:
    error = sys.exc_info()
    sys.stdout.write('%s: %s' % (error[0].__name__, error[1]))
    sys.exit(1)
";

/// Modules of the standard library, and the library that each is made of.
const LIBRARIES: [(&str, &str); 16] = [
    ("bz2", "bzip2"),
    ("compression.zstd", "Zstandard"),
    ("crypt", "libcrypt"),
    ("ctypes", "libffi"),
    ("curses", "ncurses"),
    ("dbm.gnu", "gdbm"),
    ("dbm.ndbm", "gdbm or Berkeley DB"),
    ("hashlib", "OpenSSL"),
    ("lzma", "liblzma, of XZ Utils"),
    ("pip", "pip = true, and zlib"),
    ("readline", "GNU readline or libedit"),
    ("sqlite3", "SQLite"),
    ("ssl", "OpenSSL"),
    ("tkinter", "Tcl and Tk"),
    ("uuid", "libuuid, of util-linux"),
    ("zlib", "zlib"),
];

const ADVICE: &str = "Where a library is a part of its own, `environment` says so: CPPFLAGS = -I${part:location}/include, \
LDFLAGS = -L${part:location}/lib -Wl,-rpath=${part:location}/lib";

/// Imports each of `modules` with `executable`.
///
/// # Errors
/// When one cannot be imported. All that cannot be are named.
pub(crate) fn check(modules: &[String], executable: &str, runner: &Runner) -> Result<(), Error> {
    let (mut missing, mut needs_library) = (Vec::new(), false);
    for module in modules {
        // Without the part's own variables: a Python does not have them later either.
        let python = Command::new(executable).args(["-E", "-s", "-", module]).input(SCRIPT);
        let import = python.capture().run(runner)?;
        if !import.success() {
            let printed = String::from_utf8_lossy(&import.captured);
            let reason = printed.lines().next().map_or_else(|| format!("it {}", import.ending), str::to_owned);
            missing.push(match library(module) {
                Some(library) => {
                    needs_library = true;
                    format!("{module} (it needs {library}; {reason})")
                }
                None => format!("{module} ({reason})"),
            });
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    if needs_library {
        info!("{ADVICE}");
    }
    Err(Error::user(format!("The Python that was built lacks modules: {}", missing.join(", "))))
}

/// What a module, the package it is in, or the module behind it is made of.
fn library(module: &str) -> Option<&'static str> {
    let name = module.trim_start_matches('_');
    let is_it =
        |(of, _): &&(&str, &str)| name.strip_prefix(of).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    LIBRARIES.iter().find(is_it).map(|(_, library)| *library)
}

#[cfg(test)]
mod tests {
    use super::library;

    #[test]
    fn libraries_are_known_by_module_package_and_extension() {
        assert_eq!(library("ssl"), Some("OpenSSL"));
        assert_eq!(library("_ctypes"), Some("libffi"));
        assert_eq!(library("curses.panel"), Some("ncurses"));
        assert_eq!((library("no_such"), library("sslx"), library("dbm")), (None, None, None));
    }
}
