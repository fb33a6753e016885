//! Joins and splits paths as Python does, because the state records the results.

/// Joins paths like `os.path.join`. It does not normalize `path`, because the state records the result.
pub(crate) fn join(directory: &str, path: &str) -> String {
    if path.starts_with('/') {
        path.to_owned()
    } else if directory.ends_with('/') {
        format!("{directory}{path}")
    } else {
        format!("{directory}/{path}")
    }
}

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
        assert_eq!(join("/a/", "b"), "/a/b");
        assert_eq!(join("/a", "/b"), "/b");
    }
}
