//! What a stage needs before its parts: directories, developed recipe projects, recipes.

pub(in crate::run) mod develop;
pub(in crate::run) mod directories;
pub(in crate::run) mod first_configuration;
pub(in crate::run) mod recipes;
mod user_paths;
