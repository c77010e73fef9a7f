//! Where two schemas of one kind differ, field by field: what control planes serve of an offering drifts apart.

use kube_schema::{Node, Schema};

/// Differences that are listed at most.
pub const MAX_DIFFERENCES: usize = 200;
/// Longest text of a default, an enumeration or a rule in a description, in characters.
const MAX_TEXT: usize = 120;

/// A field that two schemas do not have alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaDifference {
    /// Its path: `spec.storage.size`, `spec.users[].name`, `spec.tags.*`; empty for the whole object.
    pub path: String,
    /// What the first schema says of it; `None` if it has no such field.
    pub one: Option<String>,
    /// What the second one says.
    pub other: Option<String>,
}

/// Lists the fields that differ, in the order of the first schema, then those that only the second one has; at most
/// [`MAX_DIFFERENCES`]. Of a field that only one has, what is below it is not listed. Titles, descriptions and examples
/// are no differences.
#[must_use]
pub fn schema_differences(one: &Schema, other: &Schema) -> Vec<SchemaDifference> {
    let mut found = Vec::new();
    compare("", (one.root(), false), (other.root(), false), &mut found);
    found
}

/// A node, and whether it is required where it is.
type Field<'s> = (&'s Node, bool);

fn compare(path: &str, one: Field<'_>, other: Field<'_>, found: &mut Vec<SchemaDifference>) {
    let (said_of_one, said_of_other) = (describe(one), describe(other));
    if said_of_one != said_of_other {
        push(path, Some(said_of_one), Some(said_of_other), found);
    }
    let below = |name: &str| {
        if path.is_empty() {
            name.to_owned()
        } else {
            format!("{path}.{name}")
        }
    };
    let ((one, _), (other, _)) = (one, other);
    for (name, child) in one.properties() {
        let child = (child, one.requires(name));
        match other.property(name) {
            Some(their) => compare(&below(name), child, (their, other.requires(name)), found),
            None => push(&below(name), Some(describe(child)), None, found),
        }
    }
    for (name, child) in other
        .properties()
        .filter(|(name, _)| one.property(name).is_none())
    {
        push(
            &below(name),
            None,
            Some(describe((child, other.requires(name)))),
            found,
        );
    }
    let nested = [
        (format!("{path}[]"), one.items(), other.items()),
        (
            below("*"),
            one.additional_properties(),
            other.additional_properties(),
        ),
    ];
    for (path, one, other) in nested {
        match (one, other) {
            (Some(one), Some(other)) => compare(&path, (one, false), (other, false), found),
            (None, None) => {}
            (one, other) => {
                let said = |node: Option<&Node>| node.map(|node| describe((node, false)));
                push(&path, said(one), said(other), found);
            }
        }
    }
}

fn push(path: &str, one: Option<String>, other: Option<String>, found: &mut Vec<SchemaDifference>) {
    if found.len() < MAX_DIFFERENCES {
        found.push(SchemaDifference {
            path: path.to_owned(),
            one,
            other,
        });
    }
}

/// What a schema says of a field itself, without what is below it: `integer, 1 to 9, default 2, required`.
fn describe((node, required): Field<'_>) -> String {
    let name = node.schema_type().name();
    let mut said = vec![if name.is_empty() {
        "anything".to_owned()
    } else {
        name.to_owned()
    }];
    said.extend(node.format().map(|format| format!("format {format}")));
    let number = |number: f64| number.to_string();
    said.extend(range(node.minimum().map(number), node.maximum().map(number), ""));
    let count = |count: i64| count.to_string();
    said.extend(range(
        node.min_length().map(count),
        node.max_length().map(count),
        " characters",
    ));
    said.extend(range(
        node.min_items().map(count),
        node.max_items().map(count),
        " items",
    ));
    said.extend(
        node.pattern()
            .map(|pattern| format!("like {}", shortened(pattern))),
    );
    if !node.enum_values().is_empty() {
        let values: Vec<String> = node.enum_values().iter().map(ToString::to_string).collect();
        said.push(format!("one of {}", shortened(&values.join(", "))));
    }
    said.extend(
        node.default_value()
            .map(|value| format!("default {}", shortened(&value.to_string()))),
    );
    if node.is_nullable() {
        said.push("may be null".to_owned());
    }
    if node.preserves_unknown_fields() {
        said.push("with fields of any name".to_owned());
    }
    if let Some(combinations) = node.combinations() {
        let ways = [
            (combinations.all_of().len(), "allOf"),
            (combinations.any_of().len(), "anyOf"),
            (combinations.one_of().len(), "oneOf"),
            (usize::from(combinations.not().is_some()), "not"),
        ];
        said.extend(
            ways.iter()
                .filter(|(count, _)| *count > 0)
                .map(|(count, name)| format!("{name} of {count}")),
        );
    }
    said.extend(
        node.rules()
            .iter()
            .map(|rule| format!("rule {}", shortened(rule.text()))),
    );
    if required {
        said.push("required".to_owned());
    }
    said.join(", ")
}

fn range(least: Option<String>, most: Option<String>, of: &str) -> Option<String> {
    match (least, most) {
        (Some(least), Some(most)) => Some(format!("{least} to {most}{of}")),
        (Some(least), None) => Some(format!("at least {least}{of}")),
        (None, Some(most)) => Some(format!("at most {most}{of}")),
        (None, None) => None,
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(MAX_TEXT) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn schema(spec: &Value) -> Schema {
        Schema::parse(&json!({ "type": "object", "properties": { "spec": spec } })).unwrap()
    }

    fn listed(one: &Value, other: &Value) -> Vec<(String, String, String)> {
        let side = |said: Option<String>| said.unwrap_or_else(|| "–".to_owned());
        schema_differences(&schema(one), &schema(other))
            .into_iter()
            .map(|it| (it.path, side(it.one), side(it.other)))
            .collect()
    }

    fn row(path: &str, one: &str, other: &str) -> (String, String, String) {
        (path.to_owned(), one.to_owned(), other.to_owned())
    }

    #[test]
    fn fields_that_differ_are_named_with_both_sides() {
        let one = json!({ "type": "object", "required": ["size"], "properties": {
            "size": { "type": "integer", "minimum": 1, "maximum": 9, "default": 2 },
            "gone": { "type": "object", "properties": { "below": { "type": "string" } } },
            "users": { "type": "array", "items": { "type": "object", "properties": { "name": { "type": "string", "maxLength": 10 } } } },
            "same": { "type": "string", "description": "Words." },
        } });
        let other = json!({ "type": "object", "properties": {
            "size": { "type": "integer", "minimum": 1, "default": 3 },
            "users": { "type": "array", "items": { "type": "object", "properties": { "name": { "type": "string" } } } },
            "same": { "type": "string", "description": "Other words." },
            "new": { "type": "string", "enum": ["a", "b"] },
        } });
        assert_eq!(
            listed(&one, &other),
            [
                row(
                    "spec.size",
                    "integer, 1 to 9, default 2, required",
                    "integer, at least 1, default 3"
                ),
                row("spec.gone", "object", "–"),
                row("spec.users[].name", "string, at most 10 characters", "string"),
                row("spec.new", "–", "string, one of \"a\", \"b\""),
            ]
        );
    }

    #[test]
    fn rules_and_maps_are_compared_and_long_texts_cut() {
        let rule = |rule: &str| {
            json!({ "type": "object", "x-kubernetes-validations": [{ "rule": rule }], "properties": {
            "tags": { "type": "object", "additionalProperties": { "type": "string" } },
        } })
        };
        let long = format!("self.tags.size() < {}", "1".repeat(200));
        let found = listed(&rule("true"), &rule(&long));
        assert_eq!(found.len(), 1);
        assert!(
            found[0].2.ends_with('…') && found[0].2.starts_with("object, rule self.tags"),
            "{found:?}"
        );
        let numbers = json!({ "type": "object", "properties": {
            "tags": { "type": "object", "additionalProperties": { "type": "integer" } },
        } });
        assert_eq!(
            listed(&rule("true"), &numbers)[1],
            row("spec.tags.*", "string", "integer")
        );
    }

    #[test]
    fn equal_schemas_do_not_differ_and_the_list_is_bounded() {
        let fields = |kind: &str| {
            let field = |number: usize| (format!("f{number}"), json!({ "type": kind }));
            json!({ "type": "object", "properties": (0..300).map(field).collect::<serde_json::Map<_, _>>() })
        };
        assert_eq!(listed(&fields("string"), &fields("string")), []);
        assert_eq!(
            listed(&fields("string"), &fields("integer")).len(),
            MAX_DIFFERENCES
        );
    }
}
