//! What the build of a recipe project reads outside of the project. It runs with the rights of the user, so no Python recipe
//! changes that.

use std::path::{Path, PathBuf};

use super::mounts::normalize;

/// What Cargo, rustup and npm look for in each directory above a project.
const LOOKED_FOR: [&str; 8] = [
    ".cargo",
    "rust-toolchain",
    "rust-toolchain.toml",
    "Cargo.toml",
    "Cargo.lock",
    "package.json",
    "node_modules",
    ".npmrc",
];
/// The first of them are looked for by Cargo and rustup.
const OF_CARGO: usize = 5;
/// Files in which a project names others.
const MANIFESTS: [&str; 5] = ["recipe.toml", "Cargo.toml", ".cargo/config.toml", "package.json", "rust-toolchain.toml"];
/// The longest manifest that is read, in bytes.
const LONGEST: u64 = 1 << 20;
/// The most projects that are looked at because others name them.
const MOST: usize = 1000;

/// The paths below `directory` that decide the build of `project`. What contains one of the `open` directories is not among them;
/// if `updates`, neither are the directories around the project, in which working copies are.
pub(super) fn read_by_build(project: &Path, directory: &Path, open: &[&Path], updates: bool) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut waiting = vec![project.to_owned()];
    let mut seen: Vec<PathBuf> = Vec::new();
    while let Some(one) = waiting.pop().filter(|_| seen.len() < MOST) {
        if seen.contains(&one) || !one.starts_with(directory) {
            continue;
        }
        for around in one.ancestors().skip(1).take_while(|around| around.starts_with(directory)) {
            let is_open = updates || open.iter().any(|open| open.starts_with(around));
            match is_open {
                true => found.extend(looked_for(&one, around)),
                false => found.push(around.to_owned()),
            }
        }
        let named = named(&one).into_iter().filter(|path| !open.iter().any(|open| open.starts_with(path)));
        for path in named.filter(|path| path.starts_with(directory)) {
            found.push(path.clone());
            waiting.push(path);
        }
        seen.push(one);
    }
    found
}

/// What is looked for in a directory above a project.
fn looked_for(project: &Path, around: &Path) -> Vec<PathBuf> {
    let is_crate = project.join("Cargo.toml").exists();
    let names = if is_crate { &LOOKED_FOR[..OF_CARGO] } else { &LOOKED_FOR[..] };
    let names = names.iter().copied();
    // Where Cargo builds a workspace.
    names.chain(around.join("Cargo.toml").exists().then_some("target")).map(|name| around.join(name)).collect()
}

/// The existing paths outside of a project that a word in its manifests names.
fn named(project: &Path) -> Vec<PathBuf> {
    let read = |name: &str| base::files::read_at_most(&project.join(name), LONGEST).ok();
    let texts = MANIFESTS.iter().filter_map(|name| read(name));
    let mut found = Vec::new();
    for text in texts {
        let text = String::from_utf8_lossy(&text);
        let is_between = |sign: char| sign.is_whitespace() || "\"'=,;()<>|&".contains(sign);
        let words = text.split(is_between).filter(|word| word.contains("..") || word.starts_with('/'));
        let is_fixed = |name: &&std::ffi::OsStr| !name.to_string_lossy().contains(['*', '?', '[', '{']);
        let paths = words
            .map(|word| normalize(&project.join(Path::new(word).iter().take_while(is_fixed).collect::<PathBuf>())));
        found.extend(paths.filter(|path| !path.starts_with(project) && path.exists()));
    }
    found.sort();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_build_reads_around_its_project_is_found() {
        let space = tempfile::tempdir().unwrap();
        let at = |path: &str| space.path().join(path);
        for directory in ["acme", "lib/common", "lib/deep", "tools/gen", "parts", "shared"] {
            std::fs::create_dir_all(at(directory)).unwrap();
        }
        let dependency = "[dependencies]\ncommon = { path = \"../lib/common\" }\n";
        std::fs::write(at("acme/Cargo.toml"), dependency).unwrap();
        std::fs::write(at("lib/common/Cargo.toml"), "[dependencies]\ndeep = { path=\"../deep\" }").unwrap();
        std::fs::write(at("lib/deep/Cargo.toml"), "").unwrap();
        let command =
            "[build]\ncommand = [\"sh\", \"-c\", \"sh ../../shared/build.sh\"]\ninputs = [\"../../shared/**/*.c\"]\n";
        std::fs::write(at("tools/gen/recipe.toml"), command).unwrap();
        std::fs::write(at("shared/build.sh"), "").unwrap();
        let t = |project: &str, updates| {
            let (directory, parts) = (space.path(), at("parts"));
            read_by_build(&at(project), directory, &[directory, &parts], updates)
        };
        let found = t("acme", false);
        for path in [".cargo", "rust-toolchain", "Cargo.toml", "lib", "lib/common", "lib/deep"] {
            assert!(found.contains(&at(path)), "{path}: {found:?}");
        }
        assert!(!found.contains(&at("node_modules")) && !found.contains(&at("target")), "{found:?}");
        let found = t("tools/gen", false);
        for path in ["tools", "shared", "shared/build.sh", "node_modules"] {
            assert!(found.contains(&at(path)), "{path}: {found:?}");
        }
        let found = t("tools/gen", true);
        assert!(!found.contains(&at("tools")) && found.contains(&at("tools/.cargo")), "{found:?}");
    }
}
