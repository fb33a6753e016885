//! Imports, in the form that several renderers use.

/// Interfaces by package: `buildout:recipe (log, options)`, one package per line.
pub(in crate::cli) fn imports(imports: &[String]) -> String {
    let mut packages: Vec<(&str, Vec<&str>)> = Vec::new();
    for import in imports {
        let path = import.split('@').next().unwrap_or_default();
        let (package, interface) = path.split_once('/').unwrap_or((path, ""));
        match packages.iter_mut().find(|(known, _)| *known == package) {
            Some((_, interfaces)) => interfaces.push(interface),
            None => packages.push((package, vec![interface])),
        }
    }
    let lines = packages.iter().map(|(package, interfaces)| format!("{package} ({})", interfaces.join(", ")));
    let lines: Vec<String> = lines.collect();
    if lines.is_empty() { "none".to_owned() } else { lines.join("\n") }
}
