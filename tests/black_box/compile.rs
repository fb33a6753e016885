//! Components on their way to machine code (`docs/testing.md`, bad input 15 and 17): what is too much to compile is
//! refused, and what was tampered with in the compile cache is compiled again, never run.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use test_support::{Space, component};

/// A buildout whose parts are made by components in files: compiled by this host, not embedded in it.
fn space() -> Space {
    let space = Space::new();
    space.write(
        "buildout.cfg",
        "[buildout]\nparts = one two\n[one]\nrecipe = good:good\n[two]\nrecipe = made\npath = parts/two\n",
    );
    for (package, name) in [("good", "guest_hostile"), ("made", "recipe_mkdir")] {
        fs::copy(component(name), space.buildout().join(format!("{package}.wasm"))).unwrap();
    }
    let text = "[recipe.good]\npath = \"good.wasm\"\n[recipe.made]\npath = \"made.wasm\"\n";
    space.write("recipes.toml", text);
    space
}

#[test]
fn a_cache_that_cannot_be_written_is_reported_once() {
    let space = space();
    space.write("file", "");
    let (printed, code) = space.shell("XDG_CACHE_HOME=$PWD/file buildout-host run 2>&1");
    assert_eq!(code, 0, "{printed}");
    let said: Vec<&str> = printed.lines().filter(|line| line.contains("Compiled recipes are not kept")).collect();
    assert!(said.len() == 1 && said[0].contains("file/buildout-host/compiled"), "{printed}");
    assert!(space.exists("parts/two"));
}

/// The compiled forms, each with its content.
fn forms(space: &Space) -> Vec<(PathBuf, Vec<u8>)> {
    let directory = space.root().join("home/.cache/buildout-host/compiled");
    let files = fs::read_dir(&directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    let paths = files.map(|entry| entry.unwrap().path());
    let mut forms: Vec<_> =
        paths.filter(|path| path.extension().is_some_and(|extension| extension == "compiled")).collect();
    forms.sort();
    forms.into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

/// The compiled forms with the codes by which they are believed.
fn kept(space: &Space) -> Vec<(Vec<u8>, Vec<u8>)> {
    let code = |path: &Path| fs::read(path.with_extension("code")).unwrap();
    forms(space).into_iter().map(|(path, form)| (form, code(&path))).collect()
}

/// A first run, then its compiled forms tampered with, then another run: it must do what an untouched cache lets it do,
/// and replace what was tampered with.
fn tampered(how: &str, tamper: impl Fn(&[(PathBuf, Vec<u8>)])) {
    let space = space();
    let run = || {
        let output = space.host(&["run"]);
        assert!(output.status.success(), "{how}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    run();
    let good = forms(&space);
    assert_eq!(good.len(), 2);
    let expected = run();
    assert!(expected.contains("Updating one\none: still 27 bytes\n"), "{expected}");
    tamper(&good);
    let bad = kept(&space);
    assert_eq!(run(), expected, "{how}");
    let after = kept(&space);
    for (number, (bad, after)) in bad.iter().zip(&after).enumerate() {
        assert_ne!(bad, after, "{how}: {} was not compiled again", good[number].0.display());
    }
    assert_eq!(run(), expected, "{how}, and the run after");
    assert_eq!(kept(&space), after, "{how}: compiled once, not at each run");
}

#[test]
fn a_tampered_form_is_compiled_again() {
    tampered("one bit", |forms| {
        for (path, good) in forms {
            let mut bad = good.clone();
            let middle = bad.len() / 2;
            bad[middle] ^= 1;
            fs::write(path, bad).unwrap();
        }
    });
    tampered("cut", |forms| forms.iter().for_each(|(path, good)| fs::write(path, &good[..good.len() / 2]).unwrap()));
    tampered("emptied", |forms| forms.iter().for_each(|(path, _)| fs::write(path, "").unwrap()));
    tampered("a program", |forms| {
        for (path, _) in forms {
            fs::copy(test_support::host(), path).unwrap();
        }
    });
}

/// Each is whole and was made by this host: but of the other component.
#[test]
fn a_form_of_another_component_is_not_run() {
    tampered("exchanged", |forms| {
        fs::write(&forms[0].0, &forms[1].1).unwrap();
        fs::write(&forms[1].0, &forms[0].1).unwrap();
    });
}

/// Who can read the key can sign a form; so nothing is believed that was signed with a key others can read or change.
#[test]
fn a_key_of_others_signs_nothing() {
    let key = |forms: &[(PathBuf, Vec<u8>)]| forms[0].0.with_file_name("key");
    tampered("another key", |forms| fs::write(key(forms), [7; 32]).unwrap());
    let space = space();
    assert!(space.host(&["run"]).status.success());
    let good = forms(&space);
    fs::set_permissions(key(&good), fs::Permissions::from_mode(0o666)).unwrap();
    assert_cached_nothing(&space, &good);
}

/// The run works without the cache.
fn assert_cached_nothing(space: &Space, good: &[(PathBuf, Vec<u8>)]) {
    let read = |path: &Path| fs::metadata(path).unwrap().modified().unwrap();
    let before: Vec<_> = good.iter().map(|(path, _)| read(path)).collect();
    let output = space.host(&["run"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let after: Vec<_> = good.iter().map(|(path, _)| read(path)).collect();
    assert_eq!(before, after, "a form that is used is marked so: none was");
}

/// The clock decides nothing: an older file is not an older recipe, and a newer file is not a newer one.
#[test]
fn a_component_is_judged_by_its_bytes() {
    let space = space();
    let run = || {
        let output = space.host(&["run"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    run();
    let unchanged = run();
    for (number, date) in ["1970-01-02", "2100-01-01"].into_iter().enumerate() {
        let all = format!("find . ../home -exec touch -h -d {date} {{}} +");
        assert_eq!(space.shell(&all).1, 0);
        assert_eq!(run(), unchanged, "{date}");
        let mut bytes = fs::read(component("recipe_mkdir")).unwrap();
        bytes.extend([0, 2, 1, b'a' + number as u8]); // a custom section, without a meaning
        fs::write(space.buildout().join("made.wasm"), bytes).unwrap();
        assert_eq!(space.shell(&all).1, 0);
        let printed = run();
        assert!(printed.contains("Uninstalling two\n") && printed.contains("Installing two\n"), "{date}: {printed}");
        assert!(printed.contains("Updating one\n"), "{date}: {printed}");
    }
}

/// Runs with `bytes` as a component; the run must end with a message that contains `expected`.
fn refused(bytes: impl FnOnce(&Path), expected: &str) {
    let space = space();
    bytes(&space.buildout().join("good.wasm"));
    let output = space.host(&["run"]);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{errors}");
    let last = errors.lines().last().unwrap_or_default();
    assert!(last.starts_with("Error: ") && last.contains(expected), "{errors}");
    assert!(errors.contains("buildout.cfg:3"), "{errors}");
    assert!(!space.exists(".installed.cfg") && !space.exists("parts/one") && !space.exists("parts/two"));
    fs::copy(component("guest_hostile"), space.buildout().join("good.wasm")).unwrap();
    assert!(space.host(&["run"]).status.success(), "a good one afterwards");
}

#[test]
fn what_is_too_large_to_compile_is_refused() {
    let sized = |size: u64| {
        move |path: &Path| {
            fs::write(path, b"\0asm\x0d\0\x01\0").unwrap();
            fs::File::options().write(true).open(path).unwrap().set_len(size).unwrap();
        }
    };
    refused(sized(500 << 20), "good.wasm is too large for a component: the limit is 128 MiB");
    refused(sized(100 << 20), "Recipe good:good is too large");
}

/// A component of one core module, of one function, whose body is `body`.
fn component_of(body: &[u8]) -> Vec<u8> {
    let section = |id: u8, content: &[u8]| [&[id][..], &leb128(content.len()), content].concat();
    let function = [&leb128(body.len()), body].concat();
    let module = [
        b"\0asm\x01\0\0\0".to_vec(),
        section(1, &[1, 0x60, 0, 0]),
        section(3, &[1, 0]),
        section(10, &[&[1][..], &function].concat()),
    ];
    [b"\0asm\x0d\0\x01\0".to_vec(), section(1, &module.concat())].concat()
}

fn leb128(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

#[test]
fn what_is_hard_on_a_compiler_does_not_bring_the_host_down() {
    // Blocks within blocks, to the largest function there is; and one larger than that.
    let nested = |depth: usize| [&[0][..], &[0x02, 0x40].repeat(depth), &[0x0b].repeat(depth + 1)].concat();
    refused(|path| fs::write(path, component_of(&nested(100))).unwrap(), "is a component, but not a recipe");
    refused(|path| fs::write(path, component_of(&nested(2_500_000))).unwrap(), "Recipe good:good is");
    refused(|path| fs::write(path, component_of(&nested(10_000_000))).unwrap(), "Recipe good:good is damaged");
}
