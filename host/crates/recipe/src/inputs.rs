//! The inputs of a part, as its recipe describes them.

use crate::interfaces::bindings::buildout::recipe::types::{Algorithm, Digest};
use crate::interfaces::bindings::exports::buildout::recipe::parts as wit;

/// An input of a part, in addition to the recipe, the part's options, the parts that it references, and the platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PartInput {
    /// A file to download.
    Source {
        /// Its URL or path.
        url: String,
        /// Its expected digests: `md5`, `sha256` or `sha512`, and hexadecimal digits in lower case.
        digests: Vec<(&'static str, String)>,
    },
    /// The content of a file.
    File(String),
    /// The content of all files in a directory.
    Directory(String),
    /// A native program: a name, or an absolute path.
    Program(String),
    /// Anything else: a name and a value.
    Value(String, String),
}

/// All inputs of a part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartInputs {
    /// The inputs.
    pub inputs: Vec<PartInput>,
    /// Options of the part that do not affect what is made.
    pub indifferent_options: Vec<String>,
}

impl PartInputs {
    /// The inputs, or the reason why the part cannot be taken from a cache.
    pub(crate) fn of(inputs: wit::Inputs) -> Result<Self, String> {
        match inputs {
            wit::Inputs::Unknown(why) => Err(why),
            wit::Inputs::Known(wit::AllInputs { inputs, indifferent_options }) => {
                Ok(Self { inputs: inputs.into_iter().map(PartInput::from).collect(), indifferent_options })
            }
        }
    }
}

impl From<wit::Input> for PartInput {
    fn from(input: wit::Input) -> Self {
        match input {
            wit::Input::Source(source) => {
                let digest = |digest: Digest| (algorithm(digest.algorithm), digest.value.to_ascii_lowercase());
                Self::Source { url: source.url, digests: source.digests.into_iter().map(digest).collect() }
            }
            wit::Input::File(path) => Self::File(path),
            wit::Input::Directory(path) => Self::Directory(path),
            wit::Input::Program(program) => Self::Program(program),
            wit::Input::Value(named) => Self::Value(named.name, named.value),
        }
    }
}

fn algorithm(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::Md5 => "md5",
        Algorithm::Sha256 => "sha256",
        Algorithm::Sha512 => "sha512",
    }
}
