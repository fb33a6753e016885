//! `entry_points.txt`: the entry points of a distribution, read as setuptools reads them.

use crate::name;

/// An entry point of a distribution: `name = module:attribute [extra]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryPoint {
    /// Its name.
    pub name: String,
    /// The module that is imported.
    pub module: String,
    /// The attribute of the module: names separated by dots; empty for the module itself.
    pub attributes: String,
}

/// A group of entry points, e.g. `console_scripts`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// Its entry points, in the order of the file.
    pub entry_points: Vec<EntryPoint>,
}

/// Reads the groups of an `entry_points.txt`.
///
/// # Errors
/// The error, with its line.
pub fn parse(text: &str) -> Result<Vec<Group>, String> {
    let mut groups: Vec<Group> = Vec::new();
    for (number, line) in text.lines().enumerate().map(|(index, line)| (index + 1, line.trim())) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let wrong = |what: &str| format!("line {number}: {what}: {line:?}");
        if let Some(heading) = line.strip_prefix('[') {
            let name = heading.strip_suffix(']').ok_or_else(|| wrong("`]` is missing"))?.trim().to_owned();
            if groups.iter().any(|group| group.name == name) {
                return Err(wrong("the group occurs twice"));
            }
            groups.push(Group { name, entry_points: Vec::new() });
            continue;
        }
        let group = groups.last_mut().ok_or_else(|| wrong("it is in no group"))?;
        let entry_point = entry_point(line).ok_or_else(|| wrong("it is not of the form `name = module:attribute`"))?;
        if group.entry_points.iter().any(|other| other.name == entry_point.name) {
            return Err(wrong("the name occurs twice"));
        }
        group.entry_points.push(entry_point);
    }
    Ok(groups)
}

fn entry_point(line: &str) -> Option<EntryPoint> {
    let (name, value) = line.split_once('=')?;
    let (object, extras) = match value.split_once('[') {
        Some((object, extras)) => (object, Some(extras.trim_end().strip_suffix(']')?)),
        None => (value, None),
    };
    if extras
        .is_some_and(|extras| extras.split(',').any(|extra| !extras.trim().is_empty() && !name::is_valid(extra.trim())))
    {
        return None;
    }
    let (module, attributes) = object.split_once(':').unwrap_or((object, ""));
    let (name, module, attributes) = (name.trim(), module.trim(), attributes.trim());
    let dotted = |text: &str| text.split('.').all(|part| !part.is_empty() && part.chars().all(is_of_identifier));
    let valid = !name.is_empty()
        && dotted(module)
        && (attributes.is_empty() != object.contains(':'))
        && (attributes.is_empty() || dotted(attributes));
    valid.then(|| EntryPoint { name: name.to_owned(), module: module.to_owned(), attributes: attributes.to_owned() })
}

fn is_of_identifier(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_and_entry_points_keep_their_order() {
        let text =
            "# comment\n[console_scripts]\nb = x.y:main\n a-1=z : f.g [extra, e2]\n\n[zc.buildout]\ndefault = m\n";
        let groups = parse(text).unwrap();
        let shown: Vec<_> = groups[0].entry_points.iter().map(|e| (&*e.name, &*e.module, &*e.attributes)).collect();
        assert_eq!(shown, [("b", "x.y", "main"), ("a-1", "z", "f.g")]);
        assert_eq!((&*groups[1].name, &*groups[1].entry_points[0].attributes), ("zc.buildout", ""));
    }

    #[test]
    fn wrong_files_name_the_line() {
        for (text, line) in [
            ("a = b", "line 1"),
            ("[x]\na", "line 2"),
            ("[x]\n[x]", "line 2"),
            ("[x", "line 1"),
            ("[x]\na=b\na=c", "line 3"),
            ("[x]\na = b;import os:c", "line 2"),
            ("[x]\na = b:", "line 2"),
            ("[x]\na=b:c()", "line 2"),
        ] {
            assert!(parse(text).unwrap_err().starts_with(line), "{text}");
        }
    }
}
