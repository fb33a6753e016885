//! `recipe lock`: brings recipes.lock up to date and shows what changed.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::Program;
use crate::cli::arguments::DEFAULT_FILE;
use crate::run::RunError;
use crate::share::{LockChange, Upgrade};
use base::event::{Level, Report};
use fetch::Network;
use registry::Locked;
use registry::oci::RemoteSettings;

const EXAMPLES: &str = "\
Examples:
  buildout-host recipe lock                  Lock what recipes.toml has from registries and recipes.lock lacks
  buildout-host recipe lock --upgrade        Lock what the tags lead to now
  buildout-host recipe lock --upgrade acme   Only for the recipe acme of recipes.toml";

/// `buildout-host recipe lock`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct LockArguments {
    /// Take what the tags lead to now, for all recipes or the named ones.
    #[arg(long, value_name = "NAME", num_args = 0..)]
    upgrade: Option<Vec<String>>,
    /// The configuration file, beside which recipes.toml is.
    #[arg(short, long = "config", value_name = "FILE", default_value = DEFAULT_FILE)]
    config: PathBuf,
    /// Open no network connection: only what was read before, or is vendored, can be locked.
    #[arg(short = 'o', long)]
    offline: bool,
    /// Speak plain HTTP with registries on other machines too.
    #[arg(long)]
    plain_http: bool,
}

impl Program {
    pub(super) fn recipe_lock(&self, arguments: &LockArguments) -> Result<(), RunError> {
        let upgrade = match &arguments.upgrade {
            None => Upgrade::No,
            Some(names) if names.is_empty() => Upgrade::All,
            Some(names) => Upgrade::Named(names.clone()),
        };
        let network = if arguments.offline { Network::Offline } else { Network::Allowed };
        let settings = RemoteSettings { network, plain_http: arguments.plain_http, ..RemoteSettings::default() };
        let changes = self.authoring()?.lock(&self.beside(&arguments.config), &upgrade, &settings)?;
        for change in changes.iter().filter(|change| change.lowers_version()) {
            let message =
                format!("{} goes back to an older version. If nobody announced that, ask its signers.", change.name);
            let printer: &dyn Report = &*self.printer;
            printer.log(Level::Warning, &message);
        }
        self.printer.text(&shown(&changes));
        Ok(())
    }

    /// The directory of a configuration file, where `recipes.toml` is.
    pub(in crate::cli) fn beside(&self, config: &Path) -> PathBuf {
        let path = self.environment.directory.join(config);
        path.parent().unwrap_or(&self.environment.directory).to_owned()
    }
}

/// What changed, recipe by recipe.
fn shown(changes: &[LockChange]) -> String {
    if changes.is_empty() {
        return "recipes.lock is up to date.".to_owned();
    }
    let mut text = String::new();
    for LockChange { name, before, after } in changes {
        // Writing to a String cannot fail.
        let _ = match (before, after) {
            (_, None) => writeln!(text, "{name}: no longer in recipes.toml"),
            (None, Some(after)) => writeln!(text, "{name}: {}", after.source),
            (Some(before), Some(after)) if before.source != after.source => {
                writeln!(text, "{name}: {} → {}", before.source, after.source)
            }
            (_, Some(after)) => writeln!(text, "{name}: {}", after.source),
        };
        if let Some(after) = after {
            facts(&mut text, before.as_ref(), after);
        }
    }
    text.trim_end().to_owned()
}

/// One thing that the lock says, as text.
type Fact = fn(&Locked) -> String;

fn facts(text: &mut String, before: Option<&Locked>, after: &Locked) {
    let signers = |locked: &Locked| match &locked.signers[..] {
        [] => "nobody needs to".to_owned(),
        signers => signers.join(", "),
    };
    let facts: [(&str, Fact); 4] = [
        ("version", |locked| locked.version.clone()),
        ("manifest", |locked| format!("sha256:{}", locked.manifest)),
        ("component", |locked| format!("sha256:{}", locked.component)),
        ("wit", |locked| locked.capabilities.wit.clone()),
    ];
    let mut line = |what: &str, before: Option<String>, after: String| {
        let _ = match before {
            None => writeln!(text, "  {what:<10}{after}"),
            Some(before) if before != after => writeln!(text, "  {what:<10}{before}\n  {:<8}→ {after}", ""),
            Some(_) => Ok(()),
        };
    };
    for (what, fact) in facts {
        line(what, before.map(fact), fact(after));
    }
    line("signed by", before.map(signers), signers(after));
    match before {
        Some(_) => differences(text, "imports", before, after, |locked| locked.capabilities.imports.clone()),
        // All of them are new: by package they are easier to read.
        None => {
            let imports = super::inspect::imports(&after.capabilities.imports).replace('\n', "\n            ");
            let _ = writeln!(text, "  {:<10}{imports}", "imports");
        }
    }
    differences(text, "asks for", before, after, |locked| {
        let asks = &locked.capabilities.asks;
        asks.iter().flat_map(|(key, values)| values.iter().map(move |value| format!("{key} {value}"))).collect()
    });
}

/// Items of a list that came (`+`) and went (`-`).
fn differences(
    text: &mut String,
    what: &str,
    before: Option<&Locked>,
    after: &Locked,
    list: impl Fn(&Locked) -> Vec<String>,
) {
    let (old, new) = (before.map(&list).unwrap_or_default(), list(after));
    let came = new.iter().filter(|item| !old.contains(item)).map(|item| format!("+ {item}"));
    let went = old.iter().filter(|item| !new.contains(item)).map(|item| format!("- {item}"));
    for (number, item) in came.chain(went).enumerate() {
        let _ = writeln!(text, "  {:<10}{item}", if number == 0 { what } else { "" });
    }
}
