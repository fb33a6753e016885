//! `download-mirrors`: servers that replace others, so that profiles of other people need not be changed.

use base::source::redact;

/// URL prefixes and their replacements.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mirrors(Vec<(String, String)>);

impl Mirrors {
    /// Parses one mirror per line: a URL prefix and its replacement. `ignored` is called with invalid lines, without
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

    /// The URL on the mirror with the longest matching prefix.
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
