//! Templates: finds and checks the references `${section:option}` in a value. Does not know what they refer to.
//!
//! The rules are zc.buildout's: `$$` is literal and escapes a `{` that follows; a reference ends at the first `}`.

/// A piece of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TemplatePiece<'a> {
    /// Literal text.
    Literal(&'a str),
    /// `${section:option}`; an empty section means the one that contains the value.
    Reference {
        /// The section, as written.
        section: &'a str,
        /// The option.
        option: &'a str,
        /// Start of the reference in the value, in bytes.
        start: usize,
        /// End of the reference (exclusive).
        end: usize,
    },
}

/// A malformed reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Malformed {
    pub(super) reference: String,
    pub(super) flaw: Flaw,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// Why a reference is malformed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    NoColon,
    TooManyColons,
    SectionName,
    OptionName,
}

/// Whether a value may contain references at all.
pub(super) fn is_template(value: &str) -> bool {
    value.contains("${")
}

/// The pieces of a value, in order.
pub(super) fn parse(value: &str) -> Result<Vec<TemplatePiece<'_>>, Malformed> {
    let mut pieces = Vec::new();
    let mut offset = 0;
    for (number, chunk) in value.split("$$").enumerate() {
        if number > 0 {
            pieces.push(TemplatePiece::Literal("$$"));
            offset += 2;
        }
        chunk_pieces(chunk, offset, &mut pieces)?;
        offset += chunk.len();
    }
    Ok(pieces)
}

fn chunk_pieces<'a>(chunk: &'a str, offset: usize, pieces: &mut Vec<TemplatePiece<'a>>) -> Result<(), Malformed> {
    let mut done = 0;
    while let Some(open) = chunk[done..].find("${").map(|at| done + at) {
        let Some(close) = chunk[open..].find('}').map(|at| open + at) else { break };
        if open > done {
            pieces.push(TemplatePiece::Literal(&chunk[done..open]));
        }
        pieces.push(reference(&chunk[open..=close], offset + open)?);
        done = close + 1;
    }
    if done < chunk.len() {
        pieces.push(TemplatePiece::Literal(&chunk[done..]));
    }
    Ok(())
}

fn reference(text: &str, start: usize) -> Result<TemplatePiece<'_>, Malformed> {
    let end = start + text.len();
    let malformed = |flaw| Err(Malformed { reference: text.to_owned(), flaw, start, end });
    let Some((section, option)) = text[2..text.len() - 1].split_once(':') else { return malformed(Flaw::NoColon) };
    if option.contains(':') {
        return malformed(Flaw::TooManyColons);
    }
    if !section.chars().all(simple) {
        return malformed(Flaw::SectionName);
    }
    if option.is_empty() || !option.chars().all(simple) {
        return malformed(Flaw::OptionName);
    }
    Ok(TemplatePiece::Reference { section, option, start, end })
}

/// "Section and option names in variable substitutions are only allowed to contain alphanumeric characters, hyphens,
/// periods and spaces" (`buildouts-1.0.txt`); zc.buildout allows underscores, too.
fn simple(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ' ' | '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(value: &str) -> String {
        match parse(value) {
            Err(malformed) => format!("{:?} {}..{}", malformed.flaw, malformed.start, malformed.end),
            Ok(pieces) => {
                let show = |piece: &TemplatePiece<'_>| match piece {
                    TemplatePiece::Literal(text) => format!("'{text}'"),
                    TemplatePiece::Reference { section, option, start, end } => {
                        format!("<{section}|{option}|{start}..{end}>")
                    }
                };
                pieces.iter().map(show).collect()
            }
        }
    }

    #[test]
    fn values_are_taken_apart() {
        let t = |value: &str, expected: &str| assert_eq!(shown(value), expected, "{value}");
        t("", "");
        t("plain", "'plain'");
        t("${a:b}", "<a|b|0..6>");
        t("x${a:b}y${:c d}", "'x'<a|b|1..7>'y'<|c d|8..15>");
        t("$${a:b}", "'$$''{a:b}'");
        t("$$${a:b}", "'$$'<a|b|2..8>");
        t("${a:b", "'${a:b'");
        t("$a {b} $", "'$a {b} $'");
        t("ü${a:b}", "'ü'<a|b|2..8>");
        t("${a}", "NoColon 0..4");
        t("${a:b:c}", "TooManyColons 0..8");
        t("${a/b:c}", "SectionName 0..8");
        t("x${a:}", "OptionName 1..6");
        t("${a:b\n}", "OptionName 0..7");
    }
}
