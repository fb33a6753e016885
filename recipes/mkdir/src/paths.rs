//! Splits paths as Python does.

/// Splits a path into parent and name at the last slash, like `os.path.split`.
pub(crate) fn split(path: &str) -> (&str, &str) {
    let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
    match parent.trim_end_matches('/') {
        "" => ("/", name),
        parent => (parent, name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_split_at_the_last_slash() {
        assert_eq!(split("/a/b"), ("/a", "b"));
        assert_eq!(split("/a"), ("/", "a"));
        assert_eq!(split("/a//b"), ("/a", "b"));
    }
}
