//! Parses YAML into a tree with line numbers. Its errors contain positions, never the contents.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{Error, Spanned};

use super::problem::Problem;

/// Largest kubeconfig, in bytes.
pub(super) const MAX_BYTES: usize = 4 << 20;

/// A node of a document.
pub(super) struct Node {
    /// The line, from 1, if known.
    pub(super) line: Option<u64>,
    pub(super) value: Value,
}

/// The value of a node.
pub(super) enum Value {
    Null,
    Bool(bool),
    Number(serde_json::Value),
    Text(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

/// Parses the only document of `text`; `None` if it is empty.
pub(super) fn parse(text: &str) -> Result<Option<Node>, Problem> {
    let mut bytes = text.as_bytes();
    let mut documents = serde_saphyr::read_with_options::<_, Spanned<Value>>(&mut bytes, options());
    let Some(first) = documents.next() else {
        return Ok(None);
    };
    let first = node(first.map_err(|error| problem(&error))?);
    match documents.next() {
        None => Ok(Some(first)),
        Some(_) => Err(Problem::of_file(
            "it holds more than one document, of which kubectl reads the first alone: keep one",
        )),
    }
}

fn options() -> serde_saphyr::Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_reader_input_bytes: Some(MAX_BYTES),
            max_events: 200_000,
            max_nodes: 100_000,
            max_aliases: 1_000,
            max_anchors: 1_000,
            max_depth: 48,
            max_documents: 2,
        },
        strict_booleans: true,
        with_snippet: false,
    }
}

/// Position and kind of a parser error. The parser's own text may quote the document.
fn problem(error: &Error) -> Problem {
    let place = error.location().filter(|place| place.line() > 0);
    let what = match error.without_snippet() {
        Error::Eof { .. } => "it ends too early",
        Error::DuplicateMappingKey { .. } => "a field stands there twice",
        Error::UnknownAnchor { .. } => "it refers to an anchor that is not there",
        Error::InvalidUtf8Input => "it is not text in UTF-8",
        Error::NonFiniteFloat { .. } => "there is a number without end",
        _ => {
            "it is no YAML from there on, or a little before: look for a brace, a quotation mark or a blank that is \
             missing or too many"
        }
    };
    let column = place.map_or_else(String::new, |place| format!("column {}: ", place.column()));
    Problem {
        line: place.map(|place| place.line()),
        field: String::new(),
        message: format!("{column}{what}"),
    }
}

fn node(spanned: Spanned<Value>) -> Node {
    let line = spanned.referenced.line();
    Node {
        line: (line > 0).then_some(line),
        value: spanned.value,
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;

        impl<'de> Visitor<'de> for Any {
            type Value = Value;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("anything")
            }
            fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
                Ok(Value::Bool(value))
            }
            fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
                Ok(Value::Number(number.into()))
            }
            fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
                Ok(Value::Number(number.into()))
            }
            fn visit_i128<E>(self, _: i128) -> Result<Value, E> {
                Ok(Value::Number(serde_json::Value::Null))
            }
            fn visit_u128<E>(self, _: u128) -> Result<Value, E> {
                Ok(Value::Number(serde_json::Value::Null))
            }
            fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
                Ok(Value::Number(number.into()))
            }
            fn visit_str<E>(self, text: &str) -> Result<Value, E> {
                Ok(Value::Text(text.to_owned()))
            }
            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Value, E> {
                Ok(Value::Text(String::from_utf8_lossy(bytes).into_owned()))
            }
            fn visit_unit<E>(self) -> Result<Value, E> {
                Ok(Value::Null)
            }
            fn visit_none<E>(self) -> Result<Value, E> {
                Ok(Value::Null)
            }
            fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
                Value::deserialize(deserializer)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = list.next_element()? {
                    items.push(node(item));
                }
                Ok(Value::List(items))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(name) = map.next_key::<String>()? {
                    entries.push((name, node(map.next_value()?)));
                }
                Ok(Value::Map(entries))
            }
        }

        deserializer.deserialize_any(Any)
    }
}
