//! File names of distributions: wheels, source distributions, eggs.
//!
//! A name promises contents; they are checked when the file is opened.

use crate::name;
use crate::python::{Python, Tag, Tags};
use crate::version::{self, Version};

/// The parts of a file name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileName {
    /// The project's name as written in it.
    pub name: String,
    /// The version.
    pub version: Version,
    /// The kind of file.
    pub(crate) kind: FileKind,
}

/// The kind of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FileKind {
    /// A wheel (`.whl`) with its tags.
    Wheel(Vec<Tag>),
    /// An archive of sources.
    Source,
    /// An egg of setuptools (`.egg`), for a version of Python and a platform if the name has them.
    Egg {
        /// For example `3.11`.
        python: Option<String>,
        /// For example `linux-x86_64`.
        platform: Option<String>,
    },
}

/// Suffixes of source distributions that zc.buildout accepts.
const SOURCES: [&str; 5] = [".tar.gz", ".tar.bz2", ".tar", ".zip", ".tgz"];

/// The most tags that a name may expand to.
const MOST_TAGS: usize = 1000;

impl FileName {
    /// Parses `name`; `None` if it is not the name of a distribution.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        if name.contains(['/', '\0']) {
            return None;
        }
        let name = name.strip_suffix(".zip").filter(|rest| rest.ends_with(".egg")).unwrap_or(name);
        if let Some(stem) = name.strip_suffix(".whl") {
            return wheel(stem);
        }
        if let Some(stem) = name.strip_suffix(".egg") {
            return egg(stem);
        }
        source(SOURCES.iter().find_map(|suffix| name.strip_suffix(suffix))?)
    }

    /// The name in the form for comparison.
    pub fn key(&self) -> String {
        name::canonical(&self.name)
    }

    /// The rank of the file for a Python; greater is better, `None` if it cannot be used. A wheel is better than an
    /// egg, and an egg better than sources (zc.buildout's order); the tags decide between wheels.
    pub(crate) fn preference(&self, tags: &Tags, python: &Python) -> Option<Preference> {
        match &self.kind {
            FileKind::Wheel(own) => {
                let rank = own.iter().filter_map(|tag| tags.rank(tag)).min()?;
                Some(Preference { kind: 2, tag: usize::MAX - rank })
            }
            FileKind::Egg { python: version, platform } => {
                let fits = version.as_ref().is_none_or(|version| *version == python.short_version())
                    && platform.as_ref().is_none_or(|platform| *platform == python.platform);
                fits.then_some(Preference { kind: 1, tag: 0 })
            }
            FileKind::Source => Some(Preference { kind: 0, tag: 0 }),
        }
    }

    /// Whether it is an archive of sources, which must be built.
    pub(crate) fn is_source(&self) -> bool {
        self.kind == FileKind::Source
    }
}

/// The rank of a file; greater is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Preference {
    kind: u8,
    tag: usize,
}

fn wheel(stem: &str) -> Option<FileName> {
    let parts: Vec<&str> = stem.split('-').collect();
    let (name, version, build, tags) = match parts[..] {
        [name, version, python, abi, platform] => (name, version, None, [python, abi, platform]),
        [name, version, build, python, abi, platform] => (name, version, Some(build), [python, abi, platform]),
        _ => return None,
    };
    if !name::is_valid(name) || build.is_some_and(|build| !build.starts_with(|c: char| c.is_ascii_digit())) {
        return None;
    }
    let [pythons, abis, platforms] = tags.map(|list| list.split('.').collect::<Vec<_>>());
    if pythons.len() * abis.len() * platforms.len() > MOST_TAGS {
        return None;
    }
    let mut all = Vec::new();
    for python in &pythons {
        for abi in &abis {
            all.extend(platforms.iter().map(|platform| Tag {
                python: (*python).to_owned(),
                abi: (*abi).to_owned(),
                platform: (*platform).to_owned(),
            }));
        }
    }
    let version = version::parse(&version.replace('_', "-")).or_else(|| version::parse(version))?;
    Some(FileName { name: name.to_owned(), version, kind: FileKind::Wheel(all) })
}

/// `NAME-VERSION-pyX.Y-PLATFORM`; only the name is certain. The platform may contain `-`.
fn egg(stem: &str) -> Option<FileName> {
    let mut parts = stem.splitn(4, '-');
    let (name, version) = (parts.next()?, parts.next()?);
    let python = parts.next().map(|part| part.strip_prefix("py")).map_or(Some(None), |part| part.map(Some))?;
    let version = version::parse(&version.replace('_', "-"))?;
    let kind = FileKind::Egg { python: python.map(str::to_owned), platform: parts.next().map(str::to_owned) };
    name::is_valid(name).then(|| FileName { name: name.to_owned(), version, kind })
}

/// The version starts at the first part that starts with a digit.
fn source(stem: &str) -> Option<FileName> {
    let pivot = stem.match_indices('-').find(|(at, _)| stem[at + 1..].starts_with(|c: char| c.is_ascii_digit()))?.0;
    let (name, version) = (&stem[..pivot], &stem[pivot + 1..]);
    // `NAME-VERSION-py3.11` is an old binary archive (bdist_dumb).
    if version
        .split('-')
        .skip(1)
        .any(|part| part.strip_prefix("py").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit())))
    {
        return None;
    }
    let version = version::parse(version)?;
    name::is_valid(name).then(|| FileName { name: name.to_owned(), version, kind: FileKind::Source })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::tests::python311;
    use proptest::prelude::*;

    fn shown(name: &str) -> Option<String> {
        let parsed = FileName::parse(name)?;
        let kind = match parsed.kind {
            FileKind::Wheel(tags) => format!("wheel of {}", tags.len()),
            FileKind::Source => "source".to_owned(),
            FileKind::Egg { python, platform } => {
                format!("egg {} {}", python.unwrap_or_default(), platform.unwrap_or_default())
            }
        };
        Some(format!("{} {} {kind}", parsed.name, parsed.version))
    }

    #[test]
    fn names_of_distributions() {
        let t = |name: &str, expected: &str| assert_eq!(shown(name).as_deref(), Some(expected), "{name}");
        t("zope_interface-8.7-cp311-cp311-manylinux1_x86_64.manylinux2014_x86_64.whl", "zope_interface 8.7 wheel of 2");
        t("a-1.0-1-py2.py3-none-any.whl", "a 1.0 wheel of 2");
        t("a-1.0+local_1-py3-none-any.whl", "a 1.0+local.1 wheel of 1");
        t("zope.interface-5.0.tar.gz", "zope.interface 5.0 source");
        t("python-dateutil-2.8.2.tar.gz", "python-dateutil 2.8.2 source");
        t("a-1.0-beta1.zip", "a 1.0b1 source");
        t("a-1.0.egg", "a 1.0 egg  ");
        t("a_b-1.0-py3.11-linux-x86_64.egg", "a_b 1.0 egg 3.11 linux-x86_64");
        t("a-1.0-py3.11.egg.zip", "a 1.0 egg 3.11 ");
        for name in [
            "a.tar.gz",
            "a-b.tar.gz",
            "a-1.0",
            "a-1.0.exe",
            "a-1.0-py3.whl",
            "-1.0.zip",
            "a/b-1.0.zip",
            "a-1.0-py3.11.tar.gz",
            "a-x-py3-none-any.whl",
            "../a-1.0.zip",
        ] {
            assert_eq!(shown(name), None, "{name}");
        }
    }

    #[test]
    fn the_best_file() {
        let (python, tags) = (python311(), python311().tags());
        let preference = |name: &str| FileName::parse(name).unwrap().preference(&tags, &python);
        let order = [
            "a-1-cp311-cp311-manylinux_2_17_x86_64.whl",
            "a-1-cp38-abi3-manylinux_2_17_x86_64.whl",
            "a-1-py3-none-any.whl",
            "a-1-py3.11-linux-x86_64.egg",
            "a-1.tar.gz",
        ];
        for pair in order.windows(2) {
            assert!(preference(pair[0]) > preference(pair[1]), "{pair:?}");
        }
        for name in [
            "a-1-cp312-cp312-manylinux_2_17_x86_64.whl",
            "a-1-py3-none-win32.whl",
            "a-1-py3.10.egg",
            "a-1-py3.11-win32.egg",
        ] {
            assert_eq!(preference(name), None, "{name}");
        }
    }

    proptest! {
        #[test]
        fn no_name_is_fatal(name in ".{0,60}") {
            let _ = FileName::parse(&name);
            let _ = FileName::parse(&format!("{name}.whl"));
            let _ = FileName::parse(&format!("a-{name}.tar.gz"));
        }
    }
}
