//! The contents of scripts. They are part of the contract: each byte is that of zc.buildout 6.0.1 (Zope Public License
//! 2.1); the text of the interpreter comes from its `easy_install.py`.

use std::path::Path;

use super::paths::{absolute, depth};
use super::python::repr;
use crate::entry_points::EntryPoint;
use crate::python::Python;

/// The code of an interpreter after the path is set.
const INTERPRETER: &str = include_str!("interpreter.py");

/// The longest first line that Linux accepts, in bytes.
const LONGEST_FIRST_LINE: usize = 127;

/// The location and path of a script: the parts that all scripts have in common.
pub(super) struct ScriptPlace {
    first_line: String,
    /// Python source of the path's entries.
    path: String,
    setup: String,
}

impl ScriptPlace {
    /// For the script at `script`; its path is relative if it is below `relative_to`.
    pub(super) fn new(python: &Python, script: &Path, path: &[String], relative_to: Option<&Path>) -> Self {
        let script = absolute(script);
        let relative = relative_to.and_then(|outer| Some((outer, depth(outer, &script)?)));
        let entries: Vec<String> = match relative {
            Some((outer, _)) => path.iter().map(|entry| relative_to_base(entry, outer)).collect(),
            None => path.iter().map(|entry| repr(entry)).collect(),
        };
        let setup = relative.map_or_else(String::new, |(_, depth)| format!("{SETUP}{}", UP.repeat(depth)));
        Self { first_line: first_line(&python.executable.to_string_lossy()), path: entries.join(",\n  "), setup }
    }
}

const SETUP: &str =
    "\nimport os\n\njoin = os.path.join\nbase = os.path.dirname(os.path.abspath(os.path.realpath(__file__)))\n";

const UP: &str = "base = os.path.dirname(base)\n";

/// zc.buildout writes first lines that Linux rejects: a path with whitespace, or a long one. Here, a shell starts the
/// Python in that case; to Python, the shell's line is a string.
fn first_line(executable: &str) -> String {
    let line = format!("#!{executable}");
    if line.len() <= LONGEST_FIRST_LINE && !executable.contains(char::is_whitespace) {
        return line;
    }
    let quoted = executable.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "\\$").replace('`', "\\`");
    format!("#!/bin/sh\n'''exec' \"{quoted}\" \"$0\" \"$@\"\n' '''")
}

/// An entry as `join(base, …)`, if it is below the directory.
fn relative_to_base(entry: &str, outer: &Path) -> String {
    match Path::new(entry).strip_prefix(outer) {
        Ok(rest) if rest.as_os_str().is_empty() => "base".to_owned(),
        Ok(rest) => format!("join(base, {})", repr(&rest.to_string_lossy())),
        Err(_) => repr(entry),
    }
}

/// The code that runs before, with a line end on both sides.
fn framed(initialization: &str) -> String {
    if initialization.is_empty() { String::new() } else { format!("\n{initialization}\n") }
}

/// The statement that sets the path. Without entries, zc.buildout writes invalid Python.
fn set_path(path: &str) -> String {
    if path.is_empty() { "sys.path[0:0] = [\n  ]".to_owned() } else { format!("sys.path[0:0] = [\n  {path},\n  ]") }
}

/// A script that calls an entry point.
pub(super) fn entry_point(
    place: &ScriptPlace,
    entry_point: &EntryPoint,
    arguments: &str,
    initialization: &str,
) -> String {
    let EntryPoint { module, attributes, .. } = entry_point;
    let ScriptPlace { first_line, path, setup } = place;
    let (path, initialization) = (set_path(path), framed(initialization));
    format!(
        "{first_line}\n{setup}\nimport sys\n{path}\n{initialization}\nimport {module}\n\nif __name__ == '__main__':\n    \
         sys.exit({module}.{attributes}({arguments}))\n"
    )
}

/// An old script of distutils with the path set before its first import; `None` if it is not a Python script.
pub(super) fn old_script(place: &ScriptPlace, text: &str, initialization: &str) -> Option<String> {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let (first, lines) = lines.split_first()?;
    if !first.contains("#!") && first.contains("python") {
        return None;
    }
    let imports =
        |line: &&str| (line.starts_with("import") || line.starts_with("from")) && !line.contains("__future__");
    let is_first = |line: &&str| line.contains("import") && imports(line);
    let split = lines.iter().position(is_first).unwrap_or(lines.len());
    let (before, after) = (lines[..split].concat(), lines[split..].concat());
    let ScriptPlace { first_line, path, setup } = place;
    let (path, initialization) = (set_path(path), framed(initialization));
    Some(format!("{first_line}\n{before}\n{setup}\nimport sys\n{path}\n{initialization}\n\n{after}"))
}

/// An interpreter.
pub(super) fn interpreter(place: &ScriptPlace, initialization: &str) -> String {
    let ScriptPlace { first_line, path, setup } = place;
    let comma = if path.is_empty() { "" } else { "," };
    let initialization = framed(initialization);
    format!(
        "{first_line}\n{setup}\nimport sys\n\nsys.path[0:0] = [\n  {path}{comma}\n  ]\n{initialization}{INTERPRETER}"
    )
}
