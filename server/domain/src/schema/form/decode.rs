//! From what a form posts to an object.

use serde_json::Value;

use crate::schema::{Schema, Violation};

/// What a posted form comes to.
#[derive(Debug, Clone, PartialEq)]
pub struct Decoded {
    /// The object, as far as it can be made.
    pub object: Value,
    /// Fields whose text cannot be what they ask for, as violations beside the fields.
    pub problems: Vec<Violation>,
    /// The command of the button pressed, carried out on `object` already; `None` when the form was submitted.
    pub command: Option<String>,
}

/// Reads what a form posted. `base` is the object that the form was built from: what the form does not show is kept.
#[must_use]
pub fn decode(schema: &Schema, base: &Value, pairs: &[(String, String)]) -> Decoded {
    let _ = (schema, pairs);
    Decoded {
        object: base.clone(),
        problems: Vec::new(),
        command: None,
    }
}
