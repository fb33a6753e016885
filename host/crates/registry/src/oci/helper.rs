//! Credential helpers: programs `docker-credential-NAME` that read the name of a server and print its credentials as
//! JSON (docker/docker-credential-helpers).

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde::Deserialize;
use zeroize::Zeroizing;

use super::secrets::RegistryCredentials;

/// The user name by which a helper marks an identity token.
const TOKEN: &str = "<token>";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct HelperCredentials {
    username: String,
    secret: String,
}

/// Gets the credentials for `server` from the helper `name`; `None` if it has none. The error does not include the
/// output of the helper, which may contain a secret.
pub(super) fn get(name: &str, server: &str) -> Result<Option<RegistryCredentials>, String> {
    if name.contains('/') {
        return Err(format!("{name:?} is not the name of a credential helper"));
    }
    let program = format!("docker-credential-{name}");
    let unusable = |_| format!("{program} cannot be started");
    let mut child = Command::new(&program)
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(unusable)?;
    if let Some(mut input) = child.stdin.take() {
        // A helper that does not read its input has already failed, or does not need it.
        let _ = input.write_all(server.as_bytes());
    }
    let output = child.wait_with_output().map_err(unusable)?;
    let printed = Zeroizing::new(output.stdout);
    if !output.status.success() {
        let has_none = String::from_utf8_lossy(&printed).contains("credentials not found");
        return if has_none { Ok(None) } else { Err(format!("{program} failed")) };
    }
    let answer: HelperCredentials =
        serde_json::from_slice(&printed).map_err(|_| format!("{program} printed no credentials"))?;
    let secret = Zeroizing::new(answer.secret);
    Ok(Some(match answer.username.as_str() {
        TOKEN => RegistryCredentials::IdentityToken(secret),
        _ => RegistryCredentials::Password { user: answer.username, password: secret },
    }))
}
