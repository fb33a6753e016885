//! The sentences of hints that name a command or a flag: all of them, so that they change with the command line.
//!
//! Knows no error: a library says which remedy there is, and this says how to ask for it.

use base::remedy::Remedy;
use base::source::Explain;

/// The sentences below an error, each of them a line `Hint: …`.
pub(super) fn of(error: &dyn Explain) -> Vec<String> {
    error.hints().into_iter().chain(error.remedies().iter().map(sentence)).collect()
}

fn sentence(remedy: &Remedy) -> String {
    match remedy {
        Remedy::WeakerSandbox(level) => {
            format!("`--sandbox={level}` does without this layer: commands can then do more than they were granted.")
        }
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
    }
}
