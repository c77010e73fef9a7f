//! The example documents of the reference.

use std::fs;
use std::path::Path;

use serde_json::Value;

/// The example documents of one kind: first that of the folder `examples`, then those of `examples/alternatives`,
/// which contain alternatives that cannot be in the same document.
pub(super) struct Examples(Vec<Value>);

impl Examples {
    /// Reads the examples of the kind whose page is `file`.
    pub(super) fn read(folder: &Path, file: &str) -> Self {
        let mut documents = Vec::new();
        for place in ["examples", "examples/alternatives"] {
            let path = folder.join(place).join(format!("{file}.yaml"));
            if let Ok(text) = fs::read_to_string(&path) {
                let read: Vec<Value> = serde_saphyr::from_multiple(&text)
                    .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
                documents.extend(read);
            }
        }
        Self(documents)
    }

    /// Returns the distinct values at the path, at most `most`.
    pub(super) fn of(&self, path: &str, most: usize) -> Vec<&Value> {
        let mut found: Vec<&Value> = Vec::new();
        let steps: Vec<&str> = path.split('.').collect();
        for document in &self.0 {
            walk(document, &steps, &mut |value| {
                if found.len() < most && !found.contains(&value) {
                    found.push(value);
                }
            });
        }
        found
    }
}

fn walk<'v>(value: &'v Value, steps: &[&str], visit: &mut dyn FnMut(&'v Value)) {
    let Some((step, rest)) = steps.split_first() else {
        visit(value);
        return;
    };
    let each: Vec<&Value> = match *step {
        "<name>" => value
            .as_object()
            .into_iter()
            .flat_map(serde_json::Map::values)
            .collect(),
        step => match step.strip_suffix("[]") {
            Some(name) => value[name].as_array().into_iter().flatten().collect(),
            None => value.get(step).into_iter().collect(),
        },
    };
    for below in each {
        walk(below, rest, visit);
    }
}

/// Formats a value as YAML on one line.
pub(super) fn flow(value: &Value) -> String {
    match value {
        Value::String(text) if is_plain(text) => text.clone(),
        Value::String(text) if text.contains('"') && !text.contains(['\'', '\n']) => format!("'{text}'"),
        Value::Array(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Value::Object(fields) if fields.is_empty() => "{}".to_owned(),
        Value::Object(fields) => {
            let fields: Vec<String> = fields
                .iter()
                .map(|(name, value)| format!("{}: {}", flow(&Value::from(name.as_str())), flow(value)))
                .collect();
            format!("{{ {} }}", fields.join(", "))
        }
        other => other.to_string(),
    }
}

/// True if the text needs no quotation marks anywhere.
fn is_plain(text: &str) -> bool {
    let begins = text.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '/');
    // A text of these letters only could be a number in some notation.
    let is_no_number =
        text.contains(|letter: char| letter.is_ascii_alphabetic() && !"abcdefoxABCDEFOX".contains(letter));
    let word = |letter: char| letter.is_alphanumeric() || " -_./+<>=@():".contains(letter);
    begins
        && is_no_number
        && text.chars().all(word)
        && !text.contains(": ")
        && !text.ends_with([':', ' '])
        && !matches!(text, "true" | "false" | "null" | "yes" | "no" | "on" | "off")
}

#[test]
fn values_are_written_on_one_line() {
    let value = serde_json::json!({
        "name": ["sso", 1, "true", "{name}-app", "https://e.com", "20Gi", "12", "1e3", "is: so", "x == \"y\""],
        "b.c/d.example": {},
        "lines": "a\nb",
    });
    let written = flow(&value);
    assert_eq!(
        written,
        concat!(
            r#"{ name: [sso, 1, "true", "{name}-app", https://e.com, 20Gi, "12", "1e3", "is: so", 'x == "y"'], "#,
            r#"b.c/d.example: {}, lines: "a\nb" }"#
        )
    );
    assert_eq!(serde_saphyr::from_str::<Value>(&written).unwrap(), value);
}

#[test]
fn values_in_lists_and_maps_are_found() {
    let examples = Examples(vec![
        serde_json::json!({ "spec": { "plans": [{ "name": "a" }, { "name": "b" }, { "name": "a" }] } }),
        serde_json::json!({ "spec": { "fields": { "x.y": { "label": "L" } } } }),
    ]);
    assert_eq!(examples.of("spec.plans[].name", 5), ["a", "b"]);
    assert_eq!(examples.of("spec.fields.<name>.label", 1), ["L"]);
    assert!(examples.of("spec.gone", 1).is_empty());
}
