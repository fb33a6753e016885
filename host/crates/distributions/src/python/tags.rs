//! Tags of wheels (PEP 425, 600, 656): those that a Python can use, and their order of preference.
//!
//! The order is that of `packaging.tags`, which pip uses.

use base::collections::Map;

use super::Python;

/// Python, ABI and platform of a wheel.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Tag {
    /// For example `cp311`, `py3`.
    pub(crate) python: String,
    /// For example `cp311`, `abi3`, `none`.
    pub(crate) abi: String,
    /// For example `manylinux_2_17_x86_64`, `any`.
    pub(crate) platform: String,
}

impl std::fmt::Display for Tag {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}-{}-{}", self.python, self.abi, self.platform)
    }
}

/// The tags that a Python can use.
#[derive(Clone, Debug, Default)]
pub struct Tags {
    /// With their rank: 0 is best.
    ranks: Map<Tag, usize>,
}

impl Tags {
    /// The rank of a tag; 0 is best.
    pub(crate) fn rank(&self, tag: &Tag) -> Option<usize> {
        self.ranks.get(tag).copied()
    }

    /// All tags, best first.
    pub fn in_order(&self) -> impl Iterator<Item = &Tag> {
        let mut all: Vec<_> = self.ranks.iter().collect();
        all.sort_by_key(|(_, rank)| **rank);
        all.into_iter().map(|(tag, _)| tag)
    }

    fn add(&mut self, python: &str, abi: &str, platform: &str) {
        let rank = self.ranks.len();
        let tag = Tag { python: python.to_owned(), abi: abi.to_owned(), platform: platform.to_owned() };
        self.ranks.entry(tag).or_insert(rank);
    }
}

/// The tags of a Python.
pub(super) fn of(python: &Python) -> Tags {
    let platforms = platforms(python);
    let mut tags = Tags::default();
    let [major, minor, _] = python.version_info;
    let implementation = python.marker("implementation_name").unwrap_or_default();
    let interpreter = match implementation.as_str() {
        "cpython" | "" => {
            cpython(&mut tags, python, &platforms);
            Some(format!("cp{major}{minor}"))
        }
        other => {
            generic(&mut tags, &format!("{}{major}{minor}", short(other)), python, &platforms);
            (other == "pypy").then(|| format!("pp{major}"))
        }
    };
    compatible(&mut tags, python, interpreter.as_deref(), &platforms);
    tags
}

/// Tags of CPython itself: its ABI, then the stable ABI, also of older versions.
fn cpython(tags: &mut Tags, python: &Python, platforms: &[String]) {
    let [major, minor, _] = python.version_info;
    let interpreter = format!("cp{major}{minor}");
    for abi in abis(python) {
        platforms.iter().for_each(|platform| tags.add(&interpreter, &abi, platform));
    }
    let stable = (major, minor) >= (3, 2) && !python.free_threaded;
    if stable {
        platforms.iter().for_each(|platform| tags.add(&interpreter, "abi3", platform));
    }
    platforms.iter().for_each(|platform| tags.add(&interpreter, "none", platform));
    for older in (2..minor).rev().filter(|_| stable) {
        platforms.iter().for_each(|platform| tags.add(&format!("cp{major}{older}"), "abi3", platform));
    }
}

fn abis(python: &Python) -> Vec<String> {
    let [major, minor, _] = python.version_info;
    let threads = if python.free_threaded { "t" } else { "" };
    let debug = if python.debug { "d" } else { "" };
    let malloc = if (major, minor) < (3, 8) { "m" } else { "" };
    let wide = if (major, minor) < (3, 3) { "u" } else { "" };
    let mut abis = vec![format!("cp{major}{minor}{threads}{debug}{malloc}{wide}")];
    if python.debug && (major, minor) >= (3, 8) {
        // A debug build loads extensions of ordinary builds.
        abis.push(format!("cp{major}{minor}{threads}"));
    }
    abis
}

/// Tags of another implementation, whose ABI is in the names of its extension modules (`.pypy310-pp73-….so`).
fn generic(tags: &mut Tags, interpreter: &str, python: &Python, platforms: &[String]) {
    let suffix = python.ext_suffix.as_deref().unwrap_or_default();
    let soabi = suffix.split('.').nth(1).unwrap_or_default();
    let abi = if soabi.starts_with("pypy") || soabi.starts_with("graalpy") {
        let length = if soabi.starts_with("pypy") { 2 } else { 3 };
        soabi.split('-').take(length).collect::<Vec<_>>().join("_")
    } else {
        soabi.replace('-', "_")
    };
    for abi in [abi.as_str(), "none"].into_iter().filter(|abi| !abi.is_empty()) {
        platforms.iter().for_each(|platform| tags.add(interpreter, abi, platform));
    }
}

/// Tags of wheels that any Python of this version can use.
fn compatible(tags: &mut Tags, python: &Python, interpreter: Option<&str>, platforms: &[String]) {
    let [major, minor, _] = python.version_info;
    let mut versions = vec![format!("py{major}{minor}"), format!("py{major}")];
    versions.extend((0..minor).rev().map(|older| format!("py{major}{older}")));
    for version in &versions {
        platforms.iter().for_each(|platform| tags.add(version, "none", platform));
    }
    if let Some(interpreter) = interpreter {
        tags.add(interpreter, "none", "any");
    }
    versions.iter().for_each(|version| tags.add(version, "none", "any"));
}

fn short(implementation: &str) -> &str {
    match implementation {
        "pypy" => "pp",
        "jython" => "jy",
        "ironpython" => "ip",
        other => other,
    }
}

/// Platforms whose wheels work on this machine, best first.
fn platforms(python: &Python) -> Vec<String> {
    let own = python.platform.replace(['.', '-', ' '], "_");
    let Some(machine) = own.strip_prefix("linux_") else { return vec![own] };
    let machine = match (machine, python.bits) {
        ("x86_64", 32) => "i686",
        ("aarch64", 32) => "armv8l",
        (machine, _) => machine,
    };
    let machines: &[&str] = if machine == "armv8l" { &["armv8l", "armv7l"] } else { &[machine] };
    let mut platforms: Vec<String> = machines.iter().map(|arch| format!("linux_{arch}")).collect();
    if let Some([2, minor]) = python.glibc {
        platforms.extend(manylinux(machines, minor));
    }
    if let Some([major, minor]) = python.musl {
        let versions = (0..=minor).rev();
        platforms.extend(
            versions.flat_map(|minor| machines.iter().map(move |arch| format!("musllinux_{major}_{minor}_{arch}"))),
        );
    }
    platforms
}

/// The platforms of GNU C library 2.`minor` and older, down to the first one with wheels for the machine.
fn manylinux(machines: &[&str], minor: u32) -> Vec<String> {
    let oldest = if machines.iter().any(|arch| matches!(*arch, "x86_64" | "i686")) { 5 } else { 17 };
    let mut platforms = Vec::new();
    for minor in (oldest..=minor).rev() {
        for arch in machines {
            platforms.push(format!("manylinux_2_{minor}_{arch}"));
            let older_name = match minor {
                17 => "manylinux2014",
                12 => "manylinux2010",
                5 => "manylinux1",
                _ => continue,
            };
            platforms.push(format!("{older_name}_{arch}"));
        }
    }
    platforms
}
