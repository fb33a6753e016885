//! Flags of the cache of parts.

use clap::Args;

use crate::run::CacheFlags;

/// For commands that take parts from a cache.
#[derive(Debug, Args)]
pub(in crate::cli) struct RemoteCacheArguments {
    /// Take parts from this cache (`grpc[s]://HOST[:PORT][/INSTANCE]`)
    ///
    /// It is a server of the Remote Execution API.
    /// An empty value turns off a cache that the environment or the configuration sets.
    #[arg(verbatim_doc_comment, long, value_name = "URL", help_heading = "Remote cache")]
    remote_cache: Option<String>,
    /// Store parts that are built here in the cache
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", require_equals = true,
        value_parser = ["true", "false"], help_heading = "Remote cache")]
    remote_cache_upload: Option<String>,
    /// Let this server's workers make parts that are not in the cache (`grpc[s]://HOST[:PORT][/INSTANCE]`)
    #[arg(long, value_name = "URL", help_heading = "Remote cache")]
    remote_executor: Option<String>,
    /// Add this pair to the key of each part (can be repeated)
    #[arg(long, value_name = "NAME=VALUE", help_heading = "Remote cache")]
    remote_platform: Vec<String>,
    /// Send the headers in this file (lines `NAME: VALUE`) to the server
    #[arg(long, value_name = "FILE", help_heading = "Remote cache")]
    remote_header_file: Option<String>,
    /// Get the headers from PROGRAM, which speaks Bazel's protocol for credential helpers
    #[arg(long, value_name = "PROGRAM", help_heading = "Remote cache")]
    credential_helper: Option<String>,
    /// Trust the certificate authorities in this PEM file, too
    #[arg(long, value_name = "FILE", help_heading = "Remote cache")]
    tls_certificate: Option<String>,
    /// Authenticate with the certificate in this PEM file
    #[arg(long, value_name = "FILE", help_heading = "Remote cache")]
    tls_client_certificate: Option<String>,
    /// The private key of that certificate, in a PEM file
    #[arg(long, value_name = "FILE", help_heading = "Remote cache")]
    tls_client_key: Option<String>,
}

impl RemoteCacheArguments {
    /// The flags by the names of the options.
    pub(in crate::cli) fn flags(&self) -> CacheFlags {
        let platform = (!self.remote_platform.is_empty()).then(|| self.remote_platform.join("\n"));
        let values = [
            ("remote-cache", &self.remote_cache),
            ("remote-cache-upload", &self.remote_cache_upload),
            ("remote-executor", &self.remote_executor),
            ("remote-platform", &platform),
            ("remote-header-file", &self.remote_header_file),
            ("credential-helper", &self.credential_helper),
            ("tls-certificate", &self.tls_certificate),
            ("tls-client-certificate", &self.tls_client_certificate),
            ("tls-client-key", &self.tls_client_key),
        ];
        let values = values.into_iter().filter_map(|(name, value)| Some((name, value.clone()?)));
        CacheFlags { values: values.collect(), require: false }
    }
}
