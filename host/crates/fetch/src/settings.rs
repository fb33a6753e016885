//! What a buildout says of downloads: `download-cache`, `install-from-cache`, `offline`, `socket-timeout`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::limits::Limits;
use base::event::{Level, Report};

/// Whether the network may be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Network {
    /// It may.
    #[default]
    Allowed,
    /// `offline`: only what is in the cache.
    Offline,
    /// `install-from-cache`: only what is in the cache.
    FromCache,
}

/// Where downloads are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheDirectory {
    /// The directory, absolute. It is made when it is first written to.
    pub path: PathBuf,
    /// Whether it is the buildout's `download-cache`. As in zc.buildout, what was downloaded without a checksum is then
    /// downloaded once, and without a `download-cache` each time.
    pub chosen: bool,
}

/// How sources are downloaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DownloadSettings {
    /// The buildout directory, to which paths are relative.
    pub directory: PathBuf,
    /// Where downloads are kept.
    pub cache: CacheDirectory,
    /// Whether the network may be used.
    pub network: Network,
    /// What a download may ask of time and space.
    pub limits: Limits,
}

impl DownloadSettings {
    /// What the options of the section `[buildout]` say (`option` gives them by name). `default_cache` is used where there
    /// is no `download-cache`. A `socket-timeout` that is no number is reported and passed over, as in zc.buildout.
    pub fn of_options(
        option: &dyn Fn(&str) -> Option<String>,
        directory: &Path,
        default_cache: &Path,
        report: &dyn Report,
    ) -> Self {
        let text = |name: &str| option(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        let on = |name: &str| text(name).is_some_and(|value| value == "true");
        let network = match (on("offline"), on("install-from-cache")) {
            (true, _) => Network::Offline,
            (false, true) => Network::FromCache,
            (false, false) => Network::Allowed,
        };
        let cache = match text("download-cache") {
            Some(path) => CacheDirectory { path: directory.join(path), chosen: true },
            None => CacheDirectory { path: default_cache.to_owned(), chosen: false },
        };
        let mut limits = Limits::for_sources();
        match text("socket-timeout").map(|value| (value.parse::<u64>(), value)) {
            Some((Ok(seconds), _)) => limits.give_up_after(Duration::from_secs(seconds)),
            Some((Err(_), value)) => report.report(base::event::Event::Log {
                logger: "buildout",
                level: Level::Warning,
                message: &format!("Default socket timeout is used: socket-timeout is not numeric: [{value}]."),
            }),
            None => {}
        }
        Self { directory: directory.to_owned(), cache, network, limits }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::event::Silent;

    fn of(options: &[(&str, &str)]) -> DownloadSettings {
        let option = |name: &str| options.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        DownloadSettings::of_options(&option, Path::new("/b"), Path::new("/cache"), &Silent)
    }

    #[test]
    fn options_say_how_to_download() {
        let usual = of(&[("offline", "false"), ("socket-timeout", ""), ("install-from-cache", "false")]);
        assert_eq!(usual.network, Network::Allowed);
        assert_eq!(usual.cache, CacheDirectory { path: "/cache".into(), chosen: false });
        assert_eq!(usual.limits, Limits::for_sources());
        let other = of(&[("download-cache", "dl"), ("socket-timeout", "7"), ("install-from-cache", "true")]);
        assert_eq!(other.network, Network::FromCache);
        assert_eq!(other.cache, CacheDirectory { path: "/b/dl".into(), chosen: true });
        assert_eq!((other.limits.stall, other.limits.connect), (Duration::from_secs(7), Duration::from_secs(7)));
        assert_eq!(of(&[("offline", "true"), ("install-from-cache", "true")]).network, Network::Offline);
        assert_eq!(of(&[("socket-timeout", "soon")]).limits, Limits::for_sources());
    }
}
