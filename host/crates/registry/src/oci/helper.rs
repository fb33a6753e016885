//! Credential helpers: programs `docker-credential-NAME` that read the name of a server and print its credentials as
//! JSON (docker/docker-credential-helpers).

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use serde::Deserialize;
use zeroize::Zeroizing;

use super::secrets::RegistryCredentials;

/// The user name by which a helper marks an identity token.
const TOKEN: &str = "<token>";

/// How long a helper may take: it may ask a person to unlock a store.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often it is checked whether the caller has canceled.
const INTERVAL: Duration = Duration::from_millis(50);
/// The most bytes that a helper may print.
const LONGEST: u64 = 1 << 20;

/// Returns whether the caller canceled the operation.
pub(super) type IsCanceled<'a> = &'a dyn Fn() -> bool;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct HelperCredentials {
    username: String,
    secret: String,
}

/// Gets the credentials for `server` from the helper `name`; `None` if it has none. The error does not include the
/// output of the helper, which may contain a secret. It is looked for in the directories of `search_path`, and not on the PATH of
/// this process, which may lead to programs of recipes.
pub(super) fn get(
    name: &str,
    search_path: &str,
    server: &str,
    canceled: IsCanceled<'_>,
) -> Result<Option<RegistryCredentials>, String> {
    if name.contains('/') {
        return Err(format!("{name:?} is not the name of a credential helper"));
    }
    let program = format!("docker-credential-{name}");
    let found = find(&program, search_path).ok_or_else(|| format!("{program} cannot be started"))?;
    let (printed, status) = ask(&found, server, PATIENCE, canceled).map_err(|what| format!("{program} {what}"))?;
    if !status.success() {
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

/// The program of that name.
fn find(program: &str, search_path: &str) -> Option<PathBuf> {
    let candidates = std::env::split_paths(search_path).map(|directory| directory.join(program));
    candidates.into_iter().find(|candidate| candidate.is_absolute() && candidate.is_file())
}

/// Runs `program get`; returns what it printed. It is ended when the time is over. It stays in this process group, because
/// it may ask a person at the terminal.
fn ask(
    program: &Path,
    server: &str,
    patience: Duration,
    canceled: IsCanceled<'_>,
) -> Result<(Zeroizing<Vec<u8>>, ExitStatus), String> {
    let unusable = |_| "cannot be started".to_owned();
    let mut helper = Command::new(program)
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map(Helper)
        .map_err(unusable)?;
    let (input, output) = (helper.0.stdin.take(), helper.0.stdout.take());
    let server = server.to_owned();
    let (sender, receiver) = channel();
    let talk = move || {
        // A helper that does not read its input has already failed, or does not need it.
        let _ = input.map(|mut input| input.write_all(server.as_bytes()));
        let mut printed = Zeroizing::new(Vec::new());
        let read = output.map_or(Ok(0), |output| output.take(LONGEST).read_to_end(&mut printed));
        // The receiver is gone when the time was over.
        let _ = sender.send(read.map(|_| printed));
    };
    std::thread::Builder::new().name("credentials".into()).spawn(talk).map_err(unusable)?;
    let end = Instant::now() + patience;
    loop {
        match receiver.recv_timeout(INTERVAL) {
            Ok(printed) => return Ok((printed.map_err(unusable)?, helper.status(end).ok_or_else(|| late(patience))?)),
            Err(RecvTimeoutError::Timeout) if canceled() => return Err("was canceled".to_owned()),
            Err(RecvTimeoutError::Timeout) if Instant::now() < end => {}
            Err(_) => return Err(late(patience)),
        }
    }
}

fn late(patience: Duration) -> String {
    format!("has not answered within {} seconds", patience.as_secs())
}

/// A helper that runs: it is ended with this value.
struct Helper(Child);

impl Helper {
    /// How it ended; `None` if it has not by then, although it has closed its output.
    fn status(&mut self, end: Instant) -> Option<ExitStatus> {
        loop {
            match self.0.try_wait() {
                Ok(Some(status)) => return Some(status),
                Ok(None) if Instant::now() < end => std::thread::sleep(Duration::from_millis(1)),
                _ => return None,
            }
        }
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        // It may have ended meanwhile.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    /// Asks a helper that is this script.
    fn t(script: &str, patience: Duration, canceled: IsCanceled<'_>) -> Result<String, String> {
        let directory = tempfile::tempdir().unwrap();
        let program = directory.path().join("helper");
        std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let asked = ask(&program, "registry.example", patience, canceled);
        asked.map(|(printed, status)| format!("{} {:?}", String::from_utf8_lossy(&printed), status.code()))
    }

    #[test]
    fn a_helper_that_does_not_end_is_given_up() {
        assert_eq!(t("cat; exit 3", PATIENCE, &|| false).unwrap(), "registry.example Some(3)");
        let short = Duration::from_millis(300);
        for script in ["exec sleep 1000", "exec sleep 1000 >&-"] {
            let error = t(script, short, &|| false).unwrap_err();
            assert!(error.contains("has not answered within"), "{script}: {error}");
        }
        // The pipe of a helper that prints without end is closed.
        assert!(t("exec yes", PATIENCE, &|| false).unwrap().ends_with("None"));
        assert_eq!(t("exec sleep 1000", PATIENCE, &|| true).unwrap_err(), "was canceled");
    }
}
