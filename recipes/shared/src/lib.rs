//! The location of a built-in recipe's part: its own directory in the parts directory or, with `shared = true` and
//! `[buildout] shared-part-list`, a directory that several buildouts share.
//!
//! The location of a shared part is `DIRECTORY/NAME/DIGEST`. The digest covers its options, so any buildout that finds the
//! part can use it. A lock protects its creation, and the file [`MARKER`], which is written last, marks it as complete. No
//! buildout records or removes it.

mod signature;

use std::path::Path;

use buildout_recipe::{Command, Context, Error, Init, Lock, Options, Paths, Runner, created, info};

/// The file that marks a shared part as complete. It contains the options of the part, without the credentials of URLs,
/// because other users can read it. Tools that clean up shared parts rely on its name.
const MARKER: &str = ".buildout-shared.json";

/// The location of a part.
#[derive(Debug, Clone)]
pub struct PartLocation {
    location: String,
    /// The options that determine the content, as text, if the part is shared.
    signature: Option<String>,
}

impl PartLocation {
    /// The location of the part that is being initialized. For a shared part, all relevant options must already be set.
    ///
    /// # Errors
    /// If `shared` is neither `true` nor `false`, or an option cannot be read.
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

    /// Whether several buildouts share it.
    pub fn is_shared(&self) -> bool {
        self.signature.is_some()
    }

    /// Makes the part with `make`, in a new and empty directory, which is removed if that fails. A shared part that already
    /// exists is not made again. Returns the paths that the buildout owns.
    ///
    /// # Errors
    /// If the directory cannot be created, or if `make` fails.
    pub fn install(&self, make: impl FnOnce() -> Result<(), Error>) -> Result<Paths, Error> {
        let Some(signature) = &self.signature else {
            created(&self.location)?;
            self.make(make)?;
            return Ok(self.location.as_str().into());
        };
        if self.is_complete() {
            info!("Shared part already exists: {}", self.location);
            return Ok(Paths::none());
        }
        let (directory, digest) = self.location.rsplit_once('/').unwrap_or_default();
        std::fs::create_dir_all(directory).context(format!("creating {directory}"))?;
        let waiting = || info!("Waiting for another buildout to make {}", self.location);
        let _lock = Lock::acquire(format!("{directory}/.{digest}.lock"), waiting).context("locking a shared part")?;
        if !self.is_complete() {
            info!("Making shared part {}", self.location);
            self.make(|| make().and_then(|()| self.finish(signature)))?;
        }
        Ok(Paths::none())
    }

    /// Makes a shared part again if it was removed.
    ///
    /// # Errors
    /// As [`Self::install`].
    pub fn update(&self, make: impl FnOnce() -> Result<(), Error>) -> Result<Option<Paths>, Error> {
        if self.is_shared() && !self.is_complete() {
            return self.install(make).map(Some);
        }
        Ok(None)
    }

    fn is_complete(&self) -> bool {
        Path::new(&self.location).join(MARKER).exists()
    }

    fn make(&self, make: impl FnOnce() -> Result<(), Error>) -> Result<(), Error> {
        clear(&self.location)?;
        std::fs::create_dir_all(&self.location).context(format!("creating {}", self.location))?;
        make().inspect_err(|_| {
            // An error here must not hide the first failure.
            let _ = clear(&self.location);
        })
    }

    /// Marks a shared part as complete, and write-protects it: a program of one buildout must not change it for others.
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

/// The directory in the list that contains the part, else the first writable one, else the first one.
fn choose<'a>(directories: &'a [String], below: &str) -> Option<&'a String> {
    let complete = |directory: &&String| Path::new(directory.as_str()).join(below).join(MARKER).exists();
    let there = |directory: &&String| Path::new(directory.as_str()).is_dir();
    if let Some(found) = directories.iter().find(complete) {
        return Some(found);
    }
    match directories.iter().filter(there).count() {
        0 => directories.first(),
        // If the only one is not writable, making the part reports that.
        1 => directories.iter().find(there),
        _ => directories.iter().filter(there).find(|directory| is_writable(directory)),
    }
}

/// Whether a directory can be created there. WASI has no function for permissions, so this tries it.
fn is_writable(directory: &str) -> bool {
    let probe = format!("{directory}/.buildout-probe");
    match std::fs::create_dir(&probe) {
        Ok(()) => std::fs::remove_dir(&probe).is_ok(),
        Err(error) => error.kind() == std::io::ErrorKind::AlreadyExists,
    }
}

/// Removes `path` if it exists.
///
/// # Errors
/// If it cannot be removed.
pub fn clear(path: &str) -> Result<(), Error> {
    match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error).context(format!("reading {path}")),
        Ok(found) if found.is_dir() => std::fs::remove_dir_all(path).context(format!("removing {path}")),
        Ok(_) => std::fs::remove_file(path).context(format!("removing {path}")),
    }
}

/// The absolute path of `path` relative to `directory`, without `.` and `..` (resolved in the text) and repeated slashes.
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

/// The value of a boolean option; `false` if it is missing or empty.
///
/// # Errors
/// If it has another value.
pub fn is_true(options: &Options, name: &str) -> Result<bool, Error> {
    match options.get(name)?.unwrap_or_default().trim() {
        "" | "false" => Ok(false),
        "true" => Ok(true),
        other => Err(Error::user(format!("Invalid value for option {name}: {other:?} (expected true or false)"))),
    }
}

/// The value of an option, or none if it is missing or empty.
///
/// # Errors
/// If it cannot be read.
pub fn filled(options: &Options, name: &str) -> Result<Option<String>, Error> {
    Ok(options.get(name)?.map(|value| value.trim().to_owned()).filter(|value| !value.is_empty()))
}

#[cfg(test)]
mod tests;
