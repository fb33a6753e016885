//! What decides the result of a build, for parts that are taken from a cache.
//!
//! The commands see nothing else: when a part can be cached, the host shows them only its inputs.

use buildout_recipe::{Download, Inputs};

use crate::environment::OF_THE_USER;
use crate::settings::BuildSettings;
use crate::sources::{BuildSources, request};

/// Programs that decide what a build makes, by the names with which they are started.
const PROGRAMS: [&str; 9] = ["ar", "as", "c++", "cc", "g++", "gcc", "ld", "make", "sh"];

/// Variables that name a program.
const NAMING: [&str; 8] = ["AR", "CC", "CPP", "CXX", "FC", "LD", "NM", "RANLIB"];

/// Options that do not decide anything: the digests of the sources and of the patches do, and the commands as they are run.
const INDIFFERENT: [&str; 11] = [
    "_profile_base_location_",
    "alternate-url",
    "depends",
    "keep-compile-dir",
    "md5sum",
    "offline",
    "patches",
    "path",
    "promises",
    "sha256sum",
    "url",
];

impl BuildSettings {
    /// What decides the result of [`Self::install`].
    pub fn inputs(&self) -> Inputs {
        if let Some(why) = self.cannot_be_cached() {
            return Inputs::unknown(why);
        }
        let mut inputs = match &self.sources {
            BuildSources::Archive { url, digests, .. } => Inputs::none().download(&request(url, digests)),
            BuildSources::Directory { path, .. } => Inputs::none().directory(path),
        };
        for address in &self.patches.files {
            inputs = inputs.download(&patch(address).0);
        }
        inputs = inputs.value("command of patch", &self.patches.command);
        for phase in &self.phases {
            inputs = inputs.value(format!("command of {}", phase.name), &phase.command);
        }
        for (name, value) in &self.environment {
            inputs = inputs.value(format!("variable {name}"), value);
        }
        inputs = PROGRAMS.iter().fold(inputs, |inputs, program| inputs.program(*program));
        inputs = self.named_programs().into_iter().fold(inputs, Inputs::program);
        INDIFFERENT.iter().fold(inputs, |inputs, option| inputs.indifferent(*option))
    }

    fn cannot_be_cached(&self) -> Option<&'static str> {
        if self.prefix.is_some() {
            return Some("its prefix is not in its location");
        }
        if self.keep_build_directory {
            return Some("its build directory is kept");
        }
        if self.sources.in_place().is_some() {
            return Some("it is built in the directory of its sources");
        }
        match &self.sources {
            BuildSources::Directory { path, .. } if self.own_directory.starts_with(&format!("{path}/")) => {
                Some("the directory of its sources contains the buildout")
            }
            _ => None,
        }
    }

    /// The programs that variables of the part or of the user name: `CC = ccache clang` names two.
    fn named_programs(&self) -> Vec<String> {
        let own = NAMING.iter().filter_map(|name| self.environment.get(*name).cloned());
        let of_the_user = OF_THE_USER.iter().filter(|name| NAMING.contains(name));
        let of_the_user = of_the_user.filter_map(|name| std::env::var(name).ok());
        let words: Vec<String> = own.chain(of_the_user).collect();
        let words = words.iter().flat_map(|value| value.split_whitespace());
        words.filter(|word| !word.starts_with('-') && !word.contains('%')).map(str::to_owned).collect()
    }
}

/// The request for a patch, and its URL.
pub(crate) fn patch(address: &str) -> (Download, &str) {
    let (url, digest) = address.split_once('#').unwrap_or((address, ""));
    let digests: Vec<_> = Some(digest.to_owned()).filter(|digest| !digest.is_empty()).into_iter().collect();
    (request(url, &digests), url)
}
