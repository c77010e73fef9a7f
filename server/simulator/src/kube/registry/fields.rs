//! Field sets as in `managedFields` (`FieldsV1`), and the difference of two objects as field sets.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::path::{Element, Path};
use super::shape::{List, Shape};

/// A set of paths.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct FieldSet(pub(crate) BTreeSet<Path>);

impl FieldSet {
    /// The fields that an apply configuration sets: every leaf, and every item of an associative list.
    pub(crate) fn said_by(value: &Value, shape: Shape<'_>) -> Self {
        let mut set = Self::default();
        collect(value, shape, &mut Vec::new(), &mut set, false);
        set.without_system_fields()
    }

    /// Decodes `fieldsV1`; skips what it cannot parse.
    pub(crate) fn decode(fields: &Value) -> Self {
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

    /// Encodes `fieldsV1`.
    pub(crate) fn encode(&self) -> Value {
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

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn contains(&self, path: &[Element]) -> bool {
        self.0.contains(path)
    }

    /// Whether it contains this path or one below it.
    pub(crate) fn touches(&self, path: &[Element]) -> bool {
        self.0
            .range(path.to_vec()..)
            .next()
            .is_some_and(|next| next.starts_with(path))
    }

    pub(crate) fn union(&self, other: &Self) -> Self {
        Self(self.0.union(&other.0).cloned().collect())
    }

    pub(crate) fn difference(&self, other: &Self) -> Self {
        Self(self.0.difference(&other.0).cloned().collect())
    }

    pub(crate) fn intersection(&self, other: &Self) -> Self {
        Self(self.0.intersection(&other.0).cloned().collect())
    }

    /// The paths whose first field passes `keep`.
    pub(crate) fn filter_root(mut self, keep: impl Fn(&str) -> bool) -> Self {
        self.0
            .retain(|path| matches!(path.first(), Some(Element::Field(name)) if keep(name)));
        self
    }

    /// Removes the fields that only the server sets: nobody owns them.
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

/// The difference of two objects.
#[derive(Debug, Clone, Default)]
pub(crate) struct Difference {
    /// Fields that only the new object has.
    pub(crate) added: FieldSet,
    /// Fields whose value differs.
    pub(crate) modified: FieldSet,
    /// Fields that only the old object has.
    pub(crate) removed: FieldSet,
}

impl Difference {
    /// Compares `old` to `new`.
    pub(crate) fn between(old: &Value, new: &Value, shape: Shape<'_>) -> Self {
        let mut difference = Self::default();
        compare(Some(old), Some(new), shape, &mut Vec::new(), &mut difference);
        Self {
            added: difference.added.without_system_fields(),
            modified: difference.modified.without_system_fields(),
            removed: difference.removed.without_system_fields(),
        }
    }

    /// Added and modified fields.
    pub(crate) fn changed(&self) -> FieldSet {
        self.added.union(&self.modified)
    }
}

/// Adds the paths of a value; with `inner`, also those of objects that have fields.
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
        fn encoded_field_sets_decode_to_the_same_set(set in set()) {
            prop_assert_eq!(FieldSet::decode(&set.encode()), set);
        }

        #[test]
        fn a_difference_is_empty_only_between_equal_values(old in value(), new in value()) {
            let (old, new) = (json!({"spec": old}), json!({"spec": new}));
            let difference = Difference::between(&old, &new, Shape::built_in());
            let nothing = difference.changed().is_empty() && difference.removed.is_empty();
            prop_assert_eq!(nothing, old == new);
        }
    }
}
