//! A stage of a run as a value: a Python, the buildout as resolved with it, the wanted parts, and the policy for their
//! changes.

pub(in crate::run) mod definition;
pub(in crate::run) mod parts;
pub(in crate::run) mod presence;
pub(in crate::run) mod references;
mod signatures;
pub(in crate::run) mod unused;
