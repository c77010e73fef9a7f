//! What the owner of a form says beyond the schema: how it is laid out, and what a plan sets.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// How a form is laid out, beyond what the schema says.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct FormHints {
    /// By path (`spec.storage.size`; `spec.users[].name` for what is in a list).
    pub fields: BTreeMap<String, FieldHint>,
    /// Paths in the order they are to stand, before all others.
    pub order: Vec<String>,
}

/// What a form says of one field, beyond what the schema says.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct FieldHint {
    /// The label in place of the one derived from the property's name.
    pub label: Option<String>,
    /// The help in place of the schema's description.
    pub help: Option<String>,
    /// The heading it stands under.
    pub section: Option<String>,
    /// Leaves it out of the form.
    pub hidden: bool,
    /// Shows it with the required fields (`false`) or folds it away (`true`), whatever the schema says.
    pub advanced: Option<bool>,
    /// What the form holds to begin with.
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
