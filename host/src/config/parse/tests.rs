//! What texts parse to.
