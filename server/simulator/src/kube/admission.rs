//! Judging objects by the schema of their definition, with the same rules as the portal's.

use portico_domain::schema::{Check, Definition, ParseError};
use serde_json::Value;

use super::error::Cause;
use super::write::Subresource;

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
pub(super) struct Judge {
    definition: Definition,
}

impl Judge {
    /// The rules in a `CustomResourceDefinition`.
    ///
    /// # Errors
    /// The parts of its schemas that are wrong.
    pub(super) fn of(definition: &Value) -> Result<Self, Vec<Cause>> {
        let definition = Definition::parse(definition).map_err(|error| vec![cause(&error, "spec")])?;
        let faults = definition.versions.iter().enumerate().filter_map(|(i, version)| {
            let error = version.schema().err()?;
            Some(cause(
                &error,
                &format!("spec.versions[{i}].schema.openAPIV3Schema"),
            ))
        });
        let faults: Vec<Cause> = faults.collect();
        if faults.is_empty() {
            Ok(Self { definition })
        } else {
            Err(faults)
        }
    }

    /// Prunes and defaults `object`, which is in `version`, and says what is wrong with it.
    /// `old` is what it replaces, for the rules about transitions.
    pub(super) fn judge(
        &self,
        version: &str,
        object: &mut Value,
        old: Option<&Value>,
        part: Subresource,
    ) -> Verdict {
        let judged = match (part, old) {
            (Subresource::Status, Some(old)) => {
                // The version is the writer's, the rest of the old object stays.
                let mut old = old.clone();
                old["apiVersion"] = object["apiVersion"].clone();
                self.definition.judge_status(version, object, &old)
            }
            _ => self.definition.judge(version, object, old),
        };
        let judgement = match judged {
            Ok(judgement) => judgement,
            Err(error) => {
                return Verdict {
                    causes: vec![cause(&error, "<nil>")],
                    ..Verdict::default()
                };
            }
        };
        let causes = judgement
            .as_api_server()
            .into_iter()
            // Metadata is judged for all kinds alike, elsewhere.
            .filter(|violation| violation.check != Check::Metadata)
            .map(|violation| Cause {
                reason: violation.reason.as_str().into(),
                field: violation.field().into(),
                message: violation.message,
            })
            .collect();
        *object = judgement.object;
        Verdict {
            unknown: judgement.pruned,
            causes,
        }
    }
}

fn cause(error: &ParseError, place: &str) -> Cause {
    Cause {
        reason: "FieldValueInvalid".into(),
        message: format!("Invalid value: {error}"),
        field: place.into(),
    }
}
