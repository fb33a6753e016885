//! The headers that identify the user: from a file, or from a credential helper; read again before they expire, when the
//! file changed, and when the server refused them. Their values appear in no message.

use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::Mutex;
use tonic::metadata::{Ascii, MetadataKey, MetadataMap, MetadataValue};

use super::failure::CallFailure;
use super::helper;
use crate::settings::{HeaderSource, ServerAddress, ServerSettings};

/// The largest file of headers.
const LARGEST: u64 = 64 << 10;
/// Headers are read again this long before they expire.
const MARGIN: Duration = Duration::from_secs(60);
/// How long an answer of a helper is good that has no end.
const WITHOUT_END: Duration = Duration::from_secs(30 * 60);

/// The headers.
pub(super) struct Headers {
    source: Option<HeaderSource>,
    address: ServerAddress,
    known: Mutex<Option<KnownHeaders>>,
}

struct KnownHeaders {
    pairs: Vec<(MetadataKey<Ascii>, MetadataValue<Ascii>)>,
    end: Option<Instant>,
    /// When the file was changed.
    modified: Option<SystemTime>,
}

impl Headers {
    pub(super) fn new(settings: &ServerSettings) -> Self {
        Self { source: settings.headers.clone(), address: settings.address.clone(), known: Mutex::default() }
    }

    /// Adds them to those of a request.
    pub(super) async fn add_to(&self, metadata: &mut MetadataMap) -> Result<(), CallFailure> {
        let Some(source) = &self.source else { return Ok(()) };
        let mut known = self.known.lock().await;
        let current = match known.take().filter(|known| known.is_current(source)) {
            Some(current) => current,
            None => self.read(source).await?,
        };
        for (name, value) in &current.pairs {
            metadata.append(name.clone(), value.clone());
        }
        *known = Some(current);
        Ok(())
    }

    /// The server refused them.
    pub(super) async fn forget(&self) {
        *self.known.lock().await = None;
    }

    async fn read(&self, source: &HeaderSource) -> Result<KnownHeaders, CallFailure> {
        match source {
            HeaderSource::File(path) => of_file(path),
            HeaderSource::Helper(program) => {
                let answer = helper::ask(program, &self.address).await?;
                let failed =
                    |()| CallFailure::Settings(format!("{} answered with an invalid header", program.display()));
                let pairs = answer.headers.iter().map(|(name, value)| pair(name, value));
                let pairs = pairs.collect::<Result<_, _>>().map_err(failed)?;
                let life = answer.life.map_or(WITHOUT_END, |life| life.saturating_sub(MARGIN));
                Ok(KnownHeaders { pairs, end: Some(Instant::now() + life), modified: None })
            }
        }
    }
}

impl KnownHeaders {
    fn is_current(&self, source: &HeaderSource) -> bool {
        let is_changed = match source {
            HeaderSource::File(path) => modified(path) != self.modified,
            HeaderSource::Helper(_) => false,
        };
        !is_changed && self.end.is_none_or(|end| Instant::now() < end)
    }
}

fn modified(path: &Path) -> Option<SystemTime> {
    path.metadata().and_then(|metadata| metadata.modified()).ok()
}

pub(super) fn check_file(path: &Path) -> Result<(), CallFailure> {
    of_file(path).map(drop)
}

fn of_file(path: &Path) -> Result<KnownHeaders, CallFailure> {
    let modified = modified(path);
    let failed = |what: String| CallFailure::Settings(what);
    let content = base::files::read_at_most(path, LARGEST)
        .map_err(|error| failed(format!("cannot read {}: {error}", path.display())))?;
    let text = String::from_utf8(content).map_err(|_| failed(format!("{} is not UTF-8", path.display())))?;
    let mut pairs = Vec::new();
    let is_comment = |line: &str| line.is_empty() || line.starts_with('#');
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !is_comment(line.trim())) {
        let found = line.split_once(':').and_then(|(name, value)| pair(name.trim(), value.trim()).ok());
        let place = format!("{}:{}", path.display(), number + 1);
        pairs.push(found.ok_or_else(|| failed(format!("{place}: this is not a header `Name: value`")))?);
    }
    Ok(KnownHeaders { pairs, end: None, modified })
}

fn pair(name: &str, value: &str) -> Result<(MetadataKey<Ascii>, MetadataValue<Ascii>), ()> {
    let key = MetadataKey::from_bytes(name.to_ascii_lowercase().as_bytes()).map_err(drop)?;
    let mut value: MetadataValue<Ascii> = value.parse().map_err(drop)?;
    value.set_sensitive(true);
    Ok((key, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_a_header_on_each_line_and_errors_do_not_show_it() {
        let space = tempfile::tempdir().unwrap();
        let path = space.path().join("headers");
        std::fs::write(&path, "# Of the CI\nAuthorization: Bearer a:b\n\nx-team:  blue \n").unwrap();
        let known = of_file(&path).unwrap();
        let shown: Vec<_> = known.pairs.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
        assert_eq!(shown, [("authorization", "Bearer a:b"), ("x-team", "blue")]);
        assert!(!format!("{:?}", known.pairs).contains("Bearer"));
        std::fs::write(&path, "a: b\nsecret token\n").unwrap();
        let error = of_file(&path).map(drop).unwrap_err().to_string();
        assert!(error.contains("headers:2") && !error.contains("secret"), "{error}");
    }
}
