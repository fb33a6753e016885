//! Where the outcome differs from that of zc.buildout, and ours is right. The reasons are in
//! `docs/decisions/110-python-distributions.md`.

use super::Pair;
use crate::index::ModuleWheel;

const PART: &str = "[buildout]\nparts = part\n\n[part]\nrecipe = zc.recipe.egg\neggs = ";

/// Runs both programs, each from an empty directory.
fn both(configuration: &str, wheels: &[ModuleWheel]) -> (Pair, (String, bool), (String, bool)) {
    let pair = Pair::new(configuration, &[]);
    wheels.iter().for_each(|wheel| pair.index.add(wheel));
    let (ours, theirs) = (pair.ours(""), pair.theirs(""));
    (pair, ours, theirs)
}

fn eggs(pair: &Pair, name: &str) -> String {
    let shown = |egg: &String| egg.split("-py3").next().unwrap_or_default().to_owned();
    pair.outcome(name).eggs.iter().map(shown).collect::<Vec<_>>().join(" ")
}

#[test]
fn the_order_of_the_path_is_that_of_the_second_run() {
    let (pair, ..) = both(&format!("{PART}app\n"), &[]);
    let first = pair.outcome("theirs").scripts;
    assert_ne!(pair.outcome("ours").scripts, first, "zc.buildout reverses the order in its first run");
    pair.theirs("");
    assert_eq!(pair.outcome("ours").scripts, pair.outcome("theirs").scripts);
    pair.ours("");
    assert_eq!(pair.outcome("ours").scripts, pair.outcome("theirs").scripts);
}

#[test]
fn another_version_is_tried_before_a_conflict_is_reported() {
    let (pair, ours, theirs) = both(&format!("{PART}\n    lib\n    narrow\n"), &[]);
    assert!(ours.1 && !theirs.1 && theirs.0.contains("version conflict"), "{}", theirs.0);
    assert_eq!(eggs(&pair, "ours"), "base-2.5 lib-1.0 narrow-1.0");
}

#[test]
fn yanked_releases_are_not_installed() {
    let (pair, ours, theirs) = both(&format!("{PART}patched\n"), &[ModuleWheel::new("patched", "1.0.post404")]);
    assert!(ours.1 && theirs.1);
    assert_eq!(
        (eggs(&pair, "ours").as_str(), eggs(&pair, "theirs").as_str()),
        ("patched-1.0.post1", "patched-1.0.post404")
    );
    let (pair, ours, _) = both(&format!("{PART}patched==1.0.post404\n"), &[ModuleWheel::new("patched", "1.0.post404")]);
    assert!(ours.1, "{}", ours.0);
    assert_eq!(eggs(&pair, "ours"), "patched-1.0.post404");
}

#[test]
fn what_is_installed_with_zc_buildout_is_not_available() {
    let wheels = [ModuleWheel::new("needy", "1.0").requires("packaging"), ModuleWheel::new("packaging", "1.0")];
    let (pair, ours, theirs) = both(&format!("{PART}needy\n"), &wheels);
    assert!(ours.1 && theirs.1, "{} {}", ours.0, theirs.0);
    assert_eq!(eggs(&pair, "ours"), "needy-1.0 packaging-1.0");
    assert_eq!(eggs(&pair, "theirs"), "needy-1.0");
}
