//! Packages whose `__init__.py` only declares a namespace. In eggs they would hide each other, so zc.buildout 5 and
//! later removes these files: without them, the namespace is a native one (PEP 420).

use std::path::{Path, PathBuf};

use base::files::FileError;

/// The most lines of a file that only declares a namespace.
const MOST_LINES: usize = 6;

/// The declaration of a namespace: both words, in this order.
const DECLARATIONS: [(&str, &str); 2] = [("pkg_resources", "declare_namespace"), ("pkgutil", "extend_path")];

/// Removes the files below `directory` that only declare a namespace and are the only file in their directory. Returns
/// the removed files.
///
/// # Errors
/// When a directory cannot be read, or a file cannot be removed.
pub(super) fn remove_declarations(directory: &Path) -> Result<Vec<PathBuf>, FileError> {
    let mut removed = Vec::new();
    look_into(directory, &mut removed)?;
    Ok(removed)
}

fn look_into(directory: &Path, removed: &mut Vec<PathBuf>) -> Result<(), FileError> {
    let failed = FileError::of("read", directory);
    let entries: Result<Vec<_>, _> = std::fs::read_dir(directory).and_then(Iterator::collect);
    let (mut files, mut directories) = (Vec::new(), Vec::new());
    for entry in entries.map_err(failed)? {
        match entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            true => directories.push(entry.path()),
            false => files.push(entry.path()),
        }
    }
    if let [only] = &files[..]
        && only.file_name().is_some_and(|name| name == "__init__.py")
        && is_declaration(&std::fs::read(only).map_err(FileError::of("read", only))?)
    {
        std::fs::remove_file(only).map_err(FileError::of("remove", only))?;
        removed.push(only.clone());
    }
    let is_source = |path: &&PathBuf| !path.to_string_lossy().ends_with("__pycache__");
    directories.iter().filter(is_source).try_for_each(|path| look_into(path, removed))
}

fn is_declaration(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<&str> =
        text.lines().filter(|line| !line.trim().is_empty() && !line.trim().starts_with('#')).collect();
    (1..=MOST_LINES).contains(&lines.len())
        && DECLARATIONS.iter().any(|(module, function)| {
            let first = lines.iter().position(|line| line.contains(module));
            first.is_some_and(|first| lines[first..].iter().any(|line| line.contains(function)))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_that_do_nothing_else_are_removed() {
        let directory = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = directory.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        let declaration = "# Namespace\n__import__('pkg_resources').declare_namespace(__name__)\n";
        write("zope/__init__.py", declaration);
        write(
            "zope/interface/__init__.py",
            "from pkgutil import extend_path\n__path__ = extend_path(__path__, __name__)\n",
        );
        write("zope/interface/adapter.py", "");
        write("plone/__init__.py", &format!("{declaration}a = 1\n{}", "b = 2\n".repeat(9)));
        write("empty/__init__.py", "");
        write("other/__init__.py", "import os\n");
        write(
            "two/a/__init__.py",
            "try:\n    __import__('pkg_resources').declare_namespace(__name__)\nexcept ImportError:\n    from pkgutil import extend_path\n    __path__ = extend_path(__path__, __name__)\n",
        );
        let mut removed = remove_declarations(directory.path()).unwrap();
        removed.sort();
        let expected = ["two/a/__init__.py", "zope/__init__.py"].map(|path| directory.path().join(path));
        assert_eq!(removed, expected);
        assert!(directory.path().join("zope/interface/__init__.py").exists());
    }
}
