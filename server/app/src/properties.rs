//! The properties of a claim that its page shows first: the fields that people decide about.

use kube_schema::path::push_token;
use portico_api::Property;
use portico_domain::documents::Plan;
use portico_form::{FormHints, in_words, label};
use serde_json::Value;

/// Properties at most. The YAML has the rest.
const MAX_PROPERTIES: usize = 8;

/// Field names that mean little without their parent.
const GENERIC_NAMES: [&str; 8] = [
    "size", "class", "type", "name", "count", "enabled", "mode", "days",
];

/// Fields with these in their name are not shown.
const SENSITIVE_NAMES: [&str; 3] = ["password", "secret", "token"];

/// The properties of a claim: what its offering's form asks first, then what its plan lets people change. Without
/// either, the first scalars of `spec` that its form does not hide. `object` is the claim without machinery, as its page shows it.
pub(super) fn properties(hints: Option<&FormHints>, plan: Option<&Plan>, object: &Value) -> Vec<Property> {
    let ordered = hints.into_iter().flat_map(|hints| &hints.order);
    let adjustable = plan.into_iter().flat_map(|plan| &plan.adjustable);
    let mut paths: Vec<String> = Vec::new();
    for path in ordered.chain(adjustable) {
        if !paths.contains(path) {
            paths.push(path.clone());
        }
    }
    if paths.is_empty() {
        let is_hidden = |path: &String| {
            let hint = hints.and_then(|hints| hints.fields.get(path));
            hint.is_some_and(|hint| hint.hidden)
        };
        paths = scalars_of_spec(object);
        paths.retain(|path| !is_hidden(path));
    }
    paths
        .iter()
        .filter_map(|path| property(hints, plan, path, object))
        .take(MAX_PROPERTIES)
        .collect()
}

fn property(hints: Option<&FormHints>, plan: Option<&Plan>, path: &str, object: &Value) -> Option<Property> {
    let value = path.split('.').try_fold(object, |value, name| value.get(name))?;
    let words = match value {
        Value::Null | Value::Object(_) => return None,
        Value::String(text) if text.trim().is_empty() || text.contains('\n') => return None,
        Value::Array(items) if items.is_empty() => return None,
        Value::Array(items) if items.iter().any(|item| item.is_object() || item.is_array()) => {
            items.len().to_string()
        }
        Value::Array(items) => items.iter().map(in_words).collect::<Vec<_>>().join(", "),
        scalar => in_words(scalar),
    };
    let hinted = hints
        .and_then(|hints| hints.fields.get(path))
        .and_then(|hint| hint.label.clone());
    let mut pointer = String::new();
    for name in path.split('.') {
        push_token(&mut pointer, name);
    }
    Some(Property {
        label: hinted.unwrap_or_else(|| derived_label(path)),
        value: words,
        field: may_be_changed(plan, path).then_some(pointer),
    })
}

/// `Storage size` for `spec.storage.size`, `Version` for `spec.version`.
fn derived_label(path: &str) -> String {
    let mut names = path.rsplit('.');
    let name = names.next().unwrap_or(path);
    let parent = names.next().filter(|parent| *parent != "spec");
    match parent {
        Some(parent) if GENERIC_NAMES.contains(&name) => {
            format!("{} {}", label(parent), label(name).to_lowercase())
        }
        _ => label(name),
    }
}

/// True if people may adjust the value in this plan.
fn may_be_changed(plan: Option<&Plan>, path: &str) -> bool {
    let Some(plan) = plan else { return true };
    let is_adjustable = plan.adjustable.iter().any(|adjustable| {
        path.strip_prefix(adjustable.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    });
    let mut names = path.split('.');
    let first = names.next().and_then(|name| plan.values.get(name));
    let is_set = first
        .and_then(|value| names.try_fold(value, |value, name| value.get(name)))
        .is_some();
    is_adjustable || !is_set
}

fn scalars_of_spec(object: &Value) -> Vec<String> {
    let spec = object.get("spec").and_then(Value::as_object);
    spec.into_iter()
        .flatten()
        .filter(|(_, value)| value.is_string() || value.is_number() || value.is_boolean())
        .map(|(name, _)| name)
        .filter(|name| {
            let lower = name.to_lowercase();
            !name.contains('.') && !SENSITIVE_NAMES.iter().any(|part| lower.contains(part))
        })
        .map(|name| format!("spec.{name}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{derived_label, properties, property};
    use portico_domain::documents::Plan;
    use serde_json::{Value, json};

    fn plan() -> Plan {
        serde_json::from_value(json!({
            "name": "small",
            "values": {"spec": {"storage": {"size": "20Gi", "class": "standard"}}},
            "adjustable": ["spec.storage.size"],
        }))
        .unwrap()
    }

    #[test]
    fn a_property_links_to_its_field_unless_the_plan_sets_it() {
        let object = json!({"spec": {"version": "17", "storage": {"size": "30Gi", "class": "standard"}, "users": [{}, {}]}});
        let of = |path: &str| {
            let property = property(None, Some(&plan()), path, &object).unwrap();
            (property.label, property.value, property.field)
        };
        assert_eq!(
            of("spec.storage.size"),
            (
                "Storage size".into(),
                "30Gi".into(),
                Some("/spec/storage/size".into())
            )
        );
        assert_eq!(
            of("spec.storage.class"),
            ("Storage class".into(), "standard".into(), None)
        );
        assert_eq!(
            of("spec.version"),
            ("Version".into(), "17".into(), Some("/spec/version".into()))
        );
        assert_eq!(
            of("spec.users"),
            ("Users".into(), "2".into(), Some("/spec/users".into()))
        );
        assert_eq!(property(None, None, "spec.missing", &object), None);
    }

    #[test]
    fn without_hints_and_plan_the_scalars_of_spec_are_shown_but_no_secrets() {
        let object = json!({"spec": {"engine": "pg", "adminPassword": "x", "apiToken": "y", "nodes": 3, "nested": {}}});
        let shown: Vec<String> = properties(None, None, &object)
            .into_iter()
            .map(|property| property.label)
            .collect();
        assert_eq!(shown, ["Engine", "Nodes"]);
    }

    #[test]
    fn what_the_form_hides_is_shown_only_where_it_is_named() {
        let object = json!({"spec": {"engine": "pg", "cluster": "x1"}});
        let of = |hints: Value| {
            let hints = serde_json::from_value(hints).unwrap();
            let shown = properties(Some(&hints), None, &object);
            shown
                .into_iter()
                .map(|property| property.label)
                .collect::<Vec<_>>()
        };
        let fields = json!({"spec.cluster": {"hidden": true}});
        assert_eq!(of(json!({"fields": fields})), ["Engine"]);
        assert_eq!(
            of(json!({"fields": fields, "order": ["spec.cluster"]})),
            ["Cluster"]
        );
    }

    #[test]
    fn a_label_names_the_object_where_the_name_says_little() {
        assert_eq!(derived_label("spec.storage.size"), "Storage size");
        assert_eq!(derived_label("spec.retentionDays"), "Retention days");
        assert_eq!(derived_label("spec.size"), "Size");
    }
}
