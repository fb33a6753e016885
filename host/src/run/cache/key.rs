//! The key of a part: what decides it, as an action of the Remote Execution API.

use std::collections::{BTreeMap, BTreeSet};

use remote::{ActionDescription, BlobDigest, EncodedAction, InputError, TreeNode};

use super::decide::{Decision, PUBLIC_VARIABLES};

/// The path of the part in the result of its action.
pub(super) const OUTPUT: &str = "location";

/// The keys of a part, and what they were made from.
pub(super) struct PartKey {
    /// For a part that may contain its location.
    pub(super) located: EncodedAction,
    /// For a part that does not contain it.
    pub(super) free: EncodedAction,
    pub(super) decision: Decision,
}

impl PartKey {
    /// The keys of a part.
    pub(super) fn new(part: &str, decision: Decision) -> Result<Self, String> {
        let action = |located| action(part, &decision, located).map(|action| action.encode());
        let keys = action(true).and_then(|located| Ok((located, action(false)?)));
        let (located, free) = keys.map_err(|error: InputError| error.to_string())?;
        Ok(Self { located, free, decision })
    }

    /// Whether the part may contain the link: it leads to the system, or to what the part's commands saw.
    pub(super) fn accepts_link(&self, target: &str) -> bool {
        let target = std::path::Path::new(target);
        let is_plain = target.components().all(|name| !matches!(name, std::path::Component::ParentDir));
        let Decision { visible, location, .. } = &self.decision;
        let is_visible = || visible.iter().chain([location]).any(|path| target.starts_with(path));
        target.is_absolute() && is_plain && (confine::is_of_system(target) || is_visible())
    }
}

/// The variables that each command gets. The values of those that the user granted are among the facts, as digests: what is
/// here is sent to the server, and they may be secret.
fn public(environment: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let is_public = |name: &str| PUBLIC_VARIABLES.contains(&name);
    environment.iter().filter(|(name, _)| is_public(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn action(part: &str, decision: &Decision, located: bool) -> Result<ActionDescription, InputError> {
    let mut action = ActionDescription {
        arguments: ["buildout-host", "make-part", part].map(str::to_owned).to_vec(),
        environment: public(&decision.environment),
        platform: BTreeMap::from([
            ("ISA".to_owned(), std::env::consts::ARCH.to_owned()),
            ("OSFamily".to_owned(), std::env::consts::OS.to_owned()),
        ]),
        outputs: BTreeSet::from([OUTPUT.to_owned()]),
        ..ActionDescription::default()
    };
    let (digest, size) = decision.recipe;
    let component = TreeNode::File { digest: BlobDigest::new(digest, size), executable: false };
    action.inputs.node("recipe.wasm", component)?;
    action.inputs.file("facts", decision.facts.text(located), false)?;
    for (reference, trees) in &decision.trees {
        for (number, (_, tree)) in trees.iter().enumerate() {
            // What a link says is among the facts; it leads nowhere in the input root.
            if !matches!(tree, TreeNode::Link { .. }) {
                action.inputs.node(&format!("parts/{reference}/{number}"), tree.clone())?;
            }
        }
    }
    Ok(action)
}
