//! Keys of annotations (OCI image specification, pre-defined annotation keys).

/// The name of the recipe package.
pub const TITLE: &str = "org.opencontainers.image.title";
/// Its version.
pub const VERSION: &str = "org.opencontainers.image.version";
/// Its licenses, as an SPDX expression.
pub const LICENSES: &str = "org.opencontainers.image.licenses";
/// URL of its sources.
pub const SOURCE: &str = "org.opencontainers.image.source";
/// What it does.
pub const DESCRIPTION: &str = "org.opencontainers.image.description";
