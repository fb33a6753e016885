//! Tests of locations, on real directories.

use std::sync::{Arc, Barrier};
use std::time::Duration;

use buildout_recipe::testing::Buildout;
use buildout_recipe::{Description, Recipe};

use super::*;

/// Writes a file, slowly enough that two concurrent calls would overlap.
struct Slow(PartLocation);

impl Slow {
    fn make(&self) -> Result<(), Error> {
        let file = format!("{}/made", self.0.location());
        // Fails if the other call is running too.
        std::fs::File::create_new(&file).context("two at once")?;
        std::thread::sleep(Duration::from_millis(50));
        Ok(())
    }
}

impl Recipe for Slow {
    fn describe() -> Description {
        Description::new("")
    }

    fn init(init: &Init<'_>) -> Result<Self, Error> {
        PartLocation::of(init).map(Self)
    }

    fn install(&mut self) -> Result<Paths, Error> {
        self.0.install(|| self.make())
    }
}

fn buildout(directory: &Path, list: &str, options: &[(&str, &str)]) -> Buildout {
    Buildout::new(directory)
        .section("buildout", [("shared-part-list", list)])
        .section("a", [("recipe", "cmmi"), ("shared", "true")])
        .section("a", options.iter().copied())
}

fn location(buildout: &Buildout) -> String {
    buildout.init::<Slow>("a").unwrap().0.location().to_owned()
}

#[test]
fn the_options_determine_the_location_of_a_shared_part() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let at = |base: &str, options: &[(&str, &str)]| location(&buildout(&root.join(base), "../shared", options));
    let one = at("b1", &[("url", "x")]);
    assert!(one.starts_with(&format!("{}/shared/a/", root.display())), "{one}");
    let digest = |location: &str| location.rsplit('/').next().unwrap().to_owned();
    assert_eq!(digest(&one), digest(&at("b2", &[("url", "x")])));
    assert_ne!(digest(&one), digest(&at("b1", &[("url", "y")])));
}

#[test]
fn credentials_affect_the_location_but_are_not_shown() {
    let directory = tempfile::tempdir().unwrap();
    let shared = directory.path().to_str().unwrap();
    let locations = ["s3cret", "other"].map(|password| {
        let url = format!("https://user:{password}@example.invalid/x.tar.gz");
        let mut recipe = buildout(Path::new("/b"), shared, &[("url", &url)]).init::<Slow>("a").unwrap();
        recipe.install().unwrap();
        let marker = std::fs::read_to_string(format!("{}/{MARKER}", recipe.0.location())).unwrap();
        assert!(marker.contains("\"url\": \"https://***@example.invalid/x.tar.gz\""), "{marker}");
        recipe.0.location().to_owned()
    });
    assert_ne!(locations[0], locations[1]);
}

#[test]
fn without_a_list_the_location_is_in_the_parts_directory() {
    assert_eq!(location(&buildout(Path::new("/b"), "", &[])), "/b/parts/a");
    let wrong = buildout(Path::new("/b"), "", &[("shared", "yes")]).init::<Slow>("a").err().unwrap();
    assert_eq!(wrong.to_string(), "Invalid value for option shared: \"yes\" (expected true or false)");
}

#[test]
fn finds_an_existing_part_and_chooses_a_writable_directory() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().to_str().unwrap();
    let list = format!("{root}/none\n{root}/file\n{root}/first\n{root}/second");
    for name in ["first", "second"] {
        std::fs::create_dir(format!("{root}/{name}")).unwrap();
    }
    std::fs::write(format!("{root}/file"), "").unwrap();
    let buildout = buildout(Path::new("/b"), &list, &[]);
    let first = location(&buildout);
    assert!(first.starts_with(&format!("{root}/first/a/")), "{first}");
    let second = first.replace("/first/", "/second/");
    std::fs::create_dir_all(&second).unwrap();
    assert_eq!(location(&buildout), first);
    std::fs::write(format!("{second}/{MARKER}"), "").unwrap();
    assert_eq!(location(&buildout), second);
}

#[test]
fn two_buildouts_make_a_shared_part_once() {
    let directory = tempfile::tempdir().unwrap();
    let shared = directory.path().join("shared").to_str().unwrap().to_owned();
    let barrier = Arc::new(Barrier::new(2));
    let threads: Vec<_> = ["b1", "b2"]
        .into_iter()
        .map(|name| {
            let (base, shared, barrier) = (directory.path().join(name), shared.clone(), Arc::clone(&barrier));
            std::thread::spawn(move || {
                let mut recipe = buildout(&base, &shared, &[]).init::<Slow>("a").unwrap();
                barrier.wait();
                let paths = recipe.install().unwrap();
                assert_eq!(paths, Paths::none(), "no buildout owns it");
                recipe.0.location().to_owned()
            })
        })
        .collect();
    let locations: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    assert_eq!(locations[0], locations[1]);
    let marker = std::fs::read_to_string(format!("{}/{MARKER}", locations[0])).unwrap();
    assert!(marker.contains("\"shared\": \"true\""), "{marker}");
    let made = std::fs::metadata(format!("{}/made", locations[0])).unwrap();
    assert!(made.permissions().readonly());
}

#[test]
fn makes_an_incomplete_part_again() {
    let directory = tempfile::tempdir().unwrap();
    let shared = directory.path().to_str().unwrap();
    let buildout = buildout(Path::new("/b"), shared, &[]);
    let mut recipe = buildout.init::<Slow>("a").unwrap();
    std::fs::create_dir_all(recipe.0.location()).unwrap();
    std::fs::write(format!("{}/made", recipe.0.location()), "half").unwrap();
    recipe.install().unwrap();
    assert_eq!(std::fs::read(format!("{}/made", recipe.0.location())).unwrap(), b"");
    let place = recipe.0.clone();
    assert_eq!(place.update(|| panic!("it is complete")).unwrap(), None);
}

#[test]
fn a_failure_leaves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let shared = directory.path().to_str().unwrap();
    for list in [shared, ""] {
        let buildout = buildout(&directory.path().join("b"), list, &[]);
        let place = buildout.init::<Slow>("a").unwrap().0;
        let fail = || {
            std::fs::write(format!("{}/half", place.location()), "")?;
            Err(Error::user("no"))
        };
        assert_eq!(place.install(fail).unwrap_err().to_string(), "no");
        assert!(!Path::new(place.location()).exists());
    }
}
