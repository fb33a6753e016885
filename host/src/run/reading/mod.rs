//! Reading the configuration of a run: with the original Python, and again with the buildout's Python where conditions
//! ask for something that differs between the two.

pub(in crate::run) mod extensions;
pub(in crate::run) mod load;
mod reader;
