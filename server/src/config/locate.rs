//! Finds the line of a field in YAML, and the field at a position. Used only for errors, so the text is parsed again.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{Location, Spanned};

use super::yaml_limits::options;

/// A YAML document reduced to its structure and positions.
pub(super) enum Node {
    Map(Vec<(Spanned<String>, Spanned<Node>)>),
    List(Vec<Spanned<Node>>),
    Leaf,
}

/// The outlines of the documents in `text`; `None` for those that cannot be parsed.
pub(super) fn outline(text: &str) -> Vec<Option<Spanned<Node>>> {
    let mut bytes = text.as_bytes();
    serde_saphyr::read_with_options::<_, Spanned<Node>>(&mut bytes, options())
        .map(Result::ok)
        .collect()
}

/// The line of `path` (`spec.environments[1].namespace`), or of its nearest existing parent.
pub(super) fn line_of(document: &Spanned<Node>, path: &str) -> Option<u64> {
    let mut node = document;
    let mut line = known_line(document.referenced);
    for step in steps(path) {
        let next = match (&node.value, &step) {
            (Node::Map(entries), PathStep::Key(key)) => entries
                .iter()
                .find(|(name, _)| name.value == *key)
                .map(|(name, value)| (name.referenced, value)),
            (Node::List(items), PathStep::Index(index)) => {
                items.get(*index).map(|item| (item.referenced, item))
            }
            _ => None,
        };
        let Some((place, below)) = next else { break };
        line = known_line(place).or(line);
        node = below;
    }
    line
}

/// The path of the field whose name or value begins at `place`.
pub(super) fn path_at(document: &Spanned<Node>, place: Location) -> Option<String> {
    fn search(node: &Spanned<Node>, place: Location, path: &str) -> Option<String> {
        match &node.value {
            Node::Map(entries) => entries.iter().find_map(|(name, value)| {
                let below = if path.is_empty() {
                    name.value.clone()
                } else {
                    format!("{path}.{}", name.value)
                };
                if same(name.referenced, place) {
                    return Some(below);
                }
                search(value, place, &below).or_else(|| same(value.referenced, place).then(|| below.clone()))
            }),
            Node::List(items) => items.iter().enumerate().find_map(|(index, item)| {
                let below = format!("{path}[{index}]");
                search(item, place, &below).or_else(|| same(item.referenced, place).then(|| below.clone()))
            }),
            Node::Leaf => None,
        }
    }
    search(document, place, "")
}

fn same(one: Location, other: Location) -> bool {
    one.line() == other.line() && one.column() == other.column()
}

fn known_line(place: Location) -> Option<u64> {
    (place.line() > 0).then(|| place.line())
}

enum PathStep {
    Key(String),
    Index(usize),
}

fn steps(path: &str) -> Vec<PathStep> {
    path.split('.')
        .flat_map(|part| {
            let mut pieces = part.split('[');
            let key = pieces
                .next()
                .filter(|key| !key.is_empty())
                .map(|key| PathStep::Key(key.to_owned()));
            let indices =
                pieces.filter_map(|piece| piece.trim_end_matches(']').parse().ok().map(PathStep::Index));
            key.into_iter().chain(indices).collect::<Vec<_>>()
        })
        .collect()
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Shape;

        impl<'de> Visitor<'de> for Shape {
            type Value = Node;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("anything")
            }
            fn visit_bool<E>(self, _: bool) -> Result<Node, E> {
                Ok(Node::Leaf)
            }
            fn visit_i64<E>(self, _: i64) -> Result<Node, E> {
                Ok(Node::Leaf)
            }
            fn visit_u64<E>(self, _: u64) -> Result<Node, E> {
                Ok(Node::Leaf)
            }
            fn visit_i128<E>(self, _: i128) -> Result<Node, E> {
                Ok(Node::Leaf)
            }
            fn visit_u128<E>(self, _: u128) -> Result<Node, E> {
                Ok(Node::Leaf)
            }
            fn visit_f64<E>(self, _: f64) -> Result<Node, E> {
                Ok(Node::Leaf)
            }
            fn visit_str<E>(self, _: &str) -> Result<Node, E> {
                Ok(Node::Leaf)
            }
            fn visit_bytes<E>(self, _: &[u8]) -> Result<Node, E> {
                Ok(Node::Leaf)
            }
            fn visit_unit<E>(self) -> Result<Node, E> {
                Ok(Node::Leaf)
            }
            fn visit_none<E>(self) -> Result<Node, E> {
                Ok(Node::Leaf)
            }
            fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
                Node::deserialize(deserializer)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = list.next_element()? {
                    items.push(item);
                }
                Ok(Node::List(items))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
                let mut entries = Vec::new();
                while let Some(name) = map.next_key()? {
                    entries.push((name, map.next_value()?));
                }
                Ok(Node::Map(entries))
            }
        }

        deserializer.deserialize_any(Shape)
    }
}
