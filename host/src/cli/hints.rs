//! All sentences of hints that name a command or a flag, in one place, so that they change with the command line.
//!
//! Does not know any errors: a library says which remedy applies, and this module says how to use it.

use base::remedy::Remedy;
use base::source::{Explain, did_you_mean, nearest};
use clap::error::{ContextKind, ContextValue, ErrorKind};

/// The hints of an error, each printed as a line `Hint: …`.
pub(super) fn of(error: &dyn Explain) -> Vec<String> {
    error.hints().into_iter().chain(error.remedies().iter().map(sentence)).collect()
}

/// Commands of `run`, as in zc.buildout.
const RUN_COMMANDS: [&str; 4] = ["annotate", "bootstrap", "install", "query"];

/// Flags of other programs that ask for what `plan` shows.
const FLAGS_OF_PLANS: [&str; 4] = ["--dry-run", "--explain", "--plan", "--simulate"];

/// The hint for a mistake on the command line that clap has found, if it is one that users of zc.buildout make.
pub(super) fn of_usage(error: &clap::Error, commands: &clap::Command) -> Option<String> {
    let context = |kind| match error.get(kind)? {
        ContextValue::String(text) => Some(text.as_str()),
        _ => None,
    };
    match error.kind() {
        ErrorKind::InvalidSubcommand => of_unknown_command(context(ContextKind::InvalidSubcommand)?, commands),
        ErrorKind::UnknownArgument => {
            let flag = context(ContextKind::InvalidArg)?;
            let usage = error.get(ContextKind::Usage).map(ToString::to_string).unwrap_or_default();
            of_unknown_flag(flag, usage.contains("<COMMAND>"), commands)
        }
        _ => None,
    }
}

fn of_unknown_command(name: &str, commands: &clap::Command) -> Option<String> {
    if RUN_COMMANDS.contains(&name) {
        return Some(format!("This is a command of `run`: buildout-host run {name}"));
    }
    // A command of `run` is not suggested where one of the program is as near.
    let own = commands.get_subcommands().map(clap::Command::get_name);
    let near = nearest(name, own.chain(RUN_COMMANDS)).filter(|near| RUN_COMMANDS.contains(near))?;
    Some(did_you_mean(&format!("buildout-host run {near}")))
}

fn of_unknown_flag(flag: &str, has_no_command: bool, commands: &clap::Command) -> Option<String> {
    if FLAGS_OF_PLANS.contains(&flag) {
        return Some("`buildout-host plan` shows what a run would do, and why. It changes nothing.".into());
    }
    let having = commands.get_subcommands().filter(|command| !command.is_hide_set() && has_flag(command, flag));
    let names: Vec<&str> = having.map(clap::Command::get_name).collect();
    match names.first() {
        Some(_) if !has_no_command => None,
        Some(_) if names.contains(&"run") => Some(format!("This is a flag of `run`: buildout-host run {flag}")),
        Some(first) => Some(format!("Write the command first, for example: buildout-host {first} {flag}")),
        None => None,
    }
}

fn has_flag(command: &clap::Command, flag: &str) -> bool {
    command.get_arguments().any(|argument| {
        let long = argument.get_long().is_some_and(|long| flag.strip_prefix("--") == Some(long));
        long || argument.get_short().is_some_and(|short| flag.strip_prefix('-') == Some(short.encode_utf8(&mut [0; 4])))
    })
}

pub(super) fn sentence(remedy: &Remedy) -> String {
    match remedy {
        Remedy::WeakerSandbox(level) => {
            format!("`--sandbox={level}` omits this layer: commands can then do more than they were granted.")
        }
        Remedy::CheckMachine => "`buildout-host doctor` checks this machine, and shows what to do.".into(),
        Remedy::NewRecipeProject { language } => {
            format!(
                "Recipes are WebAssembly components. Start one with `buildout-host recipe new NAME --language {language}`."
            )
        }
        Remedy::OtherProjectDirectory => "Choose another name, or another directory with `--directory DIR`. \
             `--refresh DIR` replaces only sdk/ of an existing project."
            .into(),
        Remedy::RefreshSdk => "It was built for an older buildout-host. Replace its sdk/ with \
             `buildout-host recipe new --refresh DIR`, and build it again."
            .into(),
        Remedy::SignComponent => {
            "Sign it with `buildout-host recipe sign FILE --key KEY`, or specify its signature with \
             `--signature FILE`."
                .into()
        }
        Remedy::WriteSignature => {
            "Write one with `buildout-host recipe sign FILE --key KEY`, or with `cosign sign-blob --key KEY FILE`."
                .into()
        }
        Remedy::ImportKey { name } => {
            let name = name.as_deref().unwrap_or("NAME");
            format!("Add a public key, which you get from its owner: buildout-host key import FILE.pub --name {name}")
        }
        Remedy::OtherKeyName => "Choose another name with `--name NAME`.".into(),
        Remedy::GenerateKey => {
            "`buildout-host key generate` and `cosign generate-key-pair` generate keys in the right format.".into()
        }
        Remedy::KeyFiles => {
            "`buildout-host key generate` writes the private key to NAME.key, and the public one to NAME.pub.".into()
        }
        Remedy::Passphrase => {
            "The passphrase is read from `--passphrase-file`, or else from COSIGN_PASSWORD, or else from the terminal."
                .into()
        }
        Remedy::SignPublished => "Publishers sign with `buildout-host recipe push --sign KEY`, and a file with \
             `buildout-host recipe sign FILE --key KEY`."
            .into(),
        Remedy::PublishComponent => "Publish a component with `buildout-host recipe push`.".into(),
        Remedy::Vendor => "Create a directory of copies with `buildout-host recipe vendor DIR`.".into(),
        Remedy::SetRemoteCache => {
            "Set one with `--remote-cache grpc://HOST:PORT`, BUILDOUT_REMOTE_CACHE, or `[buildout] remote-cache`."
                .into()
        }
        Remedy::SetByUser { name, variable } => format!("Set `--{name}` or {variable} instead."),
        Remedy::AllowBuilds => "`--require-cached` does not allow building it here: run without that flag.".into(),
        Remedy::LockDistributions => "Lock distributions with `buildout-host lock`.".into(),
        Remedy::Relock => "Move recipes.lock away, and write a new one with `buildout-host recipe lock`.".into(),
        Remedy::UpdateLock => "Update recipes.lock, and see the changes: buildout-host recipe lock".into(),
        Remedy::UpgradeRecipe { name } => {
            format!("Lock the component that the tag points to now: buildout-host recipe lock --upgrade {name}")
        }
    }
}
