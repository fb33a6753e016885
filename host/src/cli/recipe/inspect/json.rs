//! A recipe package as one JSON object.

use serde_json::{Map, Value, json};

use super::Inspected;
use recipe::{Described, DescribedGrant, DescribedOption, Presence, ValueType};

/// The object, as text.
pub(super) fn of(inspected: &Inspected) -> String {
    let component = &inspected.recipe.component;
    let entry_points: Vec<Value> = inspected.package.entry_points.iter().map(entry_point).collect();
    let object = json!({
        "package": inspected.package.name,
        "version": inspected.package.version,
        "built-in": inspected.recipe.built_in,
        "file": inspected.file(),
        "size": component.size(),
        "digest": format!("sha256:{}", component.digest),
        "wit": inspected.wit(),
        "signers": inspected.signers(),
        "imports": inspected.package.imports,
        "entry-points": entry_points,
    });
    serde_json::to_string_pretty(&object).unwrap_or_default()
}

fn entry_point(described: &Described) -> Value {
    json!({
        "name": described.name,
        "documentation": described.documentation,
        "options": described.options.iter().map(option).collect::<Vec<_>>(),
        "grant": grant(&described.grants),
        "update": described.has_update,
        "uninstall": described.has_uninstall,
    })
}

fn option(option: &DescribedOption) -> Value {
    let mut object = json!({
        "name": option.name,
        "type": option.value_type.name(),
        "required": option.presence == Presence::Required,
        "documentation": option.documentation,
    });
    if let Presence::Default(value) = &option.presence {
        object["default"] = json!(value);
    }
    if let ValueType::Choice(choices) = &option.value_type {
        object["choices"] = json!(choices);
    }
    object
}

/// As `grant` in `recipes.toml` is written: lists, but for memory and time.
fn grant(grants: &[DescribedGrant]) -> Value {
    let mut object = Map::new();
    for DescribedGrant { key, value } in grants {
        if DescribedGrant::is_quantity(key) {
            object.insert(key.clone(), json!(value));
        } else if let Some(values) = object.entry(key.clone()).or_insert_with(|| json!([])).as_array_mut() {
            values.push(json!(value));
        }
    }
    Value::Object(object)
}
