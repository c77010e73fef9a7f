//! What rules know of the values of a schema (`k8s.io/apiserver/pkg/cel/common`, `SchemaDeclType`).

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::super::escaping::escape;

/// A schema as it is written.
type Schema = Map<String, Value>;

/// The bytes of the largest request.
const REQUEST: i64 = 3 * 1024 * 1024;
/// The longest name of an object.
const NAME: i64 = 253;

/// What a schema declares of its values.
#[derive(Debug)]
pub(crate) struct Declaration {
    pub(crate) declared: Declared,
    /// The most items, entries or bytes that it can have; nothing for objects and for what has a fixed size.
    pub(in crate::rules) most: u64,
    /// The fewest bytes that it takes in JSON.
    least_bytes: i64,
}

/// The type of values, and what is declared of their parts.
#[derive(Debug)]
pub(crate) enum Declared {
    /// An integer or a string.
    Dyn,
    Bool,
    Int,
    Double,
    String,
    Bytes,
    Duration,
    Timestamp,
    List(Arc<Declaration>),
    /// What is declared of the values; keys are strings.
    Map(Arc<Declaration>),
    /// Fields by their escaped names.
    Object(HashMap<String, Arc<Declaration>>),
}

impl Declaration {
    /// What a schema declares; nothing where rules cannot speak of its values. `is_resource` for the root of an object
    /// and for an object that is embedded.
    pub(crate) fn of(schema: &Schema, is_resource: bool) -> Option<Arc<Self>> {
        if flag(schema, "x-kubernetes-int-or-string") {
            let most = number(schema, "maxLength").map_or(REQUEST - 2, utf8_bytes);
            return Some(Self::new(Declared::Dyn, most, 1));
        }
        Some(match text(schema, "type") {
            "array" => {
                let item = Self::below(object(schema, "items")?)?;
                let most = (REQUEST - 2) / (item.least_bytes + 1);
                let most = number(schema, "maxItems").unwrap_or(most);
                Self::new(Declared::List(item), most, 2)
            }
            "object" => match object(schema, "additionalProperties") {
                Some(values) => {
                    let value = Self::below(values)?;
                    let most = (REQUEST - 2) / (value.least_bytes + 6);
                    let most = number(schema, "maxProperties").unwrap_or(most);
                    Self::new(Declared::Map(value), most, 2)
                }
                None => Self::object(schema, is_resource),
            },
            "string" => Self::string(schema),
            "boolean" => Self::new(Declared::Bool, 0, 4),
            "number" => Self::new(Declared::Double, 0, 1),
            "integer" => Self::new(Declared::Int, 0, 1),
            _ => return None,
        })
    }

    /// How often a value of at least this size can be in one request.
    pub(crate) fn most_in_request(&self) -> u64 {
        u64::try_from(REQUEST / (self.least_bytes + 1)).unwrap_or_default()
    }

    /// What is declared of a field, of the items of a list or the values of a map.
    pub(crate) fn field(&self, name: &str) -> Option<&Arc<Self>> {
        match &self.declared {
            Declared::Object(fields) => fields.get(&escaped(name)?),
            _ => None,
        }
    }

    /// What is declared of the items of a list or the values of a map.
    pub(crate) fn element(&self) -> Option<&Arc<Self>> {
        match &self.declared {
            Declared::List(element) | Declared::Map(element) => Some(element),
            _ => None,
        }
    }

    fn new(declared: Declared, most: i64, least_bytes: i64) -> Arc<Self> {
        Arc::new(Self {
            declared,
            most: u64::try_from(most).unwrap_or_default(),
            least_bytes,
        })
    }

    fn below(schema: &Schema) -> Option<Arc<Self>> {
        Self::of(schema, flag(schema, "x-kubernetes-embedded-resource"))
    }

    fn object(schema: &Schema, is_resource: bool) -> Arc<Self> {
        let mut fields = HashMap::new();
        // Braces.
        let mut least = 2_i64;
        let mut add = |name: &str, declaration: Arc<Self>, has_default: bool| {
            let required = list(schema, "required").iter().any(|one| one == name);
            if required && !has_default {
                let name = i64::try_from(name.len()).unwrap_or(i64::MAX);
                least = least
                    .saturating_add(name)
                    .saturating_add(declaration.least_bytes + 4);
            }
            if let Some(name) = escaped(name) {
                fields.insert(name, declaration);
            }
        };
        let properties = object(schema, "properties");
        let implied = is_resource && !declares_metadata(properties);
        for (name, child) in properties.into_iter().flatten() {
            if implied && matches!(name.as_str(), "apiVersion" | "kind" | "metadata") {
                continue;
            }
            if let Some(child) = child.as_object()
                && let Some(declaration) = Self::below(child)
            {
                add(
                    name,
                    declaration,
                    child.get("default").is_some_and(|value| !value.is_null()),
                );
            }
        }
        if implied {
            for name in ["apiVersion", "kind"] {
                add(name, Self::string(&Schema::new()), false);
            }
            add("metadata", Self::metadata(properties), false);
        }
        Self::new(Declared::Object(fields), 0, least)
    }

    /// The metadata of an object: of all of it, rules know the names.
    fn metadata(properties: Option<&Schema>) -> Arc<Self> {
        let declared = properties
            .and_then(|all| object(all, "metadata"))
            .and_then(|metadata| object(metadata, "properties"));
        // What is generated adds one letter at least.
        let fields = [("name", NAME), ("generateName", NAME - 1)].map(|(name, longest)| {
            let bound = declared
                .and_then(|all| object(all, name))
                .and_then(|schema| number(schema, "maxLength"));
            let longest = bound.map_or(longest, |bound| bound.min(longest));
            (
                name.to_owned(),
                Self::new(Declared::String, utf8_bytes(longest), 2),
            )
        });
        Self::new(Declared::Object(fields.into()), 0, 2)
    }

    fn string(schema: &Schema) -> Arc<Self> {
        let longest = number(schema, "maxLength");
        let (declared, most, least) = match text(schema, "format") {
            "byte" => (Declared::Bytes, longest.unwrap_or(REQUEST - 2), 2),
            "duration" => (Declared::Duration, 32, 3),
            "date" => (Declared::Timestamp, 12, 12),
            "date-time" => (Declared::Timestamp, 32, 21),
            _ => {
                let values = list(schema, "enum");
                let longest_value = || values.iter().filter_map(Value::as_str).map(str::len).max();
                let most = match longest {
                    Some(longest) => utf8_bytes(longest),
                    None if values.is_empty() => REQUEST - 2,
                    None => i64::try_from(longest_value().unwrap_or_default()).unwrap_or(i64::MAX),
                };
                (Declared::String, most, 2)
            }
        };
        Self::new(declared, most, least)
    }
}

/// The most bytes that so many characters take.
fn utf8_bytes(characters: i64) -> i64 {
    characters.max(0).saturating_mul(4)
}

/// Whether the properties of an object declare all of the metadata that rules know.
fn declares_metadata(properties: Option<&Schema>) -> bool {
    let is =
        |all: &Schema, name: &str, kind: &str| object(all, name).is_some_and(|one| text(one, "type") == kind);
    properties.is_some_and(|all| {
        let names = object(all, "metadata").and_then(|metadata| object(metadata, "properties"));
        is(all, "kind", "string")
            && is(all, "apiVersion", "string")
            && is(all, "metadata", "object")
            && names.is_some_and(|names| is(names, "name", "string") && is(names, "generateName", "string"))
    })
}

/// The name that rules have for a field; nothing where they have none.
fn escaped(name: &str) -> Option<String> {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '/');
    let begins = name.chars().next().is_some_and(|first| !first.is_ascii_digit());
    (begins && name.chars().all(is_allowed)).then(|| escape(name))
}

fn text<'s>(schema: &'s Schema, key: &str) -> &'s str {
    schema.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn flag(schema: &Schema, key: &str) -> bool {
    schema.get(key) == Some(&Value::Bool(true))
}

fn number(schema: &Schema, key: &str) -> Option<i64> {
    schema.get(key).and_then(Value::as_i64)
}

fn object<'s>(schema: &'s Schema, key: &str) -> Option<&'s Schema> {
    schema.get(key).and_then(Value::as_object)
}

fn list<'s>(schema: &'s Schema, key: &str) -> &'s [Value] {
    schema
        .get(key)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}
