//! Credentials for registries, from where `docker login`, `podman login` and their credential helpers keep them.
//!
//! They are read only when a registry asks for them. No message and no `Debug` shows them.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use docker_credential::{CredentialRetrievalError, DockerCredential, get_credential_from_reader};
use zeroize::Zeroizing;

use super::{Reference, RegistryError};
use base::environment::Environment;
use base::files::FileError;

/// The longest file of credentials that is read, in bytes.
const LARGEST_FILE: u64 = 1 << 20;

/// What proves to a registry who asks.
pub(super) enum Credentials {
    /// For HTTP's Basic authentication.
    Password {
        /// Name of the user.
        user: String,
        /// The password, or a token that stands for it.
        password: Zeroizing<String>,
    },
    /// A token that is exchanged for others (OAuth 2).
    IdentityToken(Zeroizing<String>),
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Credentials(***)")
    }
}

/// Files that may hold credentials, in the order in which they count.
#[derive(Clone, Debug)]
pub(super) struct CredentialFiles {
    /// Of Docker: keys are hosts.
    docker: Option<PathBuf>,
    /// Of podman, skopeo and others: keys may also be repositories and the beginnings of their names.
    containers: Vec<PathBuf>,
}

impl CredentialFiles {
    /// Where they are for the process that `environment` describes.
    pub(super) fn of(environment: &Environment) -> Self {
        let variable =
            |name: &str| environment.variables.get(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let docker = variable("DOCKER_CONFIG").or_else(|| Some(environment.home.as_ref()?.join(".docker")));
        let containers = match variable("REGISTRY_AUTH_FILE") {
            Some(file) => vec![file],
            None => {
                let runtime = variable("XDG_RUNTIME_DIR").map(|directory| directory.join("containers/auth.json"));
                let config = variable("XDG_CONFIG_HOME").or_else(|| Some(environment.home.as_ref()?.join(".config")));
                runtime.into_iter().chain(config.map(|config| config.join("containers/auth.json"))).collect()
            }
        };
        Self { docker: docker.map(|directory| directory.join("config.json")), containers }
    }

    /// The credentials for the registry and repository of `reference`; none where nobody logged in.
    pub(super) fn find(&self, reference: &Reference) -> Result<Option<Credentials>, RegistryError> {
        for path in self.docker.iter() {
            if let Some(found) = look_up(path, reference.host(), reference)? {
                return Ok(Some(found));
            }
        }
        for path in &self.containers {
            for key in keys(reference) {
                if let Some(found) = look_up(path, key.as_str(), reference)? {
                    return Ok(Some(found));
                }
            }
        }
        Ok(None)
    }
}

/// `host/a/b`, `host/a`, `host`: the most exact one counts (containers-auth.json).
fn keys(reference: &Reference) -> Vec<String> {
    let name = reference.name();
    let ends = name.char_indices().filter(|(_, c)| *c == '/').map(|(at, _)| at).chain([name.len()]);
    let mut keys: Vec<_> = ends.map(|end| name[..end].to_owned()).collect();
    keys.reverse();
    keys
}

/// What the file says of `key`; nothing where there is no file.
fn look_up(path: &Path, key: &str, reference: &Reference) -> Result<Option<Credentials>, RegistryError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(FileError::of("read", path)(error).into()),
    };
    let unusable = |reason: String| {
        Err(RegistryError::Credentials { host: reference.host().to_owned(), path: path.to_owned(), reason })
    };
    match get_credential_from_reader(file.take(LARGEST_FILE), key) {
        Ok(DockerCredential::UsernamePassword(user, password)) => {
            Ok(Some(Credentials::Password { user, password: Zeroizing::new(password) }))
        }
        Ok(DockerCredential::IdentityToken(token)) => Ok(Some(Credentials::IdentityToken(Zeroizing::new(token)))),
        Err(CredentialRetrievalError::NoCredentialConfigured) => Ok(None),
        // The helpers' way to say that they have none.
        Err(CredentialRetrievalError::HelperFailure { stdout, .. }) if stdout.contains("credentials not found") => {
            Ok(None)
        }
        // What a helper printed may be a secret.
        Err(CredentialRetrievalError::HelperFailure { helper, .. }) => unusable(format!("{helper} failed")),
        Err(CredentialRetrievalError::HelperCommunicationError) => {
            unusable("its credential helper cannot be started".to_owned())
        }
        Err(error) => unusable(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(docker: &str, containers: &str) -> Result<Option<Credentials>, RegistryError> {
        let directory = tempfile::tempdir().unwrap();
        let files = CredentialFiles {
            docker: Some(directory.path().join("config.json")),
            containers: vec![directory.path().join("none.json"), directory.path().join("auth.json")],
        };
        std::fs::write(directory.path().join("config.json"), docker).unwrap();
        std::fs::write(directory.path().join("auth.json"), containers).unwrap();
        files.find(&"registry.example:5000/acme/recipes:1.2".parse().unwrap())
    }

    fn password(found: Result<Option<Credentials>, RegistryError>) -> Option<String> {
        match found.unwrap() {
            Some(Credentials::Password { user, password }) => Some(format!("{user}:{}", *password)),
            Some(Credentials::IdentityToken(token)) => Some(format!("token {}", *token)),
            None => None,
        }
    }

    #[test]
    fn the_most_exact_entry_counts_and_docker_comes_first() {
        let entry = |key: &str, auth: &str| format!("{{\"auths\": {{\"{key}\": {{\"auth\": \"{auth}\"}}}}}}");
        let (docker, podman) = ("ZG9ja2VyOnB3", "cG9kbWFuOnB3");
        assert_eq!(password(find("{}", "{}")), None);
        assert_eq!(
            password(find(&entry("registry.example:5000", docker), &entry("registry.example:5000", podman))).as_deref(),
            Some("docker:pw")
        );
        for key in ["registry.example:5000", "registry.example:5000/acme", "registry.example:5000/acme/recipes"] {
            assert_eq!(password(find("{}", &entry(key, podman))).as_deref(), Some("podman:pw"), "{key}");
        }
        for key in ["registry.example", "registry.example:5001", "registry.example:5000/other", "example:5000"] {
            assert_eq!(password(find(&entry(key, docker), &entry(key, podman))), None, "{key}");
        }
        let token = "{\"auths\": {\"registry.example:5000\": {\"identitytoken\": \"t\"}}}";
        assert_eq!(password(find(token, "{}")).as_deref(), Some("token t"));
    }

    #[test]
    fn files_that_cannot_be_used_are_named_without_their_content() {
        for (docker, reason) in [
            ("secret", "Unable to read config"),
            ("{\"auths\": {\"registry.example:5000\": {\"auth\": \"secret!\"}}}", "Unable to decode credential"),
            ("{\"credsStore\": \"that-nobody-has\"}", "its credential helper cannot be started"),
        ] {
            let message = find(docker, "{}").unwrap_err().to_string();
            assert!(message.contains(reason) && message.contains("config.json"), "{message}");
            assert!(!message.contains("secret"), "{message}");
        }
    }

    #[test]
    fn nothing_shows_a_secret() {
        let credentials = Credentials::Password { user: "u".into(), password: Zeroizing::new("secret".into()) };
        assert_eq!(format!("{credentials:?}"), "Credentials(***)");
    }
}
