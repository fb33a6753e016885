//! Words for a POSIX shell.

/// The word in quotes, in which no character is special.
#[must_use]
pub fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn quotes_in_a_word_stay() {
        assert_eq!(quoted("it's $HOME"), r"'it'\''s $HOME'");
    }
}
