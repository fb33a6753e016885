//! `allow-hosts`: the hosts from which distributions may be downloaded.

use url::Url;

/// The most characters of a pattern that are compared.
const LONGEST: usize = 1000;

/// Patterns of hosts, with `*`, `?` and `[…]` as in `fnmatch`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AllowedHosts {
    patterns: Vec<String>,
}

impl Default for AllowedHosts {
    fn default() -> Self {
        Self { patterns: vec!["*".to_owned()] }
    }
}

impl AllowedHosts {
    /// Parses the option: one pattern per line.
    pub fn parse(option: &str) -> Self {
        let lines = option.lines().map(str::trim).filter(|line| !line.is_empty());
        Self { patterns: lines.map(|line| line.chars().take(LONGEST).collect()).collect() }
    }

    /// Whether a URL is allowed: its host with its port, as written, matches a pattern.
    pub(crate) fn allows(&self, url: &str) -> bool {
        // Pages have thousands of links.
        let is_of_web = ["https://", "http://"].iter().any(|start| url.starts_with(start));
        if is_of_web && self.patterns.iter().any(|pattern| pattern == "*") {
            return true;
        }
        let Ok(url) = Url::parse(url) else { return false };
        if url.scheme() == "file" {
            return true;
        }
        let Some(host) = url.host_str() else { return false };
        let place = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        self.patterns
            .iter()
            .any(|pattern| matches(&pattern.chars().collect::<Vec<_>>(), &place.chars().collect::<Vec<_>>()))
    }
}

/// Whether `text` matches a pattern of `fnmatch`. The time is proportional to the product of both lengths.
fn matches(pattern: &[char], text: &[char]) -> bool {
    let (mut at, mut from) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    loop {
        let step = match pattern.get(at) {
            Some('*') => {
                star = Some((at, from));
                at += 1;
                continue;
            }
            None if from == text.len() => return true,
            Some(_) if from < text.len() => one(&pattern[at..], text[from]),
            _ => None,
        };
        match (step, star) {
            (Some(width), _) => (at, from) = (at + width, from + 1),
            (None, Some((pattern_at, text_at))) if text_at < text.len() => {
                star = Some((pattern_at, text_at + 1));
                (at, from) = (pattern_at + 1, text_at + 1);
            }
            (None, _) => return false,
        }
    }
}

/// The number of characters of the pattern that match `c`.
fn one(pattern: &[char], c: char) -> Option<usize> {
    match pattern {
        ['?', ..] => Some(1),
        ['[', inside @ ..] => match inside.iter().skip(1).position(|c| *c == ']') {
            Some(end) => in_set(&inside[..=end], c).then_some(end + 3),
            None => (c == '[').then_some(1),
        },
        [other, ..] => (*other == c).then_some(1),
        [] => None,
    }
}

fn in_set(set: &[char], c: char) -> bool {
    let (negated, set) = match set {
        ['!', rest @ ..] if !rest.is_empty() => (true, rest),
        all => (false, all),
    };
    let mut found = false;
    let mut rest = set;
    while let [first, after @ ..] = rest {
        match after {
            ['-', last, further @ ..] => {
                found |= (*first..=*last).contains(&c);
                rest = further;
            }
            _ => {
                found |= *first == c;
                rest = after;
            }
        }
    }
    found != negated
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_of_hosts() {
        let t = |option: &str, url: &str| AllowedHosts::parse(option).allows(url);
        assert!(t("*", "https://example.org/x") && t("*.example.org\nother", "https://a.b.example.org/"));
        assert!(!t("*.example.org", "https://example.org/") && !t("", "https://example.org/"));
        assert!(t("localhost:80?0", "http://localhost:8080/x") && !t("localhost", "http://localhost:8080/"));
        assert!(t("[a-c]x[!1]", "http://bxy/") && !t("[a-c]x[!1]", "http://bx1/") && !t("[a-c]x", "http://dx/"));
        assert!(t("", "file:///x") && !t("*", "no url"));
    }

    #[test]
    fn a_pattern_of_many_stars_takes_no_time() {
        let pattern = "*a".repeat(400);
        assert!(!AllowedHosts::parse(&pattern).allows(&format!("http://{}b/", "a".repeat(200))));
    }
}
