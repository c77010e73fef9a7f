//! Objects that are one of several shapes: by `oneOf`, `anyOf` or `not` of required fields, or by a rule.
//!
//! A schema has many ways to say it; what is not surely understood is no choice here, and judged all the same.

use kube_schema::{Combinations, Kind, Node};
use serde_json::Value;

use super::alternatives::Alternatives;

/// The branch that leaves everything there, of whatever shapes.
pub(super) const SEVERAL: &str = "@several";

/// A choice among shapes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Union<'n> {
    /// The shapes: for each the fields that belong to it alone, at least one.
    pub(super) shapes: Vec<Vec<&'n str>>,
    /// Whether an object of no shape is well.
    pub(super) may_be_none: bool,
    /// Whether an object of several shapes is well.
    pub(super) may_be_several: bool,
}

impl<'n> Union<'n> {
    /// The choice that a node is, if it is one. Where it says so in several ways, the first that is understood counts:
    /// `oneOf`, `anyOf`, `not`, then rules in their order.
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
        if !with.iter().all(|branch| is_about_fields(branch)) {
            return None;
        }
        let mut shapes: Vec<Vec<&str>> = with.iter().map(|branch| required(branch)).collect();
        // What all require belongs to none of them alone.
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
            [only] => excludes(only, &members).then_some(true)?,
            _ => return None,
        };
        Self::known(node, shapes, may_be_none, may_be_several)
    }

    /// `not: {required: [a, b]}`: not both.
    fn of_not(node: &'n Node, not: &'n Node) -> Option<Self> {
        if !is_bare(not) || not.combinations().is_some() || not.required().len() != 2 {
            return None;
        }
        let shapes = required(not).into_iter().map(|name| vec![name]).collect();
        Self::known(node, shapes, true, false)
    }

    /// A choice of these, if there is one to make, and every field is declared, required by none but its shape, and of
    /// one shape only.
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

    /// The id of the branch that a value has; empty for none.
    pub(super) fn chosen(&self, value: Option<&Value>) -> String {
        let held = self.held(value);
        match held.as_slice() {
            [] => String::new(),
            [names] => id(names),
            _ => SEVERAL.to_owned(),
        }
    }

    /// The shapes of which a value has something.
    pub(super) fn held(&self, value: Option<&Value>) -> Vec<&Vec<&'n str>> {
        let Some(map) = value.and_then(Value::as_object) else {
            return Vec::new();
        };
        let holds = |names: &&Vec<&str>| names.iter().any(|name| map.contains_key(*name));
        self.shapes.iter().filter(holds).collect()
    }

    /// The fields that go when the branch `chosen` is chosen; `None` when there is no such branch.
    pub(super) fn unchosen(&self, chosen: &str) -> Option<Vec<&'n str>> {
        if chosen == SEVERAL {
            return Some(Vec::new());
        }
        if !chosen.is_empty() && !self.shapes.iter().any(|names| id(names) == chosen) {
            return None;
        }
        let others = self.shapes.iter().filter(|names| id(names) != chosen);
        Some(others.flatten().copied().collect())
    }
}

/// The id of a shape in a form.
pub(super) fn id(names: &[&str]) -> String {
    names.join("+")
}

/// The name of a declared property, as the schema has it.
fn declared<'n>(node: &'n Node, name: &str) -> Option<&'n str> {
    node.properties().map(|(own, _)| own).find(|own| *own == name)
}

fn required(node: &Node) -> Vec<&str> {
    node.required().collect()
}

/// Whether a branch says nothing of the value but of its fields: which must be there and what they must be.
fn is_about_fields(branch: &Node) -> bool {
    is_plain(branch)
        && branch.combinations().is_none_or(|inner| {
            inner.one_of().is_empty() && inner.any_of().is_empty() && inner.all_of().is_empty()
        })
}

/// Whether a branch says nothing but which fields must be there.
fn is_bare(branch: &Node) -> bool {
    is_plain(branch) && branch.properties().len() == 0
}

fn is_plain(branch: &Node) -> bool {
    matches!(branch.kind(), Kind::Any | Kind::Object)
        && !branch.declares_additional()
        && branch.items().is_none()
        && !branch.has_bounds()
        && branch.allowed_values().is_empty()
}

/// Whether a branch says that none of the fields is there: `not: {required: [a]}`, `not: {anyOf: […]}`, or all of
/// such.
fn excludes(branch: &Node, fields: &[&str]) -> bool {
    let mut absent: Vec<&str> = Vec::new();
    if !is_bare(branch) || branch.required().len() > 0 {
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
        if !is_bare(part) || part.required().len() > 0 || !alone || !denied(inner, &mut absent) {
            return false;
        }
    }
    if combinations.not().is_some() && !denied(combinations, &mut absent) {
        return false;
    }
    fields.iter().all(|field| absent.contains(field)) && absent.iter().all(|name| fields.contains(name))
}

/// Adds the fields of which `not` says that none is there.
fn denied<'n>(combinations: &'n Combinations, absent: &mut Vec<&'n str>) -> bool {
    let Some(not) = combinations.not().filter(|not| is_bare(not)) else {
        return false;
    };
    let single = |node: &'n Node| match required(node).as_slice() {
        [name] if is_bare(node) && node.combinations().is_none() => Some(*name),
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
