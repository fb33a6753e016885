//! Whether a component matches its entry in `recipes.lock`, and the errors if it does not.

use super::error::LockingError;
use super::verified::{ListedComponent, Obtained};
use crate::recipes_lock::Locked;
use base::remedy::Remedy;

/// For a lock file that may have been edited.
const RESTORE: &str = "Restore recipes.lock from version control.";

/// Whether all signers in the lock file have signed. Signatures that were added since do not matter.
pub(super) fn same_signers(locked: &Locked, found: &Locked) -> bool {
    let known = locked.signers.iter().all(|signer| found.signers.contains(signer));
    known && locked.signers.is_empty() == found.signers.is_empty()
}

pub(super) fn would_change(publication: &ListedComponent<'_>, before: Option<&Locked>) -> LockingError {
    let name = publication.name;
    let message = match before {
        None => format!("recipes.lock lacks recipe {name}, but the lock file must not change in this run"),
        Some(before) => {
            format!(
                "recipes.lock has recipe {name} from {}, but the lock file must not change in this run",
                before.source
            )
        }
    };
    LockingError::Lock {
        message,
        place: publication.place.cloned(),
        hints: Vec::new(),
        remedy: Some(Remedy::UpdateLock),
    }
}

/// The error for an entry that would have to be removed.
pub(super) fn would_remove(name: &str) -> LockingError {
    let message = format!(
        "recipes.lock has recipe {name}, which does not come from a registry in recipes.toml, but the lock file must not change in this run"
    );
    LockingError::Lock { message, place: None, hints: Vec::new(), remedy: Some(Remedy::UpdateLock) }
}

/// Refuses an entry that does not match the description of the component.
pub(super) fn check_description(
    publication: &ListedComponent<'_>,
    locked: &Locked,
    found: &Locked,
) -> Result<(), LockingError> {
    if (&found.version, &found.capabilities) == (&locked.version, &locked.capabilities) {
        return Ok(());
    }
    Err(edited(publication, &differences(locked, found)))
}

/// The differences between an edited lock file entry and the component.
fn differences(locked: &Locked, found: &Locked) -> String {
    let (before, now) = (&locked.capabilities, &found.capabilities);
    let facts = [
        (locked.version != found.version, "its version"),
        (before.wit != now.wit, "what it is made for (wit)"),
        (before.imports != now.imports, "what it imports"),
        (before.asks != now.asks, "what it requests"),
    ];
    let differing: Vec<_> = facts.into_iter().filter_map(|(differs, what)| differs.then_some(what)).collect();
    differing.join(", ")
}

pub(super) fn edited(publication: &ListedComponent<'_>, what: &str) -> LockingError {
    let message = format!("recipes.lock does not match the component of recipe {}: {what}", publication.name);
    LockingError::Lock {
        message,
        place: publication.place.cloned(),
        hints: vec![RESTORE.to_owned()],
        remedy: Some(Remedy::UpdateLock),
    }
}

/// Rejects a lock file entry whose component is not that of the artifact.
///
/// # Errors
/// When the components differ.
pub fn check_component(
    publication: &ListedComponent<'_>,
    locked: &Locked,
    obtained: &Obtained,
) -> Result<(), LockingError> {
    if obtained.digest == locked.component {
        return Ok(());
    }
    Err(not_the_component(publication, locked, obtained))
}

/// The error for a different component: the lock file must have been edited.
fn not_the_component(publication: &ListedComponent<'_>, locked: &Locked, obtained: &Obtained) -> LockingError {
    let message = format!(
        "recipes.lock says that {} has the component sha256:{}, but it is sha256:{}",
        publication.source.with_digest(locked.manifest),
        locked.component,
        obtained.digest
    );
    let remedy = Some(Remedy::UpgradeRecipe { name: publication.name.to_owned() });
    LockingError::Lock { message, place: publication.place.cloned(), hints: vec![RESTORE.to_owned()], remedy }
}
