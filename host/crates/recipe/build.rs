//! Writes the tables of the files that the host carries: the built-in recipe packages, with their components and
//! compiled forms, the files that a recipe author starts from (`sdk/`), and the digest of the Python runtime.
//!
//! `cargo xtask build` makes the packages, in `built-in` next to the profiles' directories of the target directory.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs, io};

use base::digest::Digest;
use flate2::Compression;
use flate2::write::ZlibEncoder;

fn main() -> ExitCode {
    if let Err(error) = write_carried() {
        println!("cargo::error=What recipe authors start from cannot be read: {error}");
        return ExitCode::FAILURE;
    }
    if let Err(error) = write_python_runtime() {
        println!("cargo::error=The digest of the Python runtime cannot be read: {error}");
        return ExitCode::FAILURE;
    }
    match write_table() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!(
                "cargo::error=The built-in recipes are not built ({error}). Run: cargo xtask build. Afterwards plain cargo \
                 commands work too."
            );
            ExitCode::FAILURE
        }
    }
}

fn write_table() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    let directory = built_in_directory(&out).ok_or_else(|| io::Error::other("no directory built-in"))?;
    println!("cargo::rerun-if-changed={}", directory.display());
    let mut table = String::from("static BUILT_INS: &[BuiltIn] = &[\n");
    for name in names(&directory)? {
        write_entry(&mut table, &directory, &name)?;
    }
    table.push_str("];\n");
    fs::write(out.join("built_in.rs"), table)
}

/// The files of `sdk/`, by their paths in it. `sdk/wit` is a link to `wit/`.
fn write_carried() -> io::Result<()> {
    let root = Path::new(&env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join("../../../sdk").canonicalize()?;
    println!("cargo::rerun-if-changed={}", root.join("../wit").display());
    let mut files = Vec::new();
    collect(&root, &mut files)?;
    files.sort();
    let mut table = String::from("static CARRIED: &[CarriedFile] = &[\n");
    for file in files {
        let path = file.strip_prefix(&root).map_err(io::Error::other)?;
        writeln!(table, "    CarriedFile {{ path: {path:?}, contents: include_bytes!({file:?}) }},")
            .map_err(io::Error::other)?;
    }
    table.push_str("];\n");
    fs::write(PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default()).join("carried.rs"), table)
}

/// Directories that tools create in a project.
const MADE: [&str; 8] =
    ["target", "node_modules", "__pycache__", "build", ".tools", ".buildout", ".venv", ".pytest_cache"];

/// Source files below a directory.
fn collect(directory: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    println!("cargo::rerun-if-changed={}", directory.display());
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let (path, name) = (entry.path(), entry.file_name());
        if MADE.iter().any(|made| name == *made) {
            continue;
        }
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

/// The digest of the Python runtime (`cargo xtask python-runtime`), if it was built: the host uses no other.
fn write_python_runtime() -> io::Result<()> {
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    let directory = built_in_directory(&out).map(|directory| directory.with_file_name("python-runtime"));
    let mut digest = None;
    if let Some(directory) = directory {
        let file = directory.join("python-runtime.digest");
        // A file that does not exist makes this script run in each build: its directory is watched instead.
        let watched = [&file, &directory].into_iter().find(|path| path.exists());
        println!("cargo::rerun-if-changed={}", watched.map_or(".".into(), |path| path.display().to_string()));
        digest = file.exists().then(|| read(&file)).transpose()?;
    }
    let digest = digest.as_deref().map(str::trim);
    fs::write(out.join("python_runtime.rs"), format!("const DIGEST: Option<&str> = {digest:?};\n"))
}

/// The nearest `built-in` directory above the output directory, regardless of `--target` and `CARGO_TARGET_DIR`.
fn built_in_directory(out: &Path) -> Option<PathBuf> {
    out.ancestors().map(|ancestor| ancestor.join("built-in")).find(|directory| directory.is_dir())
}

/// The names of the complete recipe packages, sorted.
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
    let digest = read(&file("digest"))?;
    let engine_key = read(&file("engine-key"))?;
    let component = fs::read(file("wasm"))?;
    // Checked here, so that no run of the host has to.
    if Digest::of(&component).to_string() != digest.trim() {
        return Err(io::Error::other(format!("{} was made of another component", file("cwasm").display())));
    }
    let packed = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default()).join(format!("{name}.wasm.zlib"));
    fs::write(&packed, pack(&component)?)?;
    let row = writeln!(
        table,
        "    BuiltIn {{ name: {name:?}, packed: include_bytes!({packed:?}), size: {}, compiled: include_bytes!({:?}), \
         digest: {:?}, engine_key: {:?} }},",
        component.len(),
        file("cwasm"),
        digest.trim(),
        engine_key.trim(),
    );
    row.map_err(io::Error::other)
}

/// Compresses a component: runs use its compiled form, and hardly ever the component itself.
fn pack(component: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(component)?;
    encoder.finish()
}

fn read(file: &Path) -> io::Result<String> {
    fs::read_to_string(file).map_err(|error| io::Error::other(format!("{}: {error}", file.display())))
}
