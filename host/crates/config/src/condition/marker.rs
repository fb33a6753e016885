//! PEP 508 environment markers (`python_version < "3.11" and sys_platform == "linux"`), read and evaluated as
//! `packaging.markers` does, which zc.buildout asks first.
//!
//! Whether a text is a marker decides in which of two languages a condition is written, so the grammar here accepts
//! exactly what that library accepts; versions are compared by the `pep440_rs` library (`docs/decisions`).

use std::str::FromStr;

use pep440_rs::{Version, VersionSpecifier};
use ruff_python_ast::Expr;

use super::facts::Facts;

/// How deep parentheses may nest.
const DEEPEST: usize = 100;

/// The variables of PEP 508 and the older spellings that are still accepted, with the name they stand for.
const VARIABLES: [(&str, &str); 18] = [
    ("python_version", "python_version"),
    ("python_full_version", "python_full_version"),
    ("os_name", "os_name"),
    ("os.name", "os_name"),
    ("sys_platform", "sys_platform"),
    ("sys.platform", "sys_platform"),
    ("platform_release", "platform_release"),
    ("platform_system", "platform_system"),
    ("platform_version", "platform_version"),
    ("platform.version", "platform_version"),
    ("platform_machine", "platform_machine"),
    ("platform.machine", "platform_machine"),
    ("platform_python_implementation", "platform_python_implementation"),
    ("platform.python_implementation", "platform_python_implementation"),
    ("python_implementation", "platform_python_implementation"),
    ("implementation_name", "implementation_name"),
    ("implementation_version", "implementation_version"),
    ("extra", "extra"),
];

/// Variables of lock files: they belong to the grammar, but have no value in a condition.
const OF_LOCK_FILES: [&str; 2] = ["extras", "dependency_groups"];

/// Variables whose values are versions.
const VERSIONS: [&str; 4] = ["implementation_version", "platform_release", "python_full_version", "python_version"];

/// Whether `name` is a variable of markers.
pub(super) fn is_variable(name: &str) -> bool {
    VARIABLES.iter().any(|(written, _)| *written == name)
}

/// A parsed marker.
#[derive(Debug)]
pub(super) enum Marker {
    Any(Vec<Marker>),
    All(Vec<Marker>),
    Compare { left: Operand, operator: &'static str, right: Operand },
}

/// One side of a comparison.
#[derive(Debug)]
pub(super) enum Operand {
    Variable(&'static str),
    Text(String),
}

impl Operand {
    fn text(&self) -> &str {
        match self {
            Self::Variable(name) => name,
            Self::Text(text) => text,
        }
    }
}

/// The marker that `text` is, or `None` if it is no marker and so a Python expression.
pub(super) fn parse(text: &str) -> Option<Marker> {
    let mut parser = Parser { text, at: 0, depth: 0 };
    let marker = parser.marker()?;
    (parser.at == text.len()).then_some(marker)
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl Parser<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn space(&mut self) -> bool {
        let width = self.rest().len() - self.rest().trim_start_matches([' ', '\t']).len();
        self.at += width;
        width > 0
    }

    fn take(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        self.at += if found { token.len() } else { 0 };
        found
    }

    /// Takes `word` if it stands here as a whole word.
    fn word(&mut self, word: &str) -> bool {
        let part_of_word = |c: char| c.is_alphanumeric() || c == '_';
        let inside = self.text[..self.at].ends_with(part_of_word)
            || self.rest().strip_prefix(word).is_none_or(|after| after.starts_with(part_of_word));
        !inside && self.take(word)
    }

    /// `and` binds tighter than `or`.
    fn marker(&mut self) -> Option<Marker> {
        let mut groups = vec![vec![self.atom()?]];
        loop {
            if self.word("or") {
                groups.push(vec![self.atom()?]);
            } else if self.word("and") {
                let next = self.atom()?;
                groups.last_mut()?.push(next);
            } else {
                return Some(Marker::Any(groups.into_iter().map(Marker::All).collect()));
            }
        }
    }

    fn atom(&mut self) -> Option<Marker> {
        self.space();
        let marker = if self.take("(") {
            self.depth += 1;
            let marker = if self.depth > DEEPEST { None } else { self.marker() };
            self.depth -= 1;
            self.space();
            marker.filter(|_| self.take(")"))?
        } else {
            self.comparison()?
        };
        self.space();
        Some(marker)
    }

    fn comparison(&mut self) -> Option<Marker> {
        let left = self.operand()?;
        self.space();
        let operator = self.operator()?;
        self.space();
        let right = self.operand()?;
        Some(normalize_extra(left, operator, right))
    }

    fn operand(&mut self) -> Option<Operand> {
        let known = VARIABLES.iter().copied().chain(OF_LOCK_FILES.map(|name| (name, name)));
        for (written, name) in known {
            if self.word(written) {
                return Some(Operand::Variable(name));
            }
        }
        let quote = self.rest().chars().next().filter(|c| matches!(c, '"' | '\''))?;
        let length = self.rest()[1..].find(quote)? + 2;
        let literal = &self.rest()[..length];
        let text = literal_text(literal)?;
        self.at += length;
        Some(Operand::Text(text))
    }

    fn operator(&mut self) -> Option<&'static str> {
        if self.word("in") {
            return Some("in");
        }
        if self.word("not") {
            return (self.space() && self.word("in")).then_some("not in");
        }
        ["===", "==", "~=", "!=", "<=", ">=", "<", ">"].into_iter().find(|operator| self.take(operator))
    }
}

/// The text of a Python string literal, or `None` where its escapes are wrong.
fn literal_text(literal: &str) -> Option<String> {
    if literal.contains('\0') {
        return None;
    }
    if !literal.contains('\\') {
        return Some(literal[1..literal.len() - 1].to_owned());
    }
    match ruff_python_parser::parse_expression(literal).ok()?.expr() {
        Expr::StringLiteral(string) => Some(string.value.to_str().to_owned()),
        _ => None,
    }
}

/// Names of extras are compared in their normal form (PEP 503).
fn normalize_extra(left: Operand, operator: &'static str, right: Operand) -> Marker {
    let normal = |operand: Operand| match operand {
        Operand::Text(text) => Operand::Text(normal_name(&text)),
        variable @ Operand::Variable(_) => variable,
    };
    let (left, right) = match (&left, &right) {
        (Operand::Variable("extra"), _) => (left, normal(right)),
        (_, Operand::Variable("extra")) => (normal(left), right),
        _ => (left, right),
    };
    Marker::Compare { left, operator, right }
}

fn normal_name(name: &str) -> String {
    let mut normal = String::new();
    for c in name.to_lowercase().chars() {
        match c {
            '-' | '_' | '.' if normal.ends_with('-') => {}
            '-' | '_' | '.' => normal.push('-'),
            other => normal.push(other),
        }
    }
    normal
}

impl Marker {
    /// Whether the marker holds. Every comparison is made, even where an earlier one decides: so does `packaging`, and
    /// a comparison without meaning is an error wherever it stands.
    pub(super) fn evaluate(&self, facts: &dyn Facts) -> Result<bool, String> {
        match self {
            Self::Any(markers) => markers.iter().try_fold(false, |any, marker| Ok(marker.evaluate(facts)? || any)),
            Self::All(markers) => markers.iter().try_fold(true, |all, marker| Ok(marker.evaluate(facts)? && all)),
            Self::Compare { left, operator, right } => {
                // A text on the left makes the right side the variable, even where that is written as a text too.
                let (key, left, right) = match left {
                    Operand::Variable(name) => (*name, variable(name, facts)?, right.text().to_owned()),
                    Operand::Text(text) => (right.text(), text.clone(), variable(right.text(), facts)?),
                };
                compare(key, &left, operator, &right)
            }
        }
    }
}

/// The value of a variable.
fn variable(name: &str, facts: &dyn Facts) -> Result<String, String> {
    Ok(match name {
        "python_version" => facts.python()?.python_version.split('.').take(2).collect::<Vec<_>>().join("."),
        "python_full_version" => {
            let version = &facts.python()?.python_version;
            // A Python built between two releases calls itself `3.14.0+`, which is no version.
            if version.ends_with('+') { format!("{version}local") } else { version.clone() }
        }
        "platform_python_implementation" => facts.python()?.implementation.clone(),
        "implementation_name" => facts.python()?.implementation_name.clone(),
        "implementation_version" => facts.python()?.implementation_version.clone(),
        "os_name" => facts.system().os_name,
        "sys_platform" => facts.system().platform,
        "platform_release" => facts.system().release,
        "platform_system" => facts.system().system,
        "platform_version" => facts.system().version,
        "platform_machine" => facts.system().machine,
        "extra" => String::new(),
        other => return Err(format!("'{other}' has no value in a condition")),
    })
}

/// Compares a variable's value: as versions where the variable has one and `right` is one, else as texts.
fn compare(key: &str, left: &str, operator: &str, right: &str) -> Result<bool, String> {
    if VERSIONS.contains(&key) {
        if operator == "===" && !right.trim().contains(|c: char| c.is_whitespace() || c == ';' || c == ')') {
            return Ok(left.to_lowercase() == right.trim().to_lowercase());
        }
        if let Ok(specifier) = VersionSpecifier::from_str(&format!("{operator}{}", right.trim())) {
            return Ok(Version::from_str(left.trim()).is_ok_and(|version| specifier.contains(&version)));
        }
    }
    match operator {
        "in" => Ok(right.contains(left)),
        "not in" => Ok(!right.contains(left)),
        "==" | "<=" | ">=" => Ok(left == right),
        "!=" => Ok(left != right),
        "<" | ">" => Ok(false),
        _ => Err(format!("'{operator}' has no meaning for '{left}' and '{right}'")),
    }
}
