//! Judging objects by the schema of their definition, with the same rules as the portal's.

use kube_schema::{Definition, NameFormat, ParseError, Violation, validate_crd, validate_metadata};
use serde_json::Value;

use super::error::{ApiError, Cause};
use super::kinds::Kind;
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

/// Prunes and defaults `object`, and says what is wrong with it: where a definition made the kind all that it rules,
/// of built-in kinds the metadata. `old` is what it replaces.
pub(super) fn judge(
    kind: &Kind,
    version: &str,
    object: &mut Value,
    old: Option<&Value>,
    part: Subresource,
) -> Vec<Cause> {
    if let Some(judge) = &kind.judge {
        return judge.judge(version, object, old, part);
    }
    let name_format = match kind.resource().as_str() {
        "namespaces" | "services" => NameFormat::Label,
        _ => NameFormat::Subdomain,
    };
    causes(validate_metadata(object, old, kind.namespaced, name_format))
}

/// Metadata must be readable at all, before anybody looks at what it says.
pub(super) fn expect_readable(kind: &Kind, version: &str, object: &Value) -> Result<(), ApiError> {
    let found = validate_metadata(object, None, kind.namespaced, NameFormat::Subdomain);
    match found.iter().find(|violation| violation.is_decode_error()) {
        None => Ok(()),
        Some(first) => Err(ApiError::bad_request(format!(
            "{} in version \"{version}\" cannot be handled as a {}: json: cannot unmarshal {}: {}",
            kind.kind, kind.kind, first.path, first.detail
        ))),
    }
}

fn causes(violations: Vec<Violation>) -> Vec<Cause> {
    violations
        .into_iter()
        .map(|violation| Cause {
            reason: violation.reason.as_str().into(),
            field: violation.field().into(),
            message: violation.message,
        })
        .collect()
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
    fn judge(&self, version: &str, object: &mut Value, old: Option<&Value>, part: Subresource) -> Vec<Cause> {
        let judged = match (part, old) {
            (Subresource::Status, Some(old)) => {
                // The version is the writer's, the rest of the old object stays.
                let mut old = old.clone();
                old["apiVersion"] = object["apiVersion"].clone();
                self.definition.validate_status(version, object, &old)
            }
            _ => self.definition.validate(version, object, old),
        };
        let result = match judged {
            Ok(result) => result,
            Err(error) => {
                return vec![cause(&error, "<nil>")];
            }
        };
        let causes = causes(result.api_server_violations());
        *object = result.object;
        causes
    }

    /// Where `object` has fields that its schema does not know.
    pub(super) fn undeclared(&self, version: &str, object: &Value) -> Vec<String> {
        self.definition
            .unknown_fields(version, object)
            .unwrap_or_default()
    }
}

/// What is wrong with a `CustomResourceDefinition`.
pub(super) fn faults(definition: &Value) -> Vec<Cause> {
    let faults = validate_crd(definition).into_iter();
    let faults: Vec<Cause> = faults
        .map(|fault| Cause {
            reason: fault.reason.to_string(),
            message: fault.message,
            field: fault.path,
        })
        .collect();
    if faults.is_empty() {
        Judge::of(definition).err().unwrap_or_default()
    } else {
        faults
    }
}

fn cause(error: &ParseError, place: &str) -> Cause {
    Cause {
        reason: "FieldValueInvalid".into(),
        message: format!("Invalid value: {error}"),
        field: place.into(),
    }
}
