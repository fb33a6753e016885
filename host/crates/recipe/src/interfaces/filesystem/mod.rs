//! `wasi:filesystem`: WASI's own implementation behind a root directory that leads to what is granted.
//!
//! The guest is given one preopened directory, `/`, which it can only look up paths in. Each path is routed to the granted
//! directory that holds it (`crate::grants`), and the call is made with a handle of that directory; from there WASI's
//! implementation keeps the guest inside. A granted directory that does not exist can be created by the guest.

pub(crate) mod open;
mod ready;
pub(crate) mod routing;
mod status;
mod types;
