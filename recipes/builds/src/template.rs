//! `%(NAME)s` and `%(NAME)r` in options, with the meaning of Python's `%` operator.

use buildout_recipe::Error;

/// Replaces each `%(NAME)s` by `value(NAME)`, each `%(NAME)r` by the same as a Python literal (for Python code that a step
/// runs), and each `%%` by `%`. `what` names the option in errors.
///
/// # Errors
/// If a name is not defined, or another `%` occurs.
pub(crate) fn expand(
    text: &str,
    what: &str,
    mut value: impl FnMut(&str) -> Result<Option<String>, Error>,
) -> Result<String, Error> {
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        expanded.push_str(before);
        if let Some(after) = after.strip_prefix('%') {
            expanded.push('%');
            rest = after;
            continue;
        }
        let reference = after.strip_prefix('(').and_then(|after| after.split_once(')'));
        let typed = reference.and_then(|(name, after)| {
            let kind = after.chars().next().filter(|kind| matches!(kind, 's' | 'r'))?;
            Some((name, kind, &after[1..]))
        });
        let Some((name, kind, after)) = typed else {
            let found: String = after.chars().take(10).collect();
            let message = format!(
                "{what}: invalid {:?} (write %(NAME)s for a value and %% for a percent sign)",
                "%".to_owned() + &found
            );
            return Err(Error::user(message));
        };
        let Some(value) = value(name)? else {
            return Err(Error::user(format!("{what}: %({name})s is not defined")));
        };
        expanded.push_str(&if kind == 'r' { literal(&value) } else { value });
        rest = after;
    }
    expanded.push_str(rest);
    Ok(expanded)
}

/// The text as a Python literal.
fn literal(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut literal = String::from(quote);
    for c in text.chars() {
        match c {
            '\n' => literal.push_str("\\n"),
            '\t' => literal.push_str("\\t"),
            '\\' => literal.push_str("\\\\"),
            c if c == quote => literal.extend(['\\', c]),
            c => literal.push(c),
        }
    }
    literal.push(quote);
    literal
}

#[cfg(test)]
mod tests {
    use super::*;

    fn t(text: &str) -> Result<String, String> {
        let value = |name: &str| Ok((name == "PATH").then(|| "/bin".to_owned()));
        expand(text, "environment", value).map_err(|error| error.to_string())
    }

    #[test]
    fn names_and_percent_signs_are_replaced() {
        assert_eq!(t("a:%(PATH)s:100%%").unwrap(), "a:/bin:100%");
        assert_eq!(t("%%(PATH)s").unwrap(), "%(PATH)s");
        assert_eq!(t("import %(PATH)r").unwrap(), "import '/bin'");
        assert_eq!(t("").unwrap(), "");
    }

    #[test]
    fn writes_python_literals() {
        for (text, expected) in [("a", "'a'"), ("it's", "\"it's\""), ("'\"", "'\\'\"'"), ("a\\b\nc", "'a\\\\b\\nc'")] {
            assert_eq!(literal(text), expected);
        }
    }

    #[test]
    fn rejects_unknown_names_and_other_percent_signs() {
        assert_eq!(t("%(HOME)s").unwrap_err(), "environment: %(HOME)s is not defined");
        for text in ["%s", "100%", "%(PATH)d", "%(PATH"] {
            let error = t(text).unwrap_err();
            assert!(error.contains("%% for a percent sign"), "{text}: {error}");
        }
    }
}
