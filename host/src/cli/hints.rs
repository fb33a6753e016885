//! All sentences of hints that name a command or a flag, in one place, so that they change with the command line.
//!
//! Does not know any errors: a library says which remedy applies, and this module says how to use it.

use base::remedy::Remedy;
use base::source::Explain;

/// The hints of an error, each printed as a line `Hint: …`.
pub(super) fn of(error: &dyn Explain) -> Vec<String> {
    error.hints().into_iter().chain(error.remedies().iter().map(sentence)).collect()
}

/// Commands of `run`, as in zc.buildout.
const RUN_COMMANDS: [&str; 4] = ["annotate", "bootstrap", "install", "query"];

/// The hint for clap's message about an unknown command, if `run` has it.
pub(super) fn of_unknown_command(message: &str) -> Option<String> {
    let name = message.strip_prefix("unrecognized subcommand '")?.strip_suffix('\'')?;
    RUN_COMMANDS.contains(&name).then(|| format!("This is a command of `run`: buildout-host run {name}"))
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
