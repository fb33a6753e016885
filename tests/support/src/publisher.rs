//! A publisher of recipe components: keys, a component, and the commands that share it.

use crate::paths::component;
use crate::space::Space;

/// A buildout directory with the component `acme.wasm`, and the keys `acme` and `other`.
pub fn space() -> Space {
    let space = Space::new();
    std::fs::copy(component("recipe_mkdir"), space.buildout().join("acme.wasm")).expect("a copy");
    for key in ["acme", "other"] {
        done(&space, &format!("COSIGN_PASSWORD={key}-pw buildout-host key generate --output {key}"));
    }
    space
}

/// What a shell command prints; it must succeed.
#[track_caller]
pub fn done(space: &Space, command: &str) -> String {
    ends_with(space, command, 0)
}

/// What a shell command prints; it must fail as after a user's mistake.
#[track_caller]
pub fn refused(space: &Space, command: &str) -> String {
    ends_with(space, command, 1)
}

#[track_caller]
fn ends_with(space: &Space, command: &str, expected: i32) -> String {
    let (printed, code) = space.shell(command);
    assert_eq!(code, expected, "{command}\n{printed}");
    printed
}

/// Publishes `acme.wasm`, signed with a key of [`space`]; gives what was printed.
pub fn push(space: &Space, reference: &str, key: &str) -> String {
    let arguments = format!("acme.wasm {reference} --sign {key}.key --annotation licenses=MIT");
    done(space, &format!("COSIGN_PASSWORD={key}-pw buildout-host recipe push {arguments}"))
}
