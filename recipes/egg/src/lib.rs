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

pub use custom::CustomEgg;
pub use develop::DevelopEgg;
pub use eggs::Eggs;
pub use scripts::EggScripts;

buildout_recipe::export! {
    package "egg";
    "default" => EggScripts, "scripts" => EggScripts, "script" => EggScripts, "eggs" => Eggs, "custom" => CustomEgg, "develop" => DevelopEgg
}

#[cfg(test)]
mod tests;
