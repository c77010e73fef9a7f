//! The shape of a document: the fields of each of its objects, derived from its JSON schema.

use std::fmt::Write as _;

use serde_json::{Map, Value};

/// An object in a document, with its fields.
pub(super) struct Section {
    /// `spec.plans[]`; empty for the document itself.
    pub(super) path: String,
    /// What the object is.
    pub(super) meaning: String,
    /// True if exactly one of the fields must be set.
    pub(super) one_of: bool,
    /// The fields, in the order of the type.
    pub(super) fields: Vec<Field>,
}

/// A field of an object.
pub(super) struct Field {
    /// Its name.
    pub(super) name: String,
    /// From the root of the document: `spec.plans[].price.monthly`.
    pub(super) path: String,
    /// Its type in words: `list of text`.
    pub(super) of_type: String,
    /// Its meaning, and its possible values with the meaning of each.
    pub(super) meaning: String,
    /// True if it must be set.
    pub(super) required: bool,
    /// The default value.
    pub(super) default: Option<Value>,
    /// The path of the object in it, directly or in a list or map.
    pub(super) below: Option<String>,
    /// True if it holds only that object, so the examples are there.
    pub(super) only_below: bool,
}

/// Returns the sections of a document, each before its nested ones.
pub(super) fn sections(schema: &schemars::Schema) -> Vec<Section> {
    let schema = schema.as_value();
    let definitions = schema["$defs"].as_object().cloned().unwrap_or_default();
    let reader = Reader { definitions };
    let mut sections = Vec::new();
    reader.object(schema, "", &mut sections);
    sections
}

/// One way to write a value.
struct Form {
    words: String,
    object: Option<(String, Value)>,
}

struct Reader {
    definitions: Map<String, Value>,
}

impl Reader {
    /// Resolves references and `null` alternatives of a schema.
    fn resolve(&self, schema: &Value) -> Value {
        if let Some(name) = schema["$ref"]
            .as_str()
            .and_then(|path| path.strip_prefix("#/$defs/"))
        {
            let mut found = self.resolve(&self.definitions[name]);
            overlay(&mut found, schema);
            return found;
        }
        let ways = schema["anyOf"].as_array().map(Vec::as_slice).unwrap_or_default();
        if let [way, null] = ways
            && null["type"] == "null"
        {
            let mut found = self.resolve(way);
            overlay(&mut found, schema);
            return found;
        }
        schema.clone()
    }

    /// Adds the section of an object and those of its nested objects.
    fn object(&self, schema: &Value, path: &str, sections: &mut Vec<Section>) {
        let schema = self.resolve(schema);
        let alternatives = variants(&schema);
        let one_of = alternatives.is_some();
        let properties = alternatives.unwrap_or_else(|| {
            schema["properties"]
                .as_object()
                .map_or_else(Vec::new, |properties| {
                    properties
                        .iter()
                        .map(|(name, schema)| (name.clone(), schema.clone()))
                        .collect()
                })
        });
        let required: Vec<&str> = schema["required"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let at = sections.len();
        sections.push(Section {
            path: path.to_owned(),
            meaning: type_text(&schema),
            one_of,
            fields: Vec::new(),
        });
        for (name, property) in properties {
            let below = if path.is_empty() {
                name.clone()
            } else {
                format!("{path}.{name}")
            };
            let is_required = !one_of && required.contains(&name.as_str());
            let field = self.field(name, below, &property, is_required, sections);
            sections[at].fields.push(field);
        }
    }

    fn field(
        &self,
        name: String,
        path: String,
        schema: &Value,
        required: bool,
        sections: &mut Vec<Section>,
    ) -> Field {
        let default = schema
            .get("default")
            .filter(|default| !default.is_null())
            .cloned();
        let resolved = self.resolve(schema);
        let forms = self.forms(&resolved, &path);
        let words: Vec<&str> = forms.iter().map(|form| form.words.as_str()).collect();
        let of_type = words.join(", or ");
        let only_below = forms.iter().all(|form| form.object.is_some());
        let mut below = None;
        for (place, object) in forms.into_iter().filter_map(|form| form.object) {
            self.object(&object, &place, sections);
            below = Some(place);
        }
        Field {
            name,
            path,
            of_type,
            meaning: self.meaning(&resolved),
            required,
            default,
            below,
            only_below,
        }
    }

    /// Returns the ways to write a value, each with its object.
    fn forms(&self, schema: &Value, path: &str) -> Vec<Form> {
        let form = |words: &str| {
            vec![Form {
                words: words.to_owned(),
                object: None,
            }]
        };
        let inside = |word: &str, schema: &Value, path: String| {
            let mut forms = self.forms(&self.resolve(schema), &path);
            for form in &mut forms {
                form.words = format!("{word} {}", form.words);
            }
            forms
        };
        if schema["oneOf"].is_array() && variants(schema).is_none() || schema["enum"].is_array() {
            return form("one of these words");
        }
        if let Some(ways) = schema["anyOf"].as_array() {
            return ways
                .iter()
                .flat_map(|way| self.forms(&self.resolve(way), path))
                .collect();
        }
        if variants(schema).is_some() || has_properties(schema) {
            return vec![Form {
                words: "object".to_owned(),
                object: Some((path.to_owned(), schema.clone())),
            }];
        }
        let of_type = match &schema["type"] {
            Value::Array(types) => types[0].as_str().unwrap_or_default(),
            of_type => of_type.as_str().unwrap_or_default(),
        };
        match of_type {
            "string" => form("text"),
            "integer" => form("whole number"),
            "number" => form("number"),
            "boolean" => form("`true` or `false`"),
            "array" => inside("list of", &schema["items"], format!("{path}[]")),
            "object" if schema["additionalProperties"].is_object() => inside(
                "by name:",
                &schema["additionalProperties"],
                format!("{path}.<name>"),
            ),
            "object" if schema["additionalProperties"] == false => form("`{}`"),
            "object" => form("any fields"),
            _ => form("anything"),
        }
    }

    /// Returns the meaning of a field, with its possible values.
    fn meaning(&self, schema: &Value) -> String {
        let mut meaning = text(schema);
        let mut words = Vec::new();
        self.words(schema, &mut words);
        for (word, says) in words {
            if !meaning.is_empty() {
                meaning.push(' ');
            }
            write!(meaning, "`{word}`: {says}").unwrap();
        }
        meaning
    }

    fn words(&self, schema: &Value, found: &mut Vec<(String, String)>) {
        let choices = ["oneOf", "anyOf"]
            .into_iter()
            .filter_map(|key| schema[key].as_array());
        for choice in choices.flatten() {
            let choice = self.resolve(choice);
            match choice["const"].as_str() {
                Some(word) => found.push((word.to_owned(), text(&choice))),
                None if choice["properties"].is_object() => {}
                None => self.words(&choice, found),
            }
        }
        if schema["type"] == "array" {
            self.words(&self.resolve(&schema["items"]), found);
        }
    }
}

fn has_properties(schema: &Value) -> bool {
    schema["properties"]
        .as_object()
        .is_some_and(|properties| !properties.is_empty())
}

/// Returns the variants of an enum with data, as fields of which one is set.
fn variants(schema: &Value) -> Option<Vec<(String, Value)>> {
    schema["oneOf"]
        .as_array()?
        .iter()
        .map(|variant| {
            let (name, inner) = variant["properties"].as_object()?.iter().next()?;
            let mut inner = inner.clone();
            if let Some(fields) = inner.as_object_mut() {
                fields.insert("description".to_owned(), variant["description"].clone());
            }
            Some((name.clone(), inner))
        })
        .collect()
}

/// The key under which [`overlay`] keeps a type's own description.
const OF_TYPE: &str = "x-of-type";

/// Merges the keywords beside a reference into the schema that it refers to.
fn overlay(found: &mut Value, beside: &Value) {
    let (Some(found), Some(beside)) = (found.as_object_mut(), beside.as_object()) else {
        return;
    };
    for (key, value) in beside {
        if key == "$ref" || key == "anyOf" {
            continue;
        }
        let before = found.insert(key.clone(), value.clone());
        if key == "description"
            && let Some(before) = before
        {
            found.entry(OF_TYPE).or_insert(before);
        }
    }
}

/// Returns a type's own description, else that of the place that uses it.
fn type_text(schema: &Value) -> String {
    match &schema[OF_TYPE] {
        Value::String(words) => one_paragraph(words),
        _ => text(schema),
    }
}

fn text(schema: &Value) -> String {
    one_paragraph(schema["description"].as_str().unwrap_or_default())
}

/// Joins a doc comment to one paragraph, without links into the code.
pub(super) fn one_paragraph(words: &str) -> String {
    let mut one_line = words.split_whitespace().collect::<Vec<_>>().join(" ");
    while let Some(start) = one_line
        .find(" See [`crate::")
        .or_else(|| one_line.find(": see [`crate::"))
    {
        let end = one_line[start..]
            .find("`].")
            .map_or(one_line.len(), |end| start + end + 3);
        let closing = if one_line[start..].starts_with(':') {
            "."
        } else {
            ""
        };
        one_line.replace_range(start..end, closing);
    }
    one_line
}
