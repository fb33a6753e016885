//! The Pythons of a buildout: which one it uses, which ones its parts made, and how one is started. The launcher
//! `bin/buildout` ([`super::launcher`]) stores the choice.

pub(in crate::run) mod choice;
pub(in crate::run) mod program;
pub(in crate::run) mod starter;
pub(in crate::run) mod wanted;
