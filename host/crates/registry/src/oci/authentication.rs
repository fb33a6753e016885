//! Authentication to registries: none, by user and password, or by a token from the registry's token server (Docker
//! registry token authentication, and its OAuth 2 form).

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use ureq::http::header::CONTENT_TYPE;
use url::Url;
use url::form_urlencoded::Serializer;

use super::challenge::{Challenge, may_ask};
use super::credentials::CredentialFiles;
use super::error::RegistryError;
use super::reference::Reference;
use super::secrets::RegistryCredentials;
use super::wire::{RepositoryAccess, Wire};
use base::environment::Environment;
use fetch::{HeaderMap, HttpRequest, Method};

/// The largest response of a token server, in bytes.
const LARGEST_TOKEN: u64 = 256 << 10;

/// The response of a token server.
#[derive(Deserialize)]
struct TokenAnswer {
    token: Option<String>,
    access_token: Option<String>,
}

/// The authorization to send.
pub(super) struct Authorization {
    /// The value of the header `Authorization`.
    pub(super) header: String,
    /// Whether credentials were available.
    pub(super) known: bool,
}

/// Answers the challenges of registries with the credentials of a user.
pub(super) struct Authenticator {
    files: CredentialFiles,
}

/// A request for which a registry responded with a challenge.
struct Challenged<'a> {
    wire: &'a Wire,
    access: RepositoryAccess,
    reference: &'a Reference,
}

impl Authenticator {
    pub(super) fn new(environment: &Environment) -> Self {
        Self { files: CredentialFiles::of(environment) }
    }

    /// Answers the challenge of the registry at `base`.
    pub(super) fn authorize(
        &self,
        wire: &Wire,
        access: RepositoryAccess,
        reference: &Reference,
        base: &Url,
        headers: &HeaderMap,
    ) -> Result<Authorization, RegistryError> {
        let challenged = Challenged { wire, access, reference };
        let host = || reference.host().to_owned();
        let lines = headers.get_all("www-authenticate").iter().filter_map(|line| line.to_str().ok());
        match Challenge::read(lines) {
            None => Err(RegistryError::UnknownChallenge { host: host() }),
            Some(Challenge::Basic) => match self.files.find(reference)? {
                Some(RegistryCredentials::Password { user, password }) => {
                    Ok(Authorization { header: basic(&user, &password), known: true })
                }
                found => Err(unauthorized(access, reference, found.is_some())),
            },
            Some(Challenge::Bearer { realm, service }) => {
                let url = Url::parse(&realm).ok().filter(|url| may_ask(base, url));
                let foreign = || RegistryError::ForeignRealm { host: host(), realm: wire.shown(realm) };
                challenged.token(url.ok_or_else(foreign)?, service.as_deref(), self.files.find(reference)?)
            }
        }
    }
}

impl Challenged<'_> {
    /// Requests a token with no more access than needed from the token server `realm`.
    fn token(
        &self,
        realm: Url,
        service: Option<&str>,
        credentials: Option<RegistryCredentials>,
    ) -> Result<Authorization, RegistryError> {
        let known = credentials.is_some();
        let call = self.token_call(realm, service, credentials);
        let response = self.wire.send(self.access, self.reference, &call, &mut |_, _| {})?;
        match response.status.as_u16() {
            200 => {}
            400 | 401 | 403 => return Err(unauthorized(self.access, self.reference, known)),
            _ => return Err(self.wire.refused(self.access, self.reference, &response)),
        }
        // The message does not include the cause: that may contain a token.
        let malformed = || RegistryError::malformed("The token", self.reference, "it is not a token");
        let answer: TokenAnswer = serde_json::from_slice(&response.body).map_err(|_| malformed())?;
        let token = answer.token.or(answer.access_token).ok_or_else(malformed)?;
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(malformed());
        }
        Ok(Authorization { header: format!("Bearer {token}"), known })
    }

    fn token_call(
        &self,
        mut realm: Url,
        service: Option<&str>,
        credentials: Option<RegistryCredentials>,
    ) -> HttpRequest {
        let scope = format!("repository:{}:{}", self.reference.repository(), self.access.actions());
        let mut call = HttpRequest::get(realm.clone(), LARGEST_TOKEN);
        match credentials {
            Some(RegistryCredentials::IdentityToken(token)) => {
                self.wire.secrets.add(&token);
                let mut form = Serializer::new(String::new());
                form.append_pair("grant_type", "refresh_token").append_pair("refresh_token", &token);
                form.append_pair("client_id", "buildout-host").append_pair("scope", &scope);
                form.extend_pairs(service.map(|service| ("service", service)));
                call.method = Method::POST;
                call.headers = vec![(CONTENT_TYPE, "application/x-www-form-urlencoded".to_owned())];
                call.body = Some(Arc::from(form.finish().into_bytes()));
            }
            other => {
                realm.query_pairs_mut().extend_pairs(service.map(|service| ("service", service)));
                realm.query_pairs_mut().append_pair("scope", &scope);
                if let Some(RegistryCredentials::Password { user, password }) = other {
                    call.authorization = Some(basic(&user, &password));
                }
                call.url = realm;
            }
        }
        call
    }
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

pub(super) fn unauthorized(access: RepositoryAccess, reference: &Reference, known: bool) -> RegistryError {
    RegistryError::Unauthorized {
        operation: access.operation(),
        reference: reference.to_string(),
        host: reference.host().to_owned(),
        known,
    }
}
