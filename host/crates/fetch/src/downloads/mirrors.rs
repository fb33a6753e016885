//! `download-mirrors`: servers that replace others, so that profiles of other people need no change.

use base::source::redact;

/// Beginnings of URLs, and what replaces them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mirrors(Vec<(String, String)>);

impl Mirrors {
    /// Reads one mirror a line: the beginning of URLs, and what replaces it. `ignored` gets the other lines, without
    /// credentials.
    pub(super) fn parse(text: &str, ignored: &dyn Fn(&str)) -> Self {
        let mut mirrors = Vec::new();
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let words: Vec<_> = line.split_whitespace().collect();
            match words[..] {
                [original, mirror] if original.contains("://") && mirror.contains("://") => {
                    mirrors.push((original.to_owned(), mirror.to_owned()));
                }
                _ => ignored(&redact(line.trim())),
            }
        }
        Self(mirrors)
    }

    /// The URL at the mirror of the longest beginning that `url` has.
    pub(super) fn find(&self, url: &str) -> Option<String> {
        let matching = self.0.iter().filter_map(|(original, mirror)| Some((mirror, url.strip_prefix(original)?)));
        let (mirror, rest) = matching.min_by_key(|(_, rest)| rest.len())?;
        Some(format!("{mirror}{rest}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_beginning_counts() {
        let text = "ftp://a/ https://a/\nftp://a/pub/  https://m/\n\n";
        let mirrors = Mirrors::parse(text, &|line| panic!("{line}"));
        let t = |url: &str, expected: Option<&str>| assert_eq!(mirrors.find(url).as_deref(), expected, "{url}");
        t("ftp://a/x.tar", Some("https://a/x.tar"));
        t("ftp://a/pub/x.tar", Some("https://m/x.tar"));
        t("ftp://b/x.tar", None);
        t("https://a/x.tar", None);
    }
}
