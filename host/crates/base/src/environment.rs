//! What the host knows about the process environment, as a value: nothing below `cli` reads globals.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// The process environment, read once at startup.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// The working directory, absolute.
    pub directory: PathBuf,
    /// The user's home directory (`HOME`), if it is set.
    pub home: Option<PathBuf>,
    /// All environment variables that are valid Unicode.
    pub variables: BTreeMap<String, String>,
}

impl Environment {
    /// Reads the real process. Only `cli` (and tests) may call it.
    ///
    /// # Errors
    /// When the working directory no longer exists, or its path is not valid UTF-8: the path becomes the value of an
    /// option, and option values are strings.
    pub fn of_process() -> std::io::Result<Self> {
        let variables: BTreeMap<_, _> =
            std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?))).collect();
        let home = variables.get("HOME").filter(|home| !home.is_empty()).map(PathBuf::from);
        let directory = std::env::current_dir()?;
        if directory.to_str().is_none() {
            let error =
                format!("its path, {directory:?}, is not valid UTF-8, and options can contain only UTF-8: rename it");
            return Err(std::io::Error::new(std::io::ErrorKind::InvalidInput, error));
        }
        Ok(Self { directory, home, variables })
    }

    /// The user's home directories: of the environment, and of the system's list of users, which differ under `sudo`.
    pub fn homes(&self) -> Vec<PathBuf> {
        let user = rustix::process::getuid().as_raw().to_string();
        let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        let listed = users.lines().filter_map(|line| {
            let fields: Vec<&str> = line.split(':').collect();
            let home = fields.get(5).filter(|home| fields.get(2) == Some(&user.as_str()) && home.starts_with('/'))?;
            Some(PathBuf::from(home))
        });
        self.home.iter().cloned().chain(listed).collect()
    }

    /// Where zc.buildout keeps a user's own settings: `$BUILDOUT_HOME`, else `~/.buildout`.
    pub fn buildout_home(&self) -> Option<PathBuf> {
        let named = self.variables.get("BUILDOUT_HOME").filter(|path| !path.is_empty()).map(PathBuf::from);
        named.or_else(|| Some(self.home.as_ref()?.join(".buildout")))
    }

    /// Directory for caches that can be deleted at any time: `$XDG_CACHE_HOME/buildout-host`, else
    /// `~/.cache/buildout-host`.
    pub fn cache_directory(&self) -> Option<PathBuf> {
        let named = self.variables.get("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
        let base = named.or_else(|| Some(self.home.as_ref()?.join(".cache")))?;
        Some(base.join("buildout-host"))
    }
}
