//! Imports and grants, as several renderers write them.

use recipe::DescribedGrant;

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

/// Grants as `recipes.toml` has them between the braces of `grant = { … }`.
pub(super) fn grant(grants: &[DescribedGrant]) -> String {
    let mut keys: Vec<&str> = Vec::new();
    for grant in grants {
        if !keys.contains(&grant.key.as_str()) {
            keys.push(&grant.key);
        }
    }
    let of = |key: &str| {
        let values = grants.iter().filter(|grant| grant.key == key).map(|grant| format!("{:?}", grant.value));
        let values = values.collect::<Vec<_>>().join(", ");
        if DescribedGrant::is_quantity(key) { format!("{key} = {values}") } else { format!("{key} = [{values}]") }
    };
    keys.into_iter().map(of).collect::<Vec<_>>().join(", ")
}
