//! The language server with a real client, Neovim; and with a client that breaks every rule.

use std::io::Write as _;
use std::process::Stdio;

use test_support::{Space, printed, repository};

const MAIN: &str = "\
[buildout]
extends = zlib.cfg
parts = curl
[curl]
recipe = cmmi
url = curl.tar.gz
environment = CPPFLAGS=-I${zlb:location}/include
";

const OTHER: &str = "[zlib]\nrecipe = cmmi\nurl = zlib.tar.gz\n";

#[test]
fn neovim_shows_mistakes_jumps_completes_and_renames() {
    let space = Space::new();
    space.write("buildout.cfg", MAIN);
    space.write("zlib.cfg", OTHER);
    let script = repository().join("tests/black_box/editor/client.lua");
    let run = space
        .command("nvim")
        .args(["--headless", "-u", "NONE", "-i", "NONE", "-n", "-c"])
        .arg(format!("luafile {}", script.display()))
        .output()
        .expect("these tests need Neovim: install neovim");
    assert!(space.exists("answers.txt"), "{}", printed(&run));
    let answers = space.read("answers.txt");
    assert!(run.status.success(), "{answers}{}", printed(&run));
    for expected in [
        "diagnostic: 7:28 The referenced section, 'zlb', was not defined. Did you mean `zlib`?",
        "corrected: 0",
        "definition: zlib.cfg:1",
        "completion: configure-options *words*  Arguments of the configure command.",
        "hover: **[zlib]**, made by the recipe `cmmi`  zlib.cfg:1  Builds and installs software",
        "hover: **zlib:location**  not set here  *path*  The part's location",
        "references: 1",
        "renamed: environment = CPPFLAGS=-I${libz:location}/include",
        "renamed: [libz]",
        "formatted: configure-options = --disable-static",
        "symbols: buildout ,curl cmmi",
        "link: zlib.cfg",
        "stopped: yes",
    ] {
        assert!(answers.contains(expected), "{expected}\n{answers}");
    }
}

#[test]
fn a_client_that_breaks_off_is_reported() {
    let space = Space::new();
    let mut server = space
        .command(test_support::host())
        .arg("language-server")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the server starts");
    server.stdin.take().expect("a pipe").write_all(b"Content-Length: 2\r\n\r\n{}").expect("it reads");
    let ended = server.wait_with_output().expect("it ends");
    assert_eq!(ended.status.code(), Some(1), "{}", printed(&ended));
    assert!(printed(&ended).contains("Error: The connection to the editor failed"), "{}", printed(&ended));
}
