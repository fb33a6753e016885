//! Recipe components in registries, through the library: in a real one, and in one that lies.

mod lying;
mod real;
