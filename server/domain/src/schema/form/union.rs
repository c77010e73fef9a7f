//! `oneOf` of required fields: exactly one of several shapes.

use serde_json::Value;

use crate::schema::node::{Additional, Kind, Node};

/// The shapes: for each the fields that belong to it alone. Empty when the node's `oneOf` is of another kind.
pub(super) fn shapes(node: &Node) -> Vec<Vec<&str>> {
    let Some(combinations) = node.combinations.as_deref() else {
        return Vec::new();
    };
    let mut taken: Vec<&str> = Vec::new();
    let mut shapes = Vec::new();
    for branch in &combinations.one_of {
        let plain = matches!(branch.kind, Kind::Any | Kind::Object)
            && branch.properties.is_empty()
            && matches!(branch.additional, Additional::Absent)
            && branch.items.is_none()
            && branch.bounds.is_none()
            && branch.one_of_values.is_empty()
            && branch.combinations.as_ref().is_none_or(|inner| {
                inner.one_of.is_empty() && inner.any_of.is_empty() && inner.all_of.is_empty()
            });
        let names: Vec<&str> = branch.required.iter().map(|name| &**name).collect();
        let known = names
            .iter()
            .all(|name| node.properties.contains_key(*name) && !node.requires(name));
        if !plain || names.is_empty() || !known || names.iter().any(|name| taken.contains(name)) {
            return Vec::new();
        }
        taken.extend(&names);
        shapes.push(names);
    }
    if shapes.len() > 1 { shapes } else { Vec::new() }
}

/// The id of a shape in a form.
pub(super) fn id(names: &[&str]) -> String {
    names.join("+")
}

/// The shape that a value has.
pub(super) fn chosen<'n>(shapes: &'n [Vec<&'n str>], value: Option<&Value>) -> Option<&'n Vec<&'n str>> {
    let map = value?.as_object()?;
    shapes
        .iter()
        .find(|names| names.iter().any(|name| map.contains_key(*name)))
}
