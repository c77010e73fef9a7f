//! The CEL types of schemas (`k8s.io/apiserver/pkg/cel/common`, `SchemaDeclType`).

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::super::escaping::escape;

/// A schema as a JSON object.
type Schema = Map<String, Value>;

/// The API server's limit on the size of a request, in bytes.
const MAX_REQUEST_BYTES: i64 = 3 * 1024 * 1024;
/// The longest name of an object.
const MAX_NAME_BYTES: i64 = 253;

/// The CEL type of a schema, with size bounds.
#[derive(Debug)]
pub(crate) struct DeclType {
    pub(crate) kind: DeclTypeKind,
    /// The most items, entries or bytes of a value; 0 for objects and types of fixed size.
    pub(in crate::rules) max_size: u64,
    /// The fewest bytes that a value takes in JSON.
    min_bytes: i64,
}

/// A CEL type and those of its parts.
#[derive(Debug)]
pub(crate) enum DeclTypeKind {
    /// An integer or a string.
    Dyn,
    Bool,
    Int,
    Double,
    String,
    Bytes,
    Duration,
    Timestamp,
    List(Arc<DeclType>),
    /// The type of the values; keys are strings.
    Map(Arc<DeclType>),
    /// The types of the properties, by escaped name.
    Object(HashMap<String, Arc<DeclType>>),
}

impl DeclType {
    /// The CEL type of a schema; `None` if rules cannot refer to its values. `is_resource` is set for the root of an
    /// object and for embedded resources.
    pub(crate) fn of(schema: &Schema, is_resource: bool) -> Option<Arc<Self>> {
        if flag(schema, "x-kubernetes-int-or-string") {
            let max_size = number(schema, "maxLength").map_or(MAX_REQUEST_BYTES - 2, utf8_bytes);
            return Some(Self::new(DeclTypeKind::Dyn, max_size, 1));
        }
        Some(match text(schema, "type") {
            "array" => {
                let item = Self::below(object(schema, "items")?)?;
                let max_size = (MAX_REQUEST_BYTES - 2) / (item.min_bytes + 1);
                let max_size = number(schema, "maxItems").unwrap_or(max_size);
                Self::new(DeclTypeKind::List(item), max_size, 2)
            }
            "object" => match object(schema, "additionalProperties") {
                Some(values) => {
                    let value = Self::below(values)?;
                    let max_size = (MAX_REQUEST_BYTES - 2) / (value.min_bytes + 6);
                    let max_size = number(schema, "maxProperties").unwrap_or(max_size);
                    Self::new(DeclTypeKind::Map(value), max_size, 2)
                }
                None => Self::object(schema, is_resource),
            },
            "string" => Self::string(schema),
            "boolean" => Self::new(DeclTypeKind::Bool, 0, 4),
            "number" => Self::new(DeclTypeKind::Double, 0, 1),
            "integer" => Self::new(DeclTypeKind::Int, 0, 1),
            _ => return None,
        })
    }

    /// How many values of at least this size fit into one request.
    pub(crate) fn max_count_in_request(&self) -> u64 {
        u64::try_from(MAX_REQUEST_BYTES / (self.min_bytes + 1)).unwrap_or_default()
    }

    /// The type of a property, of the items of a list or of the values of a map.
    pub(crate) fn field(&self, name: &str) -> Option<&Arc<Self>> {
        match &self.kind {
            DeclTypeKind::Object(fields) => fields.get(&escaped(name)?),
            _ => None,
        }
    }

    /// The type of the items of a list or the values of a map.
    pub(crate) fn element(&self) -> Option<&Arc<Self>> {
        match &self.kind {
            DeclTypeKind::List(element) | DeclTypeKind::Map(element) => Some(element),
            _ => None,
        }
    }

    fn new(kind: DeclTypeKind, max_size: i64, min_bytes: i64) -> Arc<Self> {
        Arc::new(Self {
            kind,
            max_size: u64::try_from(max_size).unwrap_or_default(),
            min_bytes,
        })
    }

    fn below(schema: &Schema) -> Option<Arc<Self>> {
        Self::of(schema, flag(schema, "x-kubernetes-embedded-resource"))
    }

    fn object(schema: &Schema, is_resource: bool) -> Arc<Self> {
        let mut fields = HashMap::new();
        // The braces.
        let mut least = 2_i64;
        let mut add = |name: &str, decl_type: Arc<Self>, has_default: bool| {
            let required = list(schema, "required").iter().any(|one| one == name);
            if required && !has_default {
                let name = i64::try_from(name.len()).unwrap_or(i64::MAX);
                least = least.saturating_add(name).saturating_add(decl_type.min_bytes + 4);
            }
            if let Some(name) = escaped(name) {
                fields.insert(name, decl_type);
            }
        };
        let properties = object(schema, "properties");
        let implied = is_resource && !declares_metadata(properties);
        for (name, child) in properties.into_iter().flatten() {
            if implied && matches!(name.as_str(), "apiVersion" | "kind" | "metadata") {
                continue;
            }
            if let Some(child) = child.as_object()
                && let Some(decl_type) = Self::below(child)
            {
                add(
                    name,
                    decl_type,
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
        Self::new(DeclTypeKind::Object(fields), 0, least)
    }

    /// The type of `metadata`, of which rules can use only the names.
    fn metadata(properties: Option<&Schema>) -> Arc<Self> {
        let declared = properties
            .and_then(|all| object(all, "metadata"))
            .and_then(|metadata| object(metadata, "properties"));
        // A generated name has at least one more character.
        let fields =
            [("name", MAX_NAME_BYTES), ("generateName", MAX_NAME_BYTES - 1)].map(|(name, longest)| {
                let bound = declared
                    .and_then(|all| object(all, name))
                    .and_then(|schema| number(schema, "maxLength"));
                let longest = bound.map_or(longest, |bound| bound.min(longest));
                (
                    name.to_owned(),
                    Self::new(DeclTypeKind::String, utf8_bytes(longest), 2),
                )
            });
        Self::new(DeclTypeKind::Object(fields.into()), 0, 2)
    }

    fn string(schema: &Schema) -> Arc<Self> {
        let longest = number(schema, "maxLength");
        let (kind, max_size, min_bytes) = match text(schema, "format") {
            "byte" => (DeclTypeKind::Bytes, longest.unwrap_or(MAX_REQUEST_BYTES - 2), 2),
            "duration" => (DeclTypeKind::Duration, 32, 3),
            "date" => (DeclTypeKind::Timestamp, 12, 12),
            "date-time" => (DeclTypeKind::Timestamp, 32, 21),
            _ => {
                let values = list(schema, "enum");
                let longest_value = || values.iter().filter_map(Value::as_str).map(str::len).max();
                let max_size = match longest {
                    Some(longest) => utf8_bytes(longest),
                    None if values.is_empty() => MAX_REQUEST_BYTES - 2,
                    None => i64::try_from(longest_value().unwrap_or_default()).unwrap_or(i64::MAX),
                };
                (DeclTypeKind::String, max_size, 2)
            }
        };
        Self::new(kind, max_size, min_bytes)
    }
}

/// The most bytes of a string of so many characters.
fn utf8_bytes(characters: i64) -> i64 {
    characters.max(0).saturating_mul(4)
}

/// True if the properties declare all metadata fields that rules can use.
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

/// The escaped name of a property; `None` if it has none.
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
