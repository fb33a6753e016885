//! Headers that a caller adds to a request, and those of the response.

use ureq::http::{HeaderName, header};

use crate::http::ReceivedHead;

/// Headers that the client sets itself, or that concern the connection.
const OWN: [HeaderName; 12] = [
    header::ACCEPT_ENCODING,
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::EXPECT,
    header::HOST,
    header::IF_RANGE,
    header::PROXY_AUTHORIZATION,
    header::RANGE,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// The headers that are sent. Invalid headers are left out.
pub(super) fn sent(headers: &[(String, String)]) -> Vec<(HeaderName, String)> {
    let valid = headers.iter().filter_map(|(name, value)| {
        let name = HeaderName::try_from(name.as_str()).ok()?;
        let is_valid = !OWN.contains(&name) && !value.contains(['\r', '\n', '\0']) && value.is_ascii();
        is_valid.then(|| (name, value.clone()))
    });
    valid.collect()
}

/// The headers of a response, without cookies.
pub(super) fn received(received: &ReceivedHead) -> Vec<(String, String)> {
    let shown = received.headers.iter().filter(|(name, _)| **name != header::SET_COOKIE);
    shown.map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_headers_that_concern_no_connection_are_sent() {
        let headers = [
            ("Accept", "text/html"),
            ("HOST", "evil.example"),
            ("Range", "bytes=0-1"),
            ("X-Forged", "a\r\nHost: evil.example"),
            ("not a name", "x"),
            ("authorization", "Bearer x"),
        ];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let expected = [(header::ACCEPT, "text/html".to_owned()), (header::AUTHORIZATION, "Bearer x".to_owned())];
        assert_eq!(sent(&headers), expected);
    }
}
