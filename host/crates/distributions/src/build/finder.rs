//! Editable wheels whose `.pth` file starts a finder: code that finds the modules of a project, in place of a directory on
//! the path. The scripts of a buildout do not run it. They get the directories in which it would look.

use std::path::{Path, PathBuf};

use base::files::read_at_most;

/// The longest text that is read, in bytes.
const LONGEST: u64 = 1 << 20;

/// What a finder of setuptools assigns its modules and their paths to.
const MAPPING: &str = "MAPPING";

/// What takes the place of the finders in an editable wheel.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct FoundModules {
    /// The `.pth` file that starts a finder; none if nothing has to be done.
    pub(super) file: Option<PathBuf>,
    /// The directories that contain the modules.
    pub(super) directories: Vec<PathBuf>,
    /// Modules that no directory on the path has: their files have other names.
    pub(super) hidden: Vec<String>,
}

/// The finders in the contents of a wheel. `root` is the directory that is used if it is not known where one looks.
pub(super) fn in_wheel(wheel: &Path, root: &Path) -> FoundModules {
    let mut found = FoundModules::default();
    let (mut mappings, mut has_directory) = (Vec::new(), false);
    for path in pth_files(wheel) {
        for line in text(&path)
            .unwrap_or_default()
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
        {
            match module_of(line, wheel) {
                Some(finder) => {
                    found.file = Some(path.clone());
                    mappings.extend(text(&finder).as_deref().and_then(mapping));
                }
                None => has_directory |= !line.starts_with("import "),
            }
        }
    }
    for (name, path) in mappings.into_iter().flatten() {
        match directory_of(&name, Path::new(&path)) {
            Some(directory) if found.directories.contains(&directory) => {}
            Some(directory) => found.directories.push(directory),
            None => found.hidden.push(name),
        }
    }
    if !has_directory && found.directories.is_empty() && found.file.is_some() {
        found.directories.push(root.to_owned());
    }
    found
}

/// The `.pth` files at the top of a wheel, sorted.
fn pth_files(wheel: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(wheel).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut files: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|suffix| suffix == "pth")).collect();
    files.sort();
    files
}

/// The module of the wheel that a line of a `.pth` file imports.
fn module_of(line: &str, wheel: &Path) -> Option<PathBuf> {
    let rest = line.strip_prefix("import ")?.trim_start();
    let end = rest.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(rest.len());
    let path = wheel.join(format!("{}.py", &rest[..end]));
    path.symlink_metadata().is_ok_and(|metadata| metadata.is_file()).then_some(path)
}

fn text(path: &Path) -> Option<String> {
    String::from_utf8(read_at_most(path, LONGEST).ok()?).ok()
}

/// The modules and paths in the text of a finder of setuptools: `MAPPING: dict[str, str] = {'app': '/home/user/app'}`.
fn mapping(text: &str) -> Option<Vec<(String, String)>> {
    let line =
        text.lines().find_map(|line| line.strip_prefix(MAPPING).filter(|rest| rest.starts_with([':', ' ', '='])))?;
    let mut rest = line[line.find('{')?..].strip_prefix('{')?.trim_start();
    let mut all = Vec::new();
    while !rest.starts_with('}') {
        let (name, after) = literal(rest)?;
        let (path, after) = literal(after.trim_start().strip_prefix(':')?.trim_start())?;
        all.push((name, path));
        let after = after.trim_start();
        rest = after.strip_prefix(',').unwrap_or(after).trim_start();
    }
    Some(all)
}

/// A string as Python writes it, and what follows it.
fn literal(text: &str) -> Option<(String, &str)> {
    let quote = text.chars().next().filter(|first| ['\'', '"'].contains(first))?;
    let mut value = String::new();
    let mut letters = text.char_indices().skip(1);
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => match letters.next()?.1 {
                plain @ ('\\' | '\'' | '"') => value.push(plain),
                _ => return None,
            },
            _ if letter == quote => return Some((value, &text[at + 1..])),
            _ => value.push(letter),
        }
    }
    None
}

/// The directory from which a module with this path is imported under its name.
fn directory_of(name: &str, path: &Path) -> Option<PathBuf> {
    let mut directory = path;
    for part in name.rsplit('.') {
        let is_named = directory.file_name().is_some_and(|file| file.to_string_lossy() == *part);
        directory = directory.parent().filter(|_| is_named)?;
    }
    Some(directory.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wheel(files: &[(&str, &str)]) -> FoundModules {
        let space = tempfile::tempdir().unwrap();
        files.iter().for_each(|(name, text)| std::fs::write(space.path().join(name), text).unwrap());
        let found = in_wheel(space.path(), Path::new("/p"));
        FoundModules { file: found.file.map(|path| path.file_name().unwrap().into()), ..found }
    }

    fn finder(mapping: &str) -> FoundModules {
        let text =
            format!("from __future__ import annotations\nMAPPING: dict[str, str] = {mapping}\nNAMESPACES = {{}}\n");
        wheel(&[("__editable__.app.pth", "import app_finder; app_finder.install()"), ("app_finder.py", &text)])
    }

    #[test]
    fn directories_take_the_place_of_finders() {
        let t = |mapping: &str| {
            let found = finder(mapping);
            let shown: Vec<String> = found.directories.iter().map(|path| path.display().to_string()).collect();
            (shown.join(" "), found.hidden.join(" "))
        };
        let is = |directories: &str, hidden: &str| (directories.to_owned(), hidden.to_owned());
        assert_eq!(t("{'app': '/p/app', 'other': '/p/other'}"), is("/p", ""));
        assert_eq!(t("{'app': '/p/lib/app', 'tool': '/p/tool'}"), is("/p/lib /p", ""));
        assert_eq!(t("{'a.b': '/p/a/b'}"), is("/p", ""));
        assert_eq!(t("{\"it's\": \"/p/it's\", 'x': '/p/\\\\/x'}"), is("/p /p/\\", ""));
        assert_eq!(t("{'app': '/p/lib', 'tool': '/p/tool'}"), is("/p", "app"));
        assert_eq!(t("{'app': '/p/lib'}"), is("/p", "app"));
        for unknown in ["{}", "{'app': '/p/\\x00'}", "{'app'}", "make()"] {
            assert_eq!(t(unknown), is("/p", ""), "{unknown}");
        }
    }

    #[test]
    fn what_has_no_finder_stays() {
        assert_eq!(wheel(&[("app.pth", "/p/src\n")]), FoundModules::default());
        assert_eq!(wheel(&[("app.pth", "import sys, os; os.x()\n")]), FoundModules::default());
        let both = wheel(&[("app.pth", "/p/src\nimport loader\n"), ("loader.py", "")]);
        assert_eq!((both.file, both.directories.len()), (Some(PathBuf::from("app.pth")), 0));
    }
}
