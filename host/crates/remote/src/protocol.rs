//! The messages and calls of the protocol, under short names.

use std::time::Duration;

pub(crate) use bazel_remote_apis::build::bazel::remote::execution::v2;
pub(crate) use bazel_remote_apis::google::bytestream;
pub(crate) use bazel_remote_apis::google::longrunning;

/// The innermost cause of an error of the transport, which alone says something: a refused connection, a certificate.
pub(crate) fn rpc_source(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    base::source::printable_line(&innermost.to_string())
}

/// A duration as message.
pub(crate) fn proto_duration(duration: Duration) -> bazel_remote_apis::google::protobuf::Duration {
    bazel_remote_apis::google::protobuf::Duration {
        seconds: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
        nanos: i32::try_from(duration.subsec_nanos()).unwrap_or_default(),
    }
}
