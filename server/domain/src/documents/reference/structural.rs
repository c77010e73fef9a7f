//! Turns the JSON schema of a document into a structural schema, as a CRD must have it: no references, no
//! `additionalProperties: false`, a type at every place.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::examples::flow;
use super::shape::one_paragraph;

/// What a name of one label looks like.
pub(super) const LABEL_PATTERN: &str = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$";
/// What names of several labels, joined by dots, look like.
const SUBDOMAIN_PATTERN: &str = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$";
/// The types of names, which are texts in the schema.
const LABELS: [&str; 5] = [
    "PlaneName",
    "TenantName",
    "EnvironmentName",
    "PlanName",
    "PublicationName",
];
const SUBDOMAINS: [&str; 1] = ["OfferingName"];

/// Returns the structural schema of `spec` of the document.
pub(super) fn spec_schema(document: &schemars::Schema) -> Value {
    let document = document.as_value();
    let definitions = document["$defs"].as_object().cloned().unwrap_or_default();
    let reader = Reader { definitions };
    reader.node(&document["properties"]["spec"])
}

struct Reader {
    definitions: Map<String, Value>,
}

impl Reader {
    fn node(&self, schema: &Value) -> Value {
        let schema = self.resolve(schema);
        let mut node = self.shape(&schema);
        let mut words = one_paragraph(schema["description"].as_str().unwrap_or_default());
        if node.get("oneOf").is_some() {
            words.push_str(" Exactly one of these fields is set.");
        } else {
            let choices = ["oneOf", "anyOf"]
                .iter()
                .filter_map(|key| schema[*key].as_array());
            for choice in choices.flatten().map(|choice| self.resolve(choice)) {
                self.explain(&choice, &mut words);
            }
        }
        if let Some(default) = schema.get("default").filter(|default| worth_telling(default)) {
            let default = flow(default);
            if !words.contains("Default:") {
                words = format!("{words} Default: {default}.");
            }
        }
        if !words.is_empty() {
            node["description"] = words.trim_start().into();
        }
        node
    }

    /// Replaces a reference and an alternative of `null`; what stands beside a reference wins.
    fn resolve(&self, schema: &Value) -> Value {
        let target = schema["$ref"]
            .as_str()
            .and_then(|path| path.strip_prefix("#/$defs/"));
        let mut found = match (target, schema["anyOf"].as_array().map(Vec::as_slice)) {
            (Some(name), _) => {
                let mut found = self.resolve(&self.definitions[name]);
                if LABELS.contains(&name) {
                    found["pattern"] = LABEL_PATTERN.into();
                    found["maxLength"] = 63.into();
                } else if SUBDOMAINS.contains(&name) {
                    found["pattern"] = SUBDOMAIN_PATTERN.into();
                    found["maxLength"] = 253.into();
                }
                found
            }
            (None, Some([way, null])) if null["type"] == "null" => self.resolve(way),
            _ => return schema.clone(),
        };
        for key in ["description", "default"] {
            if let Some(value) = schema.get(key) {
                found[key] = value.clone();
            }
        }
        found
    }

    fn shape(&self, schema: &Value) -> Value {
        if let Some(words) = words_of(schema) {
            return json!({ "type": "string", "enum": words });
        }
        if let Some(variants) = schema["oneOf"].as_array() {
            return self.tagged(variants);
        }
        let of_type = match &schema["type"] {
            Value::Array(types) => types[0].as_str(),
            of_type => of_type.as_str(),
        };
        match of_type {
            // A value that is written in several ways, or any value: a structural schema has no type for it.
            _ if schema["anyOf"].is_array() => json!({ "x-kubernetes-preserve-unknown-fields": true }),
            None => json!({ "x-kubernetes-preserve-unknown-fields": true }),
            Some("object") => self.object(schema),
            Some("array") => json!({ "type": "array", "items": self.node(&schema["items"]) }),
            Some(of_type) => {
                let mut node = json!({ "type": of_type });
                for key in ["minimum", "maximum", "pattern", "maxLength"] {
                    if let Some(value) = schema.get(key) {
                        node[key] = value.clone();
                    }
                }
                node
            }
        }
    }

    fn object(&self, schema: &Value) -> Value {
        let mut node = json!({ "type": "object" });
        if let Some(properties) = schema["properties"].as_object() {
            let properties = properties
                .iter()
                .map(|(name, below)| (name.clone(), self.node(below)));
            node["properties"] = properties.collect::<Map<_, _>>().into();
        } else if schema["additionalProperties"].is_object() {
            node["additionalProperties"] = self.node(&schema["additionalProperties"]);
        } else if schema["additionalProperties"] != false {
            node["x-kubernetes-preserve-unknown-fields"] = true.into();
        }
        if let Some(required) = schema.get("required") {
            node["required"] = required.clone();
        }
        node
    }

    /// An object with exactly one of these fields.
    fn tagged(&self, variants: &[Value]) -> Value {
        let mut properties = Map::new();
        let mut ways = Vec::new();
        for variant in variants {
            for (name, below) in variant["properties"].as_object().into_iter().flatten() {
                let mut below = self.node(below);
                below["description"] =
                    one_paragraph(variant["description"].as_str().unwrap_or_default()).into();
                properties.insert(name.clone(), below);
                ways.push(json!({ "required": [name] }));
            }
        }
        json!({ "type": "object", "properties": properties, "oneOf": ways })
    }

    /// Adds what a choice means: of a word, or of one way to write a value.
    fn explain(&self, choice: &Value, words: &mut String) {
        let meaning = one_paragraph(choice["description"].as_str().unwrap_or_default());
        if let Some(word) = choice["const"].as_str() {
            write!(words, " `{word}`: {meaning}").unwrap();
            return;
        }
        let inner = ["oneOf", "anyOf"].iter().find_map(|key| choice[*key].as_array());
        if let Some(inner) = inner.filter(|_| words_of(choice).is_some()) {
            for choice in inner {
                self.explain(choice, words);
            }
            return;
        }
        // The fields of an object with one of several fields explain themselves.
        let is_way =
            choice["type"] != "object" || choice["properties"].as_object().is_none_or(|f| f.len() != 1);
        if is_way && !meaning.is_empty() {
            write!(words, " As {}: {meaning}", way(choice)).unwrap();
        } else if let Some((name, below)) = choice["properties"].as_object().and_then(|f| f.iter().next()) {
            let below = self.node(below);
            let meaning = below["description"].as_str().unwrap_or_default();
            write!(words, " As `{{ {name}: … }}`: {meaning}").unwrap();
        }
    }
}

/// How a value is written, in words.
fn way(choice: &Value) -> String {
    match choice["properties"].as_object() {
        Some(fields) => {
            let fields: Vec<_> = fields.keys().map(|name| format!("{name}: …")).collect();
            format!("`{{ {} }}`", fields.join(", "))
        }
        None if choice["type"] == "integer" => "a whole number".to_owned(),
        None => "a text".to_owned(),
    }
}

/// The words of an enum without data.
fn words_of(schema: &Value) -> Option<Vec<Value>> {
    if let Some(words) = schema["enum"].as_array() {
        return Some(words.clone());
    }
    let choices = schema["oneOf"].as_array()?;
    choices
        .iter()
        .map(|choice| choice.get("const").cloned())
        .collect()
}

fn worth_telling(default: &Value) -> bool {
    match default {
        Value::Null | Value::Object(_) | Value::Bool(false) => false,
        Value::Array(items) => !items.is_empty(),
        _ => true,
    }
}
