//! Built-in recipe `egg`: installs Python distributions and generates scripts, as `zc.recipe.egg` 6 does.
//!
//! The host does the work, through the interface `distributions`. This crate reads the options, and sets those that
//! `zc.recipe.egg` sets.

mod build_ext;
mod custom;
mod develop;
mod eggs;
mod scripts;
mod text;

pub use custom::Custom;
pub use develop::Develop;
pub use eggs::Eggs;
pub use scripts::Scripts;

buildout_recipe::export! {
    package "egg";
    "default" => Scripts, "scripts" => Scripts, "script" => Scripts, "eggs" => Eggs, "custom" => Custom, "develop" => Develop
}

#[cfg(test)]
mod tests;
