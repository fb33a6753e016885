//! Checks the modules that a Python must have: imports each, and reports those that fail with the library they need.
//!
//! This is necessary because a build of Python succeeds without the modules whose libraries are missing.

use buildout_recipe::{Command, Error, Runner, info};

/// Imports the module in its argument, and prints the reason if it cannot. Works with every version of Python. It must not
/// find modules in the working directory.
const SCRIPT: &str = "import sys
del sys.path[0]
try:
    __import__(sys.argv[1])
except BaseException:
    error = sys.exc_info()
    sys.stdout.write('%s: %s' % (error[0].__name__, error[1]))
    sys.exit(1)
";

/// Modules of the standard library, and the library that each needs.
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

const ADVICE: &str = "If a part of this buildout provides the library, set in `environment`: CPPFLAGS = \
-I${part:location}/include, LDFLAGS = -L${part:location}/lib -Wl,-rpath=${part:location}/lib";

/// Imports each of `modules` with `executable`.
///
/// # Errors
/// If some cannot be imported. The error lists all of them.
pub(crate) fn check(modules: &[String], executable: &str, runner: &Runner) -> Result<(), Error> {
    let (mut missing, mut needs_library) = (Vec::new(), false);
    for module in modules {
        // Without the part's environment variables, because the Python will not have them later either.
        let python = Command::new(executable).args(["-E", "-s", "-", module]).input(SCRIPT);
        let import = python.capture().run(runner)?;
        if !import.success() {
            let printed = String::from_utf8_lossy(&import.captured);
            let reason = printed.lines().next().map_or_else(|| format!("it {}", import.ending), str::to_owned);
            missing.push(match library(module) {
                Some(library) => {
                    needs_library = true;
                    format!("{module} (needs {library}; {reason})")
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
    Err(Error::user(format!("The built Python lacks modules: {}", missing.join(", "))))
}

/// The library that a module, its package, or its public counterpart needs.
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
    fn finds_libraries_by_module_package_and_extension() {
        assert_eq!(library("ssl"), Some("OpenSSL"));
        assert_eq!(library("_ctypes"), Some("libffi"));
        assert_eq!(library("curses.panel"), Some("ncurses"));
        assert_eq!((library("no_such"), library("sslx"), library("dbm")), (None, None, None));
    }
}
