//! Executes stages: uninstalls and installs parts, one after the other or several at once, and saves each outcome.

mod execution;
pub(in crate::run) mod executor;
mod outside;
mod parallel;
mod remover;
mod schedule;
pub(in crate::run) mod step;
pub(in crate::run) mod transaction;
