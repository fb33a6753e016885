//! The remote cache and remote execution: with a real server, and with one that fails in every way.

mod casd;
mod speed;
mod work;
