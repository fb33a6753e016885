//! What the user can do about a server that cannot be used: the usual mistakes in an address, and in certificates.

use tonic::Code;

use super::failure::CallFailure;
use super::session::CAPABILITIES;
use crate::settings::ServerSettings;

impl CallFailure {
    /// One sentence without a period, if the failure looks like a mistake in the settings.
    pub(crate) fn advice(&self, settings: &ServerSettings) -> Option<String> {
        if let Some(advice) = self.of_certificates().filter(|_| settings.address.secure) {
            return Some(advice.to_owned());
        }
        match self {
            Self::NotFound { call } | Self::Status { call, code: Code::InvalidArgument, .. }
                if *call == CAPABILITIES =>
            {
                Some(of_instance(&settings.instance))
            }
            _ if !settings.address.secure && self.is_of_protocol() => {
                Some("Is it a gRPC server? With TLS, write grpcs://".to_owned())
            }
            _ => None,
        }
    }

    fn of_certificates(&self) -> Option<&'static str> {
        let text = self.to_string();
        let known = [
            ("InvalidContentType", "The server does not use TLS: write grpc://"),
            (
                "CaUsedAsEndEntity",
                "It must be a certificate that the authority issued, not that of the authority itself",
            ),
            ("UnknownIssuer", "If you trust its issuer, add the issuer's certificate with `--tls-certificate`"),
        ];
        known.iter().find(|(error, _)| text.contains(error)).map(|(_, advice)| *advice)
    }

    /// Whether what the server sent to the first call is not of the protocol.
    fn is_of_protocol(&self) -> bool {
        match self {
            // Without a name, a route or a port, nothing came.
            Self::Connect(why) => !why.contains("os error") && !why.contains("lookup"),
            Self::Status { call, code, .. } => {
                *call == CAPABILITIES
                    && matches!(code, Code::Internal | Code::Unknown | Code::Unimplemented | Code::Cancelled)
            }
            _ => false,
        }
    }
}

fn of_instance(instance: &str) -> String {
    let follows = "An instance follows the address, as in grpc://HOST:PORT/main";
    match instance {
        "" => format!("Does it need the name of an instance? {follows}"),
        name => format!("Does it have the instance `{}`? {follows}", name.escape_debug()),
    }
}
