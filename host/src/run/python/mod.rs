//! The Pythons of a buildout: which one it uses, which ones its parts made, how one is started, and the launcher
//! `bin/buildout`, which stores the choice.

pub(in crate::run) mod choice;
pub(in crate::run) mod launcher;
pub(in crate::run) mod program;
pub(in crate::run) mod starter;
pub(in crate::run) mod wanted;
