//! `wasi:filesystem`: WASI's implementation behind a root directory that contains the granted directories.
//!
//! The guest has one preopened directory, `/`, in which it can only look up paths. Each path is routed to the granted
//! directory that contains it (`crate::grants`), and the call is made with a handle of that directory; from there,
//! WASI's implementation confines the guest. The guest can create a granted directory that does not exist.
//!
//! Where a symbolic link leads out of a granted directory, WASI's implementation refuses it. If it leads to another one,
//! the call is made again with the path that it leads to ([`absolute`]).

mod absolute;
pub(crate) mod open;
mod guarded;
mod opening;
mod ready;
mod removing;
pub(crate) mod routing;
mod status;
mod streams;
mod types;
