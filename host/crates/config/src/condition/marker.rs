//! PEP 508 environment markers (`python_version < "3.11" and sys_platform == "linux"`), parsed and evaluated like
//! `packaging.markers`, which zc.buildout tries first.
//!
//! Whether a string is a marker decides in which of two languages a condition is written, so the grammar accepts
//! exactly the same strings as that library; versions are compared by the `pep440_rs` library (`docs/decisions`).
//! Requirements of Python distributions have markers too: [`MarkerVariables`] provides the values of variables.

use std::fmt;
use std::str::FromStr;

use pep440_rs::{Version, VersionSpecifier};

use super::python;

/// Maximum nesting of parentheses.
const DEEPEST: usize = 100;

/// The variables of PEP 508 and the older spellings that are still accepted, with the current name.
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

/// Variables of lock files: part of the grammar, but without a value in conditions.
const OF_LOCK_FILES: [&str; 2] = ["extras", "dependency_groups"];

/// Variables whose values are versions.
const VERSIONS: [&str; 4] = ["implementation_version", "platform_release", "python_full_version", "python_version"];

/// Whether `name` is a variable of markers.
pub(super) fn is_variable(name: &str) -> bool {
    VARIABLES.iter().any(|(written, _)| *written == name)
}

/// The values of a marker's variables.
pub trait MarkerVariables {
    /// The value of the variable `name`, in its newer spelling.
    ///
    /// # Errors
    /// Why it has no value.
    fn value(&self, name: &str) -> Result<String, String>;
}

/// A parsed marker.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Marker(MarkerNode);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum MarkerNode {
    Any(Vec<MarkerNode>),
    All(Vec<MarkerNode>),
    Compare { left: Operand, operator: &'static str, right: Operand },
}

/// One side of a comparison.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Operand {
    Variable(&'static str),
    Text(String),
}

impl Operand {
    /// The marker as text.
    fn written(&self) -> String {
        match self {
            Self::Variable(name) => (*name).to_owned(),
            Self::Text(text) => format!("\"{text}\""),
        }
    }

    fn text(&self) -> &str {
        match self {
            Self::Variable(name) => name,
            Self::Text(text) => text,
        }
    }
}

impl Marker {
    /// Parses a marker; `None` if `text` is not one.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parser = Parser { text, at: 0, depth: 0 };
        let node = parser.marker()?;
        (parser.at == text.len()).then_some(Self(node))
    }

    /// Whether the marker is true.
    ///
    /// # Errors
    /// When a variable has no value, or a comparison is undefined.
    pub fn evaluate(&self, variables: &dyn MarkerVariables) -> Result<bool, String> {
        self.0.evaluate(variables)
    }
}

/// In the format of `packaging`: `python_version < "3" and (extra == "a" or extra == "b")`.
impl fmt::Display for Marker {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.text())
    }
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

    /// Consumes `word` if it comes next as a whole word.
    fn word(&mut self, word: &str) -> bool {
        let part_of_word = |c: char| c.is_alphanumeric() || c == '_';
        let inside = self.text[..self.at].ends_with(part_of_word)
            || self.rest().strip_prefix(word).is_none_or(|after| after.starts_with(part_of_word));
        !inside && self.take(word)
    }

    /// `and` binds tighter than `or`.
    fn marker(&mut self) -> Option<MarkerNode> {
        let mut groups = vec![vec![self.atom()?]];
        loop {
            if self.word("or") {
                groups.push(vec![self.atom()?]);
            } else if self.word("and") {
                let next = self.atom()?;
                groups.last_mut()?.push(next);
            } else {
                return Some(MarkerNode::Any(groups.into_iter().map(MarkerNode::All).collect()));
            }
        }
    }

    fn atom(&mut self) -> Option<MarkerNode> {
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

    fn comparison(&mut self) -> Option<MarkerNode> {
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

/// The value of a Python string literal, or `None` if an escape is invalid.
fn literal_text(literal: &str) -> Option<String> {
    if literal.contains('\0') {
        return None;
    }
    if !literal.contains('\\') {
        return Some(literal[1..literal.len() - 1].to_owned());
    }
    python::literal_text(literal)
}

/// Names of extras are compared in normalized form (PEP 503).
fn normalize_extra(left: Operand, operator: &'static str, right: Operand) -> MarkerNode {
    let normal = |operand: Operand| match operand {
        Operand::Text(text) => Operand::Text(normal_name(&text)),
        variable @ Operand::Variable(_) => variable,
    };
    let (left, right) = match (&left, &right) {
        (Operand::Variable("extra"), _) => (left, normal(right)),
        (_, Operand::Variable("extra")) => (normal(left), right),
        _ => (left, right),
    };
    MarkerNode::Compare { left, operator, right }
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

impl MarkerNode {
    /// Whether the marker is true. Like `packaging`, evaluates every comparison, even if an earlier one decides: an
    /// undefined comparison is an error anywhere.
    fn evaluate(&self, variables: &dyn MarkerVariables) -> Result<bool, String> {
        match self {
            Self::Any(markers) => markers.iter().try_fold(false, |any, marker| Ok(marker.evaluate(variables)? || any)),
            Self::All(markers) => markers.iter().try_fold(true, |all, marker| Ok(marker.evaluate(variables)? && all)),
            Self::Compare { left, operator, right } => {
                // If the left side is a literal, the right side is the variable, even if that is a literal, too.
                let (key, left, right) = match left {
                    Operand::Variable(name) => (*name, variables.value(name)?, right.text().to_owned()),
                    Operand::Text(text) => (right.text(), text.clone(), variables.value(right.text())?),
                };
                compare(key, &left, operator, &right)
            }
        }
    }

    /// The marker as text.
    fn text(&self) -> String {
        match self {
            // A single node in brackets does not need them.
            Self::Any(nodes) | Self::All(nodes) if nodes.len() == 1 => nodes[0].text(),
            Self::Any(nodes) => nodes.iter().map(Self::nested).collect::<Vec<_>>().join(" or "),
            Self::All(nodes) => nodes.iter().map(Self::nested).collect::<Vec<_>>().join(" and "),
            Self::Compare { left, operator, right } => format!("{} {operator} {}", left.written(), right.written()),
        }
    }

    /// As text within another node: the parser creates an `Any` only for an expression in brackets.
    fn nested(&self) -> String {
        match self {
            Self::Any(nodes) if !matches!(&nodes[..], [Self::All(all)] if all.len() == 1) => {
                format!("({})", self.text())
            }
            Self::All(nodes) => nodes.iter().map(Self::nested).collect::<Vec<_>>().join(" and "),
            other => other.text(),
        }
    }
}

/// Compares a variable's value: as versions if the variable is a version and `right` is valid, else as strings.
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
