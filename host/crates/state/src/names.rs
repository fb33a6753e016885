//! The names of the options that only the state contains.

/// Option of `[buildout]`: the installed parts, separated by whitespace.
pub(super) const PARTS: &str = "parts";
/// Option of `[buildout]`: the files that `develop` created.
pub(super) const DEVELOP_EGGS: &str = "installed_develop_eggs";
/// Option of `[buildout]` in files of a later format: the format's number. This format has none.
pub(super) const FORMAT: &str = "__buildout_state_format__";
/// Option of a part: the paths that it created.
pub(super) const INSTALLED: &str = "__buildout_installed__";
/// Option of a part: package and digest of its recipe.
pub(super) const SIGNATURE: &str = "__buildout_signature__";
