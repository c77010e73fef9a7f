//! Fields and their controls.

use std::collections::HashSet;

use kube_schema::{Kind, Node, Reason, Rule, Violation, yaml};
use serde_json::{Map, Value};

use super::build::Setup;
use super::places::Places;
use super::scalars::{says, scalar};
use super::spot::Spot;
use super::union::{self, Union};
use super::when_empty::{Place, when_empty};
use super::{Shape, aside, labels, plan, required_first, weight};
use crate::{Branch, Control, Entry, Field, WhenEmpty, in_words};

/// How many fields a form has at most; what comes after is YAML to edit.
const FIELDS: usize = 1_200;
/// How many inputs an object may have to be shown as fields, by how deep it stands.
const WEIGHTS: [usize; 5] = [160, 60, 30, 20, 12];
/// A list or map longer than this is YAML to edit.
const ITEMS: usize = 100;

/// Builds fields, and keeps account of them.
pub(super) struct Builder<'a> {
    pub(super) setup: Setup<'a>,
    pub(super) places: Places,
    pub(super) count: usize,
    /// Pointers of fields that belong to a branch of a union.
    members: HashSet<String>,
    /// Pointers of fields that a broken rule asks for, and no other.
    asked_for: HashSet<&'a str>,
    /// Fields that stand under a heading of their own, away from what they are in, each with that heading.
    pub(super) elsewhere: Vec<(String, Field)>,
}

impl<'a> Builder<'a> {
    pub(super) fn new(setup: Setup<'a>) -> Self {
        Self {
            setup,
            places: Places::default(),
            count: 0,
            members: HashSet::new(),
            asked_for: asked_for(setup.violations, setup.object),
            elsewhere: Vec::new(),
        }
    }

    pub(super) fn spot(pointer: String, path: String) -> Spot {
        let depth = path.matches('.').count().saturating_sub(1);
        Spot {
            name: pointer.clone(),
            pointer,
            path,
            depth,
            locked_by: None,
        }
    }

    pub(super) fn label(&self, node: &Node, name: &str, path: &str) -> String {
        let hint = self
            .setup
            .hints
            .fields
            .get(path)
            .and_then(|hint| hint.label.clone());
        hint.or_else(|| node.title().map(str::to_owned))
            .unwrap_or_else(|| {
                let derived = labels::label(name);
                if is_secret_reference(node, path) {
                    labels::reference(derived)
                } else {
                    derived
                }
            })
    }

    pub(super) fn is_union_member(&self, pointer: &str) -> bool {
        self.members.contains(pointer)
    }

    /// Whether a rule that is broken would have the field there.
    pub(super) fn asks_for(&self, pointer: &str) -> bool {
        self.asked_for.contains(pointer)
    }

    /// Whether the form has as many fields as it may have.
    pub(super) fn is_full(&self) -> bool {
        self.count >= FIELDS
    }

    /// Whether an object is shown as fields.
    pub(super) fn fits(&self, node: &Node, spot: &Spot) -> bool {
        let most = WEIGHTS[spot.depth.min(WEIGHTS.len() - 1)];
        // At the top, a large object is shown all the same: what is large in it becomes YAML instead.
        let is_wide = || spot.depth == 0 && node.properties().len() <= most;
        self.count < FIELDS && spot.depth < 12 && (weight(node, most + 1) <= most || is_wide())
    }

    /// The field of a node.
    pub(super) fn field(
        &mut self,
        node: &Node,
        spot: &Spot,
        label: String,
        value: Option<&Value>,
        required: bool,
    ) -> Field {
        let mut spot = spot.clone();
        self.places.note(&spot.pointer, &spot.name);
        spot.locked_by = spot
            .locked_by
            .take()
            .or_else(|| self.locked_by(node, &spot, value));
        let planned = self.setup.plan.and_then(|plan| plan::value(plan, &spot.path));
        let control = self.control(node, &spot, value, required);
        let is_elsewhere =
            matches!(&control, Control::Object { fields } | Control::Secret { fields } if fields.is_empty());
        let when_empty = self
            .when_empty(node, &spot, value, &control, required)
            .filter(|_| !is_elsewhere || value.is_some_and(is_empty));
        let changed = match (&control, value) {
            (Control::Object { fields } | Control::Secret { fields }, _) => {
                fields.iter().any(|field| field.changed)
            }
            (_, None) => false,
            (_, Some(value)) => planned
                .or(node.default_value())
                .map_or(!is_empty(value), |usual| usual != value),
        };
        if !matches!(control, Control::Object { .. } | Control::Secret { .. }) {
            self.count += 1;
        }
        let hint = self.setup.hints.fields.get(&spot.path);
        let help = hint
            .and_then(|hint| hint.help.clone())
            .or_else(|| node.description().and_then(labels::help));
        Field {
            name: spot.name,
            label,
            help,
            required,
            locked: spot.locked_by.is_some(),
            locked_by: spot.locked_by,
            default: node
                .default_value()
                .filter(|default| !is_empty(default))
                .map(default_in_words),
            changed,
            problems: Vec::new(),
            when_empty,
            control,
        }
    }

    fn when_empty(
        &self,
        node: &Node,
        spot: &Spot,
        value: Option<&Value>,
        control: &Control,
        required: bool,
    ) -> Option<WhenEmpty> {
        let is_missing =
            self.setup.is_checked
                && self.setup.violations.iter().any(|violation| {
                    violation.reason == Reason::Required && violation.pointer == spot.pointer
                });
        let place = Place {
            required,
            is_item: spot.path.ends_with("[]"),
            is_missing,
        };
        when_empty(node, value, control, place)
    }

    /// What an object that has no field of its own means while nothing in it is filled in, as a field.
    pub(super) fn presence(
        &self,
        node: &Node,
        spot: &Spot,
        value: Option<&Value>,
        required: bool,
    ) -> Option<Field> {
        let control = Control::Object { fields: Vec::new() };
        let when_empty = self.when_empty(node, spot, value, &control, required)?;
        Some(Field {
            name: spot.name.clone(),
            label: String::new(),
            help: None,
            required: false,
            locked: false,
            locked_by: None,
            default: None,
            changed: false,
            problems: Vec::new(),
            when_empty: Some(when_empty),
            control,
        })
    }

    fn locked_by(&self, node: &Node, spot: &Spot, value: Option<&Value>) -> Option<String> {
        if self.setup.is_change && value.is_some() && node.rules().iter().any(Rule::forbids_change) {
            return Some("Cannot be changed after creation".to_owned());
        }
        let plan = self.setup.plan.filter(|plan| plan::locks(*plan, &spot.path))?;
        // Of an object only what the plan sets is locked.
        let is_shown_as_fields = Shape::of(node) == Shape::Object && self.fits(node, spot);
        (!is_shown_as_fields).then(|| format!("Set by the plan {}", plan.title))
    }

    fn control(&mut self, node: &Node, spot: &Spot, value: Option<&Value>, required: bool) -> Control {
        let typed = self
            .setup
            .typed
            .and_then(|typed| typed.get(&format!("{}/@yaml", spot.name)));
        if let Some(text) = typed {
            return Control::Yaml { text: text.clone() };
        }
        let as_yaml = || Control::Yaml {
            text: value.map(yaml::print).unwrap_or_default(),
        };
        match (Shape::of(node), value) {
            (
                Shape::Scalar,
                None | Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)),
            ) => {
                let control = scalar(node, spot, value, required);
                // What the control would not give back is shown as it is.
                if value.is_none_or(|value| says(node, &control, value)) {
                    control
                } else {
                    as_yaml()
                }
            }
            (Shape::Object, None | Some(Value::Null | Value::Object(_))) if self.fits(node, spot) => {
                let fields = self.fields(node, spot, value, required);
                if is_secret_reference(node, &spot.path) {
                    Control::Secret { fields }
                } else {
                    Control::Object { fields }
                }
            }
            (Shape::List, None | Some(Value::Null)) => self.list(node, spot, &[]),
            (Shape::List, Some(Value::Array(items)))
                if items.len() <= ITEMS && self.count + items.len() < FIELDS =>
            {
                self.list(node, spot, items)
            }
            (Shape::Map, None | Some(Value::Null)) => self.map(node, spot, &Map::new()),
            (Shape::Map, Some(Value::Object(map)))
                if (map.len() <= ITEMS || !aside::rows(self.setup.typed, &spot.name).is_empty())
                    && map.keys().all(|key| can_be_typed(key)) =>
            {
                self.map(node, spot, map)
            }
            _ => as_yaml(),
        }
    }

    fn fields(&mut self, node: &Node, spot: &Spot, value: Option<&Value>, required: bool) -> Vec<Field> {
        // Nothing is required of the fields of an object that is null: a toggle among them would make it an object.
        let is_null = node.is_nullable() && value.is_some_and(Value::is_null);
        let here = !is_null && (required || value.is_some_and(|value| !is_empty(value)));
        let union = self.union(node, spot, value, here);
        let mut fields = Vec::new();
        let of_secret = is_secret_reference(node, &spot.path);
        for (name, child) in required_first(node) {
            let below = spot.property(name);
            let hint = self.setup.hints.fields.get(&below.path);
            let hidden = hint.is_some_and(|hint| hint.hidden);
            if hidden || self.is_union_member(&below.pointer) {
                continue;
            }
            let usual = labels::of_secret(name).filter(|_| of_secret && child.title().is_none());
            let label = match (usual, hint.and_then(|hint| hint.label.as_deref())) {
                (Some(usual), None) => usual.to_owned(),
                _ => self.label(child, name, &below.path),
            };
            let required = (here && node.requires(name) && child.default_value().is_none())
                || self.asks_for(&below.pointer);
            let value = value.and_then(|value| value.get(name));
            let section = hint.and_then(|hint| hint.section.clone());
            let field = self.field(child, &below, label, value, required);
            match section {
                _ if field.is_empty_group() => {}
                // An item of a list has no place but in its list.
                Some(section) if !below.path.contains("[]") => self.elsewhere.push((section, field)),
                _ => fields.push(field),
            }
        }
        let order = &self.setup.hints.order;
        fields.sort_by_key(|field| {
            let path = format!(
                "{}.{}",
                spot.path,
                field.name.rsplit('/').next().unwrap_or_default()
            );
            (
                order
                    .iter()
                    .position(|wanted| *wanted == path)
                    .unwrap_or(usize::MAX),
                !field.required,
            )
        });
        fields.extend(union);
        fields
    }

    /// The choice among shapes of an object, if it has such.
    pub(super) fn union(
        &mut self,
        node: &Node,
        spot: &Spot,
        value: Option<&Value>,
        required: bool,
    ) -> Option<Field> {
        let union = Union::of(node)?;
        let typed = self
            .setup
            .typed
            .and_then(|typed| typed.get(&format!("{}/@branch", spot.name)));
        let chosen = typed.cloned().unwrap_or_else(|| union.chosen(value));
        let several = chosen == union::SEVERAL;
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
                let below = spot.property(name);
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
                id: union::SEVERAL.to_owned(),
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
            name: spot.name.clone(),
            label: label.to_owned(),
            help,
            required: required && !union.may_be_none,
            locked: false,
            locked_by: None,
            default: None,
            changed: false,
            problems: Vec::new(),
            when_empty: None,
            control: Control::Union { branches, chosen },
        })
    }

    fn list(&mut self, node: &Node, spot: &Spot, items: &[Value]) -> Control {
        let name = spot
            .path
            .trim_end_matches("[]")
            .rsplit('.')
            .next()
            .unwrap_or_default()
            .to_owned();
        let item_label = labels::item(&self.label(node, &name, &spot.path));
        let bound = |bound: Option<i64>| bound.and_then(|bound| u64::try_from(bound).ok());
        let least = bound(node.min_items()).unwrap_or(0);
        let mut fields = Vec::new();
        if let Some(child) = node.items() {
            for (index, item) in items.iter().enumerate() {
                let label = format!("{} {}", capitalized(&item_label), index + 1);
                // An item that somebody added wants what it requires; a bare value only where the list wants it.
                let required = Shape::of(child) == Shape::Object || (index as u64) < least;
                fields.push(self.field(child, &spot.item(index), label, Some(item), required));
            }
        }
        Control::List {
            items: fields,
            item_label,
            min_items: bound(node.min_items()),
            max_items: bound(node.max_items()),
        }
    }

    fn map(&mut self, node: &Node, spot: &Spot, map: &Map<String, Value>) -> Control {
        let mut entries = Vec::new();
        let Some(child) = node.values() else {
            return Control::Map { entries };
        };
        let mut held = map.iter();
        let mut aside = aside::rows(self.setup.typed, &spot.name).into_iter().peekable();
        for index in 0.. {
            let key_name = format!("{}/@{index}/key", spot.name);
            let (key, value) = if let Some(row) = aside.next_if(|row| row.index == index) {
                self.places.note(&aside::pointer(&spot.pointer, index), &key_name);
                let below = spot.entry_aside(index);
                let value = self.field(child, &below, "Value".to_owned(), Some(&row.value), false);
                (row.key, value)
            } else if let Some((key, value)) = held.next() {
                let below = spot.entry(index, key);
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

/// The fields that rules ask for: where a broken rule misses one field and no other, that is to be filled in.
fn asked_for<'a>(violations: &'a [Violation], object: &Value) -> HashSet<&'a str> {
    violations
        .iter()
        .filter_map(|violation| match violation.about.as_slice() {
            [pointer] if object.pointer(pointer).is_none_or(is_empty) => Some(pointer.as_str()),
            _ => None,
        })
        .collect()
}

fn default_in_words(default: &Value) -> String {
    match default {
        Value::Array(items) if !items.iter().any(|item| item.is_array() || item.is_object()) => {
            items.iter().map(in_words).collect::<Vec<_>>().join(", ")
        }
        other => in_words(other),
    }
}

/// Whether a key can be typed into an input of one line.
fn can_be_typed(key: &str) -> bool {
    !key.is_empty() && !key.contains(char::is_control)
}

/// Whether a value says nothing.
pub(super) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
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

/// Whether an object refers to a secret: it has a name and little else, and is called after secrets.
fn is_secret_reference(node: &Node, path: &str) -> bool {
    let called = path.rsplit('.').next().unwrap_or_default();
    let is_text = |name: &str| {
        node.property(name)
            .is_some_and(|child| child.kind() == Kind::String)
    };
    called.to_ascii_lowercase().contains("secret")
        && is_text("name")
        && node
            .properties()
            .all(|(name, _)| matches!(name, "name" | "key" | "namespace" | "optional"))
}
