//! What is wrong with a definition: why the API server would not take it
//! (`k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation`).
//!
//! [`names`] and [`versions`] judge the definition around its schemas, [`structural`], [`defaults`] and [`openapi`] a
//! schema, in the API server's order, [`typed`] the types and costs of its rules.

mod defaults;
mod keywords;
mod lenient;
mod names;
mod openapi;
mod pointed;
mod structural;
#[cfg(test)]
mod tests;
mod typed;
mod versions;

use serde_json::Value;

use super::error::Limits;
use super::path::Path;
use super::violation::{Reason, bad_value};

/// More are of no use to anybody.
const MOST: usize = 100;

/// Something for which the API server refuses a definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The field, as the API server names it. Where a definition has one version, or all have the same schema, it says
    /// `spec.validation` for what stands at `spec.versions[…].schema`.
    pub path: String,
    /// Why.
    pub reason: Reason,
    /// What is wrong, in the API server's words.
    pub message: String,
}

/// Why the API server would refuse a new `CustomResourceDefinition`; nothing where it would not. A rule that is too
/// large to be judged is let pass. A hundred faults at most are told.
///
/// A schema beyond `limits` is not looked into: that is no fault of it.
pub(super) fn of(document: &Value, limits: Limits) -> Vec<Fault> {
    let mut found = Found::default();
    names::judge(document, &mut found);
    versions::judge(&document["spec"], limits, &mut found);
    found.faults.truncate(MOST);
    found.faults
}

/// What has been found so far.
#[derive(Debug, Default)]
struct Found {
    faults: Vec<Fault>,
}

impl Found {
    fn add(&mut self, path: &Path<'_>, reason: Reason, message: String) {
        if self.faults.len() < 2 * MOST {
            self.faults.push(Fault {
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
        let message = format!("Invalid value: {}: {why}", bad_value(value));
        self.add(path, Reason::Invalid, message);
    }

    fn forbidden(&mut self, path: &Path<'_>, why: &str) {
        self.add(path, Reason::Forbidden, format!("Forbidden: {why}"));
    }

    fn unsupported(&mut self, path: &Path<'_>, value: &Value, supported: &[&str]) {
        let supported: Vec<String> = supported.iter().map(|one| format!("{one:?}")).collect();
        let message = format!(
            "Unsupported value: {}: supported values: {}",
            bad_value(value),
            supported.join(", ")
        );
        self.add(path, Reason::NotSupported, message);
    }

    /// A text that breaks rules, each of which is told.
    fn all(&mut self, path: &Path<'_>, value: &str, problems: &[String]) {
        for problem in problems {
            self.invalid(path, &Value::from(value), problem);
        }
    }

    /// A text that breaks rules, which are told together.
    fn joined(&mut self, path: &Path<'_>, value: &str, problems: &[String], prefix: &str) {
        if !problems.is_empty() {
            let why = format!("{prefix}{}", problems.join(","));
            self.invalid(path, &Value::from(value), &why);
        }
    }
}
