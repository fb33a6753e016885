//! Whether a recipe from a registry is granted everything that it requests. It runs with all of it or not at all: the
//! user who wrote `grant` has read the requests.

use std::path::Path;

use registry::{Grant, GrantItem};

use crate::limits;

/// The paths that every recipe may read.
const DIRECTORY: &str = "${buildout:directory}";

/// Requests that are not granted.
pub(crate) struct Missing {
    /// Each one as key and value.
    pub(crate) items: Vec<String>,
    /// The complete grant that the recipe needs, as written in `recipes.toml`.
    pub(crate) grant: Grant,
    /// Directories that it requests to write and that cannot be granted.
    pub(crate) refused: Vec<String>,
}

/// The requests of a recipe that are not granted; `None` if all of them are. `is_refused` returns whether a directory
/// cannot be granted for writing.
pub(crate) fn missing(requested: &Grant, granted: &Grant, is_refused: impl Fn(&str) -> bool) -> Option<Missing> {
    let mut missing = difference(requested, granted);
    let (refused, write) = missing.write.drain(..).partition(|path| is_refused(path));
    missing.write = write;
    let items = items(&missing);
    let is_complete = items.is_empty() && Vec::is_empty(&refused);
    let mut grant = granted.clone();
    grant.extend(&missing);
    (!is_complete).then_some(Missing { items, grant, refused })
}

/// The part of `requested` that `granted` does not allow. Keys that this version does not know can neither be granted
/// nor used.
fn difference(requested: &Grant, granted: &Grant) -> Grant {
    let without = |list: &[String], is_granted: &dyn Fn(&String) -> bool| -> Vec<String> {
        list.iter().filter(|value| !is_granted(value)).cloned().collect()
    };
    let one_of = |list: &[String], value: &str| list.iter().any(|known| known == "*" || known == value);
    let may_write = |path: &String| beneath(&granted.write, path);
    let may_read = |path: &String| path == DIRECTORY || beneath(&granted.read, path) || may_write(path);
    let may_fetch = |address: &String| {
        let mut prefixes = granted.fetch.iter().filter(|known| known.ends_with('/'));
        granted.fetch.contains(address)
            || is_of_server(address) && granted.fetch.iter().any(|known| known == "*")
            || prefixes.any(|known| address.starts_with(known))
    };
    Grant {
        read: without(&requested.read, &may_read),
        write: without(&requested.write, &may_write),
        env: without(&requested.env, &|name| granted.env.contains(name)),
        run: without(&requested.run, &|program| one_of(&granted.run, program)),
        fetch: without(&requested.fetch, &may_fetch),
        network: without(&requested.network, &|program| granted.network.contains(program)),
        distributions: requested.distributions && !granted.distributions,
        memory: requested.memory.filter(|bytes| *bytes > granted.memory.unwrap_or(limits::MEMORY)),
        timeout: requested.timeout.filter(|time| *time > granted.timeout.unwrap_or(limits::TIMEOUT)),
        ..Grant::default()
    }
}

/// Whether an address is that of a server, and not a local file.
fn is_of_server(address: &str) -> bool {
    url::Url::parse(address).is_ok_and(|url| url.scheme() != "file")
}

fn items(grant: &Grant) -> Vec<String> {
    let items = grant.items().into_iter().map(GrantItem::parts);
    items.flat_map(|(key, values)| values.into_iter().map(move |value| format!("{key} {value}"))).collect()
}

/// Whether `path` is one of these, or is below one, as far as that is known before references are resolved.
fn beneath(granted: &[String], path: &str) -> bool {
    let plain = !path.split('/').any(|name| name == "..");
    granted.iter().any(|known| known == path || plain && Path::new(path).starts_with(known))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn list(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    fn t(requested: &Grant, granted: &Grant, expected: Option<(&str, &str)>) {
        let found = missing(requested, granted, |_| false);
        let found = found.map(|missing| (missing.items.join(", "), missing.grant.to_string()));
        assert_eq!(found.as_ref().map(|(items, line)| (items.as_str(), line.as_str())), expected);
    }

    #[test]
    fn nothing_granted_is_missing() {
        let granted = Grant {
            read: list(&["/opt"]),
            write: list(&["${buildout:directory}/var"]),
            run: list(&["git"]),
            fetch: list(&["https://example.com/"]),
            distributions: true,
            memory: Some(1 << 30),
            ..Grant::default()
        };
        let requested = Grant {
            read: list(&["/opt/data", DIRECTORY, "${buildout:directory}/var/x"]),
            fetch: list(&["https://example.com/a/"]),
            timeout: Some(Duration::from_millis(1)),
            ..granted.clone()
        };
        t(&requested, &granted, None);
        let make = Grant { run: list(&["make"]), ..Grant::default() };
        t(&make, &Grant { run: list(&["*"]), ..Grant::default() }, None);
        t(&Grant::default(), &Grant::default(), None);
        let any = Grant { fetch: list(&["*"]), ..Grant::default() };
        t(&Grant { fetch: list(&["https://example.com/"]), ..Grant::default() }, &any, None);
        let local = Grant { fetch: list(&["file:///"]), ..Grant::default() };
        t(&local, &any, Some(("fetch file:///", "fetch = [\"*\", \"file:///\"]")));
    }

    #[test]
    fn everything_missing_is_reported_with_the_whole_grant() {
        let git = Grant { run: list(&["git"]), ..Grant::default() };
        let both = Grant { run: list(&["git", "make"]), ..Grant::default() };
        t(&both, &git, Some(("run make", "run = [\"git\", \"make\"]")));
        let requested = Grant {
            write: list(&["/opt/../etc"]),
            env: list(&["A\"B"]),
            fetch: list(&["https://example.com.evil/"]),
            distributions: true,
            memory: Some(3 << 30),
            timeout: Some(Duration::from_secs(3600)),
            ..Grant::default()
        };
        let granted = Grant { write: list(&["/opt"]), fetch: list(&["https://example.com"]), ..Grant::default() };
        t(
            &requested,
            &granted,
            Some((
                "write /opt/../etc, env A\"B, fetch https://example.com.evil/, \
                 distributions true, memory 3072MiB, timeout 3600s",
                "write = [\"/opt\", \"/opt/../etc\"], env = ['A\"B'], \
                 fetch = [\"https://example.com\", \"https://example.com.evil/\"], \
                 distributions = true, memory = \"3072MiB\", timeout = \"3600s\"",
            )),
        );
    }
}
