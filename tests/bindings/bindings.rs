//! The C bindings in `sdk/c/bindings` are what wit-bindgen makes of `wit/`. `BLESS=1` writes them.

use std::fs;
use std::path::PathBuf;

use test_support::repository;
use wit_bindgen_core::Files;
use wit_bindgen_core::wit_parser::Resolve;

/// What wit-bindgen calls the world in names of files, functions and types.
const WORLD: &str = "wit";

/// The files that wit-bindgen makes, by name.
fn generated() -> Vec<(String, Vec<u8>)> {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_path(repository().join("wit")).expect("wit/ is WIT");
    let world = resolve.select_world(&[package], Some("recipe")).expect("it has the world `recipe`");
    // The host adds the component's type to a core module that has none: no object file need be kept.
    let options = wit_bindgen_c::Opts {
        no_object_file: true,
        rename_world: Some(WORLD.to_owned()),
        ..wit_bindgen_c::Opts::default()
    };
    let mut files = Files::default();
    options.build().generate(&mut resolve, world, &mut files).expect("bindings");
    files.iter().map(|(name, content)| (name.to_owned(), content.to_vec())).collect()
}

#[test]
fn the_c_bindings_are_what_the_wit_gives() {
    let directory: PathBuf = repository().join("sdk/c/bindings");
    let files = generated();
    let mut names: Vec<_> = files.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, [format!("{WORLD}.c"), format!("{WORLD}.h")]);
    for (name, content) in &files {
        let path = directory.join(name);
        if std::env::var_os("BLESS").is_some() {
            fs::create_dir_all(&directory).unwrap();
            fs::write(&path, content).unwrap();
        }
        let there = fs::read(&path).unwrap_or_default();
        assert!(there == *content, "{} is not what wit/ gives (BLESS=1 writes it)", path.display());
    }
}
