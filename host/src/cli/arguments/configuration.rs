//! Which configuration is read, and how: flags that correspond to options of `[buildout]`.

use std::path::{Path, PathBuf};

use clap::Args;

use config::Assignment;

/// The configuration that is read if none is specified.
pub(in crate::cli) const DEFAULT_FILE: &str = "buildout.cfg";

/// For commands that read a configuration.
#[derive(Debug, Args)]
pub(in crate::cli) struct ConfigurationArguments {
    /// Read this configuration file
    #[arg(short, long, value_name = "FILE", default_value = DEFAULT_FILE, help_heading = "Configuration")]
    pub(in crate::cli) config: String,
    /// Ignore the user's defaults (~/.buildout/default.cfg)
    #[arg(short = 'U', long, help_heading = "Configuration")]
    pub(in crate::cli) no_user_defaults: bool,
    /// Look for newer versions (buildout:newest=true)
    #[arg(short = 'n', long, overrides_with = "non_newest", help_heading = "Network")]
    newest: bool,
    /// Use existing versions if they satisfy the requirements (buildout:newest=false)
    #[arg(short = 'N', long, help_heading = "Network")]
    non_newest: bool,
    /// Open no network connection (buildout:offline=true)
    #[arg(short = 'o', long, help_heading = "Network")]
    offline: bool,
    /// Allow network connections (buildout:offline=false)
    #[arg(short = 'O', long, overrides_with = "offline", help_heading = "Network")]
    online: bool,
    /// Give up on a server that is silent for this long (buildout:socket-timeout)
    #[arg(short = 't', long, value_name = "SECONDS", help_heading = "Network")]
    socket_timeout: Option<u32>,
}

impl ConfigurationArguments {
    /// The flags as the assignments that zc.buildout translates them to.
    pub(in crate::cli) fn assignments(&self) -> Vec<Assignment> {
        let set = |option: &str, value: &str, written: &str| Assignment::set("buildout", option, value, written);
        let newest = if self.newest { Some(("true", "-n")) } else { self.non_newest.then_some(("false", "-N")) };
        let newest = newest.map(|(value, written)| set("newest", value, written));
        let offline = if self.offline { Some(("true", "-o")) } else { self.online.then_some(("false", "-O")) };
        let offline = offline.map(|(value, written)| set("offline", value, written));
        let timeout = self.socket_timeout.map(|seconds| seconds.to_string());
        let timeout = timeout.map(|seconds| set("socket-timeout", &seconds, &format!("-t {seconds}")));
        [newest, offline, timeout].into_iter().flatten().collect()
    }

    /// The configuration file; `None` if it is read from a URL.
    pub(in crate::cli) fn path(&self, directory: &Path) -> Option<PathBuf> {
        (!self.config.contains("://")).then(|| directory.join(&self.config))
    }
}

/// For commands that read only `recipes.toml` and `recipes.lock`.
#[derive(Debug, Args)]
pub(in crate::cli) struct ConfigFileArguments {
    /// Use the recipes.toml in the directory of this configuration file
    #[arg(short, long, value_name = "FILE", default_value = DEFAULT_FILE)]
    config: PathBuf,
}

impl ConfigFileArguments {
    /// The directory of the configuration file.
    pub(in crate::cli) fn directory(&self, working_directory: &Path) -> PathBuf {
        let path = working_directory.join(&self.config);
        path.parent().unwrap_or(working_directory).to_owned()
    }
}
