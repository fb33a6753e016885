//! Where the sources come from: an archive, or a directory.

use std::path::Path;

use buildout_recipe::{
    Command, Context, Download, DownloadReason, Downloader, Error, Fetched, Init, Runner, TopLevel, activity, info,
};
use shared_parts::{filled, is_true, join};

/// What is built.
pub(crate) enum Sources {
    Archive {
        url: String,
        alternate: Option<String>,
        /// Each in hexadecimal digits.
        digests: Vec<String>,
        top_level: TopLevel,
    },
    Directory {
        path: String,
        /// Whether it is built there, and not in a copy.
        in_place: bool,
    },
}

/// Options that are of no use to every kind of sources. A profile that takes other ones than the profile which it extends
/// may leave them: they are no typing errors.
const OPTIONS: [&str; 5] = ["alternate-url", "compile-directory", "md5sum", "sha256sum", "strip-top-level-dir"];

impl Sources {
    pub(crate) fn of(init: &Init<'_>) -> Result<Self, Error> {
        let options = init.options();
        for name in OPTIONS {
            options.get(name)?;
        }
        match (filled(options, "url")?, filled(options, "path")?) {
            (Some(_), Some(_)) => Err(Error::user("Sources have either a url or a path, not both")),
            (None, None) => Err(Error::user("Where are the sources? Option url or path is needed")),
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

    /// The directory that is built in without a copy.
    pub(crate) fn in_place(&self) -> Option<&str> {
        match self {
            Self::Directory { path, in_place: true } => Some(path),
            _ => None,
        }
    }

    /// Brings the sources to `directory`, which does not exist.
    pub(crate) fn bring(&self, runner: &Runner, directory: &str) -> Result<(), Error> {
        match self {
            Self::Archive { url, alternate, digests, top_level } => {
                activity("download");
                let archive = fetch(url, alternate.as_deref(), digests)?;
                activity("unpack");
                archive.unpack(directory, *top_level)?;
                Ok(())
            }
            Self::Directory { path, .. } if !Path::new(path).is_dir() => {
                Err(Error::user(format!("There is no directory of sources at {path}")))
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
    Err(Error::user(format!("Option {name} has {length} hexadecimal digits, not {digest:?}")))
}

/// Fetches a file whose digests are told apart by their length.
pub(crate) fn fetch(url: &str, alternate: Option<&str>, digests: &[String]) -> Result<Fetched, Error> {
    let downloader = Downloader::open(&["*"])?;
    let request = |url: &str| {
        digests.iter().fold(Download::new(url), |download, digest| match digest.len() {
            64 => download.sha256(digest),
            128 => download.sha512(digest),
            _ => download.md5(digest),
        })
    };
    match (request(url).fetch(&downloader), alternate) {
        (Err(error), Some(alternate)) if error.reason() == DownloadReason::Unavailable => {
            info!("{error}; trying {alternate}");
            Ok(request(alternate).fetch(&downloader)?)
        }
        (outcome, _) => Ok(outcome?),
    }
}

/// Copies a directory with one native command: what is built must not change the person's own files, nor be changed by
/// what an earlier build left among them.
fn copy(runner: &Runner, from: &str, to: &str) -> Result<(), Error> {
    let entries =
        std::fs::read_dir(from).map_err(|error| Error::user(error.to_string())).context(format!("reading {from}"))?;
    let mut names = Vec::new();
    for entry in entries {
        let name = entry.context(format!("reading {from}"))?.file_name().to_string_lossy().into_owned();
        // Sources may hold the buildout: it is not copied into itself.
        if !Path::new(to).starts_with(Path::new(from).join(&name)) {
            names.push(name);
        }
    }
    names.sort();
    std::fs::create_dir_all(to).context(format!("creating {to}"))?;
    if names.is_empty() {
        return Ok(());
    }
    // Owners are not kept: only root could, and need not.
    const SCRIPT: &str = "to=$1; shift; if cp --version >/dev/null 2>&1; \
                          then exec cp -RP --preserve=mode,timestamps,links -- \"$@\" \"$to\"; \
                          else exec cp -RPp -- \"$@\" \"$to\"; fi";
    let shell = Command::new("/bin/sh").args(["-c", SCRIPT, "copy", to]).args(names).directory(from);
    shell.run(runner)?.check().context(format!("copying {from} to {to}"))?;
    Ok(())
}
