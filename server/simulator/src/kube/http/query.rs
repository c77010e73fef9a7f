//! Query parameters.

use url::form_urlencoded;

use crate::kube::types::error::ApiError;
use crate::kube::types::options::{FieldValidation, Propagation};

/// The parsed query of a URL.
#[derive(Debug, Clone, Default)]
pub(in crate::kube) struct Query(Vec<(String, String)>);

impl Query {
    pub(in crate::kube) fn parse(query: &str) -> Self {
        Self(form_urlencoded::parse(query.as_bytes()).into_owned().collect())
    }

    /// A parameter; empty when it is missing.
    pub(in crate::kube) fn get(&self, name: &str) -> &str {
        self.0
            .iter()
            .find(|(other, _)| other == name)
            .map_or("", |(_, value)| value.as_str())
    }

    pub(in crate::kube) fn is_set(&self, name: &str) -> bool {
        matches!(self.get(name), "true" | "1")
    }

    /// `dryRun`, whose only value is `All`.
    pub(in crate::kube) fn dry_run(&self) -> Result<bool, ApiError> {
        match self.get("dryRun") {
            "" => Ok(false),
            "All" => Ok(true),
            other => Err(ApiError::bad_request(format!(
                "dryRun: Unsupported value: {other:?}: supported values: \"All\""
            ))),
        }
    }

    pub(in crate::kube) fn validation(&self) -> Result<FieldValidation, ApiError> {
        match self.get("fieldValidation") {
            "" | "Warn" => Ok(FieldValidation::Warn),
            "Ignore" => Ok(FieldValidation::Ignore),
            "Strict" => Ok(FieldValidation::Strict),
            other => Err(ApiError::bad_request(format!(
                "fieldValidation: Unsupported value: {other:?}: supported values: \"Ignore\", \"Strict\", \"Warn\""
            ))),
        }
    }

    /// A numeric parameter; `None` when it is missing.
    pub(in crate::kube) fn number(&self, name: &str) -> Result<Option<u64>, ApiError> {
        let text = self.get(name);
        if text.is_empty() {
            return Ok(None);
        }
        let why = |_| ApiError::bad_request(format!("{name}: Invalid value: {text:?}: must be a number"));
        text.parse().map(Some).map_err(why)
    }
}

/// Parses `propagationPolicy`.
pub(in crate::kube) fn propagation(text: &str) -> Result<Propagation, ApiError> {
    match text {
        "" | "Background" => Ok(Propagation::Background),
        "Foreground" => Ok(Propagation::Foreground),
        "Orphan" => Ok(Propagation::Orphan),
        other => Err(ApiError::bad_request(format!(
            "propagationPolicy: Unsupported value: {other:?}"
        ))),
    }
}
