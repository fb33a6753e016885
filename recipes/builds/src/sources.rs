//! Where the sources come from: an archive, or a directory.

use std::path::Path;

use buildout_recipe::{
    Command, Context, Download, DownloadReason, Downloader, Error, Fetched, Init, Runner, TopLevel, activity, info,
};
use shared_parts::{filled, is_true, join};

/// The sources to build.
pub(crate) enum BuildSources {
    Archive {
        url: String,
        alternate: Option<String>,
        /// Each in hexadecimal digits.
        digests: Vec<String>,
        top_level: TopLevel,
    },
    Directory {
        path: String,
        /// Whether to build there instead of in a copy.
        in_place: bool,
    },
}

/// Options that apply to only one kind of sources. Reading them marks them as used: a profile may inherit them from a
/// profile with another kind of sources.
const OPTIONS: [&str; 5] = ["alternate-url", "compile-directory", "md5sum", "sha256sum", "strip-top-level-dir"];

impl BuildSources {
    pub(crate) fn of(init: &Init<'_>) -> Result<Self, Error> {
        let options = init.options();
        for name in OPTIONS {
            options.get(name)?;
        }
        match (filled(options, "url")?, filled(options, "path")?) {
            (Some(_), Some(_)) => Err(Error::user("The options url and path cannot be used together")),
            (None, None) => Err(Error::user("The sources are missing: set the option url or path")),
            (None, Some(path)) => {
                let base = init.buildout().directory()?;
                let path = join(&base, &path);
                let compile_directory = filled(options, "compile-directory")?;
                let in_place = compile_directory.is_some_and(|directory| join(&base, &directory) == path);
                Ok(Self::Directory { path, in_place })
            }
            (Some(url), None) => {
                let mut digests = Vec::new();
                for name in ["md5sum", "sha256sum"] {
                    if let Some(digest) = filled(options, name)? {
                        check_digest(name, &digest, if name == "md5sum" { 32 } else { 64 })?;
                        digests.push(digest);
                    }
                }
                let strip = is_true(options, "strip-top-level-dir")?;
                let top_level = if strip { TopLevel::Strip } else { TopLevel::Keep };
                Ok(Self::Archive { url, alternate: filled(options, "alternate-url")?, digests, top_level })
            }
        }
    }

    /// The directory of the sources, if they are built without a copy.
    pub(crate) fn in_place(&self) -> Option<&str> {
        match self {
            Self::Directory { path, in_place: true } => Some(path),
            _ => None,
        }
    }

    /// Downloads and unpacks, or copies, the sources to `directory`, which must not exist.
    pub(crate) fn provide(&self, runner: &Runner, directory: &str) -> Result<(), Error> {
        match self {
            Self::Archive { url, alternate, digests, top_level } => {
                activity("download");
                let archive = fetch(url, alternate.as_deref(), digests)?;
                activity("unpack");
                archive.unpack(directory, *top_level)?;
                Ok(())
            }
            Self::Directory { path, .. } if !Path::new(path).is_dir() => {
                Err(Error::user(format!("The source directory {path} does not exist")))
            }
            Self::Directory { in_place: true, .. } => Ok(()),
            Self::Directory { path, .. } => {
                activity("copy");
                copy(runner, path, directory)
            }
        }
    }
}

fn check_digest(name: &str, digest: &str, length: usize) -> Result<(), Error> {
    if digest.len() == length && digest.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Ok(());
    }
    Err(Error::user(format!("Invalid value for option {name}: {digest:?} (expected {length} hexadecimal digits)")))
}

/// The request for a file. The length of each digest determines its algorithm.
pub(crate) fn request(url: &str, digests: &[String]) -> Download {
    digests.iter().fold(Download::new(url), |download, digest| match digest.len() {
        64 => download.sha256(digest),
        128 => download.sha512(digest),
        _ => download.md5(digest),
    })
}

/// Downloads from anywhere, and reads files of this machine.
pub(crate) fn downloader() -> Result<Downloader, Error> {
    Ok(Downloader::open(&["*", "file:///"])?)
}

/// Downloads a file.
fn fetch(url: &str, alternate: Option<&str>, digests: &[String]) -> Result<Fetched, Error> {
    let downloader = downloader()?;
    match (request(url, digests).fetch(&downloader), alternate) {
        (Err(error), Some(alternate)) if error.reason() == DownloadReason::Unavailable => {
            info!("{error}; trying {alternate}");
            Ok(request(alternate, digests).fetch(&downloader)?)
        }
        (outcome, _) => Ok(outcome?),
    }
}

/// Copies a directory with one native command. A build must neither change the user's files nor see the output of an
/// earlier build among them.
fn copy(runner: &Runner, from: &str, to: &str) -> Result<(), Error> {
    let entries =
        std::fs::read_dir(from).map_err(|error| Error::user(error.to_string())).context(format!("reading {from}"))?;
    let mut names = Vec::new();
    for entry in entries {
        let name = entry.context(format!("reading {from}"))?.file_name().to_string_lossy().into_owned();
        // The sources may contain the buildout, which must not be copied into itself.
        if !Path::new(to).starts_with(Path::new(from).join(&name)) {
            names.push(name);
        }
    }
    names.sort();
    std::fs::create_dir_all(to).context(format!("creating {to}"))?;
    if names.is_empty() {
        return Ok(());
    }
    // Owners are not preserved: only root could do that, and no build needs it.
    const SCRIPT: &str = "to=$1; shift; if cp --version >/dev/null 2>&1; \
                          then exec cp -RP --preserve=mode,timestamps,links -- \"$@\" \"$to\"; \
                          else exec cp -RPp -- \"$@\" \"$to\"; fi";
    let shell = Command::new("/bin/sh").args(["-c", SCRIPT, "copy", to]).args(names).directory(from);
    shell.run(runner)?.check().context(format!("copying {from} to {to}"))?;
    Ok(())
}
