//! Indexes that lie, redirect, or have no end: each error names the page or the file, nothing is installed, and the next
//! run with a valid answer works.

use base::digest::Digest;
use test_support::http::{ScriptedAnswer, Server};

use super::IndexedBuildout;
use crate::index::{ModuleWheel, page};

const PAGE: &str = "/simple/evil/";
const FILE: &str = "/files/evil-1.0-py3-none-any.whl";

/// A link to the file of `evil` with attributes.
fn link(digest: &str, attributes: &str) -> String {
    format!("<a href=\"{FILE}#sha256={digest}\" {attributes}>evil-1.0-py3-none-any.whl</a>\n")
}

fn evil() -> ModuleWheel {
    ModuleWheel::new("evil", "1.0")
}

#[test]
fn a_file_unlike_its_digest_is_refused() {
    let buildout = IndexedBuildout::of_good_and_evil();
    let claimed = "0".repeat(64);
    buildout.index.add(&evil());
    buildout.index.answer_instead(PAGE, page(&link(&claimed, "")));
    buildout.refuses("wrong digest", &[FILE, &claimed, &evil().digest()]);
    // The digest is right, and the file is another one.
    buildout.index.add(&evil());
    let other = evil().module("import os\n").bytes();
    buildout.index.answer_instead(FILE, ScriptedAnswer::ok(other.clone()));
    buildout.refuses("other file", &[FILE, &evil().digest(), &Digest::of(&other).to_string()]);
    buildout.index.add(&evil());
    buildout.index.answer_instead(FILE, ScriptedAnswer::status("404 Not Found"));
    buildout.refuses("missing file", &[FILE, "404"]);
}

#[test]
fn an_index_of_pips_settings_is_named_by_them() {
    let buildout = IndexedBuildout::of_good_and_evil();
    buildout
        .space
        .write("buildout.cfg", "[buildout]\nparts = app\n\n[app]\nrecipe = zc.recipe.egg:eggs\neggs = evil\n");
    buildout.index.answer_instead(PAGE, ScriptedAnswer::status("403 Forbidden"));
    let (printed, code) =
        buildout.space.shell(&format!("PIP_INDEX_URL={} buildout-host run 2>&1", buildout.index.url()));
    assert_eq!(code, 1, "{printed}");
    assert!(printed.contains("This index is set by PIP_INDEX_URL. `index` in [buildout] would"), "{printed}");
}

#[test]
fn metadata_unlike_the_wheel_are_refused() {
    let buildout = IndexedBuildout::of_good_and_evil();
    let wheel = evil().requires("idna");
    let shown = format!("{FILE}.metadata");
    let serve = |attributes: &str, metadata: &str| {
        buildout.index.add(&wheel);
        buildout.index.answer_instead(PAGE, page(&link(&wheel.digest(), attributes)));
        buildout.index.answer_instead(&shown, ScriptedAnswer::ok(metadata));
    };
    let metadata = "Metadata-Version: 2.1\nName: evil\nVersion: 1.0\n";
    serve("data-core-metadata=\"true\"", metadata);
    buildout.refuses("hidden requirement", &["evil-1.0-py3-none-any.whl", "requires idna"]);
    serve("data-core-metadata=\"true\"", "Metadata-Version: 2.1\nName: other\nVersion: 1.0\n");
    buildout.refuses("other name", &["evil-1.0-py3-none-any.whl", "they say that it is other 1.0"]);
    serve(&format!("data-core-metadata=\"sha256={}\"", "0".repeat(64)), metadata);
    buildout.refuses("wrong digest", &[&shown, &"0".repeat(64), &Digest::of(metadata.as_bytes()).to_string()]);
    serve("data-core-metadata=\"true\"", "no metadata at all");
    buildout.refuses("no metadata", &["evil-1.0-py3-none-any.whl"]);
}

#[test]
fn credentials_stay_with_their_host() {
    let buildout = IndexedBuildout::of_good_and_evil();
    let bytes = evil().bytes();
    let other = Server::start_on("127.0.0.2", move |request| match request.header("authorization") {
        Some(_) => ScriptedAnswer::ok(bytes.clone()),
        None => ScriptedAnswer::status("401 Unauthorized"),
    });
    let index = buildout.index.url().replace("http://", "http://me:precious@");
    let configuration = buildout.space.read("buildout.cfg").replace(&buildout.index.url(), &index);
    buildout.space.write("buildout.cfg", &configuration);
    let file = other.url(FILE);
    let page_there = other.url(PAGE);
    buildout.index.add(&evil());
    buildout.index.answer_instead(FILE, ScriptedAnswer::redirect(&file));
    let first = buildout.refuses("file", &[FILE, "401"]);
    buildout.index.answer_instead(PAGE, ScriptedAnswer::redirect(&page_there));
    let second = buildout.refuses("page", &["/simple/evil/", "redirects to another host without TLS"]);
    buildout.index.answer_instead(PAGE, page(&format!("<a href=\"{file}#sha256={}\">x</a>", evil().digest())));
    let third = buildout.refuses("link", &[FILE, "401"]);
    for printed in [first, second, third] {
        assert!(!printed.contains("precious"), "{printed}");
    }
    assert!(other.requests().len() >= 3);
    for request in other.requests() {
        assert!(request.header("authorization").is_none(), "{request:?}");
    }
}

#[test]
fn redirects_leave_neither_http_nor_the_allowed_hosts() {
    let buildout = IndexedBuildout::of_good_and_evil();
    buildout.space.write("secret.whl", "secret");
    let local = format!("file://{}", buildout.space.path("secret.whl").display());
    for path in [PAGE, FILE] {
        buildout.index.add(&evil());
        buildout.index.answer_instead(path, ScriptedAnswer::redirect(&local));
        buildout.refuses("file: URL", &[path, "redirect"]);
        buildout.index.add(&evil());
        buildout.index.answer_instead(path, ScriptedAnswer::redirect(path));
        buildout.refuses("circle", &[path, "redirect"]);
    }
    // A page cannot name a file of this machine.
    buildout.index.answer_instead(PAGE, page(&format!("<a href=\"{local}\">evil-1.0-py3-none-any.whl</a>")));
    buildout.refuses("link to a file", &["evil"]);
    let (wheel, text) = (evil().bytes(), link(&evil().digest(), ""));
    let other = Server::start_on("127.0.0.2", move |request| match request.path.as_str() {
        FILE => ScriptedAnswer::ok(wheel.clone()),
        _ => page(&text),
    });
    let configuration = buildout.space.read("buildout.cfg");
    buildout
        .space
        .write("buildout.cfg", &configuration.replacen("[buildout]\n", "[buildout]\nallow-hosts = 127.0.0.1:*\n", 1));
    for path in [PAGE, FILE] {
        buildout.index.add(&evil());
        buildout.index.answer_instead(path, ScriptedAnswer::redirect(&other.url(path)));
        buildout.refuses("other host", &[path]);
    }
    assert!(other.requests().is_empty(), "{:?}", other.requests());
}

#[test]
fn pages_without_end_or_sense_are_refused() {
    let buildout = IndexedBuildout::of_good_and_evil();
    let html = |text: String| ScriptedAnswer::ok(text).header("Content-Type", "text/html");
    let json = |text: &str| ScriptedAnswer::ok(text).header("Content-Type", "application/vnd.pypi.simple.v1+json");
    for (answer, text) in [
        (page(&"<a href=evil-1-py3-none-any.whl>".repeat(1_000_000)), "more than 100000 links"),
        (html("x".repeat(1 << 20)).endless(), "larger than"),
        (html("<a ".repeat(1_000_000)), "Couldn't find a distribution for 'evil'"),
        (html("Sign in".to_owned()), "Couldn't find a distribution for 'evil'"),
        (json("{"), "it is not a listing of files"),
        (json("{\"meta\": {\"api-version\": \"2.0\"}}"), "its API has version \"2.0\""),
        (json(&"[".repeat(1_000_000)), "it is not a listing of files"),
        (ScriptedAnswer::ok("PK").header("Content-Type", "application/zip"), "application/zip"),
        (ScriptedAnswer::status("500 Internal Server Error").kept_alive(), "500"),
    ] {
        // A server that says that its answer stays valid.
        buildout.index.answer_instead(PAGE, answer.header("Cache-Control", "max-age=600"));
        buildout.refuses(text, &["evil", text]);
    }
}

#[test]
fn what_an_index_says_of_a_file_is_shown() {
    let buildout = IndexedBuildout::of_good_and_evil();
    buildout.index.add(&evil());
    buildout.index.answer_instead(PAGE, page(&link(&evil().digest(), "data-requires-python=\">=9\"")));
    buildout.refuses("another Python", &["evil-1.0-py3-none-any.whl", "it requires Python >=9"]);
}

#[test]
fn scripts_stay_in_their_directory() {
    let buildout = IndexedBuildout::of_good_and_evil();
    let configuration = buildout.space.read("buildout.cfg");
    buildout.space.write("buildout.cfg", &format!("{configuration}dependent-scripts = true\n"));
    for name in ["../outside", "a/b", ".."] {
        buildout.index.add(&evil().script(&format!("{name} = evil:main")));
        let (printed, succeeded) = buildout.try_run(&[]);
        assert!(!succeeded && printed.contains(name) && printed.contains("evil"), "{name}: {printed}");
        assert_eq!(buildout.shell("ls -A bin"), "", "{name}");
        assert!(!buildout.space.exists("outside"), "{name}");
        buildout.shell("rm -r eggs");
    }
    buildout.index.add(&evil().script("fine = evil:main").module("def main():\n    print('fine')\n"));
    buildout.run(&[]);
    assert_eq!(buildout.shell("bin/fine"), "fine\n");
}
