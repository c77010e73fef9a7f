//! API errors, as Kubernetes' `Status` objects.

use serde_json::{Value, json};

use super::cause::Cause;
use super::kind::Kind;

/// An API error: an HTTP status and the `Status` object.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ApiError {
    /// The HTTP status.
    pub code: u16,
    /// Kubernetes' machine-readable reason: `NotFound`, `Conflict`…
    pub reason: Box<str>,
    /// The message for people.
    pub message: Box<str>,
    /// `details.name`.
    pub name: Box<str>,
    /// `details.group`.
    pub group: Box<str>,
    /// `details.kind`: a plural, or a kind for 422.
    pub kind: Box<str>,
    /// The invalid or conflicting fields.
    pub causes: Vec<Cause>,
    /// `details.retryAfterSeconds` and the `Retry-After` header.
    pub retry_after: Option<u32>,
}

impl ApiError {
    /// An error without details.
    pub fn new(code: u16, reason: &str, message: impl Into<Box<str>>) -> Self {
        Self {
            code,
            reason: reason.into(),
            message: message.into(),
            name: "".into(),
            group: "".into(),
            kind: "".into(),
            causes: Vec::new(),
            retry_after: None,
        }
    }

    fn of(kind: &Kind, name: &str, code: u16, reason: &str, message: String) -> Self {
        Self {
            name: name.into(),
            group: kind.group.as_str().into(),
            kind: kind.plural.as_str().into(),
            ..Self::new(code, reason, message)
        }
    }

    /// 404 for an object.
    #[must_use]
    pub fn not_found(kind: &Kind, name: &str) -> Self {
        Self::of(
            kind,
            name,
            404,
            "NotFound",
            format!("{} {name:?} not found", kind.resource()),
        )
    }

    /// 404 for an unknown path.
    #[must_use]
    pub fn no_such_resource() -> Self {
        Self::new(
            404,
            "NotFound",
            "the server could not find the requested resource",
        )
    }

    /// 409 for an existing name.
    #[must_use]
    pub fn already_exists(kind: &Kind, name: &str) -> Self {
        Self::of(
            kind,
            name,
            409,
            "AlreadyExists",
            format!("{} {name:?} already exists", kind.resource()),
        )
    }

    /// 409 for a stale `resourceVersion` or a failed precondition.
    #[must_use]
    pub fn conflict(kind: &Kind, name: &str, why: &str) -> Self {
        let message = format!(
            "Operation cannot be fulfilled on {} {name:?}: {why}",
            kind.resource()
        );
        Self::of(kind, name, 409, "Conflict", message)
    }

    /// 422 with the invalid fields.
    #[must_use]
    pub fn invalid(kind: &Kind, name: &str, causes: Vec<Cause>) -> Self {
        let each: Vec<String> = causes
            .iter()
            .map(|c| format!("{}: {}", c.field, c.message))
            .collect();
        let why = if each.len() == 1 {
            each[0].clone()
        } else {
            format!("[{}]", each.join(", "))
        };
        let qualified = if kind.group.is_empty() {
            kind.kind.clone()
        } else {
            format!("{}.{}", kind.kind, kind.group)
        };
        Self {
            name: name.into(),
            group: kind.group.as_str().into(),
            kind: kind.kind.as_str().into(),
            causes,
            ..Self::new(422, "Invalid", format!("{qualified} {name:?} is invalid: {why}"))
        }
    }

    /// 403 for an object or, when `name` is empty, a collection.
    #[must_use]
    pub fn forbidden(kind: &Kind, name: &str, why: &str) -> Self {
        let what = if name.is_empty() {
            kind.resource()
        } else {
            format!("{} {name:?}", kind.resource())
        };
        Self::of(
            kind,
            name,
            403,
            "Forbidden",
            format!("{what} is forbidden: {why}"),
        )
    }

    /// 400.
    pub fn bad_request(message: impl Into<Box<str>>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    /// 405: the resource does not support the verb.
    #[must_use]
    pub fn method_not_allowed() -> Self {
        Self::new(
            405,
            "MethodNotAllowed",
            "the server does not allow this method on the requested resource",
        )
    }

    /// 410: the requested history is gone.
    pub fn expired(message: impl Into<Box<str>>) -> Self {
        Self::new(410, "Expired", message)
    }

    /// 413.
    #[must_use]
    pub fn too_large(limit: usize) -> Self {
        Self::new(
            413,
            "RequestEntityTooLarge",
            format!("Request entity too large: limit is {limit}"),
        )
    }

    /// 415.
    #[must_use]
    pub fn unsupported_media_type(given: &str, known: &[&str]) -> Self {
        let message = format!(
            "the body of the request was in an unknown format ({given:?}) - accepted media types include: {}",
            known.join(", ")
        );
        Self::new(415, "UnsupportedMediaType", message)
    }

    /// 500.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(
            500,
            "InternalError",
            format!("Internal error occurred: {}", message.into()),
        )
    }

    /// The `Status` object.
    #[must_use]
    pub fn status(&self) -> Value {
        let mut details = serde_json::Map::new();
        for (field, text) in [("name", &self.name), ("group", &self.group), ("kind", &self.kind)] {
            if !text.is_empty() {
                details.insert(field.into(), json!(text));
            }
        }
        if !self.causes.is_empty() {
            let causes: Vec<Value> = self
                .causes
                .iter()
                .map(|c| json!({"reason": c.reason, "message": c.message, "field": c.field}))
                .collect();
            details.insert("causes".into(), Value::Array(causes));
        }
        if let Some(seconds) = self.retry_after {
            details.insert("retryAfterSeconds".into(), json!(seconds));
        }
        let mut status = json!({
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
        });
        if !details.is_empty() {
            status["details"] = Value::Object(details);
        }
        status["code"] = json!(self.code);
        status
    }
}
