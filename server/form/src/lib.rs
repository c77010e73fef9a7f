//! The model of a form: from a schema to fields ([`build`]), and from what is posted back to an object ([`decode`]).
//!
//! Names of inputs are JSON pointers into the object; beside those stand `…/@branch`, `…/@empty`, `…/@yaml`, `…/@0/key`
//! and `…/@0/value`, as [`Control`] says. What the form does not show of an object is kept as it is.
//!
//! A form says of each field what the object has there: decoding what it posts gives the object back ([`encode`]).
//! What a control cannot say is shown as YAML.

mod alternatives;
mod aside;
mod build;
mod commands;
mod controls;
mod decode;
mod encode;
mod hints;
mod labels;
mod model;
mod places;
mod plan;
mod posted;
mod problems;
mod scalars;
mod spot;
mod texts;
mod union;
mod when_empty;

#[cfg(test)]
mod tests;

pub use build::{Setup, build};
pub use decode::{Decoded, decode};
pub use encode::encode;
pub use hints::{FieldHint, FormHints, PlanValues};
pub use labels::label;
pub use model::{
    Branch, Choice, Control, EmptyMeans, Entry, Field, Form, MISSING, Section, WhenEmpty, in_words,
};
pub use plan::{enforce, preset_added, start};

use kube_schema::{Kind, Node};

/// The name of the buttons that change a form: `add:`, `remove:`, `up:`, `down:` and `branch:`, as [`Control`] says.
pub const DO: &str = "_do";

/// How a value at a node is filled in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// One text, number, choice or toggle.
    Scalar,
    /// Declared fields.
    Object,
    /// Keys and values.
    Map,
    /// Items.
    List,
    /// Anything.
    Free,
}

impl Shape {
    fn of(node: &Node) -> Self {
        let odd = |name: &str| name.is_empty() || name.starts_with('@');
        match node.kind() {
            _ if !node.allowed_values().is_empty() && !matches!(node.kind(), Kind::Object | Kind::Array) => {
                Self::Scalar
            }
            Kind::String | Kind::Integer | Kind::Number | Kind::Boolean | Kind::IntOrString => Self::Scalar,
            Kind::Array if node.items().is_some() => Self::List,
            Kind::Object | Kind::Any if node.properties().any(|(name, _)| odd(name)) => Self::Free,
            Kind::Object | Kind::Any if node.properties().len() > 0 => Self::Object,
            Kind::Object if node.values().is_some() && !node.preserves_unknown() => Self::Map,
            _ => Self::Free,
        }
    }
}

/// The properties of a node, what it requires first: when a form becomes too long, it is the rest that is left out.
fn required_first(node: &Node) -> impl Iterator<Item = (&str, &Node)> {
    let (required, rest): (Vec<_>, Vec<_>) = node.properties().partition(|(name, _)| node.requires(name));
    required.into_iter().chain(rest)
}

/// How many inputs a node asks for, counted no further than `most`. Lists and maps count as one: they begin empty.
fn weight(node: &Node, most: usize) -> usize {
    match Shape::of(node) {
        Shape::Object => {
            let mut sum = 0;
            for (_, child) in node.properties() {
                sum += weight(child, most.saturating_sub(sum));
                if sum >= most {
                    return most;
                }
            }
            sum
        }
        _ => 1,
    }
}
