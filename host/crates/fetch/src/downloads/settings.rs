//! The options of a buildout for downloads: `download-cache`, `install-from-cache`, `offline`, `socket-timeout`,
//! `max-download-size`, `download-mirrors`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::mirrors::Mirrors;
use crate::http::TransferLimits;
use base::event::{Event, Level, Report};

/// Whether the network may be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NetworkUse {
    /// Yes.
    #[default]
    Allowed,
    /// `offline`: only files in the cache are available.
    Offline,
    /// `install-from-cache`: only files in the cache are available.
    FromCache,
}

/// The directory for downloads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheDirectory {
    /// The directory, absolute. It is created before the first file is written.
    pub path: PathBuf,
    /// Whether it is the buildout's `download-cache`. As in zc.buildout, a file without a checksum is then downloaded
    /// once, and without a `download-cache` every time. A chosen directory must be writable; the default one is
    /// optional.
    pub chosen: bool,
}

/// Settings for downloading sources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DownloadSettings {
    /// The buildout directory, against which paths are resolved.
    pub directory: PathBuf,
    /// The directory for downloads.
    pub cache: CacheDirectory,
    /// Whether the network may be used.
    pub network: NetworkUse,
    /// Limits on time and size.
    pub limits: TransferLimits,
    /// Replacements of servers.
    pub mirrors: Mirrors,
}

impl DownloadSettings {
    /// Settings from the options of the section `[buildout]` (`option` returns them by name). `default_cache` is used
    /// if `download-cache` is not set. An invalid value is reported and ignored, as zc.buildout does with
    /// `socket-timeout`.
    pub fn of_options(
        option: &dyn Fn(&str) -> Option<String>,
        directory: &Path,
        default_cache: &Path,
        report: &dyn Report,
    ) -> Self {
        let text = |name: &str| option(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        let is_on = |name: &str| text(name).is_some_and(|value| value == "true");
        let network = match (is_on("offline"), is_on("install-from-cache")) {
            (true, _) => NetworkUse::Offline,
            (false, true) => NetworkUse::FromCache,
            (false, false) => NetworkUse::Allowed,
        };
        let cache = match text("download-cache") {
            Some(path) => CacheDirectory { path: directory.join(path), chosen: true },
            None => CacheDirectory { path: default_cache.to_owned(), chosen: false },
        };
        let warn = |message: &str| report.report(Event::Log { logger: "buildout", level: Level::Warning, message });
        let mut limits = TransferLimits::for_sources();
        if let Some(value) = text("socket-timeout") {
            match value.parse() {
                Ok(seconds) => limits.give_up_after(Duration::from_secs(seconds)),
                Err(_) => {
                    warn(&format!("Default socket timeout is used: socket-timeout is not numeric: [{value}]."));
                }
            }
        }
        if let Some(value) = text("max-download-size") {
            match parse_size(&value) {
                Some(size) => limits.size = size,
                None => warn(&format!(
                    "The default limit is used: max-download-size is not a whole number with a unit (KiB, MiB, GiB): \
                     [{value}]."
                )),
            }
        }
        let mirrors = Mirrors::parse(&text("download-mirrors").unwrap_or_default(), &|line| {
            warn(&format!("A line of download-mirrors is ignored: it is not two URLs: [{line}]."));
        });
        Self { directory: directory.to_owned(), cache, network, limits, mirrors }
    }
}

/// A positive integer with a unit, as for memory in `recipes.toml`.
fn parse_size(text: &str) -> Option<u64> {
    const UNITS: [(&str, u64); 3] = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];
    let (number, unit) = text.split_at(text.bytes().take_while(u8::is_ascii_digit).count());
    let (_, factor) = UNITS.into_iter().find(|(name, _)| *name == unit.trim())?;
    number.parse::<u64>().ok()?.checked_mul(factor).filter(|size| *size > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::event::Silent;
    use test_support::ReportedMessages;

    fn of(options: &[(&str, &str)]) -> DownloadSettings {
        with(options, &Silent)
    }

    fn with(options: &[(&str, &str)], report: &dyn Report) -> DownloadSettings {
        let option = |name: &str| options.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        DownloadSettings::of_options(&option, Path::new("/b"), Path::new("/cache"), report)
    }

    #[test]
    fn options_say_how_to_download() {
        let usual = of(&[("offline", "false"), ("socket-timeout", ""), ("install-from-cache", "false")]);
        assert_eq!(usual.network, NetworkUse::Allowed);
        assert_eq!(usual.cache, CacheDirectory { path: "/cache".into(), chosen: false });
        assert_eq!(usual.limits, TransferLimits::for_sources());
        let other = of(&[("download-cache", "dl"), ("socket-timeout", "7"), ("install-from-cache", "true")]);
        assert_eq!(other.network, NetworkUse::FromCache);
        assert_eq!(other.cache, CacheDirectory { path: "/b/dl".into(), chosen: true });
        assert_eq!((other.limits.stall, other.limits.connect), (Duration::from_secs(7), Duration::from_secs(7)));
        assert_eq!(of(&[("offline", "true"), ("install-from-cache", "true")]).network, NetworkUse::Offline);
        assert_eq!(of(&[("max-download-size", "16 GiB")]).limits.size, 16 << 30);
    }

    #[test]
    fn reports_and_ignores_invalid_values() {
        for (name, value) in [
            ("socket-timeout", "soon"),
            ("max-download-size", "0GiB"),
            ("max-download-size", "5"),
            ("max-download-size", "99999999999999GiB"),
            ("download-mirrors", "http://a/"),
        ] {
            let warnings = ReportedMessages::default();
            assert_eq!(with(&[(name, value)], &warnings), of(&[]), "{name} = {value}");
            let warnings = warnings.take(Level::Warning);
            assert!(warnings.len() == 1 && warnings[0].contains(name) && warnings[0].contains(value), "{warnings:?}");
        }
    }
}
