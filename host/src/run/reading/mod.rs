//! Reading the configuration of a run: with the original Python, and again with the buildout's Python if the result of
//! a condition may differ between the two.

pub(in crate::run) mod extensions;
pub(in crate::run) mod load;
pub(in crate::run) mod reader;
