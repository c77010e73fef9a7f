//! Validates objects by the schema of their definition, with the engine that the portal uses.

use kube_schema::{Definition, ParseError, Violation, validate_crd};
use serde_json::Value;

use super::cause::Cause;
use super::options::Subresource;

/// Converts violations to the causes of a 422.
pub(crate) fn causes(violations: Vec<Violation>) -> Vec<Cause> {
    violations
        .into_iter()
        .map(|violation| Cause {
            reason: violation.reason.as_str().into(),
            field: violation.field().into(),
            message: violation.message,
        })
        .collect()
}

/// The schema and rules of one definition.
#[derive(Debug)]
pub(crate) struct SchemaValidator {
    definition: Definition,
}

impl SchemaValidator {
    /// Parses a `CustomResourceDefinition`.
    ///
    /// # Errors
    /// The invalid parts of its schemas.
    pub(crate) fn parse(definition: &Value) -> Result<Self, Vec<Cause>> {
        let definition = Definition::parse(definition).map_err(|error| vec![cause(&error, "spec")])?;
        let errors = definition.versions.iter().enumerate().filter_map(|(i, version)| {
            let error = version.schema().err()?;
            Some(cause(
                &error,
                &format!("spec.versions[{i}].schema.openAPIV3Schema"),
            ))
        });
        let errors: Vec<Cause> = errors.collect();
        if errors.is_empty() {
            Ok(Self { definition })
        } else {
            Err(errors)
        }
    }

    /// Prunes, defaults and validates `object`, which is in `version`. `old` is the object that it replaces, for
    /// transition rules.
    pub(crate) fn validate(
        &self,
        version: &str,
        object: &mut Value,
        old: Option<&Value>,
        part: Subresource,
    ) -> Vec<Cause> {
        let outcome = match (part, old) {
            (Subresource::Status, Some(old)) => {
                // The old object takes the version of the request; the rest of it stays.
                let mut old = old.clone();
                old["apiVersion"] = object["apiVersion"].clone();
                self.definition.validate_status(version, object, &old)
            }
            _ => self.definition.validate(version, object, old),
        };
        let result = match outcome {
            Ok(result) => result,
            Err(error) => {
                return vec![cause(&error, "<nil>")];
            }
        };
        let causes = causes(result.api_server_violations());
        *object = result.object;
        causes
    }

    /// The paths of fields that the schema does not declare.
    pub(crate) fn unknown_fields(&self, version: &str, object: &Value) -> Vec<String> {
        self.definition
            .unknown_fields(version, object)
            .unwrap_or_default()
    }
}

/// Validates a `CustomResourceDefinition`.
pub(crate) fn definition_errors(definition: &Value) -> Vec<Cause> {
    let errors = validate_crd(definition).into_iter();
    let errors: Vec<Cause> = errors
        .map(|error| Cause {
            reason: error.reason.to_string(),
            message: error.message,
            field: error.path,
        })
        .collect();
    if errors.is_empty() {
        SchemaValidator::parse(definition).err().unwrap_or_default()
    } else {
        errors
    }
}

fn cause(error: &ParseError, place: &str) -> Cause {
    Cause {
        reason: "FieldValueInvalid".into(),
        message: format!("Invalid value: {error}"),
        field: place.into(),
    }
}
