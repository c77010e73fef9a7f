//! The input of [`super::build`].

use std::collections::BTreeMap;

use kube_schema::Violation;
use serde_json::Value;

use crate::{FormHints, PlanValues};

/// The input of [`super::build`], besides the schema.
#[derive(Debug, Clone, Copy)]
pub struct FormInput<'a> {
    /// True for a change of an existing object: fields that its rules make immutable are locked.
    pub is_change: bool,
    /// The layout.
    pub hints: &'a FormHints,
    /// The plan, which sets and locks fields.
    pub plan: Option<PlanValues<'a>>,
    /// The object shown in the form. For a new object see [`super::initial_object`].
    pub object: &'a Value,
    /// Inputs that are not valid values, by name; see [`super::Decoded::typed`].
    pub typed: Option<&'a BTreeMap<String, String>>,
    /// The validation errors of the object.
    pub violations: &'a [Violation],
    /// True if the object was validated as a whole: then missing fields are reported, and required fields may be left
    /// empty by choice.
    pub is_checked: bool,
}

impl<'a> FormInput<'a> {
    /// The form of an object without a plan or errors. Set other fields by struct update: `FormInput { is_change:
    /// true, ..FormInput::new(hints, object) }`.
    #[must_use]
    pub fn new(hints: &'a FormHints, object: &'a Value) -> Self {
        Self {
            is_change: false,
            hints,
            plan: None,
            object,
            typed: None,
            violations: &[],
            is_checked: false,
        }
    }
}
