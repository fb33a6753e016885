//! Conditions compared with Python's results, and the errors.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{Facts, PathKind, PythonFacts, System, VersionInfo, evaluate};

/// The machine of `tests/expected.txt`.
#[derive(Default)]
struct Machine {
    python_asked: AtomicUsize,
    no_python: bool,
}

impl Facts for Machine {
    fn python(&self) -> Result<Arc<PythonFacts>, String> {
        self.python_asked.fetch_add(1, Ordering::Relaxed);
        if self.no_python {
            return Err("there is no python3".into());
        }
        Ok(Arc::new(PythonFacts {
            version_info: VersionInfo { major: 3, minor: 11, micro: 2, release_level: "final".into(), serial: 0 },
            version: "3.11.2 (main, Apr 28 2025, 14:11:48) [GCC 12.2.0]".into(),
            python_version: "3.11.2".into(),
            implementation: "CPython".into(),
            implementation_name: "cpython".into(),
            implementation_version: "3.11.2".into(),
        }))
    }

    fn system(&self) -> System {
        System {
            platform: "linux".into(),
            os_name: "posix".into(),
            pointer_bits: 64,
            little_endian: true,
            system: "Linux".into(),
            release: "6.1.0-18-amd64".into(),
            version: "#1 SMP PREEMPT_DYNAMIC Debian 6.1.76-1".into(),
            machine: "x86_64".into(),
            node: "builder".into(),
        }
    }

    fn os_release(&self) -> Result<Vec<(String, String)>, String> {
        let lines = [
            ("NAME", "Debian GNU/Linux"),
            ("ID", "debian"),
            ("VERSION_ID", "12"),
            ("PRETTY_NAME", "Debian GNU/Linux 12 (bookworm)"),
        ];
        Ok(lines.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec())
    }

    fn look(&self, path: &Path) -> Option<PathKind> {
        match path.to_str()? {
            "/etc" => Some(PathKind::Directory),
            "/etc/passwd" => Some(PathKind::File),
            "/dev/null" => Some(PathKind::Other),
            _ => None,
        }
    }
}

#[test]
fn conditions_answer_as_python_does() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for line in include_str!("tests/expected.txt").lines().filter(|line| !line.starts_with('#')) {
        let (expected, expression) = line.split_once(' ').expect("a letter, a space, a condition");
        let answer = evaluate(expression, &Machine::default());
        let letter = match &answer {
            Ok(true) => "T",
            Ok(false) => "F",
            Err(_) => "E",
        };
        count += 1;
        if letter != expected {
            wrong.push(format!("{line}\n    {answer:?}"));
        }
    }
    assert!(count > 300, "the table has only {count} lines");
    assert!(wrong.is_empty(), "{} of {count} differ:\n{}", wrong.len(), wrong.join("\n"));
}

/// The error message and the text that it points at.
fn refusal(expression: &str) -> (String, &str) {
    let error = evaluate(expression, &Machine::default()).expect_err(expression);
    (error.message, &expression[error.span])
}

#[test]
fn what_is_not_offered_is_named_with_its_place() {
    for (expression, part) in [
        ("linux and open('/etc/passwd').read()", "open"),
        ("__import__('os').system('true')", "__import__"),
        ("os.access('/etc', os.R_OK)", "os.access"),
        ("os.environ", "os.environ"),
        ("sys.modules", "sys.modules"),
        ("os.system('true')", "os.system"),
        ("os.path.os", "os.path.os"),
        ("linux and (lambda: 1)()", "lambda: 1"),
        ("re.match('a', 'a')", "re"),
        ("1.5 > 1", "1.5"),
        ("f'{linux}' == 'True'", "f'{linux}'"),
        ("{1, 2}", "{1, 2}"),
        ("(y := 1)", "y := 1"),
        ("[*'ab']", "*'ab'"),
        ("().__class__", "().__class__"),
        ("'%s'.format", "'%s'.format"),
        ("len(**linux)", "**linux"),
    ] {
        let (message, blamed) = refusal(expression);
        assert_eq!(blamed, part, "{expression}: {message}");
        assert_eq!(message, format!("a condition cannot use `{part}`"));
    }
}

#[test]
fn a_marker_that_is_mixed_with_python_is_recognised() {
    let hint = |expression: &str| evaluate(expression, &Machine::default()).unwrap_err().hint.unwrap();
    assert!(hint("windows or sys_platform == 'win32'").contains("markers"));
    assert!(!hint("windows or nothing").contains("markers"));
}

#[test]
fn the_place_is_right_after_escapes_and_beyond_ascii() {
    assert_eq!(refusal(r"'\x23\x3bé' == nothing").1, "nothing");
    assert_eq!(refusal(r"'é' < 1").1, "'é' < 1");
    let (message, part) = refusal("linux and (");
    assert!(message.starts_with("the condition is not a Python expression:"), "{message}");
    assert!(part.len() <= 1, "{part}");
}

#[test]
fn what_fails_in_python_fails_with_its_words() {
    assert_eq!(
        refusal("sys.version_info < 3").0,
        "'<' not supported between instances of 'sys.version_info' and 'int'"
    );
    assert_eq!(refusal("linux and int('x')"), ("invalid literal for int() with base 10: 'x'".into(), "int('x')"));
    assert_eq!(refusal("'abc'[7]"), ("str index out of range".into(), "'abc'[7]"));
}

#[test]
fn evaluation_is_bounded() {
    let deep = |open: &str, close: &str| format!("{}1{}", open.repeat(300), close.repeat(300));
    let sums = vec!["1"; 1000].join("+");
    let wide = "[a for a in (1,2,3,4,5,6,7,8,9) for b in 'abcdefghij' for c in 'abcdefghij' for d in 'abcdefghij' \
        for e in 'abcdefghij']";
    let cases = [
        "'a' * 10 ** 9".to_owned(),
        "[0] * 10 ** 9".into(),
        "10 ** 10 ** 10".into(),
        "1 << 10 ** 9".into(),
        "2 ** 127".into(),
        "-170141183460469231731687303715884105728 - 1".into(),
        "'a'.replace('a', 'b' * 60000).replace('b', 'c' * 60000)".into(),
        "('a' * 60000).join(['b', 'c', 'd'])".into(),
        deep("(", ")"),
        deep("[", "]"),
        deep("not ", ""),
        deep("-", ""),
        deep("'a'[", "]"),
        sums,
        wide.into(),
        "1".repeat(5000),
        format!("1 if {}", "1 if ".repeat(700)),
        format!("1{}", ".a".repeat(2000)),
        format!("1{}", " if 0 else 1".repeat(300)),
        format!("2{}", "**1".repeat(1300)),
        format!("{}1", "lambda:".repeat(500)),
    ];
    // A small stack shows that the depth is limited by counting, not by luck.
    let threads = std::thread::Builder::new().stack_size(2 << 20).spawn(move || {
        for expression in cases {
            let outcome = evaluate(&expression, &Machine::default());
            assert!(outcome.is_err(), "{}", &expression[..expression.len().min(60)]);
        }
        assert_eq!(evaluate("'' * 10 ** 30 == ''", &Machine::default()), Ok(true));
    });
    threads.unwrap().join().unwrap();
}

#[test]
fn python_is_asked_only_when_an_expression_needs_it() {
    for expression in
        ["linux", "bits64", "windows and python3", "platform.machine() == 'x86_64'", "sys_platform == 'linux'"]
    {
        let machine = Machine::default();
        evaluate(expression, &machine).expect(expression);
        assert_eq!(machine.python_asked.load(Ordering::Relaxed), 0, "{expression}");
    }
    let without = Machine { no_python: true, ..Machine::default() };
    assert_eq!(evaluate("linux or python3", &without), Ok(true));
    let error = evaluate("windows or python3", &without).unwrap_err();
    assert_eq!((error.message.as_str(), error.span), ("there is no python3", 11..18));
    assert!(evaluate("python_version > '3'", &without).is_err());
}

#[test]
fn no_condition_holds() {
    assert_eq!(evaluate("", &Machine::default()), Ok(true));
}

proptest::proptest! {
    #[test]
    fn any_text_gets_an_answer(expression in r#"[-a-z0-9 .,()\[\]'"<>=!+*/%&|^~:\\x23é]{0,60}"#) {
        if let Err(error) = evaluate(&expression, &Machine::default()) {
            proptest::prop_assert!(expression.get(error.span.clone()).is_some(), "{:?}", error.span);
        }
    }
}
