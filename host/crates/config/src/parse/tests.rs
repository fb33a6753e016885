//! Results of parsing.

use proptest::prelude::*;

use super::{decode, parse, print};
use crate::{ConfigError, Location};
use base::source::{Explain, Source};

fn read(text: &str) -> Result<super::ParsedFile, ConfigError> {
    let mut condition = |expression: &str| Ok(expression.trim() != "False");
    parse(&Source::new("x.cfg", text), &mut condition)
}

/// `section:option=value` for each option, values in Rust's notation.
fn shown(text: &str) -> String {
    let parsed = read(text).unwrap_or_else(|error| panic!("{text:?}: {error} {:?}", error.place()));
    let sections = parsed.sections.iter().flat_map(|(section, options)| {
        let option = move |(name, value): (&std::sync::Arc<str>, &std::sync::Arc<crate::OptionValue>)| {
            format!("{section}:{name}={:?}", value.raw)
        };
        options.options.iter().map(option)
    });
    sections.collect::<Vec<_>>().join(" ")
}

fn t(text: &str, expected: &str) {
    assert_eq!(shown(text), expected, "{text:?}");
}

#[test]
fn options_and_their_values() {
    t("[a]\nx = 1\ny=2\nz =\n", r#"a:x="1" a:y="2" a:z="""#);
    t("[a]\nx = 1 # no comment ; neither\n", r#"a:x="1 # no comment ; neither""#);
    t("[a]\nx = a = b\nx.y-z_1 = ${b:c}\n", r#"a:x="a = b" a:x.y-z_1="${b:c}""#);
    t("[a]\nx = 1\n# comment\n; comment\n y\n", r#"a:x="1\ny""#);
    t("[a]\nx = %(b)s %\n", r#"a:x="%(b)s %""#);
    t("\n\n[a]\n\nx = 1", r#"a:x="1""#);
    t("[a]\nX = 1\nx = 2\n", r#"a:X="1" a:x="2""#);
}

#[test]
fn values_of_several_lines() {
    t("[a]\nx = 1\n  2\n\n    3\n", r#"a:x="1\n2\n3""#);
    t("[a]\nx =\n  1\n    2\n\n  3\n\n", r#"a:x="1\n  2\n\n3""#);
    t("[a]\nx =\n\n\n  1\n# c\n  2  \n", r#"a:x="1\n2""#);
    t("[a]\nx =\n\t1\n        2\n", r#"a:x="\t1\n        2""#);
    t("[a]\nx =\n  1\n[b]\ny = 2\n", r#"a:x="1" b:y="2""#);
}

#[test]
fn increments_within_one_text() {
    t("[a]\nx += 1\nx += 2\n", r#"a:x +="1\n2""#);
    t("[a]\nx +=\n  1\n\nx += 2\n", r#"a:x +="  1\n2""#);
    t("[a]\nx += 1\nx = 2\n", r#"a:x="2""#);
    t("[a]\nx = 2\nx += 1\nx -= 3\n", r#"a:x="2" a:x +="1" a:x -="3""#);
    t("[a]\nx+=1\nx   -= 2\n", r#"a:x+="1" a:x   -="2""#);
    t("[a]\nx += 1\nx +=\n  2\n", r#"a:x +="1\n  2""#);
    t("[a]\nx-y = 1\nx+y += 1\n", r#"a:x-y="1" a:x+y +="1""#);
}

#[test]
fn headers_and_conditions() {
    t("[a] # comment\nx = 1\n[ b ];c\ny = 2\n[a]\nz = 3\n", r#"a:x="1" a:z="3" b:y="2""#);
    t("[a:False]\nx = 1\n  2\n[b: True ] # c\ny = 1\n", r#"b:y="1""#);
    t("[b]\ny = 1\n[a:False]\n 3\nx = 1\n[b]\nz = 2\n", r#"b:y="1" b:z="2""#);
    t("[a:x[0] in [1]]\nx = 1\n[b:]\ny = 1\n", r#"a:x="1" b:y="1""#);
    t("[a]\n<= b\n=> c d\nx = 1\n", r#"a:<="b" a:<part-dependencies>="c d" a:x="1""#);
}

#[test]
fn what_1_0_allowed_and_zc_buildout_6_does_not() {
    t("[a]\nx: 1\ny:\n  2\nFile 1 = 3\nz y: 4 = 5\n", r#"a:x="1" a:y="2" a:File 1="3" a:z y="4 = 5""#);
}

#[test]
fn classic_texts() {
    t(
        "[DEFAULT]\nb = var\n[debug x]\nFile 1: %(b)s ; comment\nrem x = 1\nREM\ny = \"\"\nz = a;b\n  c\n\n  d\n",
        r#"DEFAULT:b="var" debug x:File 1="%(b)s" debug x:y="" debug x:z="a;b\nc\nd""#,
    );
    let classic = |text: &str, expected: bool| assert_eq!(read(text).unwrap().classic, expected, "{text:?}");
    classic("[a]\nx = 1\n[DEFAULT]\n", true);
    classic("[buildout]\ninterpolation = classic\n", true);
    classic("[buildout]\ninterpolation = other\n", false);
    classic("[a]\ninterpolation = classic\nx =\n  [DEFAULT]\n", false);
}

#[test]
fn lines_that_are_not_understood() {
    let t = |text: &str, place: &str, snippet: &str, hint: &str| {
        let error = read(text).expect_err(text);
        assert_eq!(error.place().unwrap().to_string(), place, "{text:?}");
        assert_eq!(error.place().unwrap().snippet(), snippet, "{text:?}");
        assert!(error.hints().join(" ").contains(hint), "{text:?}: {:?}", error.hints());
    };
    t("x = 1\n", "x.cfg:1:1", "x = 1\n^^^^^", "[buildout]");
    t("\n  x = 1\n", "x.cfg:2:1", "  x = 1\n^^^^^^^", "[buildout]");
    t("[a]\nx = 1\nfoo\n", "x.cfg:3:1", "foo\n^^^", "Indent");
    t("[a]\nparts =\nhttp://x/y\n", "x.cfg:3:1", "http://x/y\n^^^^^^^^^^", "Indent");
    t("[a b]\n[c]\n[d\n", "x.cfg:1:1", "[a b]\n^^^^^", "");
    t("[a]\n[d\n", "x.cfg:2:1", "[d\n^^", "header");
    t("[a]\n  x = 1\n", "x.cfg:2:1", "  x = 1\n^^^^^^^", "indented");
    t("[a]\n${x} = 1\n", "x.cfg:2:1", "${x} = 1\n^^^^^^^^", "brace");
    let both = read("[a]\nfoo\nbar\n").unwrap_err();
    assert_eq!(both.troubles.len(), 2);
    assert!(both.hints().join(" ").contains("x.cfg:3:1: "), "{both}");
}

#[test]
fn bytes_that_are_no_text() {
    let t = |bytes: &[u8], place: &str, message: &str| {
        let error = decode(&Location::Path("/b/x.cfg".into()), bytes.to_vec()).expect_err(message);
        assert_eq!((error.place().unwrap().to_string(), error.to_string()), (place.into(), message.into()));
    };
    t(b"[a]\nx = \xff1\n", "/b/x.cfg:2:5", "The text is not UTF-8");
    t(b"[a]\nx\0 = 1\n", "/b/x.cfg:2:2", "The text contains a NUL byte");
    let decoded = decode(&Location::Path("/b/x.cfg".into()), b"\xef\xbb\xbf[a]\r\nx = 1\ry = 2\r\n".to_vec());
    assert_eq!(decoded.unwrap().text, "[a]\nx = 1\ny = 2\n");
    let huge = vec![b'#'; super::MAX_LENGTH + 1];
    let error = decode(&Location::Path("/b/x.cfg".into()), huge).expect_err("too large");
    assert_eq!(error.to_string(), "/b/x.cfg is larger than 64 MiB");
}

#[test]
fn pieces_tell_which_assignment_wrote_a_line() {
    let parsed = read("[a]\nx +=\n\n  1\n  2\n\ny = 0\nx += 3\n").unwrap();
    let value = &parsed.sections["a"].options["x +"];
    assert_eq!(&*value.raw, "  1\n  2\n3");
    let line = |offset: usize| value.origin_at(offset).place().unwrap().line();
    assert_eq!((line(0), line(5), line(8)), (2, 2, 8));
    assert_eq!(value.history.len(), 2);
    assert_eq!(&*value.history[1].value, "3");
}

#[test]
fn work_grows_with_the_length_alone() {
    // So long that a parser with backtracking would not finish: 10^12 steps for each text.
    for line in ["x += a\n", "x = a\n", "[", "  \n", "\t x\n", "x =\n", "[a:", "=", "x +=\n  b\n"] {
        let text = format!("[a]\n{}", line.repeat(1_000_000));
        let _ = read(&text);
    }
    let many: String = (0..500_000).map(|number| format!("x{number} += a\n")).collect();
    let voided: String = (0..500_000).map(|number| format!("x{number} = a\n")).collect();
    assert_eq!(read(&format!("[a]\n{many}{voided}")).unwrap().sections["a"].options.len(), 500_000);
}

fn line() -> impl Strategy<Value = String> {
    let fixed = vec![
        "[a]",
        "[b]",
        "[a:False]",
        "[b] ; c",
        "x = 1",
        "x =",
        "x += 1",
        "x +=",
        "x -= 2",
        "y: 3",
        "z z = 4",
        "  1",
        "    2",
        "\t3",
        "",
        "   ",
        "# c",
        "; c",
        "<= b",
        "=> c",
        "x = ${a:b}",
        "ü = é",
        " ] [",
        "\u{1c}x",
        "\u{a0}y",
        "x = \u{85}1",
    ];
    prop_oneof![9 => prop::sample::select(fixed).prop_map(str::to_owned), 1 => "[ -~]{0,12}"]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn what_is_printed_reads_back(lines in prop::collection::vec(line(), 0..12)) {
        let text = format!("[a]\n{}", lines.join("\n"));
        if let Ok(parsed) = read(&text) && !parsed.classic {
            let printed = print(&parsed.sections);
            let again = read(&printed).map_err(|error| TestCaseError::fail(format!("{printed:?}: {error}")))?;
            let raw = |parsed: &super::ParsedFile| -> Vec<(String, Vec<(String, String)>)> {
                let options = |section: &crate::Section| {
                    let options = section.options.iter().map(|(name, value)| (name.to_string(), super::text::strip_end(&value.raw).to_owned()));
                    options.collect::<Vec<_>>()
                };
                parsed.sections.iter().map(|(name, section)| (name.clone(), options(section))).collect()
            };
            prop_assert_eq!(raw(&parsed), raw(&again), "{:?} {:?}", text, printed);
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,200}", bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&text);
        if let Ok(source) = decode(&Location::Path("/x".into()), bytes) {
            let _ = parse(&source, &mut |_| Ok(true));
        }
    }
}
