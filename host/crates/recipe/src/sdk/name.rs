//! The valid names of a new recipe package.

/// Why a name is not valid for a new package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidName {
    /// It is empty.
    #[error("it is empty")]
    Empty,
    /// It does not start with a letter, as names in all languages must.
    #[error("it must begin with a letter from a to z")]
    Start,
    /// A character that some language or file name does not allow.
    #[error("it cannot contain {0:?}, only a to z, 0 to 9 and -")]
    Character(char),
    /// `a-` or `a--b`.
    #[error("a - must be between two letters or digits")]
    Dash,
    /// Longer than file names and package registries allow.
    #[error("it is longer than 64 characters")]
    Long,
    /// A word that cannot be the name of a module or crate.
    #[error("it is a reserved word")]
    Reserved,
}

/// Names that Cargo, Rust, Python, JavaScript or C would reject, or that have another meaning in a buildout.
const RESERVED: [&str; 28] = [
    "abstract",
    "async",
    "await",
    "break",
    "buildout",
    "class",
    "const",
    "continue",
    "core",
    "default",
    "export",
    "extern",
    "for",
    "if",
    "import",
    "in",
    "let",
    "match",
    "mod",
    "proc-macro",
    "return",
    "sdk",
    "self",
    "static",
    "std",
    "test",
    "type",
    "while",
];

/// Checks a package's name.
pub(super) fn check(name: &str) -> Result<(), InvalidName> {
    let first = name.chars().next().ok_or(InvalidName::Empty)?;
    if !first.is_ascii_lowercase() {
        return Err(InvalidName::Start);
    }
    if let Some(wrong) = name.chars().find(|c| !(c.is_ascii_lowercase() || c.is_ascii_digit() || *c == '-')) {
        return Err(InvalidName::Character(wrong));
    }
    if name.ends_with('-') || name.contains("--") {
        return Err(InvalidName::Dash);
    }
    if name.len() > 64 {
        return Err(InvalidName::Long);
    }
    if RESERVED.contains(&name) {
        return Err(InvalidName::Reserved);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked() {
        for name in ["note", "acme-recipes", "a1"] {
            assert_eq!(check(name), Ok(()), "{name}");
        }
        for (name, why) in [
            ("", InvalidName::Empty),
            ("1a", InvalidName::Start),
            ("Note", InvalidName::Start),
            ("a/b", InvalidName::Character('/')),
            ("a_b", InvalidName::Character('_')),
            ("a-", InvalidName::Dash),
            ("a--b", InvalidName::Dash),
            ("self", InvalidName::Reserved),
            (&"a".repeat(65), InvalidName::Long),
        ] {
            assert_eq!(check(name), Err(why), "{name}");
        }
    }
}
