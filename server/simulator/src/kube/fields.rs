//! Sets of fields, as `managedFields` keeps them (`FieldsV1`), and the difference of two objects
//! as such sets.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::shape::{List, Shape};

/// One step of a path into an object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Element {
    /// A field of an object: `f:`.
    Field(String),
    /// An item of a list by its key fields, as JSON: `k:`.
    Key(String),
    /// A value of a set, as JSON: `v:`.
    Item(String),
}

impl Element {
    fn encode(&self) -> String {
        match self {
            Self::Field(name) => format!("f:{name}"),
            Self::Key(key) => format!("k:{key}"),
            Self::Item(item) => format!("v:{item}"),
        }
    }

    fn decode(text: &str) -> Option<Self> {
        let (tag, rest) = text.split_once(':')?;
        Some(match tag {
            "f" => Self::Field(rest.into()),
            "k" => Self::Key(rest.into()),
            "v" => Self::Item(rest.into()),
            _ => return None,
        })
    }

    fn write(&self, text: &mut String) {
        match self {
            Self::Field(name) => {
                text.push('.');
                text.push_str(name);
            }
            Self::Key(key) => {
                let fields: Map<String, Value> = serde_json::from_str(key).unwrap_or_default();
                let parts: Vec<String> = fields
                    .iter()
                    .map(|(name, value)| format!("{name}={value}"))
                    .collect();
                text.push('[');
                text.push_str(&parts.join(","));
                text.push(']');
            }
            Self::Item(item) => {
                text.push_str("[=");
                text.push_str(item);
                text.push(']');
            }
        }
    }
}

/// A path into an object.
pub(super) type Path = Vec<Element>;

/// A path as messages show it: `.spec.users[name="app"].role`.
pub(super) fn show(path: &[Element]) -> String {
    let mut text = String::new();
    for element in path {
        element.write(&mut text);
    }
    text
}

/// A set of paths.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct FieldSet(pub(super) BTreeSet<Path>);

impl FieldSet {
    /// What an applier says by this object: every leaf, every item of a list with identities.
    pub(super) fn said_by(value: &Value, shape: Shape<'_>) -> Self {
        let mut set = Self::default();
        collect(value, shape, &mut Vec::new(), &mut set, false);
        set.without_system_fields()
    }

    /// Reads `fieldsV1`; what cannot be read is left out.
    pub(super) fn decode(fields: &Value) -> Self {
        fn walk(node: &Value, path: &mut Path, set: &mut FieldSet) {
            let Some(children) = node.as_object() else { return };
            if children.is_empty() && !path.is_empty() {
                set.0.insert(path.clone());
            }
            for (name, child) in children {
                if name == "." {
                    set.0.insert(path.clone());
                } else if let Some(element) = Element::decode(name) {
                    path.push(element);
                    walk(child, path, set);
                    path.pop();
                }
            }
        }
        let mut set = Self::default();
        walk(fields, &mut Vec::new(), &mut set);
        set
    }

    /// Writes `fieldsV1`.
    pub(super) fn encode(&self) -> Value {
        #[derive(Default)]
        struct Node {
            member: bool,
            children: BTreeMap<Element, Node>,
        }
        fn write(node: &Node) -> Value {
            let mut fields = Map::new();
            if node.member && !node.children.is_empty() {
                fields.insert(".".into(), json!({}));
            }
            for (element, child) in &node.children {
                fields.insert(element.encode(), write(child));
            }
            Value::Object(fields)
        }
        let mut root = Node::default();
        for path in &self.0 {
            let mut node = &mut root;
            for element in path {
                node = node.children.entry(element.clone()).or_default();
            }
            node.member = true;
        }
        write(&root)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn contains(&self, path: &[Element]) -> bool {
        self.0.contains(path)
    }

    /// Whether it has this path or one below it.
    pub(super) fn touches(&self, path: &[Element]) -> bool {
        self.0
            .range(path.to_vec()..)
            .next()
            .is_some_and(|next| next.starts_with(path))
    }

    pub(super) fn union(&self, other: &Self) -> Self {
        Self(self.0.union(&other.0).cloned().collect())
    }

    pub(super) fn difference(&self, other: &Self) -> Self {
        Self(self.0.difference(&other.0).cloned().collect())
    }

    pub(super) fn intersection(&self, other: &Self) -> Self {
        Self(self.0.intersection(&other.0).cloned().collect())
    }

    /// The paths below this field of the root, or all others.
    pub(super) fn filter_root(mut self, keep: impl Fn(&str) -> bool) -> Self {
        self.0
            .retain(|path| matches!(path.first(), Some(Element::Field(name)) if keep(name)));
        self
    }

    /// Nobody owns what the server alone writes.
    fn without_system_fields(mut self) -> Self {
        const SYSTEM: &[&str] = &[
            "name",
            "namespace",
            "creationTimestamp",
            "selfLink",
            "uid",
            "generation",
            "managedFields",
            "resourceVersion",
            "deletionTimestamp",
            "deletionGracePeriodSeconds",
        ];
        self.0.retain(|path| match path.as_slice() {
            [Element::Field(root)] => !matches!(root.as_str(), "apiVersion" | "kind" | "metadata"),
            [Element::Field(root), Element::Field(name), ..] if root == "metadata" => {
                !SYSTEM.contains(&name.as_str())
            }
            _ => true,
        });
        self
    }
}

/// How two objects differ.
#[derive(Debug, Clone, Default)]
pub(super) struct Difference {
    /// What is in the new one alone.
    pub(super) added: FieldSet,
    /// What has another value.
    pub(super) modified: FieldSet,
    /// What is in the old one alone.
    pub(super) removed: FieldSet,
}

impl Difference {
    /// The difference from `old` to `new`.
    pub(super) fn between(old: &Value, new: &Value, shape: Shape<'_>) -> Self {
        let mut difference = Self::default();
        compare(Some(old), Some(new), shape, &mut Vec::new(), &mut difference);
        Self {
            added: difference.added.without_system_fields(),
            modified: difference.modified.without_system_fields(),
            removed: difference.removed.without_system_fields(),
        }
    }

    /// What is new or has another value.
    pub(super) fn changed(&self) -> FieldSet {
        self.added.union(&self.modified)
    }
}

/// Adds the paths of a value; with `inner`, those of objects with fields too.
fn collect(value: &Value, shape: Shape<'_>, path: &mut Path, set: &mut FieldSet, inner: bool) {
    match value {
        Value::Object(fields) if !fields.is_empty() && !shape.is_atomic_map() => {
            if inner && !path.is_empty() {
                set.0.insert(path.clone());
            }
            for (name, value) in fields {
                path.push(Element::Field(name.clone()));
                collect(value, shape.field(name), path, set, inner);
                path.pop();
            }
        }
        Value::Array(items) if !items.is_empty() && shape.list(items) != List::Atomic => {
            let list = shape.list(items);
            if inner {
                set.0.insert(path.clone());
            }
            for item in items {
                let Some(element) = shape.element(&list, item) else {
                    continue;
                };
                path.push(element);
                set.0.insert(path.clone());
                if item.is_object() {
                    collect(item, shape.item(), path, set, inner);
                }
                path.pop();
            }
        }
        _ => {
            set.0.insert(path.clone());
        }
    }
}

fn compare(
    old: Option<&Value>,
    new: Option<&Value>,
    shape: Shape<'_>,
    path: &mut Path,
    difference: &mut Difference,
) {
    match (old, new) {
        (None, None) => {}
        (None, Some(new)) => collect(new, shape, path, &mut difference.added, true),
        (Some(old), None) => collect(old, shape, path, &mut difference.removed, true),
        (Some(old), Some(new)) if old == new => {}
        (Some(Value::Object(old)), Some(Value::Object(new))) if !shape.is_atomic_map() => {
            let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
            for name in names {
                path.push(Element::Field(name.clone()));
                compare(old.get(name), new.get(name), shape.field(name), path, difference);
                path.pop();
            }
        }
        (Some(Value::Array(old)), Some(Value::Array(new)))
            if shape.list(new) != List::Atomic || shape.list(old) != List::Atomic =>
        {
            let list = if new.is_empty() {
                shape.list(old)
            } else {
                shape.list(new)
            };
            let index = |items: &'_ [Value]| -> BTreeMap<Element, Value> {
                items
                    .iter()
                    .filter_map(|item| Some((shape.element(&list, item)?, item.clone())))
                    .collect()
            };
            let (old, new) = (index(old), index(new));
            let elements: BTreeSet<&Element> = old.keys().chain(new.keys()).collect();
            for element in elements {
                path.push(element.clone());
                compare(old.get(element), new.get(element), shape.item(), path, difference);
                path.pop();
            }
        }
        _ => {
            difference.modified.0.insert(path.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn element() -> impl Strategy<Value = Element> {
        prop_oneof![
            "[a-z.:]{1,4}".prop_map(Element::Field),
            "[a-z]{1,3}".prop_map(|name| Element::Key(json!({"name": name}).to_string())),
            any::<i8>().prop_map(|number| Element::Item(number.to_string())),
        ]
    }

    fn set() -> impl Strategy<Value = FieldSet> {
        let paths = prop::collection::btree_set(prop::collection::vec(element(), 1..4), 0..12);
        paths.prop_map(FieldSet)
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i8>().prop_map(Value::from)
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::btree_map("[a-c]", inner, 0..4)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(set in set()) {
            prop_assert_eq!(FieldSet::decode(&set.encode()), set);
        }

        #[test]
        fn a_difference_is_empty_exactly_between_equals(old in value(), new in value()) {
            let (old, new) = (json!({"spec": old}), json!({"spec": new}));
            let difference = Difference::between(&old, &new, Shape::built_in());
            let nothing = difference.changed().is_empty() && difference.removed.is_empty();
            prop_assert_eq!(nothing, old == new);
        }
    }
}
