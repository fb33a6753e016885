//! Makes a component from a core module: the output of compilers of C and the like for WASI preview 1.

use std::path::Path;

use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata, metadata};
use wit_parser::{Resolve, SourceMap};

use super::super::error::ComponentError;
use crate::sdk;

/// The world of recipes.
const WORLD: &str = "recipe";

/// The component made from a core module (the file `path`). A module that does not describe its exports is treated as a
/// recipe.
pub(crate) fn component_of_module(path: &Path, module: &[u8]) -> Result<Vec<u8>, ComponentError> {
    let encoded = describe(module.to_vec()).and_then(|module| {
        ComponentEncoder::default()
            .validate(true)
            .module(&module)?
            .adapter(WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER)?
            .encode()
    });
    encoded.map_err(|error| {
        // The chain of causes, on one line.
        let cause = format!("{error:#}").lines().map(str::trim).collect::<Vec<_>>().join(" ");
        ComponentError::Encode { path: path.to_owned(), cause }
    })
}

/// The module with a description of its exports: from the embedded WIT if it has none.
fn describe(mut module: Vec<u8>) -> anyhow::Result<Vec<u8>> {
    let (_, own) = metadata::decode(&module)?;
    if own.resolve.worlds[own.world].exports.is_empty() {
        let mut files = SourceMap::default();
        sdk::wit().for_each(|(name, text)| files.push_str(name, text));
        let mut resolve = Resolve::default();
        let package = files.parse().map_err(|(_, error)| error)?;
        let package = resolve.push_group(package)?;
        let world = resolve.select_world(&[package], Some(WORLD))?;
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)?;
    }
    Ok(module)
}
