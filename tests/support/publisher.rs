//! A publisher of recipe components: keys, a component, and the commands that share it.

use std::path::PathBuf;

use super::{Space, target_directory};

/// A recipe that `cargo xtask test` builds.
pub(crate) fn recipe(name: &str) -> PathBuf {
    let component = target_directory().join(format!("wasm32-wasip2/guest/recipe_{name}.wasm"));
    assert!(component.exists(), "{} is not built: run `cargo xtask test` once", component.display());
    component
}

/// A buildout directory with the component `acme.wasm`, and the keys `acme` and `other`.
pub(crate) fn space() -> Space {
    let space = Space::new();
    std::fs::copy(recipe("mkdir"), space.buildout().join("acme.wasm")).unwrap();
    for key in ["acme", "other"] {
        done(&space, &format!("COSIGN_PASSWORD={key}-pw buildout-host key generate --output {key}"));
    }
    space
}

/// What a shell command prints; it must succeed.
pub(crate) fn done(space: &Space, command: &str) -> String {
    let (printed, code) = space.shell(command);
    assert_eq!(code, 0, "{command}\n{printed}");
    printed
}

/// What a shell command prints; it must fail as a user's mistake does.
pub(crate) fn refused(space: &Space, command: &str) -> String {
    let (printed, code) = space.shell(command);
    assert_eq!(code, 1, "{command}\n{printed}");
    printed
}

pub(crate) fn push(space: &Space, reference: &str, key: &str) -> String {
    done(
        space,
        &format!(
            "COSIGN_PASSWORD={key}-pw buildout-host recipe push acme.wasm {reference} --sign {key}.key --annotation licenses=MIT"
        ),
    )
}
