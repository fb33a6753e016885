//! Writes the table of built-in recipe packages, with their components and compiled forms, into the host.
//!
//! The files are made by `cargo xtask build`, in `built-in` beside the profiles' directories of the target directory.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    let mut table = String::from("static BUILT_INS: &[BuiltIn] = &[\n");
    if let Some(directory) = places(&out).into_iter().find(|directory| directory.is_dir()) {
        println!("cargo::rerun-if-changed={}", directory.display());
        for name in names(&directory)? {
            write_entry(&mut table, &directory, &name)?;
        }
    }
    if table.lines().count() == 1 {
        println!("cargo::warning=this host has no built-in recipes: `cargo xtask build` builds and embeds them");
        for directory in places(&out) {
            // A file that is not there makes cargo ask again each time, until it is.
            println!("cargo::rerun-if-changed={}", directory.display());
        }
    }
    table.push_str("];\n");
    fs::write(out.join("built_in.rs"), table)
}

/// Where `built-in` may be: in the target directory, which lies four directories above the output directory
/// (`PROFILE/build/PACKAGE/out`), or five where `--target` is given.
fn places(out: &Path) -> Vec<PathBuf> {
    out.ancestors().skip(4).take(2).map(|ancestor| ancestor.join("built-in")).collect()
}

/// Names of the recipe packages that are there whole, sorted.
fn names(directory: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(directory)? {
        let file = entry?.path();
        if file.extension().is_some_and(|extension| extension == "wasm")
            && let Some(name) = file.file_stem().and_then(|stem| stem.to_str())
        {
            names.push(name.to_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// One row of the table.
fn write_entry(table: &mut String, directory: &Path, name: &str) -> io::Result<()> {
    let file = |extension: &str| directory.join(format!("{name}.{extension}"));
    for extension in ["wasm", "cwasm", "digest", "engine-key"] {
        println!("cargo::rerun-if-changed={}", file(extension).display());
    }
    let digest = fs::read_to_string(file("digest"))?;
    let engine_key = fs::read_to_string(file("engine-key"))?;
    let row = writeln!(
        table,
        "    BuiltIn {{ name: {name:?}, component: include_bytes!({:?}), compiled: include_bytes!({:?}), \
         digest: {:?}, engine_key: {:?} }},",
        file("wasm"),
        file("cwasm"),
        digest.trim(),
        engine_key.trim(),
    );
    row.map_err(io::Error::other)
}
