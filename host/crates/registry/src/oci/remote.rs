//! A registry that follows the OCI distribution specification, over HTTP.
//!
//! Its responses are not trusted: size and digest of manifests and blobs are checked, also against the digests that it
//! announces. Plain HTTP is used only with this machine, unless the user allows more.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use ureq::http::header::{ACCEPT, CONTENT_TYPE};
use url::Url;

use super::artifacts::{ArtifactManifest, Artifacts, LARGEST_MANIFEST};
use super::authentication::{Authenticator, unauthorized};
use super::challenge::is_loopback;
use super::document::{Descriptor, INDEX, MANIFEST, check};
use super::error::{Integrity, RegistryError};
use super::reference::Reference;
use super::wire::{ProgressCallback, RepositoryAccess, Wire};
use base::digest::Digest;
use base::environment::Environment;
use base::event::{Event, Report};
use fetch::{HttpRequest, Method, NetworkUse, Response, TransferFault, TransferLimits};

/// With which machines plain HTTP is used instead of HTTPS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PlainHttp {
    /// With this machine.
    #[default]
    ThisMachine,
    /// With all machines.
    All,
    /// With none.
    None,
}

/// Settings for registries.
#[derive(Clone, Debug)]
pub struct RemoteSettings {
    /// Whether they may be used.
    pub network: NetworkUse,
    /// With which machines plain HTTP is used.
    pub plain_http: PlainHttp,
    /// Limits on time and size.
    pub limits: TransferLimits,
}

impl Default for RemoteSettings {
    fn default() -> Self {
        Self {
            network: NetworkUse::Allowed,
            plain_http: PlainHttp::default(),
            limits: TransferLimits::for_registries(),
        }
    }
}

/// All registries: each reference contains its registry.
pub struct Remote {
    wire: Wire,
    authenticator: Authenticator,
    plain_http: PlainHttp,
    report: Arc<dyn Report>,
    /// The `Authorization` that a registry last accepted, by repository.
    accepted: Mutex<HashMap<(String, RepositoryAccess), String>>,
}

fn no_progress() -> impl FnMut(u64, Option<u64>) {
    |_, _| {}
}

impl Remote {
    /// Registries for the process with this `environment`: uses its proxies and its user's credentials. Nothing is read
    /// or opened yet.
    pub fn new(environment: &Environment, settings: RemoteSettings, report: Arc<dyn Report>) -> Self {
        Self {
            wire: Wire::new(environment, settings.limits, settings.network),
            authenticator: Authenticator::new(environment),
            plain_http: settings.plain_http,
            report,
            accepted: Mutex::default(),
        }
    }

    /// The same, but stops as soon as `canceled` returns true; it is called several times per second.
    #[must_use]
    pub fn canceled_by(mut self, canceled: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        self.wire.canceled = Arc::new(canceled);
        self
    }

    /// The registry's URL.
    fn base(&self, reference: &Reference) -> Result<Url, RegistryError> {
        let parse = |scheme: &str| {
            Url::parse(&format!("{scheme}://{}", reference.host())).map_err(|error| RegistryError::Call {
                operation: RepositoryAccess::Read.operation(),
                reference: reference.to_string(),
                fault: TransferFault::NotUrl(error.to_string()),
            })
        };
        let plain = parse("http")?;
        let is_plain = match self.plain_http {
            PlainHttp::ThisMachine => is_loopback(&plain),
            PlainHttp::All => true,
            PlainHttp::None => false,
        };
        if is_plain { Ok(plain) } else { parse("https") }
    }

    /// A URL of the repository, as in `manifests/1.2`.
    fn url(&self, reference: &Reference, path: &str) -> Result<Url, RegistryError> {
        let mut url = self.base(reference)?;
        url.set_path(&format!("/v2/{}/{path}", reference.repository()));
        Ok(url)
    }

    /// Sends a request to the registry, and again with credentials if it demands them.
    fn request(
        &self,
        access: RepositoryAccess,
        reference: &Reference,
        mut call: HttpRequest,
        progress: ProgressCallback<'_>,
    ) -> Result<Response, RegistryError> {
        let key = (reference.name(), access);
        let accepted = || self.accepted.lock().unwrap_or_else(PoisonError::into_inner);
        call.authorization = accepted().get(&key).cloned();
        let response = self.wire.send(access, reference, &call, progress)?;
        if response.status.as_u16() != 401 {
            return Ok(response);
        }
        // Tokens are valid for some minutes: one that was accepted before may have expired.
        let base = self.base(reference)?;
        let authorization = self.authenticator.authorize(&self.wire, access, reference, &base, &response.headers)?;
        call.authorization = Some(authorization.header.clone());
        let response = self.wire.send(access, reference, &call, progress)?;
        match response.status.as_u16() {
            401 => Err(unauthorized(access, reference, authorization.known)),
            _ => {
                accepted().insert(key, authorization.header);
                Ok(response)
            }
        }
    }

    /// Sends a read request; the response must have the requested content.
    fn read(
        &self,
        reference: &Reference,
        call: HttpRequest,
        progress: ProgressCallback<'_>,
    ) -> Result<Response, RegistryError> {
        let response = self.request(RepositoryAccess::Read, reference, call, progress)?;
        match response.status.as_u16() {
            200 => Ok(response),
            404 => Err(RegistryError::NotFound {
                reference: reference.to_string(),
                place: format!("the registry {}", reference.host()),
            }),
            _ => Err(self.wire.refused(RepositoryAccess::Read, reference, &response)),
        }
    }

    /// Uploads content in one piece: `POST` opens a session, `PUT` closes it.
    fn upload(&self, reference: &Reference, bytes: &[u8], digest: Digest) -> Result<(), RegistryError> {
        const WRITE: RepositoryAccess = RepositoryAccess::Write;
        let start = self.url(reference, "blobs/uploads/")?;
        let call = HttpRequest {
            method: Method::POST,
            body: Some(Arc::from([])),
            ..HttpRequest::get(start.clone(), LARGEST_MANIFEST)
        };
        let session = self.request(WRITE, reference, call, &mut no_progress())?;
        if session.status.as_u16() != 202 {
            return Err(self.wire.refused(WRITE, reference, &session));
        }
        let (mut target, same_place) = session.location(&start).map_err(|fault| RegistryError::Call {
            operation: WRITE.operation(),
            reference: reference.to_string(),
            fault,
        })?;
        target.query_pairs_mut().append_pair("digest", &format!("sha256:{digest}"));
        let call = HttpRequest {
            method: Method::PUT,
            headers: vec![(CONTENT_TYPE, "application/octet-stream".to_owned())],
            body: Some(Arc::from(bytes)),
            ..HttpRequest::get(target, LARGEST_MANIFEST)
        };
        let outcome = match same_place {
            true => self.request(WRITE, reference, call, &mut no_progress())?,
            // A storage server, which the URL authorizes; it must not receive our credentials.
            false => self.wire.send(WRITE, reference, &call, &mut no_progress())?,
        };
        if outcome.status.as_u16() != 201 {
            return Err(self.wire.refused(WRITE, reference, &outcome));
        }
        check_announced("The content", reference, &outcome, digest)
    }
}

impl Artifacts for Remote {
    fn manifest(&self, reference: &Reference) -> Result<ArtifactManifest, RegistryError> {
        let url = self.url(reference, &format!("manifests/{}", reference.version()))?;
        // An index is accepted too, so that the error can report it.
        let headers = vec![(ACCEPT, format!("{MANIFEST}, {INDEX}"))];
        let response = self.read(
            reference,
            HttpRequest { headers, ..HttpRequest::get(url, LARGEST_MANIFEST) },
            &mut no_progress(),
        )?;
        let manifest = ArtifactManifest::checked(response.body.clone(), reference)?;
        check_announced("The manifest", reference, &response, manifest.digest)?;
        Ok(manifest)
    }

    fn blob(
        &self,
        what: &'static str,
        reference: &Reference,
        descriptor: &Descriptor,
        most: u64,
    ) -> Result<Vec<u8>, RegistryError> {
        let (digest, size) = descriptor.expected(what, reference, most)?;
        let url = self.url(reference, &format!("blobs/sha256:{digest}"))?;
        let shown = reference.to_string();
        let mut progress = |done, total| {
            self.report.report(Event::Download { part: "", url: &shown, done, total });
        };
        let response =
            self.read(reference, HttpRequest::get(url, size), &mut progress).map_err(|error| match error {
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
        let call = HttpRequest { method: Method::HEAD, ..HttpRequest::get(url, 0) };
        // Only a clear success status saves the upload.
        if self.request(RepositoryAccess::Write, reference, call, &mut no_progress())?.status.as_u16() == 200 {
            return Ok(());
        }
        self.report.report(Event::Progress { activity: &format!("Uploading {} bytes to {reference}", bytes.len()) });
        let outcome = self.upload(reference, bytes, digest);
        self.report.report(Event::ProgressEnd);
        outcome
    }

    fn put_manifest(&self, reference: &Reference, manifest: &ArtifactManifest) -> Result<(), RegistryError> {
        let version = reference.tag().map_or_else(|| format!("sha256:{}", manifest.digest), str::to_owned);
        let call = HttpRequest {
            method: Method::PUT,
            headers: vec![(CONTENT_TYPE, MANIFEST.to_owned())],
            body: Some(Arc::from(manifest.bytes.as_slice())),
            ..HttpRequest::get(self.url(reference, &format!("manifests/{version}"))?, LARGEST_MANIFEST)
        };
        let response = self.request(RepositoryAccess::Write, reference, call, &mut no_progress())?;
        match response.status.as_u16() {
            201 => check_announced("The manifest", reference, &response, manifest.digest),
            _ => Err(self.wire.refused(RepositoryAccess::Write, reference, &response)),
        }
    }
}

/// Compares the digest that a registry announces, if any, with the expected one.
fn check_announced(
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
