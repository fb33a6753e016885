//! Compiles built-in recipes ahead of time: `precompile DIRECTORY [NAME COMPONENT]…`.
//!
//! For each, DIRECTORY gets `NAME.wasm` (the component), `NAME.cwasm` (its compiled form), `NAME.digest` (of the component
//! that was compiled) and `NAME.engine-key` (the engines that can take it); whatever else is there goes. A file that
//! would not change is not written, so that the host is not built again.

use std::path::Path;
use std::{env, fs};

use anyhow::{Context as _, Result, bail, ensure};
use base::digest::Digest;
use wasmtime::Engine;

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let Some((directory, recipes)) = arguments.split_first() else {
        bail!("usage: precompile DIRECTORY [NAME COMPONENT]…");
    };
    ensure!(recipes.len().is_multiple_of(2), "every NAME needs its COMPONENT");
    let directory = Path::new(directory);
    fs::create_dir_all(directory).with_context(|| format!("Cannot create {}", directory.display()))?;
    let recipes: Vec<_> = recipes.chunks_exact(2).map(|recipe| (recipe[0].as_str(), Path::new(&recipe[1]))).collect();
    remove_others(directory, &recipes)?;
    let engine = engine::engine()?;
    let engine_key = engine::engine_key(&engine);
    recipes.iter().try_for_each(|(name, component)| precompile(directory, name, component, &engine, &engine_key))
}

/// Compiles one recipe, unless what is there was made of the same component by the same engine.
fn precompile(directory: &Path, name: &str, component: &Path, engine: &Engine, engine_key: &str) -> Result<()> {
    let bytes = fs::read(component).with_context(|| format!("Cannot read {}", component.display()))?;
    let digest = Digest::of(&bytes).to_string();
    let file = |extension: &str| directory.join(format!("{name}.{extension}"));
    let holds = |extension, text: &str| fs::read(file(extension)).is_ok_and(|found| found == text.as_bytes());
    if holds("digest", &digest)
        && holds("engine-key", engine_key)
        && file("cwasm").exists()
        && fs::read(file("wasm")).is_ok_and(|found| found == bytes)
    {
        return Ok(());
    }
    let compiled = engine
        .precompile_component(&bytes)
        .map_err(anyhow::Error::from)
        .with_context(|| format!("Cannot compile {}", component.display()))?;
    // The digest goes first and comes last: a broken off run leaves nothing that looks complete.
    let _ = fs::remove_file(file("digest"));
    for (extension, content) in [
        ("wasm", &bytes[..]),
        ("cwasm", &compiled),
        ("engine-key", engine_key.as_bytes()),
        ("digest", digest.as_bytes()),
    ] {
        fs::write(file(extension), content).with_context(|| format!("Cannot write {}", file(extension).display()))?;
    }
    Ok(())
}

/// Removes the files of recipes that are no longer built in.
fn remove_others(directory: &Path, recipes: &[(&str, &Path)]) -> Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let stem = path.file_stem().and_then(|stem| stem.to_str());
        if !recipes.iter().any(|(name, _)| Some(*name) == stem) {
            fs::remove_file(&path).with_context(|| format!("Cannot remove {}", path.display()))?;
        }
    }
    Ok(())
}
