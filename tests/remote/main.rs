//! The remote cache and remote execution: with a real server, and with one that fails in every way.

mod casd;
mod execution;
mod faults;
mod hostile;
mod identity;
mod killed;
mod operations;
mod server;
mod speed;
mod tls;
mod work;
