//! (being written)

pub mod condition;
