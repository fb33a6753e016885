//! Error numbers of WASI in a recipe's messages: people know those of their system, and the two differ.

/// A message without the number that Rust or Python put at an error of the system: `(os error 54)`, `[Errno 54]`.
pub(crate) fn without_numbers(message: &str) -> String {
    let message = without(message, " (os error ", ")");
    without(&message, "[Errno ", "] ")
}

/// A text without each number that stands between `before` and `after`, and without these.
fn without(text: &str, before: &str, after: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((start, found)) = rest.split_once(before) {
        let digits = found.len() - found.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        plain.push_str(start);
        match found[digits..].strip_prefix(after).filter(|_| digits > 0) {
            Some(end) => rest = end,
            None => {
                plain.push_str(before);
                rest = found;
            }
        }
    }
    plain + rest
}

#[cfg(test)]
mod tests {
    use super::without_numbers;

    #[test]
    fn numbers_of_errors_are_left_out() {
        let t = |message: &str, plain: &str| assert_eq!(without_numbers(message), plain);
        t("creating /b/x: Not a directory (os error 54)", "creating /b/x: Not a directory");
        t("a (os error 2): b (os error 44)!", "a: b!");
        t("FileNotFoundError: [Errno 44] No such file", "FileNotFoundError: No such file");
        t("[Errno x] (os error ) (os error 2", "[Errno x] (os error ) (os error 2");
    }
}
