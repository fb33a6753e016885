//! Hints for failed transfers.

use crate::http::TransferFault;

/// For a source of a part, from this URL.
pub(crate) fn of_download(url: &str, fault: &TransferFault) -> Vec<String> {
    let hint = match fault {
        TransferFault::Scheme(scheme) if scheme == "ftp" => return of_ftp(url),
        TransferFault::TooLarge(_) => {
            "If it is the right file, raise the limit in [buildout], as in max-download-size = 16GiB."
        }
        TransferFault::TooSlow(_) => {
            "Check the network, or use a mirror; [buildout] socket-timeout sets how long to wait for a silent server."
        }
        TransferFault::Incomplete(_) | TransferFault::Unreachable(_) => {
            "Check the network and the URL, then run again; [buildout] socket-timeout sets how long to wait for a \
             silent server."
        }
        fault => return of_any(fault),
    };
    vec![hint.to_owned()]
}

/// For a configuration file.
pub(crate) fn of_document(fault: &TransferFault) -> Vec<String> {
    match fault {
        TransferFault::NotUrl(_) | TransferFault::Incomplete(_) | TransferFault::Unreachable(_) => Vec::new(),
        fault => of_any(fault),
    }
}

/// Most servers that offer a file over FTP also offer it over HTTPS; a mirror may, too.
fn of_ftp(url: &str) -> Vec<String> {
    let host = url.split('/').nth(2).map_or("HOST", |authority| authority.rsplit('@').next().unwrap_or(authority));
    vec![
        "FTP is not supported. Use an HTTPS mirror: change the URL, or set `download-mirrors` in [buildout]."
            .to_owned(),
        format!(
            "If the server itself offers HTTPS, add to [buildout]: download-mirrors = ftp://{host}/ https://{host}/"
        ),
    ]
}

fn of_any(fault: &TransferFault) -> Vec<String> {
    let hint = match fault {
        TransferFault::Scheme(scheme) if scheme == "ftp" => {
            "FTP is not supported. Use a mirror that offers the file over HTTPS; often it is the same server."
        }
        TransferFault::NotUrl(_) | TransferFault::Scheme(_) => "Use an http: or https: URL, a file: URL, or a path.",
        TransferFault::Redirect(_) => "If that target is right, use its URL.",
        TransferFault::Status(status) if status.starts_with("404") || status.starts_with("410") => {
            "The file was moved or removed: search the publisher's site for it, and change the URL."
        }
        TransferFault::Status(_) | TransferFault::TooManyRedirects(_) => "Try again later, or use a mirror.",
        TransferFault::TooSlow(_) => "Check the network, then run again.",
        TransferFault::Certificate(_) => {
            "If your organization issued the server's certificate, set SSL_CERT_FILE to a file with the certificate of \
             its authority (PEM), or add that to the certificates of the system."
        }
        TransferFault::Proxy => "Use http://HOST:PORT, https://HOST:PORT or socks5://HOST:PORT.",
        TransferFault::TooLarge(_)
        | TransferFault::Incomplete(_)
        | TransferFault::Unreachable(_)
        | TransferFault::NoCertificates => return Vec::new(),
    };
    vec![hint.to_owned()]
}
