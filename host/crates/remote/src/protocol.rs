//! The messages and calls of the protocol, under short names.

use std::time::Duration;

pub(crate) use bazel_remote_apis::build::bazel::remote::execution::v2;
pub(crate) use bazel_remote_apis::google::bytestream;
pub(crate) use bazel_remote_apis::google::longrunning;
pub(crate) use bazel_remote_apis::google::rpc;

/// A duration as message.
pub(crate) fn proto_duration(duration: Duration) -> bazel_remote_apis::google::protobuf::Duration {
    bazel_remote_apis::google::protobuf::Duration {
        seconds: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
        nanos: i32::try_from(duration.subsec_nanos()).unwrap_or_default(),
    }
}
