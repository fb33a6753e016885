//! What is locked again.

/// Which entries of a lock file are made again although they are in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Upgrade {
    /// None, unless the configuration excludes what is locked.
    No,
    /// These, by their names.
    Named(Vec<String>),
    /// All.
    All,
}

impl Upgrade {
    /// What `--upgrade` requests: nothing without it, all if it has no names.
    pub(crate) fn requested(names: Option<&[String]>) -> Self {
        match names {
            None => Self::No,
            Some([]) => Self::All,
            Some(names) => Self::Named(names.to_vec()),
        }
    }
}
