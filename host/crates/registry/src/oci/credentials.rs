//! Credentials for registries, from the files in which `docker login`, `podman login` and other programs store them.
//!
//! They are read only if a registry demands them. No message and no `Debug` output contains them.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::error::RegistryError;
use super::helper::{self, IsCanceled};
use super::reference::Reference;
use super::secrets::RegistryCredentials;
use base::environment::Environment;
use base::files::{FileError, open_input, read_open};

/// The largest file of credentials, in bytes.
const LARGEST_FILE: u64 = 1 << 20;

/// Files that may contain credentials, in order of precedence.
#[derive(Clone, Debug)]
pub(super) struct CredentialFiles {
    files: Vec<CredentialFile>,
    /// The PATH on which helpers are.
    search_path: String,
}

#[derive(Clone, Debug)]
struct CredentialFile {
    path: PathBuf,
    /// Whether it is in the format of Docker before 1.7: without the key `auths`.
    is_legacy: bool,
}

/// The content of such a file.
#[derive(Default, Deserialize)]
struct Contents {
    #[serde(default)]
    auths: BTreeMap<String, AuthEntry>,
    #[serde(default, rename = "credHelpers")]
    helpers: BTreeMap<String, String>,
    #[serde(default, rename = "credsStore")]
    store: Option<String>,
}

#[derive(Deserialize)]
struct AuthEntry {
    #[serde(default)]
    auth: String,
    #[serde(default, rename = "identitytoken")]
    identity_token: String,
}

impl CredentialFiles {
    /// The files of the user to whom `environment` belongs: Docker's, then those of podman, skopeo and others
    /// (containers-auth.json(5)); only `REGISTRY_AUTH_FILE` if that is set.
    pub(super) fn of(environment: &Environment) -> Self {
        let variable =
            |name: &str| environment.variables.get(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let at_home = |path: &str| environment.home.as_ref().map(|home| home.join(path));
        let file = |is_legacy| move |path| CredentialFile { path, is_legacy };
        let search_path = environment.variables.get("PATH").cloned().unwrap_or_default();
        if let Some(only) = variable("REGISTRY_AUTH_FILE") {
            return Self { files: vec![file(false)(only)], search_path };
        }
        let docker = variable("DOCKER_CONFIG").or_else(|| at_home(".docker")).map(|at| at.join("config.json"));
        let runtime = variable("XDG_RUNTIME_DIR").map(|directory| directory.join("containers/auth.json"));
        let user = rustix::process::getuid().as_raw();
        let runtime = runtime.unwrap_or_else(|| format!("/run/containers/{user}/auth.json").into());
        let config = variable("XDG_CONFIG_HOME").or_else(|| at_home(".config"));
        let containers = [runtime].into_iter().chain(config.map(|config| config.join("containers/auth.json")));
        let files = docker.into_iter().chain(containers).map(file(false));
        Self { files: files.chain(at_home(".dockercfg").map(file(true))).collect(), search_path }
    }

    /// The credentials for the registry and repository of `reference`; `None` if the user is not logged in.
    pub(super) fn find(
        &self,
        reference: &Reference,
        canceled: IsCanceled<'_>,
    ) -> Result<Option<RegistryCredentials>, RegistryError> {
        for file in &self.files {
            let unusable = |reason| RegistryError::Credentials {
                host: reference.host().to_owned(),
                path: file.path.clone(),
                reason,
            };
            let found = match file.read()? {
                Some(bytes) => file
                    .parse(&bytes)
                    .and_then(|contents| contents.find(reference, &self.search_path, canceled))
                    .map_err(unusable)?,
                None => None,
            };
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }
}

impl CredentialFile {
    /// The bytes of the file; `None` if it does not exist.
    fn read(&self) -> Result<Option<Zeroizing<Vec<u8>>>, RegistryError> {
        match open_input(&self.path).and_then(|file| read_open(&file, LARGEST_FILE)) {
            Ok(bytes) => Ok(Some(Zeroizing::new(bytes))),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
            Err(error) => Err(FileError::of("read", &self.path)(error).into()),
        }
    }

    fn parse(&self, bytes: &[u8]) -> Result<Contents, String> {
        let contents = match self.is_legacy {
            true => serde_json::from_slice(bytes).map(|auths| Contents { auths, ..Contents::default() }),
            false => serde_json::from_slice(bytes),
        };
        // The cause is not included: it may quote a secret.
        contents.map_err(|_| "it is not JSON in the expected format".to_owned())
    }
}

impl Contents {
    /// The credentials from a helper, or else from the entry with the longest matching name.
    fn find(
        &self,
        reference: &Reference,
        search_path: &str,
        canceled: IsCanceled<'_>,
    ) -> Result<Option<RegistryCredentials>, String> {
        let host = canonical(reference.host());
        let named = self.helpers.iter().find(|(key, _)| normal(key) == host);
        if let Some(name) = named.map(|(_, name)| name).or(self.store.as_ref().filter(|name| !name.is_empty())) {
            let server = if host == DOCKER_HUB { DOCKER_HUB_KEY } else { host };
            if let Some(found) = helper::get(name, search_path, server, canceled)? {
                return Ok(Some(found));
            }
        }
        for key in keys(reference) {
            let mut entries = self.auths.iter().filter(|(name, _)| normal(name) == key);
            if let Some(found) = entries.find_map(|(_, entry)| entry.credentials()) {
                return found.map(Some);
            }
        }
        Ok(None)
    }
}

impl AuthEntry {
    /// The credentials in the entry; `None` if a helper stores them.
    fn credentials(&self) -> Option<Result<RegistryCredentials, String>> {
        if !self.identity_token.is_empty() {
            return Some(Ok(RegistryCredentials::IdentityToken(Zeroizing::new(self.identity_token.clone()))));
        }
        if self.auth.is_empty() {
            return None;
        }
        let decoded = STANDARD.decode(&self.auth).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let decoded = Zeroizing::new(decoded.unwrap_or_default());
        // Old versions of Docker padded the password.
        let pair = decoded.trim_end_matches('\0').split_once(':');
        let password = |(user, password): (&str, &str)| RegistryCredentials::Password {
            user: user.to_owned(),
            password: Zeroizing::new(password.to_owned()),
        };
        Some(pair.map(password).ok_or_else(|| "its `auth` is not base64 of USER:PASSWORD".to_owned()))
    }
}

const DOCKER_HUB: &str = "docker.io";
/// The key that `docker login` uses for Docker's registry.
const DOCKER_HUB_KEY: &str = "https://index.docker.io/v1/";

/// The host; the aliases of Docker's registry become one name.
fn canonical(host: &str) -> &str {
    match host {
        "index.docker.io" | "registry-1.docker.io" => DOCKER_HUB,
        host => host,
    }
}

/// A key of a file as host, or host and namespace. A URL means its host.
fn normal(key: &str) -> String {
    let without_scheme = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://"));
    let name = match without_scheme {
        Some(url) => url.split('/').next().unwrap_or_default(),
        None => key.trim_end_matches('/'),
    };
    match name.split_once('/') {
        Some((host, namespace)) => format!("{}/{namespace}", canonical(&host.to_ascii_lowercase())),
        None => canonical(&name.to_ascii_lowercase()).to_owned(),
    }
}

/// `host/a/b`, `host/a`, `host`: the longest match is used, as in podman, skopeo and others.
fn keys(reference: &Reference) -> Vec<String> {
    let name = format!("{}/{}", canonical(reference.host()), reference.repository());
    let ends = name.char_indices().filter(|(_, c)| *c == '/').map(|(at, _)| at).chain([name.len()]);
    let mut keys: Vec<_> = ends.map(|end| name[..end].to_owned()).collect();
    keys.reverse();
    keys
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const REFERENCE: &str = "registry.example:5000/acme/recipes:1.2";

    fn find_for(reference: &str, docker: &str, containers: &str) -> Result<Option<RegistryCredentials>, RegistryError> {
        let directory = tempfile::tempdir().unwrap();
        let file = |name: &str| CredentialFile { path: directory.path().join(name), is_legacy: false };
        let files = vec![file("config.json"), file("none.json"), file("auth.json")];
        let files = CredentialFiles { files, search_path: "/usr/bin:/bin".to_owned() };
        std::fs::write(directory.path().join("config.json"), docker).unwrap();
        std::fs::write(directory.path().join("auth.json"), containers).unwrap();
        files.find(&reference.parse().unwrap(), &|| false)
    }

    fn find(docker: &str, containers: &str) -> Result<Option<RegistryCredentials>, RegistryError> {
        find_for(REFERENCE, docker, containers)
    }

    fn password(found: Result<Option<RegistryCredentials>, RegistryError>) -> Option<String> {
        match found.unwrap() {
            Some(RegistryCredentials::Password { user, password }) => Some(format!("{user}:{}", *password)),
            Some(RegistryCredentials::IdentityToken(token)) => Some(format!("token {}", *token)),
            None => None,
        }
    }

    fn entry(key: &str, auth: &str) -> String {
        format!("{{\"auths\": {{\"{key}\": {{\"auth\": \"{auth}\"}}}}}}")
    }

    /// `docker:pw` and `podman:pw`.
    const DOCKER: &str = "ZG9ja2VyOnB3";
    const PODMAN: &str = "cG9kbWFuOnB3";

    #[test]
    fn the_longest_entry_counts_and_docker_comes_first() {
        assert_eq!(password(find("{}", "{}")), None);
        let host = "registry.example:5000";
        assert_eq!(password(find(&entry(host, DOCKER), &entry(host, PODMAN))).as_deref(), Some("docker:pw"));
        for key in [
            host,
            "registry.example:5000/acme",
            "registry.example:5000/acme/",
            "registry.example:5000/acme/recipes",
            "https://registry.example:5000",
            "https://registry.example:5000/v1/",
            "Registry.Example:5000/acme",
        ] {
            assert_eq!(password(find(&entry(key, PODMAN), "{}")).as_deref(), Some("podman:pw"), "{key} in Docker's");
            assert_eq!(password(find("{}", &entry(key, PODMAN))).as_deref(), Some("podman:pw"), "{key}");
        }
        for key in ["registry.example", "registry.example:5001", "registry.example:5000/other", "example:5000"] {
            assert_eq!(password(find(&entry(key, DOCKER), &entry(key, PODMAN))), None, "{key}");
        }
        let both = format!(
            "{{\"auths\": {{\"{host}\": {{\"auth\": \"{DOCKER}\"}}, \"{host}/acme\": {{\"auth\": \"{PODMAN}\"}}}}}}"
        );
        assert_eq!(password(find(&both, "{}")).as_deref(), Some("podman:pw"));
        let token = format!("{{\"auths\": {{\"{host}\": {{\"identitytoken\": \"t\"}}}}}}");
        assert_eq!(password(find(&token, "{}")).as_deref(), Some("token t"));
    }

    #[test]
    fn finds_the_entry_of_dockers_registry_by_each_of_its_names() {
        for key in [DOCKER_HUB_KEY, "index.docker.io", "docker.io", "docker.io/acme"] {
            for host in ["docker.io", "index.docker.io", "registry-1.docker.io"] {
                let found = find_for(&format!("{host}/acme/recipes:1"), &entry(key, DOCKER), "{}");
                assert_eq!(password(found).as_deref(), Some("docker:pw"), "{key} {host}");
            }
        }
    }

    #[test]
    fn an_empty_entry_is_one_of_a_helper() {
        let empty = "{\"auths\": {\"registry.example:5000\": {}}}";
        assert_eq!(password(find(empty, &entry("registry.example:5000", PODMAN))).as_deref(), Some("podman:pw"));
    }

    #[test]
    fn files_are_searched_where_docker_and_podman_keep_them() {
        let t = |variables: &[(&str, &str)], expected: &[&str]| {
            let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            let environment = Environment { home: Some("/h".into()), variables, ..Environment::default() };
            let files = CredentialFiles::of(&environment);
            let paths: Vec<_> = files.files.iter().map(|file| file.path.as_path()).collect();
            assert_eq!(paths, expected.iter().map(Path::new).collect::<Vec<_>>());
        };
        let run = format!("/run/containers/{}/auth.json", rustix::process::getuid().as_raw());
        t(&[], &["/h/.docker/config.json", &run, "/h/.config/containers/auth.json", "/h/.dockercfg"]);
        t(
            &[("DOCKER_CONFIG", "/d"), ("XDG_RUNTIME_DIR", "/r"), ("XDG_CONFIG_HOME", "/c")],
            &["/d/config.json", "/r/containers/auth.json", "/c/containers/auth.json", "/h/.dockercfg"],
        );
        t(&[("REGISTRY_AUTH_FILE", "/a"), ("DOCKER_CONFIG", "/d")], &["/a"]);
    }

    #[test]
    fn reads_the_file_of_old_versions_of_docker() {
        let file = CredentialFile { path: "/h/.dockercfg".into(), is_legacy: true };
        let text = format!("{{\"https://registry.example:5000\": {{\"auth\": \"{DOCKER}\", \"email\": \"\"}}}}");
        let found = file.parse(text.as_bytes()).unwrap().find(&REFERENCE.parse().unwrap(), "", &|| false).unwrap();
        assert_eq!(password(Ok(found)).as_deref(), Some("docker:pw"));
    }

    #[test]
    fn names_a_file_that_cannot_be_used_without_its_content() {
        for (docker, reason) in [
            ("secret", "it is not JSON in the expected format"),
            ("{\"auths\": {\"registry.example:5000\": {\"auth\": \"secret!\"}}}", "is not base64 of USER:PASSWORD"),
            ("{\"credsStore\": \"that-does-not-exist\"}", "docker-credential-that-does-not-exist cannot be started"),
            ("{\"credsStore\": \"../../bin/sh\"}", "is not the name of a credential helper"),
        ] {
            let message = find(docker, "{}").unwrap_err().to_string();
            assert!(message.contains(reason) && message.contains("config.json"), "{message}");
            assert!(!message.contains("secret"), "{message}");
        }
    }
}
