//! How a registry is told who asks: not at all, by user and password, or by a token that its token server gives out
//! (Docker registry token authentication, and its OAuth 2 form).

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use url::Url;
use url::form_urlencoded::Serializer;

use super::challenge::{Challenge, may_ask};
use super::credentials::Credentials;
use super::remote::{Access, Remote};
use super::{Reference, RegistryError};
use base::source::{printable, redact};
use fetch::{Call, HeaderMap, Method};

/// The longest answer of a token server that is read, in bytes.
const LARGEST_TOKEN: u64 = 256 << 10;

/// What a token server answers.
#[derive(Deserialize)]
struct Answer {
    token: Option<String>,
    access_token: Option<String>,
}

/// What is to be sent, and whether it proves who asks.
pub(super) struct Authorization {
    /// The header line `Authorization`.
    pub(super) header: String,
    /// Whether there were credentials.
    pub(super) known: bool,
}

impl Remote {
    /// Meets the challenge of the registry at `base`.
    pub(super) fn authorize(
        &self,
        access: Access,
        reference: &Reference,
        base: &Url,
        headers: &HeaderMap,
    ) -> Result<Authorization, RegistryError> {
        let host = || reference.host().to_owned();
        let lines = headers.get_all("www-authenticate").iter().filter_map(|line| line.to_str().ok());
        match Challenge::read(lines) {
            None => Err(RegistryError::UnknownChallenge { host: host() }),
            Some(Challenge::Basic) => match self.credentials(reference)? {
                Some(Credentials::Password { user, password }) => {
                    Ok(Authorization { header: basic(&user, &password), known: true })
                }
                found => Err(unauthorized(access, reference, found.is_some())),
            },
            Some(Challenge::Bearer { realm, service }) => {
                let foreign = || RegistryError::ForeignRealm {
                    host: host(),
                    realm: printable(&redact(&self.secrets.withhold(realm.clone()))),
                };
                let url = Url::parse(&realm).map_err(|_| foreign())?;
                if !may_ask(base, &url) {
                    return Err(foreign());
                }
                self.token(access, reference, url, service.as_deref())
            }
        }
    }

    /// Asks the token server `realm` for what is needed, and no more.
    fn token(
        &self,
        access: Access,
        reference: &Reference,
        mut realm: Url,
        service: Option<&str>,
    ) -> Result<Authorization, RegistryError> {
        let scope = format!("repository:{}:{}", reference.repository(), access.actions());
        let credentials = self.credentials(reference)?;
        let known = credentials.is_some();
        let mut call = Call::get(realm.clone(), LARGEST_TOKEN);
        match credentials {
            Some(Credentials::IdentityToken(token)) => {
                self.secrets.add(&token);
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
                if let Some(Credentials::Password { user, password }) = other {
                    call.authorization = Some(basic(&user, &password));
                }
                call.url = realm;
            }
        }
        let response = self.send(access, reference, &call)?;
        match response.status.as_u16() {
            200 => {}
            400 | 401 | 403 => return Err(unauthorized(access, reference, known)),
            _ => return Err(self.refused(access, reference, &response)),
        }
        // What is wrong with it is not told: it may hold a token.
        let malformed = || RegistryError::malformed("The token", reference, "it is no token");
        let answer: Answer = serde_json::from_slice(&response.body).map_err(|_| malformed())?;
        let token = answer.token.or(answer.access_token).ok_or_else(malformed)?;
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(malformed());
        }
        Ok(Authorization { header: format!("Bearer {token}"), known })
    }
}

const CONTENT_TYPE: ureq::http::HeaderName = ureq::http::header::CONTENT_TYPE;

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

pub(super) fn unauthorized(access: Access, reference: &Reference, known: bool) -> RegistryError {
    RegistryError::Unauthorized {
        doing: access.doing(),
        reference: reference.to_string(),
        host: reference.host().to_owned(),
        known,
    }
}
