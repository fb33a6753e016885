//! What the recipe of a part may do, and where that is said: for people who look at a plan.

use registry::{DEFAULT_RIGHTS, Grant};

use super::view::ResolvedBuildout;

/// What the recipe of a part may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Authority {
    /// The part.
    pub(crate) part: String,
    /// The rights of a Python recipe without a grant, one clause each; `None` for a component.
    pub(crate) defaults: Option<Vec<String>>,
    /// What `recipes.toml` grants, as written there, and its place.
    pub(crate) granted: Option<(String, Option<String>)>,
}

impl Authority {
    /// That of a part that is initialized; `None` for a built-in recipe, which gets what it describes.
    pub(super) fn of(view: &ResolvedBuildout, part: &str) -> Option<Self> {
        let recipe = view.recipes.of_part(part).filter(|recipe| !recipe.built_in)?;
        let grant = &recipe.grant;
        let place = grant.place.as_ref().map(base::source::Place::line_name);
        let text = grant.to_string();
        let granted = (!text.is_empty()).then_some((text, place));
        let defaults = recipe.program.as_ref().map(|_| defaults(view, grant));
        Some(Self { part: part.to_owned(), defaults, granted })
    }
}

/// The rights of a Python recipe that it keeps.
fn defaults(view: &ResolvedBuildout, grant: &Grant) -> Vec<String> {
    let option = |name: &str| view.buildout.get("buildout", name).ok().flatten().unwrap_or_default();
    let clause = |right: &str| match right {
        "read" => "read the buildout, and the system's programs and libraries".to_owned(),
        "write" => format!("write below {}, except for the files that buildout-host keeps", option("directory")),
        "run" => "start commands, confined to the same paths".to_owned(),
        "fetch" => match option("allow-hosts").split_whitespace().collect::<Vec<_>>()[..] {
            [] | ["*"] => "download from any host".to_owned(),
            ref hosts => format!("download from {}", hosts.join(", ")),
        },
        "distributions" => "install Python distributions with the settings of the buildout".to_owned(),
        _ => format!("use the network in these commands: {}", grant.network.join(", ")),
    };
    let is_kept = |right: &&&str| grant.keeps_default(right) && (**right != "network" || !grant.network.is_empty());
    DEFAULT_RIGHTS.iter().filter(is_kept).map(|right| clause(right)).collect()
}
