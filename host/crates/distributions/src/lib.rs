//! Python distributions: what `zc.recipe.egg` and `zc.buildout.easy_install` do, with the settings and the results of
//! zc.buildout 6.

pub mod build;
pub mod default_index;
pub mod eggs;
pub mod entry_points;
mod filename;
mod handles;
pub mod index;
pub mod install;
pub mod lock;
mod marker;
mod metadata;
pub mod name;
pub mod pins;
pub mod python;
pub mod requirement;
pub mod resolve;
pub mod scripts;
pub mod supply;
pub mod version;
mod wheel;
pub mod working_set;
