//! What the owner of a form adds to the schema: its layout, and the values that a plan sets.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The layout of a form, in addition to the schema.
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct FormHints {
    /// Hints by field path: `spec.storage.size`, or `spec.users[].name` within a list.
    pub fields: BTreeMap<String, FieldHint>,
    /// Paths of the fields that come first, in order.
    pub order: Vec<String>,
}

/// The layout of one field.
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct FieldHint {
    /// The label; by default derived from the property's name.
    pub label: Option<String>,
    /// The help text; by default the schema's description.
    pub help: Option<String>,
    /// The section's heading.
    pub section: Option<String>,
    /// Hides the field.
    pub hidden: bool,
    /// `false` shows the field with the required ones, `true` folds it away, whatever the schema says.
    pub advanced: Option<bool>,
    /// The initial value.
    pub preset: Option<Value>,
}

/// The plan of a form: the values that it sets, and which of them may be changed.
#[derive(Debug, Clone, Copy)]
pub struct PlanValues<'a> {
    /// The plan's title.
    pub title: &'a str,
    /// The values, as a part of the object, usually below `spec`.
    pub values: &'a Map<String, Value>,
    /// Paths (`spec.storage.size`) below which the plan's values may be changed. All other values of the plan are
    /// locked.
    pub adjustable: &'a [String],
}
