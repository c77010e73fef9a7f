//! Validates a `CustomResourceDefinition` like the API server
//! (`k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation`).
//!
//! [`names`] and [`versions`] validate everything around the schemas; [`structural`], [`defaults`] and [`openapi`]
//! validate a schema, in the API server's order; [`cel_rules`] checks the types and costs of its rules.

mod cel_rules;
mod defaults;
mod json_path;
mod keywords;
mod lenient;
mod names;
mod openapi;
mod structural;
#[cfg(test)]
mod tests;
mod versions;

use serde_json::Value;

use super::error::Limits;
use super::go_format::format_value;
use super::path::Path;
use super::violation::Reason;

/// Errors reported at most.
const MAX_ERRORS: usize = 100;

/// An error for which the API server rejects a definition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {message}")]
#[non_exhaustive]
pub struct CrdError {
    /// The field, as the API server names it. If all versions have the same schema, errors in it are at
    /// `spec.validation` instead of `spec.versions[…].schema`.
    pub path: String,
    /// The category of the error.
    pub reason: Reason,
    /// The API server's message.
    pub message: String,
}

/// Returns the errors for which the API server would reject a new `CustomResourceDefinition`, at most 100; empty if it
/// would accept it.
///
/// Includes the types and estimated costs of CEL rules; a rule that exceeds this crate's limits is not checked.
/// Schemas that exceed [`Limits::default`] are not checked either.
#[must_use]
pub fn validate_crd(document: &Value) -> Vec<CrdError> {
    let mut errors = Errors::default();
    names::validate(document, &mut errors);
    versions::validate(&document["spec"], Limits::default(), &mut errors);
    errors.list.truncate(MAX_ERRORS);
    errors.list
}

/// The errors found so far.
#[derive(Debug, Default)]
struct Errors {
    list: Vec<CrdError>,
}

impl Errors {
    fn add(&mut self, path: &Path<'_>, reason: Reason, message: String) {
        if self.list.len() < 2 * MAX_ERRORS {
            self.list.push(CrdError {
                path: path.field(),
                reason,
                message,
            });
        }
    }

    fn required(&mut self, path: &Path<'_>, why: &str) {
        let message = match why {
            "" => "Required value".to_owned(),
            why => format!("Required value: {why}"),
        };
        self.add(path, Reason::Required, message);
    }

    fn invalid(&mut self, path: &Path<'_>, value: &Value, why: &str) {
        let message = format!("Invalid value: {}: {why}", format_value(value));
        self.add(path, Reason::Invalid, message);
    }

    fn forbidden(&mut self, path: &Path<'_>, why: &str) {
        self.add(path, Reason::Forbidden, format!("Forbidden: {why}"));
    }

    fn unsupported(&mut self, path: &Path<'_>, value: &Value, supported: &[&str]) {
        let supported: Vec<String> = supported.iter().map(|one| format!("{one:?}")).collect();
        let message = format!(
            "Unsupported value: {}: supported values: {}",
            format_value(value),
            supported.join(", ")
        );
        self.add(path, Reason::NotSupported, message);
    }

    /// Adds one error for each problem of a string.
    fn all(&mut self, path: &Path<'_>, value: &str, problems: &[String]) {
        for problem in problems {
            self.invalid(path, &Value::from(value), problem);
        }
    }

    /// Adds one error for all problems of a string.
    fn joined(&mut self, path: &Path<'_>, value: &str, problems: &[String], prefix: &str) {
        if !problems.is_empty() {
            let why = format!("{prefix}{}", problems.join(","));
            self.invalid(path, &Value::from(value), &why);
        }
    }
}
