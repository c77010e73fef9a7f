//! Objects with one of several shapes, by `oneOf`, `anyOf` or `not` with required fields, or by a CEL rule.
//!
//! Schemas express this in many ways. Unrecognized ones are not offered as a choice, but validation still applies.

use kube_schema::{Combinations, Node, SchemaType};
use serde_json::Value;

use super::alternatives::Alternatives;

/// The branch that keeps the fields of several shapes.
pub(super) const SEVERAL_ID: &str = "@several";

/// The shapes that an object can have.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Union<'n> {
    /// The fields of each shape that belong to no other; at least one each.
    pub(super) shapes: Vec<Vec<&'n str>>,
    /// True if an object without any shape is valid.
    pub(super) may_be_none: bool,
    /// True if an object with several shapes is valid.
    pub(super) may_be_several: bool,
}

impl<'n> Union<'n> {
    /// Returns the shapes of a node, if it has any. Uses the first recognized of `oneOf`, `anyOf`, `not`, and rules in
    /// their order.
    pub(super) fn of(node: &'n Node) -> Option<Self> {
        if let Some(combinations) = node.combinations() {
            let branches = |branches, may_be_several| Self::of_branches(node, branches, may_be_several);
            let found = branches(combinations.one_of(), false)
                .or_else(|| branches(combinations.any_of(), true))
                .or_else(|| Self::of_not(node, combinations.not()?));
            if found.is_some() {
                return found;
            }
        }
        node.rules().iter().find_map(|rule| {
            let alternatives = Alternatives::read(rule.text())?;
            let shapes: Option<Vec<Vec<&str>>> = alternatives
                .names
                .iter()
                .map(|name| Some(vec![declared(node, name)?]))
                .collect();
            Self::known(node, shapes?, alternatives.may_be_none, false)
        })
    }

    fn of_branches(node: &'n Node, branches: &'n [Node], may_be_several: bool) -> Option<Self> {
        let (without, with): (Vec<&Node>, Vec<&Node>) =
            branches.iter().partition(|branch| branch.required().len() == 0);
        if !with.iter().all(|branch| only_constrains_fields(branch)) {
            return None;
        }
        let mut shapes: Vec<Vec<&str>> = with.iter().map(|branch| required(branch)).collect();
        // Fields that all branches require belong to none of them.
        if let (true, Some(first)) = (without.is_empty() && shapes.len() > 1, shapes.first()) {
            let common: Vec<&str> = first
                .iter()
                .copied()
                .filter(|name| shapes.iter().all(|names| names.contains(name)))
                .collect();
            for names in &mut shapes {
                names.retain(|name| !common.contains(name));
            }
        }
        let members: Vec<&str> = shapes.iter().flatten().copied().collect();
        let may_be_none = match without.as_slice() {
            [] => false,
            [only] => forbids(only, &members).then_some(true)?,
            _ => return None,
        };
        Self::known(node, shapes, may_be_none, may_be_several)
    }

    /// `not: {required: [a, b]}`: not both.
    fn of_not(node: &'n Node, not: &'n Node) -> Option<Self> {
        if !only_requires_fields(not) || not.combinations().is_some() || not.required().len() != 2 {
            return None;
        }
        let shapes = required(not).into_iter().map(|name| vec![name]).collect();
        Self::known(node, shapes, true, false)
    }

    /// Returns a union if the fields of all shapes are declared, not required by the object itself, and different.
    fn known(
        node: &'n Node,
        shapes: Vec<Vec<&'n str>>,
        may_be_none: bool,
        may_be_several: bool,
    ) -> Option<Self> {
        if shapes.len() + usize::from(may_be_none) < 2 {
            return None;
        }
        let mut taken: Vec<&str> = Vec::new();
        for names in &shapes {
            for name in names {
                if taken.contains(name) || node.requires(name) || node.property(name).is_none() {
                    return None;
                }
                taken.push(name);
            }
            if names.is_empty() {
                return None;
            }
        }
        Some(Self {
            shapes,
            may_be_none,
            may_be_several,
        })
    }

    /// The id of the branch that a value has; empty if it has none.
    pub(super) fn chosen(&self, value: Option<&Value>) -> String {
        let held = self.held(value);
        match held.as_slice() {
            [] => String::new(),
            [names] => id(names),
            _ => SEVERAL_ID.to_owned(),
        }
    }

    /// The shapes of which a value has any field.
    pub(super) fn held(&self, value: Option<&Value>) -> Vec<&Vec<&'n str>> {
        let Some(map) = value.and_then(Value::as_object) else {
            return Vec::new();
        };
        let holds = |names: &&Vec<&str>| names.iter().any(|name| map.contains_key(*name));
        self.shapes.iter().filter(holds).collect()
    }

    /// The fields to remove when the branch `chosen` is chosen; `None` if there is no such branch.
    pub(super) fn unchosen(&self, chosen: &str) -> Option<Vec<&'n str>> {
        if chosen == SEVERAL_ID {
            return Some(Vec::new());
        }
        if !chosen.is_empty() && !self.shapes.iter().any(|names| id(names) == chosen) {
            return None;
        }
        let others = self.shapes.iter().filter(|names| id(names) != chosen);
        Some(others.flatten().copied().collect())
    }
}

/// The id of a shape.
pub(super) fn id(names: &[&str]) -> String {
    names.join("+")
}

/// The name of a declared property, borrowed from the schema.
fn declared<'n>(node: &'n Node, name: &str) -> Option<&'n str> {
    node.properties().map(|(own, _)| own).find(|own| *own == name)
}

fn required(node: &Node) -> Vec<&str> {
    node.required().collect()
}

/// True if a branch only constrains properties: requires them, or refines their schemas.
fn only_constrains_fields(branch: &Node) -> bool {
    has_no_value_constraints(branch)
        && branch.combinations().is_none_or(|inner| {
            inner.one_of().is_empty() && inner.any_of().is_empty() && inner.all_of().is_empty()
        })
}

/// True if a branch only requires properties.
fn only_requires_fields(branch: &Node) -> bool {
    has_no_value_constraints(branch) && branch.properties().len() == 0
}

fn has_no_value_constraints(branch: &Node) -> bool {
    matches!(branch.schema_type(), SchemaType::Any | SchemaType::Object)
        && !branch.sets_additional_properties()
        && branch.items().is_none()
        && !branch.has_bounds()
        && branch.enum_values().is_empty()
}

/// True if a branch forbids all of these fields: `not: {required: [a]}`, `not: {anyOf: […]}`, or several of these.
fn forbids(branch: &Node, fields: &[&str]) -> bool {
    let mut absent: Vec<&str> = Vec::new();
    if !only_requires_fields(branch) || branch.required().len() > 0 {
        return false;
    }
    let Some(combinations) = branch.combinations() else {
        return false;
    };
    if !combinations.one_of().is_empty() || !combinations.any_of().is_empty() {
        return false;
    }
    for part in combinations.all_of() {
        let Some(inner) = part.combinations() else {
            return false;
        };
        let alone = inner.one_of().is_empty() && inner.any_of().is_empty() && inner.all_of().is_empty();
        if !only_requires_fields(part)
            || part.required().len() > 0
            || !alone
            || !collect_forbidden(inner, &mut absent)
        {
            return false;
        }
    }
    if combinations.not().is_some() && !collect_forbidden(combinations, &mut absent) {
        return false;
    }
    fields.iter().all(|field| absent.contains(field)) && absent.iter().all(|name| fields.contains(name))
}

/// Collects the fields that `not` forbids.
fn collect_forbidden<'n>(combinations: &'n Combinations, absent: &mut Vec<&'n str>) -> bool {
    let Some(not) = combinations.not().filter(|not| only_requires_fields(not)) else {
        return false;
    };
    let single = |node: &'n Node| match required(node).as_slice() {
        [name] if only_requires_fields(node) && node.combinations().is_none() => Some(*name),
        _ => None,
    };
    let Some(inner) = not.combinations() else {
        absent.extend(single(not));
        return single(not).is_some();
    };
    let alone = inner.one_of().is_empty() && inner.all_of().is_empty() && inner.not().is_none();
    let names: Option<Vec<&str>> = inner.any_of().iter().map(single).collect();
    match names {
        Some(names) if alone && not.required().len() == 0 && !names.is_empty() => {
            absent.extend(names);
            true
        }
        _ => false,
    }
}
