//! Compares the parser with Python's: same trees, same places, same texts rejected.
//!
//! Texts are generated randomly from a small grammar, and then damaged. If `python3` is not available, nothing is
//! compared.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

use super::tree::{Expression, ExpressionNode};
use super::{literal_text, parse};

/// Prints the tree of each line of the input, or `E`.
const PYTHON: &str = r#"
import ast, sys, warnings
warnings.simplefilter("ignore")
def span(n): return f"@{n.col_offset}:{n.end_col_offset}"
def show(n):
    t = type(n).__name__
    s = span(n)
    if t == "Constant":
        v = n.value
        if v is None or isinstance(v, bool): return f"{v}{s}"
        if isinstance(v, str) and b"\\N" in text.encode()[n.col_offset:n.end_col_offset]: return "?" + s
        if isinstance(v, str) and not any(0xd800 <= ord(c) < 0xe000 for c in v): return f"text {v.encode().hex()}{s}"
        if isinstance(v, int): return (f"{v}" if v < 2**127 else "large") + s
        return "?" + s
    if t == "Name": return f"name {n.id}{s}"
    if t == "Attribute": return f"({show(n.value)}.{n.attr}){s}"
    if t == "Tuple": return f"tuple[{','.join(map(show, n.elts))}]{s}"
    if t == "List": return f"list[{','.join(map(show, n.elts))}]{s}"
    if t == "ListComp":
        c = "".join(f" for {show(g.target)} in {show(g.iter)}" + "".join(f" if {show(i)}" for i in g.ifs) for g in n.generators)
        return f"[{show(n.elt)}{c}]{s}"
    if t == "Subscript":
        if isinstance(n.slice, ast.Slice):
            b = n.slice
            return f"{show(n.value)}[{':'.join('' if x is None else show(x) for x in (b.lower, b.upper, b.step))}]{s}"
        return f"{show(n.value)}[{show(n.slice)}]{s}"
    if t == "BoolOp": return f"{type(n.op).__name__}({','.join(map(show, n.values))}){s}"
    if t == "UnaryOp": return f"{type(n.op).__name__}({show(n.operand)}){s}"
    if t == "BinOp": return f"({show(n.left)} {type(n.op).__name__} {show(n.right)}){s}"
    if t == "Compare": return f"({show(n.left)}{''.join(f' {type(o).__name__} {show(c)}' for o, c in zip(n.ops, n.comparators))}){s}"
    if t == "IfExp": return f"({show(n.body)} if {show(n.test)} else {show(n.orelse)}){s}"
    if t == "Call":
        return f"{show(n.func)}({','.join([*map(show, n.args), *(k.arg + '=' + show(k.value) if k.arg else '?' + span(k) for k in n.keywords)])}){s}"
    return "?" + s
for line in sys.stdin.buffer:
    text = bytes.fromhex(line.decode()).decode()
    try:
        tree = ast.parse(text, mode="eval")
        try:
            compile(tree, "x", "eval")
        except SyntaxError as error:
            # Scopes are not known here.
            if "assignment expression" not in error.msg and "duplicate argument" not in error.msg: raise
        if any(isinstance(node, (ast.Await, ast.Yield, ast.YieldFrom)) for node in ast.walk(tree)): raise SyntaxError
        print(show(tree.body))
    except (SyntaxError, ValueError):
        print("E")
"#;

/// The tree in the format of the script's output.
fn show(expression: &Expression) -> String {
    let Expression { node, span } = expression;
    let all = |items: &[Expression]| items.iter().map(show).collect::<Vec<_>>().join(",");
    let text = match node {
        ExpressionNode::None => "None".to_owned(),
        ExpressionNode::Boolean(true) => "True".to_owned(),
        ExpressionNode::Boolean(false) => "False".to_owned(),
        ExpressionNode::Text(text) => format!("text {}", hex(text)),
        ExpressionNode::Integer(number) => number.to_string(),
        ExpressionNode::TooLarge => "large".to_owned(),
        ExpressionNode::Name(name) => format!("name {name}"),
        ExpressionNode::Attribute(value, name) => format!("({}.{name})", show(value)),
        ExpressionNode::Tuple(items) => format!("tuple[{}]", all(items)),
        ExpressionNode::List(items) => format!("list[{}]", all(items)),
        ExpressionNode::ListComprehension(element, clauses) => {
            let mut text = format!("[{}", show(element));
            for clause in clauses {
                let _ = write!(text, " for {} in {}", show(&clause.target), show(&clause.iterable));
                clause.conditions.iter().for_each(|condition| text.push_str(&format!(" if {}", show(condition))));
            }
            text + "]"
        }
        ExpressionNode::Subscript(value, index) => format!("{}[{}]", show(value), show(index)),
        ExpressionNode::Slice(value, bounds) => {
            let bound = |bound: &Option<Box<Expression>>| bound.as_deref().map(show).unwrap_or_default();
            format!("{}[{}]", show(value), bounds.iter().map(bound).collect::<Vec<_>>().join(":"))
        }
        ExpressionNode::And(operands) => format!("And({})", all(operands)),
        ExpressionNode::Or(operands) => format!("Or({})", all(operands)),
        ExpressionNode::Not(operand) => format!("Not({})", show(operand)),
        ExpressionNode::Unary(operator, operand) => format!("{}({})", unary(operator.sign()), show(operand)),
        ExpressionNode::Binary(left, operator, right) => {
            format!("({} {} {})", show(left), binary(operator.sign()), show(right))
        }
        ExpressionNode::Compare(first, others) => {
            let other =
                |(operator, operand): &(super::Comparison, Expression)| format!(" {:?} {}", operator, show(operand));
            let others: String = others.iter().map(other).collect();
            format!("({}{})", show(first), python_comparisons(&others))
        }
        ExpressionNode::Conditional { test, body, orelse } => {
            format!("({} if {} else {})", show(body), show(test), show(orelse))
        }
        ExpressionNode::Call { function, positional, named } => {
            let named = named
                .iter()
                .map(|(name, value)| if name.is_empty() { show(value) } else { format!("{name}={}", show(value)) });
            let arguments: Vec<String> = positional.iter().map(show).chain(named).collect();
            format!("{}({})", show(function), arguments.join(","))
        }
        ExpressionNode::Starred | ExpressionNode::Assignment | ExpressionNode::Unsupported => "?".to_owned(),
    };
    format!("{text}@{}:{}", span.start, span.end)
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

fn unary(sign: &str) -> &'static str {
    match sign {
        "+" => "UAdd",
        "-" => "USub",
        _ => "Invert",
    }
}

fn binary(sign: &str) -> &'static str {
    let names = [
        ("|", "BitOr"),
        ("^", "BitXor"),
        ("&", "BitAnd"),
        ("<<", "LShift"),
        (">>", "RShift"),
        ("+", "Add"),
        ("-", "Sub"),
        ("*", "Mult"),
        ("/", "Div"),
        ("//", "FloorDiv"),
        ("%", "Mod"),
        ("@", "MatMult"),
        ("**", "Pow"),
    ];
    names.iter().find(|(known, _)| *known == sign).map_or("", |(_, name)| name)
}

/// Translates our names of comparisons to those of Python's `ast`.
fn python_comparisons(text: &str) -> String {
    let names = [
        (" NotEqual ", " NotEq "),
        (" Equal ", " Eq "),
        (" LessOrEqual ", " LtE "),
        (" Less ", " Lt "),
        (" GreaterOrEqual ", " GtE "),
        (" Greater ", " Gt "),
    ];
    names.iter().fold(text.to_owned(), |text, (ours, theirs)| text.replace(ours, theirs))
}

/// Generates texts from a small grammar, using a linear congruential generator (Knuth's MMIX).
struct Author(u64);

impl Author {
    fn choose(&mut self, among: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or_default() % among
    }

    fn one_of<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.choose(words.len())]
    }

    /// An expression of the grammar. Each `$` in a form is replaced by another expression.
    fn expression(&mut self, depth: usize) -> String {
        if depth == 0 || self.choose(4) == 0 {
            return self.one_of(&ATOMS).to_owned();
        }
        let form = self.one_of(&FORMS);
        let mut text = String::new();
        for c in form.chars() {
            if c == '$' { text.push_str(&self.expression(depth - 1)) } else { text.push(c) }
        }
        text
    }

    /// The same with some pieces removed, duplicated, or inserted.
    fn damage(&mut self, text: &str) -> String {
        let mut pieces: Vec<String> = text.split_inclusive(|c: char| !c.is_alphanumeric()).map(str::to_owned).collect();
        for _ in 0..=self.choose(2) {
            let at = self.choose(pieces.len());
            match self.choose(3) {
                0 => pieces[at].clear(),
                1 => pieces[at] = pieces[at].repeat(2),
                _ => pieces[at].push_str(self.one_of(&SPLINTERS)),
            }
        }
        pieces.concat()
    }
}

const ATOMS: [&str; 46] = [
    "a",
    "b",
    "linux",
    "sys",
    "_",
    "é",
    "None",
    "True",
    "False",
    "0",
    "00",
    "0_0",
    "1",
    "1_000",
    "0x1F",
    "0b1_0",
    "0o17",
    "170141183460469231731687303715884105727",
    "170141183460469231731687303715884105728",
    "1.5",
    ".5",
    "1.",
    "1e3",
    "1E-3_0",
    "2j",
    "'x'",
    "\"y\"",
    "'it\\'s'",
    "r'\\d'",
    "b'x'",
    "u'z'",
    "'''t'''",
    "\"\"\"t'\"\"\"",
    "'a' \"b\"",
    "'\\x41\\102\\n'",
    "'\\u00e9'",
    "'\\ud800'",
    "'\\N{DIGIT ONE}'",
    "'\\q'",
    "f'{a}'",
    "...",
    "()",
    "[]",
    "{}",
    "''",
    "'é'",
];

const FORMS: [&str; 60] = [
    "$ and $",
    "$ or $",
    "not $",
    "$ and $ or $",
    "($)",
    "($,)",
    "($, $)",
    "[$]",
    "[$, $,]",
    "$.name",
    "$ .name",
    "$($)",
    "$($, $,)",
    "$(a=$)",
    "$($, b=$)",
    "$(*$)",
    "$(**$)",
    "$(a=$, *$)",
    "$[$]",
    "$[$:$]",
    "$[:$]",
    "$[::$]",
    "$[$:]",
    "$[:, $]",
    "$[$, $]",
    "$[*$]",
    "$ + $",
    "$-$",
    "$ * $",
    "$ / $",
    "$ // $",
    "$ % $",
    "$ @ $",
    "$ ** $",
    "-$",
    "+$",
    "~$",
    "$ << $",
    "$ >> $",
    "$ & $",
    "$ | $",
    "$ ^ $",
    "$ == $",
    "$ != $ < $",
    "$ <= $ > $",
    "$ in $",
    "$ not in $",
    "$ is $",
    "$ is not $",
    "$ if $ else $",
    "[$ for a in $]",
    "[$ for a, b in $ if $ for c in $]",
    "[a for [a, (b, *c)] in $]",
    "($ for a in $)",
    "f($ for a in $)",
    "{$, $}",
    "{$: $, **$}",
    "lambda a, b=$, *c, d, **e: $",
    "(a := $)",
    "{$: $ for a in $}",
];

const SPLINTERS: [&str; 40] = [
    "(", ")", "[", "]", "{", "}", ",", ":", ".", "=", "==", "*", "**", "not ", " in ", " is ", " if ", " else ",
    " for ", " and ", "lambda ", "await ", "yield ", "async ", "'", "\"", "\\", "#", "$", "!", "<>", ":=", "->", "0",
    "_", "x", ";", " import ", "\t", "é",
];

/// Python's results for the texts; `None` if Python is not available.
fn python(texts: &[String]) -> Option<Vec<String>> {
    let mut child =
        Command::new("python3").args(["-I", "-c", PYTHON]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().ok()?;
    let mut input = child.stdin.take()?;
    let lines: String = texts.iter().map(|text| hex(text) + "\n").collect();
    let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()));
    let output = child.wait_with_output().ok()?;
    writer.join().ok()?.ok()?;
    Some(String::from_utf8(output.stdout).ok()?.lines().map(str::to_owned).collect())
}

#[test]
fn the_trees_are_pythons() {
    let mut author = Author(std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20));
    let mut texts: Vec<String> = FORMS.iter().map(|form| form.replace('$', "a")).collect();
    texts.extend(ATOMS.iter().map(|atom| (*atom).to_owned()));
    for _ in 0..4_000 {
        let text = author.expression(4);
        texts.push(author.damage(&text));
        texts.push(text);
    }
    let texts: Vec<String> = texts.into_iter().map(|text| format!("[{text}]")).collect();
    let Some(theirs) = python(&texts) else { return };
    assert_eq!(theirs.len(), texts.len(), "Python failed");
    assert!(theirs.iter().filter(|tree| *tree != "E").count() > 3_000, "most texts are rejected");
    let mut wrong = Vec::new();
    for (text, theirs) in texts.iter().zip(&theirs) {
        let ours = parse(text).map_or_else(|_| "E".to_owned(), |tree| show(&tree));
        // Contents of f-strings and names of characters are not checked by our parser, so Python may reject more.
        let has_name = text.contains("\\N");
        let is_unknown = theirs == "E" && (text.contains("f'") || has_name) || (has_name && text.contains("\\\\N"));
        if ours != *theirs && !is_unknown {
            wrong.push(format!("{text}\n  ours   {ours}\n  theirs {theirs}"));
        }
    }
    wrong.sort_by_key(String::len);
    let shown = wrong.iter().take(25).cloned().collect::<Vec<_>>().join("\n");
    assert!(wrong.is_empty(), "{} of {} differ:\n{shown}", wrong.len(), texts.len());
}

#[test]
fn a_literal_is_a_whole_text() {
    assert_eq!(literal_text(r"'a\x41\n'").as_deref(), Some("aA\n"));
    for text in ["'a' 'b'", "b'a'", "1", "'a", "f'a'", r"'\xg'"] {
        assert_eq!(literal_text(text), None, "{text}");
    }
}
