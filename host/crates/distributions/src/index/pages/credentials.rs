//! Credentials in URLs and in `~/.netrc`.
//!
//! Credentials in a URL apply to its whole host, because links in pages do not repeat them.

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use url::{Origin, Url};

/// The longest `.netrc` that is read, in bytes.
const LONGEST: u64 = 1 << 20;

/// User name and password.
type Login = (String, String);

/// The known credentials. This has no `Debug`, because it contains secrets.
#[derive(Default)]
pub struct IndexCredentials {
    of_urls: Vec<(Origin, Login)>,
    of_hosts: BTreeMap<String, Login>,
    of_others: Option<Login>,
}

impl IndexCredentials {
    /// The credentials in `urls` and in the file `netrc`.
    pub fn new<'a>(urls: impl IntoIterator<Item = &'a str>, netrc: Option<&Path>) -> Self {
        let of_urls = urls
            .into_iter()
            .filter_map(|url| Url::parse(url).ok())
            .filter_map(|url| Some((url.origin(), login(&url)?)));
        let mut credentials = Self { of_urls: of_urls.collect(), ..Self::default() };
        if let Some(text) = netrc.and_then(read) {
            credentials.add_netrc(&text);
        }
        credentials
    }

    /// The URL without credentials, and the header line `Authorization` for it.
    ///
    /// # Errors
    /// When the URL is invalid.
    pub(crate) fn of(&self, url: &str) -> Result<(Url, Option<String>), String> {
        let mut url = Url::parse(url).map_err(|error| format!("it is not a URL: {error}"))?;
        let login = self.login_of(&url);
        // These fail only for URLs that cannot have credentials.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        let authorization =
            login.map(|(user, password)| format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))));
        Ok((url, authorization))
    }

    /// The URL with the credentials that are known for it, for code that reads them from there.
    pub(crate) fn with(&self, url: &str) -> String {
        let Ok(mut parsed) = Url::parse(url) else { return url.to_owned() };
        let Some((user, password)) = self.login_of(&parsed) else { return url.to_owned() };
        // These fail only for URLs that cannot have credentials.
        let _ = parsed.set_username(&encoded(&user));
        let _ = parsed.set_password(Some(&encoded(&password)));
        parsed.into()
    }

    fn login_of(&self, url: &Url) -> Option<Login> {
        let of_urls =
            || self.of_urls.iter().find(|(origin, _)| *origin == url.origin()).map(|(_, login)| login.clone());
        let of_host = || self.of_hosts.get(url.host_str()?).or(self.of_others.as_ref()).cloned();
        login(url).or_else(of_urls).or_else(of_host)
    }

    /// Reads `machine NAME login NAME password TEXT`, also over several lines; macros are skipped.
    fn add_netrc(&mut self, text: &str) {
        let mut machine: Option<Option<String>> = None;
        let mut login = (String::new(), String::new());
        let mut words = words(text).into_iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                "machine" | "default" => {
                    self.keep(machine.take(), std::mem::take(&mut login));
                    machine = Some(if word == "machine" { words.next() } else { None });
                }
                "login" | "user" => login.0 = words.next().unwrap_or_default(),
                "password" => login.1 = words.next().unwrap_or_default(),
                _ => {}
            }
        }
        self.keep(machine, login);
    }

    fn keep(&mut self, machine: Option<Option<String>>, login: Login) {
        match machine {
            Some(Some(host)) => drop(self.of_hosts.entry(host).or_insert(login)),
            Some(None) => self.of_others = Some(login),
            None => {}
        }
    }
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

fn login(url: &Url) -> Option<Login> {
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let has = !url.username().is_empty() || url.password().is_some();
    has.then(|| (decoded(url.username()), decoded(url.password().unwrap_or_default())))
}

fn read(path: &Path) -> Option<String> {
    let is_read = path.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.len() <= LONGEST);
    is_read.then(|| std::fs::read_to_string(path).ok()).flatten()
}

/// Words separated by whitespace, quoted or not; comments and macros are skipped.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut in_macro = false;
    for line in text.lines() {
        in_macro &= !line.trim().is_empty();
        let line = line.trim();
        if in_macro || line.starts_with('#') {
            continue;
        }
        for word in line.split_whitespace() {
            if word == "macdef" {
                in_macro = true;
                break;
            }
            words.push(word.trim_matches('"').to_owned());
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(credentials: &IndexCredentials, url: &str) -> (String, Option<String>) {
        let (url, authorization) = credentials.of(url).unwrap();
        let decoded = authorization.map(|line| String::from_utf8(STANDARD.decode(&line[6..]).unwrap()).unwrap());
        (url.to_string(), decoded)
    }

    #[test]
    fn credentials_of_a_url_count_for_its_host_alone() {
        let credentials = IndexCredentials::new(["https://me:p%40ss@example.org/simple/"], None);
        let t =
            |url: &str, expected: Option<&str>| assert_eq!(shown(&credentials, url).1.as_deref(), expected, "{url}");
        t("https://example.org/files/a.whl", Some("me:p@ss"));
        t("https://other.example.org/", None);
        t("http://example.org/", None);
        t("https://example.org:8443/", None);
        assert_eq!(credentials.with("https://example.org/a"), "https://me:p%40ss@example.org/a");
        assert_eq!(shown(&credentials, "https://x:y@z.org/").0, "https://z.org/");
        assert_eq!(shown(&credentials, "https://x:y@z.org/").1.as_deref(), Some("x:y"));
    }

    #[test]
    fn netrc() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("netrc");
        let text = "# c\nmachine a.org login u password \"p w\"\nmachine b.org\n login v\n password q\nmacdef init\n machine x\n\ndefault login d password e\n";
        std::fs::write(&path, text.replace("p w", "pw")).unwrap();
        let credentials = IndexCredentials::new([], Some(&path));
        let t = |url: &str, expected: &str| assert_eq!(shown(&credentials, url).1.as_deref(), Some(expected), "{url}");
        t("https://a.org/x", "u:pw");
        t("http://b.org/", "v:q");
        t("https://x/", "d:e");
        assert!(IndexCredentials::new([], None).of("https://a.org/").unwrap().1.is_none());
    }
}
