//! Builds fields and their controls.

use std::collections::HashSet;

use kube_schema::{Node, Reason, Rule, SchemaType, Violation, yaml};
use serde_json::{Map, Value};

use super::field_index::FieldIndex;
use super::field_path::{FieldPath, Lock};
use super::input::FormInput;
use super::scalars::{decodes_to, scalar};
use super::values::is_empty;
use super::when_empty::{Position, when_empty};
use super::{Shape, input_count, invalid_map_rows, labels, plan, required_first};
use crate::{Control, Field, WhenEmpty, in_words};

/// Fields per form at most. What does not fit is edited as YAML.
const MAX_FIELDS: usize = 1_200;
/// Inputs that an object may have to be shown as fields, by its depth.
const MAX_INPUTS_BY_DEPTH: [usize; 5] = [160, 60, 30, 20, 12];
/// Longer lists and maps are edited as YAML.
const MAX_ITEMS: usize = 100;

/// Builds fields and keeps track of what was built.
pub(super) struct Builder<'a> {
    pub(super) setup: FormInput<'a>,
    pub(super) field_index: FieldIndex,
    pub(super) count: usize,
    /// Pointers of fields that belong to a branch of a union.
    pub(super) members: HashSet<String>,
    /// Pointers of fields that are the only one missing for a rule.
    required_by_rules: HashSet<&'a str>,
    /// Fields that the hints move to another section, with its title.
    pub(super) elsewhere: Vec<(String, Field)>,
}

impl<'a> Builder<'a> {
    pub(super) fn new(setup: FormInput<'a>) -> Self {
        Self {
            setup,
            field_index: FieldIndex::default(),
            count: 0,
            members: HashSet::new(),
            required_by_rules: required_by_rules(setup.violations, setup.object),
            elsewhere: Vec::new(),
        }
    }

    pub(super) fn field_path(pointer: String, path: String) -> FieldPath {
        let depth = path.matches('.').count().saturating_sub(1);
        FieldPath {
            name: pointer.clone(),
            pointer,
            path,
            depth,
            lock: None,
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

    /// True if a broken rule requires this field.
    pub(super) fn is_required_by_rule(&self, pointer: &str) -> bool {
        self.required_by_rules.contains(pointer)
    }

    /// True if the form has the maximum number of fields.
    pub(super) fn is_full(&self) -> bool {
        self.count >= MAX_FIELDS
    }

    /// True if an object is shown as fields and not as YAML.
    pub(super) fn fits(&self, node: &Node, field_path: &FieldPath) -> bool {
        let most = MAX_INPUTS_BY_DEPTH[field_path.depth.min(MAX_INPUTS_BY_DEPTH.len() - 1)];
        // At the top level even large objects are shown as fields; large objects within them become YAML.
        let is_wide = || field_path.depth == 0 && node.properties().len() <= most;
        self.count < MAX_FIELDS && field_path.depth < 12 && (input_count(node, most + 1) <= most || is_wide())
    }

    /// Builds the field of a node.
    pub(super) fn field(
        &mut self,
        node: &Node,
        field_path: &FieldPath,
        label: String,
        value: Option<&Value>,
        required: bool,
    ) -> Field {
        let mut field_path = field_path.clone();
        self.field_index.insert(&field_path.pointer, &field_path.name);
        field_path.lock = field_path
            .lock
            .take()
            .or_else(|| self.lock(node, &field_path, value));
        let planned = self
            .setup
            .plan
            .and_then(|plan| plan::value(plan, &field_path.path));
        let control = self.control(node, &field_path, value, required);
        let is_elsewhere =
            matches!(&control, Control::Object { fields } | Control::Secret { fields } if fields.is_empty());
        let when_empty = self
            .when_empty(node, &field_path, value, &control, required)
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
        let hint = self.setup.hints.fields.get(&field_path.path);
        let help = hint
            .and_then(|hint| hint.help.clone())
            .or_else(|| node.description().and_then(labels::help));
        Field {
            name: field_path.name,
            label,
            help,
            required,
            locked: field_path.lock.is_some(),
            locked_by: field_path.lock.as_ref().map(Lock::words),
            lock: field_path.lock.as_ref().map(Lock::kind),
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
        field_path: &FieldPath,
        value: Option<&Value>,
        control: &Control,
        required: bool,
    ) -> Option<WhenEmpty> {
        let is_missing = self.setup.is_checked
            && self.setup.violations.iter().any(|violation| {
                violation.reason == Reason::Required && violation.pointer == field_path.pointer
            });
        let place = Position {
            required,
            is_item: field_path.path.ends_with("[]"),
            is_missing,
        };
        when_empty(node, value, control, place)
    }

    /// A field for whether an object exists, for objects that have no field but a section.
    pub(super) fn presence(
        &self,
        node: &Node,
        field_path: &FieldPath,
        value: Option<&Value>,
        required: bool,
    ) -> Option<Field> {
        let control = Control::Object { fields: Vec::new() };
        let when_empty = self.when_empty(node, field_path, value, &control, required)?;
        Some(Field {
            name: field_path.name.clone(),
            label: String::new(),
            help: None,
            required: false,
            locked: false,
            locked_by: None,
            lock: None,
            default: None,
            changed: false,
            problems: Vec::new(),
            when_empty: Some(when_empty),
            control,
        })
    }

    fn lock(&self, node: &Node, field_path: &FieldPath, value: Option<&Value>) -> Option<Lock> {
        if self.setup.is_change && value.is_some() && node.rules().iter().any(Rule::forbids_change) {
            return Some(Lock::Immutable);
        }
        let plan = self
            .setup
            .plan
            .filter(|plan| plan::locks(*plan, &field_path.path))?;
        // An object is locked only if the plan sets all of it.
        let is_shown_as_fields = Shape::of(node) == Shape::Object && self.fits(node, field_path);
        (!is_shown_as_fields).then(|| Lock::Plan(plan.title.to_owned()))
    }

    fn control(
        &mut self,
        node: &Node,
        field_path: &FieldPath,
        value: Option<&Value>,
        required: bool,
    ) -> Control {
        let typed = self
            .setup
            .typed
            .and_then(|typed| typed.get(&format!("{}/@yaml", field_path.name)));
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
                let unit = self
                    .setup
                    .typed
                    .and_then(|typed| typed.get(&format!("{}/@unit", field_path.name)));
                let control = scalar(node, field_path, value, required, unit.map(String::as_str));
                // If the control cannot represent the value, show it as YAML.
                if value.is_none_or(|value| decodes_to(node, &control, value)) {
                    control
                } else {
                    as_yaml()
                }
            }
            (Shape::Object, None | Some(Value::Null | Value::Object(_))) if self.fits(node, field_path) => {
                let fields = self.fields(node, field_path, value, required);
                if is_secret_reference(node, &field_path.path) {
                    Control::Secret { fields }
                } else {
                    Control::Object { fields }
                }
            }
            (Shape::List, None | Some(Value::Null)) => self.list(node, field_path, &[]),
            (Shape::List, Some(Value::Array(items)))
                if items.len() <= MAX_ITEMS && self.count + items.len() < MAX_FIELDS =>
            {
                self.list(node, field_path, items)
            }
            (Shape::Map, None | Some(Value::Null)) => self.map(node, field_path, &Map::new()),
            (Shape::Map, Some(Value::Object(map)))
                if (map.len() <= MAX_ITEMS
                    || !invalid_map_rows::rows(self.setup.typed, &field_path.name).is_empty())
                    && map.keys().all(|key| can_be_typed(key)) =>
            {
                self.map(node, field_path, map)
            }
            _ => as_yaml(),
        }
    }

    fn fields(
        &mut self,
        node: &Node,
        field_path: &FieldPath,
        value: Option<&Value>,
        required: bool,
    ) -> Vec<Field> {
        // In an object that is null no field is required: a toggle among them would turn it into an object.
        let is_null = node.is_nullable() && value.is_some_and(Value::is_null);
        let here = !is_null && (required || value.is_some_and(|value| !is_empty(value)));
        let union = self.union(node, field_path, value, here);
        let mut fields = Vec::new();
        let of_secret = is_secret_reference(node, &field_path.path);
        for (name, child) in required_first(node) {
            let below = field_path.property(name);
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
                || self.is_required_by_rule(&below.pointer);
            let value = value.and_then(|value| value.get(name));
            let section = hint.and_then(|hint| hint.section.clone());
            let field = self.field(child, &below, label, value, required);
            match section {
                _ if field.is_empty_group() => {}
                // Fields of list items cannot be moved out of their list.
                Some(section) if !below.path.contains("[]") => self.elsewhere.push((section, field)),
                _ => fields.push(field),
            }
        }
        let order = &self.setup.hints.order;
        fields.sort_by_key(|field| {
            let path = format!(
                "{}.{}",
                field_path.path,
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
}

/// Fields that are the only one missing for a broken rule. Such fields are marked as required.
fn required_by_rules<'a>(violations: &'a [Violation], object: &Value) -> HashSet<&'a str> {
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

/// True if a key fits into a single-line input.
fn can_be_typed(key: &str) -> bool {
    !key.is_empty() && !key.contains(char::is_control)
}

/// True if an object is a reference to a secret: it has a name and few other fields, and its own name contains
/// "secret".
fn is_secret_reference(node: &Node, path: &str) -> bool {
    let called = path.rsplit('.').next().unwrap_or_default();
    let is_text = |name: &str| {
        node.property(name)
            .is_some_and(|child| child.schema_type() == SchemaType::String)
    };
    called.to_ascii_lowercase().contains("secret")
        && is_text("name")
        && node
            .properties()
            .all(|(name, _)| matches!(name, "name" | "key" | "namespace" | "optional"))
}
