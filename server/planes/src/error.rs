//! Errors of control planes, with advice for the reader.

use std::time::Duration;

use portico_domain::claim::FieldConflict;
use portico_domain::text::sanitize;
use serde_json::Value;

use crate::server_text::{self, Terminating};

/// Causes of an error that are read.
const MAX_CAUSES: usize = 100;

/// One reason why an object is invalid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// The field as the control plane names it: `spec.storage.size`. Empty: the whole object.
    pub field: String,
    /// What is wrong.
    pub message: String,
}

/// Why a call to a control plane failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlaneError {
    /// No control plane with this name is configured.
    #[error("the control plane {plane} is not configured")]
    Unknown {
        /// Its name.
        plane: String,
    },
    /// The document or kubeconfig is wrong, or signing in fails. Only administrators see why, see
    /// [`PlaneError::admin_message`].
    #[error(
        "{plane} cannot be used: it is not set up correctly. Tell the platform team: its page shows them the reason"
    )]
    Misconfigured {
        /// Its name.
        plane: String,
        /// What is wrong. Contains nothing of a credential.
        message: String,
    },
    /// It cannot be reached.
    #[error(
        "{plane} cannot be reached ({message}). Try again in a moment; if it lasts, tell the platform team"
    )]
    Unreachable {
        /// Its name.
        plane: String,
        /// The technical reason.
        message: String,
    },
    /// It did not answer in time. The call may or may not have taken effect.
    #[error("{plane} did not answer within {} seconds. It may be overloaded; try again in a moment", .after.as_secs())]
    Timeout {
        /// Its name.
        plane: String,
        /// The timeout.
        after: Duration,
    },
    /// A right is missing.
    #[error("{plane} does not allow it: {message}. Ask the platform team for the missing right")]
    Forbidden {
        /// Its name.
        plane: String,
        /// The message.
        message: String,
    },
    /// The object or kind does not exist.
    #[error("{plane} has no such object: {message}")]
    NotFound {
        /// Its name.
        plane: String,
        /// The message.
        message: String,
    },
    /// Another field manager owns fields of the apply, or the object has changed.
    #[error("{message}")]
    Conflict {
        /// The field managers; empty if it is not a conflict about fields.
        managers: Vec<String>,
        /// The fields; empty also if there are too many to name them all.
        fields: Vec<FieldConflict>,
        /// The message.
        message: String,
    },
    /// Others wrote to the object between its read and the write, again and again. Retrying helps.
    #[error("Others are writing to it on the control plane at the moment. Nothing was changed; try again")]
    Contended {
        /// The message.
        message: String,
    },
    /// The claim's namespace is being deleted. It can be created again once it is gone.
    #[error(
        "The claim’s namespace is being deleted on {plane}. Try again once it is gone; if that lasts, tell the \
         platform team"
    )]
    NamespaceTerminating {
        /// The control plane's name.
        plane: String,
    },
    /// An object with this name exists and does not belong to the request.
    #[error("{plane} already has {name}. Choose another name")]
    AlreadyExists {
        /// Its name.
        plane: String,
        /// The kind and name of the object.
        name: String,
    },
    /// The object was deleted, and perhaps created again with another uid.
    #[error("{message}")]
    Gone {
        /// The message.
        message: String,
    },
    /// The object violates the schema or an admission policy.
    #[error("{plane} does not accept it: {message}")]
    Invalid {
        /// Its name.
        plane: String,
        /// The whole message.
        message: String,
        /// The violations by field.
        causes: Vec<Cause>,
    },
    /// The control plane limits the rate of calls.
    #[error("{plane} is busy. Try again in {} seconds", .retry_after.as_secs().max(1))]
    RateLimited {
        /// Its name.
        plane: String,
        /// When to retry.
        retry_after: Duration,
    },
    /// Any other error response.
    #[error("{plane} answered {status}: {message}")]
    Refused {
        /// Its name.
        plane: String,
        /// The HTTP status.
        status: u16,
        /// The message.
        message: String,
    },
    /// The response cannot be interpreted.
    #[error("{plane} sent an invalid response ({message}). Tell the platform team")]
    InvalidResponse {
        /// Its name.
        plane: String,
        /// What is wrong with it.
        message: String,
    },
}

impl PlaneError {
    /// True if the same call may succeed later without any change.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Unreachable { .. }
            | Self::Timeout { .. }
            | Self::RateLimited { .. }
            | Self::InvalidResponse { .. }
            | Self::Contended { .. }
            | Self::NamespaceTerminating { .. } => true,
            Self::Refused { status, .. } => *status >= 500 || *status == 408,
            _ => false,
        }
    }

    /// The error with the details for administrators.
    #[must_use]
    pub fn admin_message(&self) -> String {
        match self {
            Self::Misconfigured { plane, message } => format!("{plane} is not set up correctly: {message}"),
            error => error.to_string(),
        }
    }

    /// The name of the kind of error, for metrics and logs.
    #[must_use]
    pub fn slug(&self) -> &'static str {
        match self {
            Self::Unknown { .. } => "unknown",
            Self::Misconfigured { .. } => "misconfigured",
            Self::Unreachable { .. } => "unreachable",
            Self::Timeout { .. } => "slow",
            Self::Forbidden { .. } => "forbidden",
            Self::NotFound { .. } => "not-found",
            Self::Conflict { .. } => "conflict",
            Self::Contended { .. } => "contended",
            Self::NamespaceTerminating { .. } => "namespace-terminating",
            Self::AlreadyExists { .. } => "already-exists",
            Self::Gone { .. } => "gone",
            Self::Invalid { .. } => "invalid",
            Self::RateLimited { .. } => "too-many",
            Self::Refused { .. } => "refused",
            Self::InvalidResponse { .. } => "garbage",
        }
    }

    /// The error of an HTTP error response. The body should be a `metav1.Status` but may be anything.
    #[must_use]
    pub fn from_response(plane: &str, status: u16, retry_after: Option<Duration>, body: &[u8]) -> Self {
        let parsed: Option<Value> = serde_json::from_slice(body).ok().filter(Value::is_object);
        let response = ErrorResponse {
            plane,
            body: parsed.unwrap_or(Value::Null),
        };
        match status {
            401 => Self::Refused {
                plane: plane.to_owned(),
                status,
                message: "it does not accept Portico's credentials".to_owned(),
            },
            403 => response.forbidden(),
            404 => Self::NotFound {
                plane: plane.to_owned(),
                message: response.message("not found"),
            },
            409 => response.conflict(),
            410 => Self::Gone {
                message: response.message("it is no longer there"),
            },
            // Admission webhooks may use any status; the default is 400.
            400 | 422 => Self::Invalid {
                plane: plane.to_owned(),
                message: response.message("it is not valid"),
                causes: response.causes(),
            },
            429 => Self::RateLimited {
                plane: plane.to_owned(),
                retry_after: response.retry_after(retry_after),
            },
            504 => Self::Timeout {
                plane: plane.to_owned(),
                after: response.retry_after(retry_after),
            },
            status => Self::Refused {
                plane: plane.to_owned(),
                status,
                message: response.message("no reason given"),
            },
        }
    }
}

struct ErrorResponse<'p> {
    plane: &'p str,
    body: Value,
}

impl ErrorResponse<'_> {
    fn text(&self, pointer: &str) -> Option<&str> {
        self.body
            .pointer(pointer)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
    }

    fn message(&self, otherwise: &str) -> String {
        self.text("/message")
            .map_or_else(|| otherwise.to_owned(), sanitize)
    }

    fn causes(&self) -> Vec<Cause> {
        let list = self.body.pointer("/details/causes").and_then(Value::as_array);
        let text = |cause: &Value, key: &str| {
            cause
                .get(key)
                .and_then(Value::as_str)
                .map(sanitize)
                .unwrap_or_default()
        };
        list.into_iter()
            .flatten()
            .take(MAX_CAUSES)
            .map(|cause| Cause {
                field: text(cause, "field"),
                message: text(cause, "message"),
            })
            .collect()
    }

    /// A missing right, without the name of the account that lacks it: the reader is somebody else. Namespaces and
    /// CRDs that are being deleted refuse new objects with the same status.
    fn forbidden(&self) -> PlaneError {
        let message = self.message("not permitted");
        match server_text::terminating(&message) {
            Some(Terminating::Namespace) => {
                return PlaneError::NamespaceTerminating {
                    plane: self.plane.to_owned(),
                };
            }
            Some(Terminating::Definition) => {
                return PlaneError::Conflict {
                    managers: Vec::new(),
                    fields: Vec::new(),
                    message: format!(
                        "The definition of this kind is being deleted on {}, so nothing can be created there. It was not \
                         applied; ask the platform team, or choose another control plane",
                        self.plane
                    ),
                };
            }
            None => {}
        }
        PlaneError::Forbidden {
            plane: self.plane.to_owned(),
            message: server_text::missing_right(&message).map_or(message, |right| sanitize(&right)),
        }
    }

    fn conflict(&self) -> PlaneError {
        if self.text("/reason") == Some("AlreadyExists") {
            let kind = self.text("/details/kind").unwrap_or("an object");
            let name = self.text("/details/name").map(|name| format!("{kind} {name}"));
            let name = sanitize(&name.unwrap_or_else(|| "an object of that name".to_owned()));
            return PlaneError::AlreadyExists {
                plane: self.plane.to_owned(),
                name,
            };
        }
        let causes = self.causes();
        let all_are_named = causes.len() < MAX_CAUSES;
        let mut fields: Vec<FieldConflict> = causes
            .into_iter()
            .filter_map(|cause| {
                Some(FieldConflict {
                    manager: server_text::manager(&cause.message)?,
                    field: cause.field.trim_start_matches('.').to_owned(),
                })
            })
            .collect();
        let mut managers: Vec<String> = fields.iter().map(|field| field.manager.clone()).collect();
        if !all_are_named {
            fields.clear();
        }
        managers.sort();
        managers.dedup();
        let message = self.message("it conflicts with the state there");
        if managers.is_empty() {
            match server_text::conflict(&message) {
                server_text::Conflict::OtherObject => return PlaneError::Gone { message },
                server_text::Conflict::OtherWrite => return PlaneError::Contended { message },
                server_text::Conflict::Other => {}
            }
        }
        let message = if managers.is_empty() {
            message
        } else {
            format!(
                "{} manages fields that this would change: {message}. Agree with them who sets these fields, or take \
                 them over",
                managers.join(" and ")
            )
        };
        PlaneError::Conflict {
            managers,
            fields,
            message,
        }
    }

    fn retry_after(&self, header: Option<Duration>) -> Duration {
        let in_body = self
            .body
            .pointer("/details/retryAfterSeconds")
            .and_then(Value::as_u64)
            .map(Duration::from_secs);
        header
            .or(in_body)
            .unwrap_or(Duration::from_secs(1))
            .clamp(Duration::from_secs(1), Duration::from_mins(5))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answer(status: u16, body: &Value) -> PlaneError {
        PlaneError::from_response("eu-shared", status, None, body.to_string().as_bytes())
    }

    #[test]
    fn a_conflict_names_the_field_managers() {
        let error = answer(
            409,
            &json!({ "reason": "Conflict", "message": "Apply failed with 1 conflict", "details": { "causes": [
                { "reason": "FieldManagerConflict", "field": ".spec.size", "message": "conflict with \"kubectl\" using v1" }
            ] } }),
        );
        let PlaneError::Conflict {
            managers, message, ..
        } = &error
        else {
            panic!("{error:?}")
        };
        assert_eq!(managers, &["kubectl"]);
        assert!(message.starts_with("kubectl manages fields"), "{message}");
        assert!(!error.is_retryable());
    }

    #[test]
    fn keeps_the_message_of_a_usage_that_blocks_a_delete() {
        let error = answer(
            409,
            &json!({ "reason": "Conflict", "message": "in use by 1 Usage(s)" }),
        );
        assert_eq!(error.to_string(), "in use by 1 Usage(s)");
    }

    #[test]
    fn an_invalid_object_lists_its_fields() {
        let body = json!({ "message": "Database \"x\" is invalid", "details": { "causes": [
            { "field": "spec.size", "message": "must be at most 10" }
        ] } });
        let PlaneError::Invalid { causes, .. } = answer(422, &body) else {
            panic!()
        };
        assert_eq!(
            causes,
            [Cause {
                field: "spec.size".into(),
                message: "must be at most 10".into()
            }]
        );
    }

    #[test]
    fn temporary_failures_are_retryable() {
        for status in [429, 500, 502, 503, 504] {
            assert!(answer(status, &Value::Null).is_retryable(), "{status}");
        }
        for status in [400, 401, 403, 404, 409, 410, 422] {
            assert!(!answer(status, &Value::Null).is_retryable(), "{status}");
        }
    }

    #[test]
    fn a_missing_right_hides_the_account() {
        let said = "ponds.example.org \"first\" is forbidden: User \"system:serviceaccount:portico:portico\" cannot get \
                    resource \"ponds\" in API group \"example.org\" in the namespace \"payments-dev\"";
        let error = answer(403, &json!({ "reason": "Forbidden", "message": said })).to_string();
        assert!(
            error.contains("the right to get ponds.example.org in payments-dev is missing"),
            "{error}"
        );
        assert!(!error.contains("serviceaccount"), "{error}");
        let other = answer(403, &json!({ "message": "denied by policy: no such owner" })).to_string();
        assert!(other.contains("denied by policy: no such owner"), "{other}");
    }

    #[test]
    fn a_namespace_being_deleted_is_not_a_missing_right() {
        for (said, what) in [
            (
                "ponds.example.org \"a\" is forbidden: create not allowed while custom resource definition is terminating",
                "definition of this kind is being deleted",
            ),
            (
                "ponds.example.org \"a\" is forbidden: unable to create new content in namespace a because it is being terminated",
                "namespace is being deleted",
            ),
        ] {
            let error = answer(403, &json!({ "reason": "Forbidden", "message": said })).to_string();
            assert!(error.contains(what), "{error}");
            assert!(!error.contains("right"), "{error}");
        }
    }

    #[test]
    fn a_malformed_error_response_is_still_an_error() {
        let error = PlaneError::from_response("eu-shared", 403, None, b"\xff\xfe<html>");
        assert!(error.to_string().contains("not permitted"), "{error}");
    }

    #[test]
    fn the_retry_delay_is_bounded() {
        let error = PlaneError::from_response("eu-shared", 429, Some(Duration::from_secs(1 << 40)), b"");
        assert_eq!(
            error,
            PlaneError::RateLimited {
                plane: "eu-shared".into(),
                retry_after: Duration::from_mins(5)
            }
        );
    }
}
