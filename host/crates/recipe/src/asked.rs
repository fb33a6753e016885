//! Whether a recipe from a registry is granted what it asks for. It runs with all of that or not at all: whoever wrote
//! `grant` has read what it asks for.

use std::path::Path;
use std::time::Duration;

use super::bindings::exports::buildout::recipe::description::Grant as Asked;
use super::limits;
use registry::Grant;

/// What every recipe may read.
const DIRECTORY: &str = "${buildout:directory}";

/// What is asked for beyond what is granted.
pub(super) struct Missing {
    /// Each as key and value.
    pub(super) items: Vec<String>,
    /// The line of `recipes.toml` that grants all.
    pub(super) line: String,
    /// Of the directories that it wants to write, those that nobody can grant it.
    pub(super) refused: Vec<String>,
}

/// What a recipe asks for and is not granted; `None` if it is granted all. `is_refused` says which directories cannot be
/// granted for writing.
pub(super) fn missing(asked: &[Asked], granted: &Grant, is_refused: impl Fn(&str) -> bool) -> Option<Missing> {
    let mut all = granted.clone();
    let (mut items, mut refused) = (Vec::new(), Vec::new());
    for asked in asked.iter().filter(|asked| !is_granted(asked, granted)) {
        if let Asked::Write(path) = asked
            && is_refused(path)
        {
            refused.push(path.clone());
            continue;
        }
        let (key, value) = match asked {
            Asked::Read(path) => ("read", add(&mut all.read, path)),
            Asked::Write(path) => ("write", add(&mut all.write, path)),
            Asked::Env(name) => ("env", add(&mut all.env, name)),
            Asked::Run(program) => ("run", add(&mut all.run, program)),
            Asked::Fetch(address) => ("fetch", add(&mut all.fetch, address)),
            Asked::Memory(bytes) => {
                all.memory = all.memory.max(Some(*bytes));
                ("memory", mebibytes(*bytes))
            }
            Asked::Timeout(milliseconds) => {
                let time = Duration::from_millis(*milliseconds);
                all.timeout = all.timeout.max(Some(time));
                ("timeout", seconds(time))
            }
            Asked::Other(_) => continue,
        };
        items.push(format!("{key} {value}"));
    }
    let is_missing = !items.is_empty() || !refused.is_empty();
    is_missing.then(|| Missing { items, line: line(&all), refused })
}

fn add(list: &mut Vec<String>, value: &str) -> String {
    if !list.iter().any(|known| known == value) {
        list.push(value.to_owned());
    }
    value.to_owned()
}

fn is_granted(asked: &Asked, granted: &Grant) -> bool {
    let one_of = |list: &[String], value: &str| list.iter().any(|known| known == "*" || known == value);
    match asked {
        Asked::Read(path) => path == DIRECTORY || beneath(&granted.read, path) || beneath(&granted.write, path),
        Asked::Write(path) => beneath(&granted.write, path),
        Asked::Env(name) => granted.env.contains(name),
        Asked::Run(program) => one_of(&granted.run, program),
        Asked::Fetch(address) => {
            one_of(&granted.fetch, address)
                || granted.fetch.iter().any(|known| known.ends_with('/') && address.starts_with(known))
        }
        Asked::Memory(bytes) => *bytes <= granted.memory.unwrap_or(limits::MEMORY),
        Asked::Timeout(milliseconds) => {
            Duration::from_millis(*milliseconds) <= granted.timeout.unwrap_or(limits::TIMEOUT)
        }
        // What this version does not know cannot be granted in it, nor done.
        Asked::Other(_) => true,
    }
}

/// Whether `path` is one of these, or lies beneath one, as far as that can be seen before references are replaced.
fn beneath(granted: &[String], path: &str) -> bool {
    let plain = !path.split('/').any(|name| name == "..");
    granted.iter().any(|known| known == path || plain && Path::new(path).starts_with(known))
}

/// `grant = {…}`, as it is written in `recipes.toml`.
fn line(grant: &Grant) -> String {
    let lists = [
        ("read", &grant.read),
        ("write", &grant.write),
        ("env", &grant.env),
        ("run", &grant.run),
        ("fetch", &grant.fetch),
    ];
    let lists = lists.into_iter().filter(|(_, list)| !list.is_empty()).map(|(key, list)| {
        let texts: Vec<_> = list.iter().map(|text| quoted(text)).collect();
        format!("{key} = [{}]", texts.join(", "))
    });
    let memory = grant.memory.map(|bytes| format!("memory = \"{}\"", mebibytes(bytes)));
    let timeout = grant.timeout.map(|time| format!("timeout = \"{}\"", seconds(time)));
    let items: Vec<_> = lists.chain(memory).chain(timeout).collect();
    format!("grant = {{ {} }}", items.join(", "))
}

/// A TOML string.
fn quoted(text: &str) -> String {
    toml_edit::Value::from(text).to_string()
}

fn mebibytes(bytes: u64) -> String {
    format!("{}MiB", bytes.div_ceil(1 << 20))
}

fn seconds(time: Duration) -> String {
    format!("{}s", time.as_millis().div_ceil(1000))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn t(asked: &[Asked], granted: &Grant, expected: Option<(&str, &str)>) {
        let found = missing(asked, granted, |_| false).map(|missing| (missing.items.join(", "), missing.line));
        assert_eq!(found.as_ref().map(|(items, line)| (items.as_str(), line.as_str())), expected);
    }

    #[test]
    fn what_is_granted_is_not_missing() {
        let list = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let grant = Grant {
            read: list(&["/opt"]),
            write: list(&["${buildout:directory}/var"]),
            run: list(&["git"]),
            fetch: list(&["https://example.com/"]),
            memory: Some(1 << 30),
            ..Grant::default()
        };
        let granted = [
            Asked::Read("/opt/data".into()),
            Asked::Read(DIRECTORY.into()),
            Asked::Read("${buildout:directory}/var/x".into()),
            Asked::Write("${buildout:directory}/var".into()),
            Asked::Run("git".into()),
            Asked::Fetch("https://example.com/a/".into()),
            Asked::Memory(1 << 30),
            Asked::Timeout(1),
        ];
        t(&granted, &grant, None);
        t(&[Asked::Run("make".into())], &Grant { run: list(&["*"]), ..Grant::default() }, None);
        t(&[], &Grant::default(), None);
    }

    #[test]
    fn what_is_missing_is_told_with_the_whole_line() {
        let grant = Grant { run: vec!["git".into()], ..Grant::default() };
        let run = |program: &str| Asked::Run(program.into());
        t(&[run("git"), run("make")], &grant, Some(("run make", "grant = { run = [\"git\", \"make\"] }")));
        let asked = [
            Asked::Write("/opt/../etc".into()),
            Asked::Env("A\"B".into()),
            Asked::Fetch("https://example.com.evil/".into()),
            Asked::Memory(3 << 30),
            Asked::Timeout(3_600_000),
        ];
        let grant = Grant { write: vec!["/opt".into()], fetch: vec!["https://example.com".into()], ..Grant::default() };
        t(
            &asked,
            &grant,
            Some((
                "write /opt/../etc, env A\"B, fetch https://example.com.evil/, memory 3072MiB, timeout 3600s",
                "grant = { write = [\"/opt\", \"/opt/../etc\"], env = ['A\"B'], \
                 fetch = [\"https://example.com\", \"https://example.com.evil/\"], memory = \"3072MiB\", timeout = \"3600s\" }",
            )),
        );
    }
}
