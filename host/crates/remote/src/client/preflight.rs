//! What can be checked before a server is asked: the files and programs that its settings name.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::failure::CallFailure;
use super::headers;
use super::session::pem;
use crate::settings::{HeaderSource, ServerSettings};

/// A setting that names something on this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LocalSetting {
    /// The file with headers.
    Headers,
    /// The credential helper.
    Helper,
    /// The certificates of more authorities.
    Authorities,
    /// The client's certificate.
    ClientCertificate,
    /// Its key.
    ClientKey,
}

/// What a setting names cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct LocalSettingError {
    /// The setting.
    pub setting: LocalSetting,
    problem: String,
}

impl ServerSettings {
    /// Checks what the settings name on this machine. Asks no server, and starts no program.
    ///
    /// # Errors
    /// When something is missing, or is not what it should be.
    pub fn check_files(&self) -> Result<(), LocalSettingError> {
        match &self.headers {
            Some(HeaderSource::File(path)) => of(LocalSetting::Headers, headers::check_file(path))?,
            Some(HeaderSource::Helper(path)) => of(LocalSetting::Helper, program(path))?,
            None => {}
        }
        if let Some(path) = &self.tls.authorities {
            of(LocalSetting::Authorities, pem_with(path, "CERTIFICATE"))?;
        }
        if let Some((certificate, key)) = &self.tls.client {
            of(LocalSetting::ClientCertificate, pem_with(certificate, "CERTIFICATE"))?;
            of(LocalSetting::ClientKey, pem_with(key, "PRIVATE KEY"))?;
        }
        Ok(())
    }
}

fn of(setting: LocalSetting, checked: Result<(), CallFailure>) -> Result<(), LocalSettingError> {
    checked.map_err(|failure| LocalSettingError { setting, problem: failure.to_string() })
}

fn program(path: &Path) -> Result<(), CallFailure> {
    let failed = |what: String| Err(CallFailure::Settings(format!("{} {what}", path.display())));
    match path.metadata() {
        Err(error) => failed(format!("cannot be started: {error}")),
        Ok(metadata) if !metadata.is_file() || metadata.permissions().mode() & 0o111 == 0 => {
            failed("is not an executable file".to_owned())
        }
        Ok(_) => Ok(()),
    }
}

/// A PEM file has a block of this kind, possibly with more words (`RSA PRIVATE KEY`).
fn pem_with(path: &Path, kind: &str) -> Result<(), CallFailure> {
    let content = pem(path)?;
    let ending = format!("{kind}-----");
    let is_begin = |line: &str| line.trim().starts_with("-----BEGIN ") && line.trim().ends_with(&ending);
    match String::from_utf8_lossy(&content).lines().any(is_begin) {
        true => Ok(()),
        false => {
            let what = kind.to_lowercase();
            Err(CallFailure::Settings(format!("{} contains no {what} in PEM format", path.display())))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::TlsSettings;

    #[test]
    fn what_settings_name_is_checked_without_a_server() {
        let space = tempfile::tempdir().unwrap();
        let at = |name: &str, content: &str| {
            let path = space.path().join(name);
            std::fs::write(&path, content).unwrap();
            path
        };
        let of = |headers, authorities, client| {
            let usual = ServerSettings::new("grpcs://cache.example".parse().unwrap());
            let settings = ServerSettings { headers, tls: TlsSettings { authorities, client }, ..usual };
            settings.check_files().map_err(|error| (error.setting, error.to_string()))
        };
        assert_eq!(of(None, None, None), Ok(()));
        let text = at("text", "text\n");
        let certificate = at("certificate", "x\n-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n");
        let key = at("key", "-----BEGIN EC PRIVATE KEY-----\n");
        assert_eq!(of(None, Some(certificate.clone()), Some((certificate.clone(), key.clone()))), Ok(()));
        let (setting, problem) = of(Some(HeaderSource::File(text.clone())), None, None).unwrap_err();
        assert!(setting == LocalSetting::Headers && problem.contains("text:1: "), "{problem}");
        let (setting, problem) = of(Some(HeaderSource::Helper(text.clone())), None, None).unwrap_err();
        assert!(setting == LocalSetting::Helper && problem.ends_with("is not an executable file"), "{problem}");
        let (setting, problem) = of(None, Some(at("empty", "")), None).unwrap_err();
        assert!(setting == LocalSetting::Authorities && problem.ends_with("no certificate in PEM format"), "{problem}");
        assert_eq!(of(None, None, Some((key.clone(), key))).unwrap_err().0, LocalSetting::ClientCertificate);
        let (setting, problem) = of(None, None, Some((certificate, text))).unwrap_err();
        assert!(setting == LocalSetting::ClientKey && problem.ends_with("no private key in PEM format"), "{problem}");
        let missing = of(None, Some(space.path().join("missing")), None).unwrap_err().1;
        assert!(missing.starts_with("cannot read "), "{missing}");
    }
}
