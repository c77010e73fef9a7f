//! A form model for Kubernetes objects: [`build`] turns a schema and an object into fields, [`decode`] turns posted
//! inputs back into an object.
//!
//! Input names are JSON pointers into the object, some with a suffix: `…/@branch`, `…/@empty`, `…/@yaml`, `…/@0/key`
//! and `…/@0/value`; see [`Control`]. Parts of the object that the form does not show are kept.
//!
//! A form represents the whole object: decoding the inputs of an unchanged form ([`encode`]) gives the same object.
//! Values that a control cannot represent are edited as YAML.

mod alternatives;
mod build;
mod commands;
mod controls;
mod decode;
mod encode;
mod field_index;
mod field_path;
mod hints;
mod input;
mod invalid_map_rows;
mod labels;
mod model;
mod nested;
mod pattern_words;
mod plan;
mod posted;
mod problems;
mod quantity;
mod scalar_text;
mod scalars;
mod union;
mod values;
mod when_empty;

#[cfg(test)]
mod tests;

pub use build::build;
pub use decode::{Decoded, decode};
pub use encode::encode;
pub use hints::{FieldHint, FormHints, PlanValues};
pub use input::FormInput;
pub use labels::label;
pub use model::{
    AmountUnit, Branch, Choice, Control, EmptyMeans, Entry, Field, FieldLock, Form, MISSING, Section,
    WhenEmpty, in_words,
};
pub use plan::{apply_item_presets, enforce_plan, initial_object};

use kube_schema::{Node, SchemaType};

/// The kind of control that a node needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// A single input: text, number, choice or toggle.
    Scalar,
    /// Declared properties.
    Object,
    /// Key-value pairs.
    Map,
    /// Items.
    List,
    /// Any value, as YAML.
    Free,
}

impl Shape {
    fn of(node: &Node) -> Self {
        let odd = |name: &str| name.is_empty() || name.starts_with('@');
        match node.schema_type() {
            _ if !node.enum_values().is_empty()
                && !matches!(node.schema_type(), SchemaType::Object | SchemaType::Array) =>
            {
                Self::Scalar
            }
            SchemaType::String
            | SchemaType::Integer
            | SchemaType::Number
            | SchemaType::Boolean
            | SchemaType::IntOrString => Self::Scalar,
            SchemaType::Array if node.items().is_some() => Self::List,
            SchemaType::Object | SchemaType::Any if node.properties().any(|(name, _)| odd(name)) => {
                Self::Free
            }
            SchemaType::Object | SchemaType::Any if node.properties().len() > 0 => Self::Object,
            SchemaType::Object
                if node.additional_properties().is_some() && !node.preserves_unknown_fields() =>
            {
                Self::Map
            }
            _ => Self::Free,
        }
    }
}

/// The properties, required ones first: if the form becomes too long, the others are left out.
fn required_first(node: &Node) -> impl Iterator<Item = (&str, &Node)> {
    let (required, rest): (Vec<_>, Vec<_>) = node.properties().partition(|(name, _)| node.requires(name));
    required.into_iter().chain(rest)
}

/// The number of inputs of a node, counted up to `most`. Lists and maps count as one, because they start empty.
fn input_count(node: &Node, most: usize) -> usize {
    match Shape::of(node) {
        Shape::Object => {
            let mut sum = 0;
            for (_, child) in node.properties() {
                sum += input_count(child, most.saturating_sub(sum));
                if sum >= most {
                    return most;
                }
            }
            sum
        }
        _ => 1,
    }
}
