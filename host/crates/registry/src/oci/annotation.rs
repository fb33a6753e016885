//! Keys of annotations (OCI image specification, pre-defined annotation keys).

/// The name of the recipe package.
pub const TITLE: &str = "org.opencontainers.image.title";
/// Its version.
pub const VERSION: &str = "org.opencontainers.image.version";
/// Its licenses, as an SPDX expression.
pub const LICENSES: &str = "org.opencontainers.image.licenses";
/// URL of its source code.
pub const SOURCE: &str = "org.opencontainers.image.source";
/// Its description.
pub const DESCRIPTION: &str = "org.opencontainers.image.description";
