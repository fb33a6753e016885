//! A recipe package as one JSON object.

use serde_json::{Value, json};

use super::view::PackageView;
use recipe::{Described, DescribedOption, Presence, ValueType};
use registry::{Grant, GrantItem};

/// The object, as text.
pub(in crate::cli) fn of(view: &PackageView) -> String {
    let component = &view.recipe.component;
    let entry_points: Vec<Value> = view.entry_points().map(entry_point).collect();
    let object = json!({
        "package": view.package.name,
        "version": view.package.version,
        "built-in": view.recipe.built_in,
        "file": view.file(),
        "size": component.size(),
        "digest": format!("sha256:{}", component.digest),
        "wit": view.wit(),
        "signers": view.signers(),
        "imports": view.package.imports,
        "entry-points": entry_points,
    });
    serde_json::to_string_pretty(&object).unwrap_or_default()
}

fn entry_point((described, reference): (&Described, Option<&str>)) -> Value {
    json!({
        "name": described.name,
        "reference": reference,
        "documentation": described.documentation,
        "options": described.options.iter().map(option).collect::<Vec<_>>(),
        "grant": grant(&described.grant),
        "update": described.has_update,
        "uninstall": described.has_uninstall,
        "cacheable": described.cacheable,
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

/// A grant in the form that `recipes.toml` uses: lists, except for memory and time.
fn grant(grant: &Grant) -> Value {
    let items = grant.items().into_iter().map(|item| match item {
        GrantItem::List(key, values) => (key, json!(values)),
        GrantItem::Quantity(key, value) => (key, json!(value)),
        GrantItem::Flag(key) => (key, json!(true)),
    });
    Value::Object(items.collect())
}
