//! What the last lines of a failed build mean, for causes that many old distributions share.

use std::path::PathBuf;

/// Modules that only Python 2 has.
const MODULES_OF_PYTHON_2: [&str; 17] = [
    "ConfigParser",
    "Queue",
    "StringIO",
    "Tkinter",
    "UserDict",
    "__builtin__",
    "cPickle",
    "cStringIO",
    "commands",
    "cookielib",
    "exceptions",
    "httplib",
    "md5",
    "sets",
    "urllib2",
    "urlparse",
    "xmlrpclib",
];

/// Names that only Python 2 has.
const NAMES_OF_PYTHON_2: [&str; 8] =
    ["basestring", "execfile", "file", "long", "raw_input", "reduce", "unicode", "xrange"];

/// What Python 3 says about source text of Python 2.
const SYNTAX_OF_PYTHON_2: [&str; 7] = [
    "Missing parentheses in call to 'print'",
    "Missing parentheses in call to 'exec'",
    "multiple exception types must be parenthesized",
    "leading zeros in decimal integer literals are not permitted",
    "invalid decimal literal",
    "inconsistent use of tabs and spaces",
    "use_2to3 is invalid",
];

const PYTHON_2: &str = "It was written for Python 2. A newer version may support Python 3; [versions] can select one.";

/// Hints for a build that ended with these lines.
pub(super) fn hints(last: &[String]) -> Vec<String> {
    let at_syntax = last.iter().rposition(|line| line.contains("SyntaxError: invalid syntax"));
    // The line of the source text, and the mark below it.
    let source = at_syntax.map(|at| &last[at.saturating_sub(2)..at]).unwrap_or_default();
    if source.iter().any(|line| is_source_of_python_2(line)) {
        return vec![PYTHON_2.to_owned()];
    }
    let found = last.iter().rev().find_map(|line| hint(line));
    found.into_iter().chain(hidden_path(last)).collect()
}

/// A path that a build did not find, although it exists.
fn hidden_path(last: &[String]) -> Option<String> {
    let missing = |line: &String| {
        let line = line.trim();
        let (before, after) = MISSING.iter().find_map(|text| line.split_once(text))?;
        let quoted = |text: &str, quote: char| text.split(quote).nth(1).map(str::to_owned);
        // Python names the path after the message, other programs before it.
        let python = quoted(after, '\'').or_else(|| quoted(after, '"'));
        let path = python.or_else(|| {
            before.trim_end_matches(':').rsplit([' ', '\'', '"']).find(|word| !word.is_empty()).map(str::to_owned)
        })?;
        let path = PathBuf::from(path.trim_end_matches(':'));
        (path.is_absolute() && path.exists()).then_some(path)
    };
    let path = last.iter().rev().find_map(missing)?;
    Some(format!(
        "{} exists, but builds are confined: they see only the project, the Python, what they require, and the programs and \
         libraries of the system.",
        path.display(),
    ))
}

/// How programs say that there is no file.
const MISSING: [&str; 2] = ["No such file or directory", "Permission denied"];

fn hint(line: &str) -> Option<String> {
    if is_python_2(line) {
        return Some(PYTHON_2.to_owned());
    }
    if let Some(header) = missing_header(line) {
        return Some(format!(
            "It needs {header}: install the system package that contains it, or build the library in a part, and list its \
             directories with zc.recipe.egg:custom."
        ));
    }
    if let Some(module) = missing_module(line) {
        return Some(match module {
            "pkg_resources" => "It needs pkg_resources, which new versions of setuptools do not have: use a newer version that does \
                                not need it, or put a pyproject.toml with requires = [\"setuptools<81\"] next to its setup.py."
                .to_owned(),
            module => format!(
                "Its setup.py imports {module} without declaring it. A newer version may have a pyproject.toml with the \
                 requirements of its build."
            ),
        });
    }
    let lacks_compiler = line.contains("No such file or directory")
        && ["gcc", "'cc'", "g++", "'c++'"].iter().any(|compiler| line.contains(compiler));
    lacks_compiler.then(|| "It has an extension module, and no C compiler is installed: install gcc.".to_owned())
}

/// Attributes and functions that only Python 2 has.
const ATTRIBUTES_OF_PYTHON_2: [&str; 18] = [
    "func_code",
    "func_globals",
    "func_name",
    "getcwdu",
    "has_key",
    "ifilter",
    "imap",
    "iteritems",
    "iterkeys",
    "itervalues",
    "izip",
    "maketrans",
    "maxint",
    "run_2to3",
    "setdefaultencoding",
    "urlencode",
    "urlopen",
    "urlretrieve",
];

/// Whether a line of source text at which Python found invalid syntax is right in Python 2.
fn is_source_of_python_2(line: &str) -> bool {
    let line = line.trim_start();
    let word = |name: &str| line.strip_prefix(name).filter(|rest| rest.starts_with([' ', '\t'])).map(str::trim_start);
    let is_call = |rest: &str| rest.starts_with('(');
    ["print", "exec"].iter().any(|name| word(name).is_some_and(|rest| !is_call(rest)))
        || word("raise").is_some_and(|rest| rest.split(['(', '#']).next().is_some_and(|class| class.contains(',')))
        || line.contains(" <> ")
        || line.matches('`').count() >= 2
        || ["ur'", "ur\""].iter().any(|prefix| line.contains(prefix))
}

fn is_python_2(line: &str) -> bool {
    let quoted = |prefix: &str, names: &[&str]| {
        let name = line.split_once(prefix).and_then(|(_, rest)| rest.split('\'').next());
        name.is_some_and(|name| names.contains(&name))
    };
    SYNTAX_OF_PYTHON_2.iter().any(|message| line.contains(message))
        || ["has no attribute '", "cannot import name '"].iter().any(|text| quoted(text, &ATTRIBUTES_OF_PYTHON_2))
        || quoted("No module named '", &MODULES_OF_PYTHON_2)
        || line.starts_with("NameError") && quoted("name '", &NAMES_OF_PYTHON_2)
}

/// The header in `FILE:LINE:COLUMN: fatal error: HEADER: No such file or directory`.
fn missing_header(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once("fatal error: ")?;
    rest.strip_suffix(": No such file or directory").filter(|header| header.ends_with(".h"))
}

fn missing_module(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once("ModuleNotFoundError: No module named '")?;
    rest.split('\'').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_builds_do_not_see_are_named() {
        let space = tempfile::tempdir().unwrap();
        let file = space.path().join("file");
        std::fs::write(&file, "").unwrap();
        let t = |line: String| hints(&[line]).pop().unwrap_or_default();
        let file = file.display();
        for line in [
            format!("FileNotFoundError: [Errno 2] No such file or directory: '{file}'"),
            format!("PermissionError: [Errno 13] Permission denied: \"{file}\""),
            format!("cat: {file}: No such file or directory"),
        ] {
            assert!(t(line.clone()).starts_with(&format!("{file} exists, but builds are confined")), "{line}");
        }
        for line in
            ["No such file or directory: '/not/there'", "No such file or directory: 'x'", "No such file or directory"]
        {
            assert_eq!(t(line.to_owned()), "", "{line}");
        }
    }

    #[test]
    fn usual_causes_are_named() {
        let t = |line: &str| hints(&["Traceback".to_owned(), line.to_owned()]).pop().unwrap_or_default();
        for line in [
            "SyntaxError: Missing parentheses in call to 'print'. Did you mean print(...)?",
            "SyntaxError: multiple exception types must be parenthesized",
            "ModuleNotFoundError: No module named 'ConfigParser'",
            "NameError: name 'unicode' is not defined",
            "error in x setup command: use_2to3 is invalid.",
            "AttributeError: 'dict' object has no attribute 'has_key'",
            "AttributeError: module 'distutils.util' has no attribute 'run_2to3'",
        ] {
            assert!(t(line).contains("Python 2"), "{line}");
        }
        let syntax = |line: &str| {
            hints(&[format!("    {line}"), "    ^^^".to_owned(), "SyntaxError: invalid syntax".to_owned()]).len()
        };
        for line in
            ["raise ValueError, \"x\"", "if a <> b:", "x = `y`", "print \"x\" % y", "exec code in scope", "u = ur'x'"]
        {
            assert_eq!(syntax(line), 1, "{line}");
        }
        for line in ["raise ValueError('a, b')", "print(x)", "x = = y"] {
            assert_eq!(syntax(line), 0, "{line}");
        }
        assert!(t("AttributeError: 'dict' object has no attribute 'iteritems'").contains("Python 2"));
        assert!(t("ImportError: cannot import name 'izip' from 'itertools'").contains("Python 2"));
        assert!(t("ModuleNotFoundError: No module named 'numpy'").contains("imports numpy"));
        assert!(t("ModuleNotFoundError: No module named 'pkg_resources'").contains("setuptools"));
        assert!(t("lib.c:3:10: fatal error: expat.h: No such file or directory").contains("expat.h"));
        assert!(t("error: command 'gcc' failed: No such file or directory").contains("compiler"));
        for line in ["NameError: name 'x' is not defined", "KeyError: 'x'", "gcc: error", ""] {
            assert_eq!(t(line), "", "{line}");
        }
    }
}
