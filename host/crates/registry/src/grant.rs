//! Grants: permissions that not every recipe has, granted in `recipes.toml` or requested by a recipe.
//!
//! Knows how grants are written, not what they allow. Templates (`${buildout:directory}`) are not substituted here.

use std::collections::BTreeMap;
use std::time::Duration;

use base::source::Place;

/// A set of permissions.
#[derive(Clone, Debug, Default)]
pub struct Grant {
    /// Directories to read.
    pub read: Vec<String>,
    /// Directories to write.
    pub write: Vec<String>,
    /// Environment variables that are visible.
    pub env: Vec<String>,
    /// Programs to run; `*` for all.
    pub run: Vec<String>,
    /// Prefixes of URLs to download from; `*` for all servers.
    pub fetch: Vec<String>,
    /// Programs that have the network when they run.
    pub network: Vec<String>,
    /// Whether Python distributions can be installed.
    pub distributions: bool,
    /// Memory limit, in bytes.
    pub memory: Option<u64>,
    /// Time limit for one call.
    pub timeout: Option<Duration>,
    /// Of what Python recipes may do without a grant, the rights that are kept ([`DEFAULT_RIGHTS`]); `None` for all.
    pub defaults: Option<Vec<String>>,
    /// Keys that this version does not know, with their values.
    pub other: Vec<(String, String)>,
    /// Where the grant is written.
    pub place: Option<Place>,
}

/// The rights that a Python recipe has without a grant, by their keys in a grant.
pub const DEFAULT_RIGHTS: [&str; 6] = ["read", "write", "run", "fetch", "distributions", "network"];

/// One key of a grant and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GrantItem {
    /// A list of values.
    List(String, Vec<String>),
    /// A number with its unit.
    Quantity(String, String),
    /// A permission without details.
    Flag(String),
}

impl GrantItem {
    /// The key and all its values.
    pub fn parts(self) -> (String, Vec<String>) {
        match self {
            Self::List(key, values) => (key, values),
            Self::Quantity(key, value) => (key, vec![value]),
            Self::Flag(key) => (key, vec!["true".to_owned()]),
        }
    }
}

impl Grant {
    /// The keys that have a value, in a fixed order.
    pub fn items(&self) -> Vec<GrantItem> {
        let lists = [
            ("read", &self.read),
            ("write", &self.write),
            ("env", &self.env),
            ("run", &self.run),
            ("fetch", &self.fetch),
            ("network", &self.network),
        ];
        let lists = lists.into_iter().filter(|(_, values)| !values.is_empty());
        let lists = lists.map(|(key, values)| GrantItem::List(key.to_owned(), values.clone()));
        let distributions = self.distributions.then(|| GrantItem::Flag("distributions".to_owned()));
        let memory = self.memory.map(|bytes| GrantItem::Quantity("memory".to_owned(), mebibytes(bytes)));
        let timeout = self.timeout.map(|time| GrantItem::Quantity("timeout".to_owned(), seconds(time)));
        let other = self.other.iter().map(|(key, value)| GrantItem::List(key.clone(), vec![value.clone()]));
        lists.chain(distributions).chain(memory).chain(timeout).chain(other).collect()
    }

    /// The keys and values as in `recipes.lock`: sorted, without duplicates.
    pub fn sorted(&self) -> BTreeMap<String, Vec<String>> {
        let mut sorted = BTreeMap::<String, Vec<String>>::new();
        for (key, values) in self.items().into_iter().map(GrantItem::parts) {
            sorted.entry(key).or_default().extend(values);
        }
        for values in sorted.values_mut() {
            values.sort();
            values.dedup();
        }
        sorted
    }

    /// Whether a Python recipe keeps a right that it has without a grant.
    pub fn keeps_default(&self, right: &str) -> bool {
        self.defaults.as_ref().is_none_or(|kept| kept.iter().any(|kept| kept == right))
    }

    /// Adds the permissions of `other`. For memory and time, the greater value is used.
    pub fn extend(&mut self, other: &Self) {
        let lists = [
            (&mut self.read, &other.read),
            (&mut self.write, &other.write),
            (&mut self.env, &other.env),
            (&mut self.run, &other.run),
            (&mut self.fetch, &other.fetch),
            (&mut self.network, &other.network),
        ];
        for (list, added) in lists {
            for value in added {
                if !list.contains(value) {
                    list.push(value.clone());
                }
            }
        }
        self.distributions |= other.distributions;
        self.memory = self.memory.max(other.memory);
        self.timeout = self.timeout.max(other.timeout);
        self.other.extend(other.other.iter().cloned());
    }
}

/// The grant as written in `recipes.toml`, between the braces of `grant = { … }`.
impl std::fmt::Display for Grant {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let written = self.items().into_iter().map(|item| match item {
            GrantItem::List(key, values) => {
                let values: Vec<_> = values.iter().map(|value| quoted(value)).collect();
                format!("{key} = [{}]", values.join(", "))
            }
            GrantItem::Quantity(key, value) => format!("{key} = {}", quoted(&value)),
            GrantItem::Flag(key) => format!("{key} = true"),
        });
        formatter.write_str(&written.collect::<Vec<_>>().join(", "))
    }
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

    #[test]
    fn is_written_as_in_recipes_toml() {
        let grant = Grant {
            write: vec!["/b".into(), "/a".into(), "/b".into()],
            env: vec!["A\"B".into()],
            distributions: true,
            memory: Some(3 << 30),
            timeout: Some(Duration::from_millis(1500)),
            ..Grant::default()
        };
        let expected = "write = [\"/b\", \"/a\", \"/b\"], env = ['A\"B'], distributions = true, \
                        memory = \"3072MiB\", timeout = \"2s\"";
        assert_eq!(grant.to_string(), expected);
        assert_eq!(grant.sorted()["write"], ["/a", "/b"]);
        assert_eq!(Grant::default().to_string(), "");
    }

    #[test]
    fn extends_with_the_greater_limits() {
        let mut grant = Grant { run: vec!["git".into()], memory: Some(2), ..Grant::default() };
        grant.extend(&Grant { run: vec!["git".into(), "make".into()], memory: Some(1), ..Grant::default() });
        assert_eq!((grant.run, grant.memory), (vec!["git".to_owned(), "make".to_owned()], Some(2)));
    }
}
