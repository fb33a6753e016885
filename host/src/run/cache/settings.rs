//! The settings of the cache: from the command line, else the environment, else `[buildout]`. The variable of an option is its
//! name in upper case after `BUILDOUT_`, with `_` for `-`.
//!
//! What names a program or a secret never comes from the configuration, which may have been downloaded.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use base::remedy::Remedy;
use base::source::{Explain, Place};
use config::options::Buildout;
use remote::{DEFAULT_CAPACITY, HeaderSource, InvalidServerAddress, LocalSetting, ServerSettings, TlsSettings};

use super::super::context::RunContext;
use crate::error::RunError;

/// The settings that are only in the environment and on the command line.
const PRIVATE: [&str; 5] =
    ["credential-helper", "remote-header-file", "tls-certificate", "tls-client-certificate", "tls-client-key"];

/// The settings of the cache on the command line.
#[derive(Clone, Debug, Default)]
pub(crate) struct CacheFlags {
    /// Values by the name of the option.
    pub(crate) values: BTreeMap<&'static str, String>,
    /// Whether parts that can be cached must come from the cache.
    pub(crate) require: bool,
}

/// A setting that has no meaning.
#[derive(Debug, thiserror::Error)]
#[error("{problem}")]
struct InvalidCacheSetting {
    problem: String,
    place: Option<Place>,
    remedy: Option<Remedy>,
}

impl Explain for InvalidCacheSetting {
    fn place(&self) -> Option<Place> {
        self.place.clone()
    }

    fn remedies(&self) -> Vec<Remedy> {
        self.remedy.iter().cloned().collect()
    }
}

/// How parts are cached.
#[derive(Clone, Debug)]
pub(super) struct CacheSettings {
    /// The server; `None` without one, and offline.
    pub(super) server: Option<ServerSettings>,
    /// The server that makes parts; `None` without one, and offline.
    pub(super) executor: Option<ServerSettings>,
    /// Where this machine keeps what it made and fetched.
    pub(super) directory: PathBuf,
    /// The size of that in bytes.
    pub(super) capacity: u64,
    /// What the user adds to the platform.
    pub(super) platform: BTreeMap<String, String>,
    /// Whether parts that can be cached must come from the cache.
    pub(super) require: bool,
}

/// Where this machine keeps parts if nothing else is set.
pub(crate) fn local_store(cache_directory: Option<PathBuf>) -> Option<PathBuf> {
    Some(cache_directory?.join("parts"))
}

impl CacheSettings {
    /// The settings of a run; `None` without a cache.
    pub(super) fn of(context: &RunContext, buildout: &Buildout) -> Result<Option<Self>, RunError> {
        let source = SettingSource { context, buildout };
        let require = context.settings.cache.require;
        let (server, directory) = (source.value("remote-cache")?, source.value("remote-cache-directory")?);
        let executor = source.value("remote-executor")?;
        if server.is_none() && executor.is_none() {
            source.check_upload()?;
        }
        if server.is_none() && executor.is_none() && directory.is_none() {
            let problem = "`--require-cached` needs a cache, and none is configured".to_owned();
            let missing = InvalidCacheSetting { problem, place: None, remedy: Some(Remedy::SetRemoteCache) };
            return if require { Err(missing.into()) } else { Ok(None) };
        }
        let base = Path::new(&buildout.require("buildout", "directory")?).to_owned();
        let kept = || local_store(context.environment.cache_directory()).unwrap_or_else(|| base.join(".cache/parts"));
        let directory = directory.map_or_else(kept, |directory| base.join(directory));
        let is_offline = source.is_offline()?;
        let of = |name, address: Option<String>| {
            address.filter(|_| !is_offline).map(|address| source.server(name, &address)).transpose()
        };
        let (server, executor) = (of("remote-cache", server)?, of("remote-executor", executor)?);
        source.check(&[&server, &executor])?;
        let (capacity, platform) = (source.capacity()?, source.platform()?);
        Ok(Some(Self { server, executor, directory, capacity, platform, require }))
    }
}

/// The variable of the environment that has the same meaning as a setting.
fn variable(name: &str) -> String {
    format!("BUILDOUT_{}", name.to_uppercase().replace('-', "_"))
}

/// Where settings are read.
struct SettingSource<'a> {
    context: &'a RunContext,
    buildout: &'a Buildout,
}

impl SettingSource<'_> {
    /// The value of a setting on the command line, or in the environment.
    fn outside(&self, name: &str) -> Option<&str> {
        let (flags, variables) = (&self.context.settings.cache.values, &self.context.environment.variables);
        flags.get(name).or_else(|| variables.get(&variable(name))).map(String::as_str)
    }

    /// The value of a setting that is not empty.
    fn value(&self, name: &'static str) -> Result<Option<String>, RunError> {
        if let Some(value) = self.outside(name) {
            return Ok(filled(value));
        }
        if PRIVATE.contains(&name) {
            return Ok(None);
        }
        Ok(self.buildout.get("buildout", name)?.as_deref().and_then(filled))
    }

    fn path(&self, name: &'static str) -> Result<Option<PathBuf>, RunError> {
        Ok(self.value(name)?.map(|path| self.context.environment.directory.join(path)))
    }

    fn is_offline(&self) -> Result<bool, RunError> {
        Ok(self.buildout.get("buildout", "offline")?.is_some_and(|offline| offline == "true"))
    }

    /// The server of `grpc[s]://HOST[:PORT][/INSTANCE]`.
    fn server(&self, name: &'static str, address: &str) -> Result<ServerSettings, RunError> {
        let after = address.find("://").map_or(0, |at| at + 3);
        let (address, instance) = match address[after..].find('/') {
            Some(at) => (&address[..after + at], address[after + at..].trim_matches('/')),
            None => (address, ""),
        };
        let parsed = address.parse();
        let address = parsed.map_err(|error: InvalidServerAddress| self.invalid(name, error.to_string()))?;
        let headers = match (self.path("credential-helper")?, self.path("remote-header-file")?) {
            (Some(_), Some(_)) => {
                let problem = "Both credential-helper and remote-header-file are set, and each gives all headers";
                return Err(self.invalid("credential-helper", problem.to_owned()));
            }
            (Some(helper), None) => Some(HeaderSource::Helper(helper)),
            (None, file) => file.map(HeaderSource::File),
        };
        let client = match (self.path("tls-client-certificate")?, self.path("tls-client-key")?) {
            (Some(certificate), Some(key)) => Some((certificate, key)),
            (None, None) => None,
            _ => {
                let problem = "Set tls-client-certificate and tls-client-key together";
                return Err(self.invalid("tls-client-certificate", problem.to_owned()));
            }
        };
        if (headers.is_some() || client.is_some()) && self.is_downloaded(name) {
            let problem = format!(
                "A downloaded profile cannot set {name}: your headers and certificate would be sent to that server"
            );
            let remedy = Some(Remedy::SetByUser { name, variable: variable(name) });
            return Err(InvalidCacheSetting { problem, place: self.place(name), remedy }.into());
        }
        let tls = TlsSettings { authorities: self.path("tls-certificate")?, client };
        let write = self.is_true("remote-cache-upload")?;
        Ok(ServerSettings { instance: instance.to_owned(), headers, tls, write, ..ServerSettings::new(address) })
    }

    /// Checks what the settings of these servers name on this machine.
    fn check(&self, servers: &[&Option<ServerSettings>]) -> Result<(), RunError> {
        let servers: Vec<&ServerSettings> = servers.iter().filter_map(|server| server.as_ref()).collect();
        for server in &servers {
            server.check_files().map_err(|error| {
                let name = name_of(error.setting);
                self.invalid(name, format!("Invalid {name}: {error}"))
            })?;
        }
        let with_tls = ["tls-certificate", "tls-client-certificate"];
        if servers.is_empty() || servers.iter().any(|server| server.address.is_secure()) {
            return Ok(());
        }
        for name in with_tls {
            if self.value(name)?.is_some() {
                let problem = format!("{name} is set, and {} does not use TLS: write grpcs://", servers[0].address);
                return Err(self.invalid(name, problem));
            }
        }
        Ok(())
    }

    /// Without a server, nothing can be stored there. An address that is set to nothing turns the cache off.
    fn check_upload(&self) -> Result<(), RunError> {
        let name = "remote-cache-upload";
        let is_turned_off = ["remote-cache", "remote-executor"].iter().any(|server| self.outside(server).is_some());
        if is_turned_off || !self.is_true(name)? {
            return Ok(());
        }
        let (problem, place) = (format!("{name} is true, and no remote cache is set"), self.place(name));
        Err(InvalidCacheSetting { problem, place, remedy: Some(Remedy::SetRemoteCache) }.into())
    }

    fn is_true(&self, name: &'static str) -> Result<bool, RunError> {
        match self.value(name)?.as_deref() {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(other) => Err(self.invalid(name, format!("Invalid {name}: {other:?}; it must be true or false"))),
        }
    }

    fn capacity(&self) -> Result<u64, RunError> {
        let Some(text) = self.value("remote-cache-size")? else { return Ok(DEFAULT_CAPACITY) };
        let expected = "it must be a size, such as 500 MiB or 20 GiB";
        store_size(&text).ok_or_else(|| {
            self.invalid("remote-cache-size", format!("Invalid remote-cache-size: {text:?}; {expected}"))
        })
    }

    /// Lines `NAME = VALUE`.
    fn platform(&self) -> Result<BTreeMap<String, String>, RunError> {
        let text = self.value("remote-platform")?.unwrap_or_default();
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let property = |line: &str| match line.split_once('=') {
            Some((name, value)) if !name.trim().is_empty() => Ok((name.trim().to_owned(), value.trim().to_owned())),
            _ => Err(self.invalid("remote-platform", format!("Invalid remote-platform: {line:?} is not NAME = VALUE"))),
        };
        lines.map(property).collect()
    }

    /// Where the configuration has a setting, unless it is set elsewhere.
    fn place(&self, name: &str) -> Option<Place> {
        self.buildout.place_of("buildout", Some(name)).filter(|_| self.outside(name).is_none())
    }

    fn is_downloaded(&self, name: &str) -> bool {
        let is_remote = |file: &str| file.contains("://") && !file.starts_with("file://");
        self.place(name).is_some_and(|place| is_remote(&place.source.name))
    }

    fn invalid(&self, name: &str, problem: String) -> RunError {
        InvalidCacheSetting { problem, place: self.place(name), remedy: None }.into()
    }
}

fn name_of(setting: LocalSetting) -> &'static str {
    match setting {
        LocalSetting::Headers => "remote-header-file",
        LocalSetting::Helper => "credential-helper",
        LocalSetting::Authorities => "tls-certificate",
        LocalSetting::ClientCertificate => "tls-client-certificate",
        LocalSetting::ClientKey => "tls-client-key",
    }
}

fn filled(value: impl AsRef<str>) -> Option<String> {
    let value = value.as_ref().trim();
    (!value.is_empty()).then(|| value.to_owned())
}

/// The bytes of a size such as `20 GiB`, `500M` or `1000000`.
pub(crate) fn store_size(text: &str) -> Option<u64> {
    let at = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(at);
    let unit = unit.trim().trim_end_matches('B').trim_end_matches('i');
    let power = ["", "K", "M", "G", "T"].iter().position(|known| known.eq_ignore_ascii_case(unit))?;
    number.parse::<u64>().ok()?.checked_mul(1 << (10 * power)).filter(|bytes| *bytes > 0)
}

#[cfg(test)]
mod tests {
    use super::store_size;

    #[test]
    fn sizes_have_binary_units() {
        assert_eq!(store_size("20 GiB"), Some(20 << 30));
        assert_eq!(
            (store_size("500M"), store_size("1000"), store_size("3kB")),
            (Some(500 << 20), Some(1000), Some(3 << 10))
        );
        for text in ["", "many", "5 ells", "0", "20000000 TiB"] {
            assert_eq!(store_size(text), None, "{text}");
        }
    }
}
