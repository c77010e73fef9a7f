//! From a schema to the fields of a form.

use serde_json::Value;

use crate::documents::{FormHints, Plan};
use crate::schema::{Schema, Violation};
use crate::view::Form;

/// What a form is built from, besides the schema.
#[derive(Debug, Clone, Copy)]
pub struct Setup<'a> {
    /// The kind is an XRD's: Crossplane's machinery is hidden.
    pub is_composite: bool,
    /// How the offering lays the form out.
    pub hints: &'a FormHints,
    /// The plan, which fills and locks fields.
    pub plan: Option<&'a Plan>,
    /// What is in the form: the object, whole.
    pub object: &'a Value,
    /// What is wrong with it.
    pub violations: &'a [Violation],
}

/// Builds the form of an object.
#[must_use]
pub fn build(schema: &Schema, setup: Setup<'_>) -> Form {
    let _ = (schema, setup);
    Form::default()
}
