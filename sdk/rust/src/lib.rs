//! Write buildout recipes in Rust.
//!
//! A recipe is a library crate (`crate-type = ["cdylib", "rlib"]`) with a type for each entry point that implements
//! [`Recipe`], and one [`export!`]. Built for `wasm32-wasip2`, it is a component that `buildout-host` runs.
//!
//! ```
//! use buildout_recipe::{Context, Description, Error, Init, OptionDescription, Paths, Recipe, info};
//!
//! /// Writes a text into a file.
//! struct Note {
//!     path: String,
//!     text: String,
//! }
//!
//! impl Recipe for Note {
//!     fn describe() -> Description {
//!         Description::new("Writes a text into `note.txt` in the part's location.")
//!             .option(OptionDescription::text("text", "What to write.").required())
//!     }
//!
//!     fn init(init: &Init) -> Result<Self, Error> {
//!         let path = format!("{}/note.txt", init.options().location());
//!         init.options().set("path", &path)?;
//!         Ok(Self { path, text: init.options().require("text")? })
//!     }
//!
//!     fn install(&mut self) -> Result<Paths, Error> {
//!         info!("Writing {}", self.path);
//!         let location = self.path.trim_end_matches("/note.txt");
//!         std::fs::create_dir_all(location).context(format!("creating {location}"))?;
//!         std::fs::write(&self.path, &self.text).context(format!("writing {}", self.path))?;
//!         Ok(location.into())
//!     }
//! }
//!
//! buildout_recipe::export! { "default" => Note }
//! # fn main() {}
//! ```
//!
//! Recipes print with `println!`: the host shows each line. Files are opened by their own paths, with `std::fs`; what can
//! be reached is the part's location (read and write), the buildout (read) and what `recipes.toml` grants.
//!
//! Native commands are started with a [`Runner`], files fetched with a [`Downloader`]: both are lent under a grant.
//!
//! [`testing`] runs a recipe in `cargo test`, without WebAssembly and without a host.

mod backend;
mod description;
mod download;
mod error;
mod export;
mod init;
pub mod log;
mod paths;
mod process;
mod recipe;
pub mod testing;

#[doc(hidden)]
pub mod bindings {
    //! What `wit-bindgen` makes of `wit/`.
    #![allow(missing_docs, unreachable_pub, unsafe_code, clippy::all)]
    wit_bindgen::generate!({
        path: "../wit",
        world: "recipe",
        pub_export_macro: true,
        generate_unused_types: true,
        default_bindings_module: "buildout_recipe::bindings",
    });
}

pub use description::{Description, OptionDescription};
pub use download::{Download, DownloadError, DownloadReason, Downloader, Fetched, TopLevel};
pub use error::{Context, Error, LookupError, Reason};
pub use init::{Buildout, Init, Options};
pub use log::activity;
pub use paths::{Lock, Paths, created, set_mode};
pub use process::{Command, Ending, Outcome, ProcessError, ProcessReason, Runner};
pub use recipe::{Recipe, Recorded, Uninstall, Update};

#[doc(hidden)]
pub mod __private {
    //! For the expansion of [`export!`](crate::export) alone.
    pub use crate::export::{EntryPoint, Part, Plain, Probe, WithUninstall, WithUpdate, describe, init, uninstall};
}
