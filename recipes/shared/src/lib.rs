//! Where a built-in recipe puts a part: its own place in the parts directory or, with `shared = true` and
//! `[buildout] shared-part-list`, a place that many buildouts share.
//!
//! A shared part lies in `DIRECTORY/NAME/DIGEST`: what its options are decides where it lies, so that whoever finds one
//! there can use it. It is made under a lock, and a file in it that is written last, [`MARKER`], says that it is whole. It
//! belongs to no buildout: none records it, none removes it.

mod signature;

use std::path::Path;

use buildout_recipe::{Command, Context, Error, Init, Lock, Options, Paths, Runner, created, info};

/// The file in a shared part that says that it is whole; it holds the options that it was made with, without
/// credentials of URLs: others can read it. Tools that clean up
/// shared parts know it by this name.
pub const MARKER: &str = ".buildout-shared.json";

/// Where a part lies.
#[derive(Debug, Clone)]
pub struct Place {
    location: String,
    /// The options that decide what is there, as text, if many buildouts share it.
    signature: Option<String>,
}

impl Place {
    /// The place of the part that is being initialised. For a shared one, all options that matter must be set already.
    ///
    /// # Errors
    /// When `shared` is neither `true` nor `false`, or an option cannot be read.
    pub fn of(init: &Init<'_>) -> Result<Self, Error> {
        let own = Self { location: init.options().location(), signature: None };
        if !is_true(init.options(), "shared")? {
            return Ok(own);
        }
        let list = init.buildout().get("buildout", "shared-part-list")?.unwrap_or_default();
        let base = init.buildout().directory()?;
        let directories: Vec<String> =
            list.lines().map(str::trim).filter(|line| !line.is_empty()).map(|line| join(&base, line)).collect();
        if directories.is_empty() {
            return Ok(own);
        }
        let signature = signature::of(init)?;
        let below = format!("{}/{}", init.part(), signature.digest);
        let Some(directory) = choose(&directories, &below) else { return Ok(own) };
        Ok(Self { location: format!("{directory}/{below}"), signature: Some(signature.shown) })
    }

    /// The part's directory, absolute.
    pub fn location(&self) -> &str {
        &self.location
    }

    /// Whether many buildouts share it.
    pub fn is_shared(&self) -> bool {
        self.signature.is_some()
    }

    /// Makes the part with `make`, in a new and empty directory; nothing of it is left when that fails. A shared part that
    /// is there already is not made again. Returns the paths that the buildout owns.
    ///
    /// # Errors
    /// When the directory cannot be made, and those of `make`.
    pub fn install(&self, make: impl FnOnce() -> Result<(), Error>) -> Result<Paths, Error> {
        let Some(signature) = &self.signature else {
            created(&self.location)?;
            self.make(make)?;
            return Ok(self.location.as_str().into());
        };
        if self.is_whole() {
            info!("Shared part is there already: {}", self.location);
            return Ok(Paths::none());
        }
        let (directory, digest) = self.location.rsplit_once('/').unwrap_or_default();
        std::fs::create_dir_all(directory).context(format!("creating {directory}"))?;
        let waiting = || info!("Waiting for another buildout that makes {}", self.location);
        let _lock = Lock::acquire(format!("{directory}/.{digest}.lock"), waiting).context("locking a shared part")?;
        if !self.is_whole() {
            info!("Shared part is made at {}", self.location);
            self.make(|| make().and_then(|()| self.finish(signature)))?;
        }
        Ok(Paths::none())
    }

    /// Looks after an installed part: a shared one that somebody removed is made again.
    ///
    /// # Errors
    /// As [`Self::install`].
    pub fn update(&self, make: impl FnOnce() -> Result<(), Error>) -> Result<Option<Paths>, Error> {
        if self.is_shared() && !self.is_whole() {
            return self.install(make).map(Some);
        }
        Ok(None)
    }

    fn is_whole(&self) -> bool {
        Path::new(&self.location).join(MARKER).exists()
    }

    fn make(&self, make: impl FnOnce() -> Result<(), Error>) -> Result<(), Error> {
        clear(&self.location)?;
        std::fs::create_dir_all(&self.location).context(format!("creating {}", self.location))?;
        make().inspect_err(|_| {
            // What failed first is what the person must hear of.
            let _ = clear(&self.location);
        })
    }

    /// Marks a shared part as whole, and protects it: a program of one buildout must not change what others use.
    fn finish(&self, text: &str) -> Result<(), Error> {
        let (marker, new) = (format!("{}/{MARKER}", self.location), format!("{}/{MARKER}.new", self.location));
        let write = || {
            let mut file = std::fs::File::create(&new)?;
            std::io::Write::write_all(&mut file, text.as_bytes())?;
            file.sync_all()?;
            std::fs::rename(&new, &marker)
        };
        write().context(format!("writing {marker}"))?;
        let runner = Runner::open(&["chmod"])?;
        let protect = Command::new("chmod").args(["-R", "a-w", "--"]).arg(&self.location);
        protect.directory(&self.location).run(&runner)?.check()?;
        Ok(())
    }
}

/// The directory of the list where the part is, else the first in which it can be made, else the first that can be made.
fn choose<'a>(directories: &'a [String], below: &str) -> Option<&'a String> {
    let whole = |directory: &&String| Path::new(directory.as_str()).join(below).join(MARKER).exists();
    let there = |directory: &&String| Path::new(directory.as_str()).is_dir();
    if let Some(found) = directories.iter().find(whole) {
        return Some(found);
    }
    match directories.iter().filter(there).count() {
        0 => directories.first(),
        // That the only one cannot be written is told when the part is made.
        1 => directories.iter().find(there),
        _ => directories.iter().filter(there).find(|directory| is_writable(directory)),
    }
}

/// Whether a directory can be made there. WASI tells no permissions: it is tried.
fn is_writable(directory: &str) -> bool {
    let probe = format!("{directory}/.buildout-probe");
    match std::fs::create_dir(&probe) {
        Ok(()) => std::fs::remove_dir(&probe).is_ok(),
        Err(error) => error.kind() == std::io::ErrorKind::AlreadyExists,
    }
}

/// Removes what is at `path`, if there is something.
///
/// # Errors
/// When it cannot be removed.
pub fn clear(path: &str) -> Result<(), Error> {
    match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error).context(format!("looking at {path}")),
        Ok(found) if found.is_dir() => std::fs::remove_dir_all(path).context(format!("removing {path}")),
        Ok(_) => std::fs::remove_file(path).context(format!("removing {path}")),
    }
}

/// `path` from `directory`, absolute, without `.`, `..` (resolved in the text) and doubled slashes.
pub fn join(directory: &str, path: &str) -> String {
    let joined = if path.starts_with('/') { path.to_owned() } else { format!("{directory}/{path}") };
    let mut names: Vec<&str> = Vec::new();
    for name in joined.split('/') {
        match name {
            "" | "." => {}
            ".." => drop(names.pop()),
            name => names.push(name),
        }
    }
    format!("/{}", names.join("/"))
}

/// An option that is `true` or `false`; `false` where it is missing or empty.
///
/// # Errors
/// When it says something else.
pub fn is_true(options: &Options, name: &str) -> Result<bool, Error> {
    match options.get(name)?.unwrap_or_default().trim() {
        "" | "false" => Ok(false),
        "true" => Ok(true),
        other => Err(Error::user(format!("Option {name} is true or false, not {other:?}"))),
    }
}

/// An option that says something: none where it is missing or empty.
///
/// # Errors
/// When it cannot be read.
pub fn filled(options: &Options, name: &str) -> Result<Option<String>, Error> {
    Ok(options.get(name)?.map(|value| value.trim().to_owned()).filter(|value| !value.is_empty()))
}

#[cfg(test)]
mod tests;
