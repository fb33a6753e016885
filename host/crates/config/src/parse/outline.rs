//! What a file contains and where, without its meaning: for editors. Reads every text, also one that is half written.

use std::ops::Range;

use super::is_classic;
use super::lex::{self, Line, LineForm, Name};

/// A section as written: from its header to the next one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenSection {
    /// The name in the header.
    pub name: Range<usize>,
    /// The line of the header.
    pub header: Range<usize>,
    /// Header and options.
    pub span: Range<usize>,
    /// The options, in order.
    pub options: Vec<WrittenOption>,
}

/// An option as written: one assignment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenOption {
    /// The name, without the sign of `+=` and `-=`.
    pub name: Range<usize>,
    /// `+` or `-`, if the assignment has it.
    pub sign: Option<char>,
    /// Name and value.
    pub span: Range<usize>,
    /// What belongs to the value, for each line of the text: the rest of the first line, and indented lines.
    pub lines: Vec<Range<usize>>,
}

/// The sections of a text, in order. A section that is written several times is listed as often. Options before the first
/// header are left out.
pub fn outline(text: &str) -> Vec<WrittenSection> {
    let today = lex::lex(text);
    let lines = if is_classic(text, &today) { lex::lex_classic(text) } else { today };
    let mut sections: Vec<WrittenSection> = Vec::new();
    let mut goes_on = false;
    for Line { span, form } in lines {
        match form {
            LineForm::Header { name, .. } => {
                let header = span.clone();
                sections.push(WrittenSection { name, header, span, options: Vec::new() });
                goes_on = false;
            }
            LineForm::Assignment { name, value } => {
                goes_on = true;
                if let Some(section) = sections.last_mut() {
                    section.span.end = span.end;
                    section.options.push(option(text, span, &name, value));
                }
            }
            LineForm::Indented if goes_on => go_on(text, span, &mut sections),
            LineForm::Comment | LineForm::Indented => {}
            LineForm::Unknown => goes_on = false,
        }
    }
    sections
}

fn option(text: &str, span: Range<usize>, name: &Name, value: Range<usize>) -> WrittenOption {
    let name = match name {
        Name::Written(name) => name.clone(),
        Name::PartDependencies => span.start..span.start + "=>".len(),
    };
    let sign = text[name.clone()].chars().next_back().filter(|sign| ['+', '-'].contains(sign));
    let bare = sign.map_or(&text[name.clone()], |_| text[name.start..name.end - 1].trim_end());
    WrittenOption { name: name.start..name.start + bare.len(), sign, span, lines: vec![value] }
}

fn go_on(text: &str, span: Range<usize>, sections: &mut [WrittenSection]) {
    let Some(section) = sections.last_mut() else { return };
    let Some(option) = section.options.last_mut() else { return };
    if !text[span.clone()].trim().is_empty() {
        section.span.end = span.end;
        option.span.end = span.end;
    }
    option.lines.push(span);
}

#[cfg(test)]
mod tests {
    use super::outline;

    #[test]
    fn sections_options_and_lines_are_found() {
        let text = "x = 1\n[a]\nb += c\n  d\n# no\n  e\n\n[a:1]\n???\n  f\n=> g\n[]\n";
        let shown: Vec<String> = outline(text)
            .iter()
            .map(|section| {
                let options = section.options.iter().map(|option| {
                    let lines: Vec<&str> = option.lines.iter().map(|line| text[line.clone()].trim()).collect();
                    format!(" {}{:?}{}", &text[option.name.clone()], option.sign, lines.join("|"))
                });
                format!("{}{}", &text[section.name.clone()], options.collect::<String>())
            })
            .collect();
        assert_eq!(shown, ["a bSome('+')c|d|e|", "a =>Noneg"]);
    }
}
