//! A registry that follows the OCI distribution specification, over HTTP.
//!
//! What it says is not believed: manifests and blobs are hashed and measured, and the digests that it announces are held
//! against them. Plain HTTP is spoken with this machine alone, unless the user says otherwise.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Deserialize;
use ureq::http::header::{ACCEPT, CONTENT_TYPE};
use url::Url;

use super::artefact::MANIFEST;
use super::artefacts::{Artefacts, Descriptor, LARGEST_MANIFEST, Manifest, check, expected};
use super::authentication::unauthorized;
use super::challenge::is_loopback;
use super::credentials::{CredentialFiles, Credentials};
use super::secrets::Secrets;
use super::{Integrity, Reference, RegistryError};
use base::digest::Digest;
use base::environment::Environment;
use base::event::{Event, Report};
use base::source::{printable, redact};
use fetch::{Call, CallError, Conversation, Limits, Method, Network, Response, TransferFault};

/// What a registry is asked to accept in place of a manifest, so that the message can say what it is.
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// How many characters of what a registry says are shown.
const LONGEST_SAYING: usize = 200;

/// How registries are talked with.
#[derive(Clone, Debug)]
pub struct RemoteSettings {
    /// Whether they may be.
    pub network: Network,
    /// Whether plain HTTP may be spoken with other machines too.
    pub plain_http: bool,
    /// How much patience there is.
    pub limits: Limits,
}

impl Default for RemoteSettings {
    fn default() -> Self {
        Self { network: Network::Allowed, plain_http: false, limits: Limits::for_registries() }
    }
}

/// All registries: each reference names its own.
pub struct Remote {
    conversation: Conversation,
    files: CredentialFiles,
    settings: RemoteSettings,
    report: Arc<dyn Report>,
    cancelled: Box<dyn Fn() -> bool + Send + Sync>,
    /// The `Authorization` that a registry accepted last for a repository.
    accepted: Mutex<HashMap<(String, Access), String>>,
    /// What no message may repeat.
    pub(super) secrets: Secrets,
}

/// What is done with a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Access {
    Read,
    Write,
}

impl Access {
    /// For messages.
    pub(super) fn doing(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }

    /// For the scope of a token.
    pub(super) fn actions(self) -> &'static str {
        match self {
            Self::Read => "pull",
            Self::Write => "pull,push",
        }
    }
}

impl Remote {
    /// Talks with registries for the process that `environment` describes: its proxy settings count, and the credentials
    /// of its user. Nothing is read or opened yet.
    pub fn new(environment: &Environment, settings: RemoteSettings, report: Arc<dyn Report>) -> Self {
        Self {
            conversation: Conversation::new(environment, settings.limits.clone()),
            files: CredentialFiles::of(environment),
            settings,
            report,
            cancelled: Box::new(|| false),
            accepted: Mutex::default(),
            secrets: Secrets::default(),
        }
    }

    /// The same, which stops as soon as `cancelled` says so; it is asked several times a second.
    #[must_use]
    pub fn cancelled_by(self, cancelled: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self { cancelled: Box::new(cancelled), ..self }
    }

    /// The credentials of the user for that repository.
    pub(super) fn credentials(&self, reference: &Reference) -> Result<Option<Credentials>, RegistryError> {
        self.files.find(reference)
    }

    /// The registry's own URL.
    fn base(&self, reference: &Reference) -> Result<Url, RegistryError> {
        let parse = |scheme: &str| {
            Url::parse(&format!("{scheme}://{}", reference.host())).map_err(|error| RegistryError::Call {
                doing: Access::Read.doing(),
                reference: reference.to_string(),
                fault: TransferFault::NotUrl(error.to_string()),
            })
        };
        let plain = parse("http")?;
        if self.settings.plain_http || is_loopback(&plain) { Ok(plain) } else { parse("https") }
    }

    /// A URL of the repository, as in `manifests/1.2`.
    fn url(&self, reference: &Reference, path: &str) -> Result<Url, RegistryError> {
        let mut url = self.base(reference)?;
        url.set_path(&format!("/v2/{}/{path}", reference.repository()));
        Ok(url)
    }

    /// Sends one request as it is.
    pub(super) fn send(&self, access: Access, reference: &Reference, call: &Call) -> Result<Response, RegistryError> {
        self.send_told(access, reference, call, &mut |_, _| {})
    }

    fn send_told(
        &self,
        access: Access,
        reference: &Reference,
        call: &Call,
        progress: &mut dyn FnMut(u64, Option<u64>),
    ) -> Result<Response, RegistryError> {
        if self.settings.network != Network::Allowed {
            return Err(RegistryError::Offline { reference: reference.to_string() });
        }
        if let Some(header) = &call.authorization {
            self.secrets.add_authorization(header);
        }
        self.conversation.call(call, progress, &*self.cancelled).map_err(|error| match error {
            CallError::Fault(fault) => {
                RegistryError::Call { doing: access.doing(), reference: reference.to_string(), fault }
            }
            CallError::Cancelled => RegistryError::Cancelled { reference: reference.to_string() },
        })
    }

    /// Sends a request to the registry, and once more with proof of who asks if it wants that.
    fn ask(
        &self,
        access: Access,
        reference: &Reference,
        mut call: Call,
        progress: &mut dyn FnMut(u64, Option<u64>),
    ) -> Result<Response, RegistryError> {
        let key = (reference.name(), access);
        let accepted = || self.accepted.lock().unwrap_or_else(PoisonError::into_inner);
        call.authorization = accepted().get(&key).cloned();
        let response = self.send_told(access, reference, &call, progress)?;
        if response.status.as_u16() != 401 {
            return Ok(response);
        }
        // Tokens are good for some minutes: what was accepted before may not be now.
        let authorization = self.authorize(access, reference, &self.base(reference)?, &response.headers)?;
        call.authorization = Some(authorization.header.clone());
        let response = self.send_told(access, reference, &call, progress)?;
        match response.status.as_u16() {
            401 => Err(unauthorized(access, reference, authorization.known)),
            _ => {
                accepted().insert(key, authorization.header);
                Ok(response)
            }
        }
    }

    /// For an answer of another status than was hoped for.
    pub(super) fn refused(&self, access: Access, reference: &Reference, response: &Response) -> RegistryError {
        RegistryError::Refused {
            doing: access.doing(),
            reference: reference.to_string(),
            status: response.status.to_string(),
            said: self.said(&response.body),
        }
    }

    /// The registry's own words for a failure (distribution specification, error codes), made harmless.
    fn said(&self, body: &[u8]) -> String {
        #[derive(Deserialize)]
        struct Complaints {
            errors: Vec<Complaint>,
        }
        #[derive(Deserialize)]
        struct Complaint {
            #[serde(default)]
            code: String,
            #[serde(default)]
            message: String,
        }
        let Ok(complaints) = serde_json::from_slice::<Complaints>(body) else { return String::new() };
        let texts = complaints.errors.iter().map(|complaint| format!("{}: {}", complaint.code, complaint.message));
        let text = self.secrets.withhold(texts.collect::<Vec<_>>().join("; "));
        printable(&redact(&text.chars().take(LONGEST_SAYING).collect::<String>()))
    }

    /// For reading: an answer that has what was asked for.
    fn read(
        &self,
        reference: &Reference,
        call: Call,
        progress: &mut dyn FnMut(u64, Option<u64>),
    ) -> Result<Response, RegistryError> {
        let response = self.ask(Access::Read, reference, call, progress)?;
        match response.status.as_u16() {
            200 => Ok(response),
            404 => Err(RegistryError::NotFound {
                reference: reference.to_string(),
                place: format!("the registry {}", reference.host()),
            }),
            _ => Err(self.refused(Access::Read, reference, &response)),
        }
    }

    /// Uploads content in one piece: `POST` opens a session, `PUT` closes it.
    fn upload(&self, reference: &Reference, bytes: &[u8], digest: Digest) -> Result<(), RegistryError> {
        const WRITE: Access = Access::Write;
        let begin = self.url(reference, "blobs/uploads/")?;
        let call =
            Call { method: Method::POST, body: Some(Arc::from([])), ..Call::get(begin.clone(), LARGEST_MANIFEST) };
        let session = self.ask(WRITE, reference, call, &mut |_, _| {})?;
        if session.status.as_u16() != 202 {
            return Err(self.refused(WRITE, reference, &session));
        }
        let (mut target, same_place) = session.location(&begin).map_err(|fault| RegistryError::Call {
            doing: WRITE.doing(),
            reference: reference.to_string(),
            fault,
        })?;
        target.query_pairs_mut().append_pair("digest", &format!("sha256:{digest}"));
        let call = Call {
            method: Method::PUT,
            headers: vec![(CONTENT_TYPE, "application/octet-stream".to_owned())],
            body: Some(Arc::from(bytes)),
            ..Call::get(target, LARGEST_MANIFEST)
        };
        let outcome = match same_place {
            true => self.ask(WRITE, reference, call, &mut |_, _| {})?,
            // A store of the registry's, which knows its own URL again, but not us.
            false => self.send(WRITE, reference, &call)?,
        };
        if outcome.status.as_u16() != 201 {
            return Err(self.refused(WRITE, reference, &outcome));
        }
        announced("The content", reference, &outcome, digest)
    }
}

impl Artefacts for Remote {
    fn manifest(&self, reference: &Reference) -> Result<Manifest, RegistryError> {
        let url = self.url(reference, &format!("manifests/{}", reference.version()))?;
        let headers = vec![(ACCEPT, format!("{MANIFEST}, {INDEX}"))];
        let response = self.read(reference, Call { headers, ..Call::get(url, LARGEST_MANIFEST) }, &mut |_, _| {})?;
        let manifest = Manifest::checked(response.body.clone(), reference)?;
        announced("The manifest", reference, &response, manifest.digest)?;
        Ok(manifest)
    }

    fn blob(
        &self,
        what: &'static str,
        reference: &Reference,
        descriptor: &Descriptor,
        most: u64,
    ) -> Result<Vec<u8>, RegistryError> {
        let (digest, size) = expected(what, reference, descriptor, most)?;
        let url = self.url(reference, &format!("blobs/sha256:{digest}"))?;
        let shown = reference.to_string();
        let mut progress = |done, total| {
            self.report.report(Event::Download { part: "", url: &shown, done, total });
        };
        let response = self.read(reference, Call::get(url, size), &mut progress).map_err(|error| match error {
            RegistryError::Call { fault: TransferFault::TooLarge(_), .. } => {
                RegistryError::integrity(what, reference, Integrity::Size { expected: size })
            }
            other => other,
        })?;
        check(what, reference, response.body, (digest, size))
    }

    fn put_blob(&self, reference: &Reference, bytes: &[u8]) -> Result<(), RegistryError> {
        let digest = Digest::of(bytes);
        let url = self.url(reference, &format!("blobs/sha256:{digest}"))?;
        let call = Call { method: Method::HEAD, ..Call::get(url, 0) };
        // Only a plain yes saves the upload.
        if self.ask(Access::Write, reference, call, &mut |_, _| {})?.status.as_u16() == 200 {
            return Ok(());
        }
        self.report.report(Event::Progress { activity: &format!("Uploading {} bytes to {reference}", bytes.len()) });
        let outcome = self.upload(reference, bytes, digest);
        self.report.report(Event::ProgressEnd);
        outcome
    }

    fn put_manifest(&self, reference: &Reference, manifest: &Manifest) -> Result<(), RegistryError> {
        let version = reference.tag().map_or_else(|| format!("sha256:{}", manifest.digest), str::to_owned);
        let call = Call {
            method: Method::PUT,
            headers: vec![(CONTENT_TYPE, MANIFEST.to_owned())],
            body: Some(Arc::from(manifest.bytes.as_slice())),
            ..Call::get(self.url(reference, &format!("manifests/{version}"))?, LARGEST_MANIFEST)
        };
        let response = self.ask(Access::Write, reference, call, &mut |_, _| {})?;
        match response.status.as_u16() {
            201 => announced("The manifest", reference, &response, manifest.digest),
            _ => Err(self.refused(Access::Write, reference, &response)),
        }
    }
}

/// Holds the digest that a registry announces, if it does, against the right one.
fn announced(
    what: &'static str,
    reference: &Reference,
    response: &Response,
    expected: Digest,
) -> Result<(), RegistryError> {
    let Some(text) = response.header("docker-content-digest") else { return Ok(()) };
    let found = text.trim().strip_prefix("sha256:").and_then(|digits| digits.parse().ok());
    match found {
        Some(found) if found == expected => Ok(()),
        Some(found) => Err(RegistryError::integrity(what, reference, Integrity::Digest { expected, found })),
        None => Err(RegistryError::integrity(what, reference, Integrity::Algorithm)),
    }
}
