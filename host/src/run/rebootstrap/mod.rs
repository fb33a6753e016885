//! Rebootstrap: a buildout that makes its Python and then continues with it (`docs/rebootstrap.md`).
//!
//! The section in `[buildout] python` and every section that it references (the closure) are always resolved with the
//! original Python, and installed in a stage before all others. All other parts are resolved with the Python that this
//! stage made. So no part depends on which Python happens to be running, and nothing has to be repeated.

pub(in crate::run) mod closure;
pub(in crate::run) mod views;
