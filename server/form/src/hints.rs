//! What the owner of a form says beyond the schema: how it is laid out, and what a plan sets.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// How a form is laid out, beyond what the schema says.
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct FormHints {
    /// Hints for single fields, by path: `spec.storage.size`, or `spec.users[].name` inside a list.
    pub fields: BTreeMap<String, FieldHint>,
    /// Paths of fields that come first, in this order.
    pub order: Vec<String>,
}

/// What a form says of one field, beyond what the schema says.
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct FieldHint {
    /// The label. Without it: derived from the property's name.
    pub label: Option<String>,
    /// The help text. Without it: the schema's description.
    pub help: Option<String>,
    /// The heading under which it is shown.
    pub section: Option<String>,
    /// Leaves it out of the form.
    pub hidden: bool,
    /// `false` shows it with the required fields, `true` folds it away, whatever the schema says.
    pub advanced: Option<bool>,
    /// The initial value in the form.
    pub preset: Option<Value>,
}

/// What a form knows of a plan: what it sets, and what of that may be changed.
#[derive(Debug, Clone, Copy)]
pub struct PlanValues<'a> {
    /// The name to show.
    pub title: &'a str,
    /// What it sets, as a part of the object: usually below `spec`.
    pub values: &'a Map<String, Value>,
    /// Paths (`spec.storage.size`) below which what the plan sets may be changed. All else that it sets is locked.
    pub adjustable: &'a [String],
}
