//! Controls with nested fields: unions, lists and maps.

use kube_schema::Node;
use serde_json::{Map, Value};

use super::controls::Builder;
use super::field_path::FieldPath;
use super::union::{self, Union};
use super::{Shape, invalid_map_rows, labels};
use crate::{Branch, Control, Entry, Field};

impl Builder<'_> {
    /// Builds the choice between the shapes of an object, if it has one.
    pub(super) fn union(
        &mut self,
        node: &Node,
        field_path: &FieldPath,
        value: Option<&Value>,
        required: bool,
    ) -> Option<Field> {
        let union = Union::of(node)?;
        let typed = self
            .setup
            .typed
            .and_then(|typed| typed.get(&format!("{}/@branch", field_path.name)));
        let chosen = typed.cloned().unwrap_or_else(|| union.chosen(value));
        let several = chosen == union::SEVERAL_ID;
        let mut branches = Vec::new();
        let mut all = Vec::new();
        for names in &union.shapes {
            let id = union::id(names);
            let wanted = id == chosen;
            let mut words = Vec::new();
            let mut fields = Vec::new();
            for name in names {
                let Some(child) = node.property(name) else {
                    continue;
                };
                let below = field_path.property(name);
                let hint = self.setup.hints.fields.get(&below.path);
                if hint.is_none_or(|hint| !hint.hidden) {
                    let label = self.label(child, name, &below.path);
                    words.push(label.clone());
                    let value = value.and_then(|value| value.get(*name));
                    fields.push(self.field(child, &below, label, value, wanted));
                }
                self.members.insert(below.pointer);
            }
            if several {
                all.append(&mut fields);
            }
            if !words.is_empty() {
                branches.push(Branch {
                    id,
                    label: words.join(" and "),
                    fields,
                });
            }
        }
        if several || union.may_be_several {
            let label = if union.may_be_several {
                "More than one of these"
            } else {
                "As it is, several of these"
            };
            branches.push(Branch {
                id: union::SEVERAL_ID.to_owned(),
                label: label.to_owned(),
                fields: all,
            });
        }
        let help = (several && !union.may_be_several).then(|| {
            "It has fields of several of these, of which only one may be there. It stays as it is until you choose."
                .to_owned()
        });
        let label = if union.may_be_several {
            "At least one of"
        } else {
            "One of"
        };
        Some(Field {
            name: field_path.name.clone(),
            label: label.to_owned(),
            help,
            required: required && !union.may_be_none,
            locked: false,
            locked_by: None,
            lock: None,
            default: None,
            changed: false,
            problems: Vec::new(),
            when_empty: None,
            control: Control::Union { branches, chosen },
        })
    }

    pub(super) fn list(&mut self, node: &Node, field_path: &FieldPath, items: &[Value]) -> Control {
        let name = field_path
            .path
            .trim_end_matches("[]")
            .rsplit('.')
            .next()
            .unwrap_or_default()
            .to_owned();
        let item_label = labels::item(&self.label(node, &name, &field_path.path));
        let bound = |bound: Option<i64>| bound.and_then(|bound| u64::try_from(bound).ok());
        let least = bound(node.min_items()).unwrap_or(0);
        let mut fields = Vec::new();
        if let Some(child) = node.items() {
            for (index, item) in items.iter().enumerate() {
                let label = format!("{} {}", capitalized(&item_label), index + 1);
                // A newly added item needs its required fields; a scalar item only if the list requires it.
                let required = Shape::of(child) == Shape::Object || (index as u64) < least;
                fields.push(self.field(child, &field_path.item(index), label, Some(item), required));
            }
        }
        Control::List {
            items: fields,
            item_label,
            min_items: bound(node.min_items()),
            max_items: bound(node.max_items()),
        }
    }

    pub(super) fn map(&mut self, node: &Node, field_path: &FieldPath, map: &Map<String, Value>) -> Control {
        let mut entries = Vec::new();
        let Some(child) = node.additional_properties() else {
            return Control::Map { entries };
        };
        let mut held = map.iter();
        let mut aside = invalid_map_rows::rows(self.setup.typed, &field_path.name)
            .into_iter()
            .peekable();
        for index in 0.. {
            let key_name = format!("{}/@{index}/key", field_path.name);
            let (key, value) = if let Some(row) = aside.next_if(|row| row.index == index) {
                self.field_index
                    .insert(&invalid_map_rows::pointer(&field_path.pointer, index), &key_name);
                let below = field_path.invalid_entry(index);
                let value = self.field(child, &below, "Value".to_owned(), Some(&row.value), false);
                (row.key, value)
            } else if let Some((key, value)) = held.next() {
                let below = field_path.entry(index, key);
                let value = self.field(child, &below, "Value".to_owned(), Some(value), false);
                (key.clone(), value)
            } else {
                break;
            };
            entries.push(Entry {
                key_name,
                key,
                key_problems: Vec::new(),
                value,
            });
        }
        Control::Map { entries }
    }
}

fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .into_iter()
        .flat_map(char::to_uppercase)
        .chain(chars)
        .collect()
}
