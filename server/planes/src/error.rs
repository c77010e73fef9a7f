//! What can go wrong between Portico and a control plane, in words that say what to do.

use std::time::Duration;

use portico_domain::claim::health::plain;
use serde_json::Value;

use crate::server_text::{self, Terminating};

/// One reason why an object is not valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// The field, as the control plane names it: `spec.storage.size`. Empty: the object as a whole.
    pub field: String,
    /// What is wrong with it.
    pub message: String,
}

/// Why a control plane did not do as asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlaneError {
    /// No such control plane is configured.
    #[error("the control plane {plane} is not configured")]
    Unknown {
        /// Its name.
        plane: String,
    },
    /// The document or kubeconfig is wrong, or signing in fails, so that there is nothing to ask. Why is for
    /// administrators, see [`PlaneError::for_platform`]: others read that it is so.
    #[error(
        "{plane} cannot be used: it is not set up correctly. Tell the platform team, who see why on its page"
    )]
    Misconfigured {
        /// Its name.
        plane: String,
        /// What is wrong. Holds nothing of a credential.
        message: String,
    },
    /// It cannot be reached.
    #[error(
        "{plane} cannot be reached ({message}). Try again in a moment; if it lasts, tell the platform team"
    )]
    Unreachable {
        /// Its name.
        plane: String,
        /// Why, technically.
        message: String,
    },
    /// It did not answer in time. What was asked may have been done or not.
    #[error("{plane} did not answer within {} seconds. It may be overloaded; try again in a moment", .after.as_secs())]
    Slow {
        /// Its name.
        plane: String,
        /// The time limit.
        after: Duration,
    },
    /// The rights are missing.
    #[error("{plane} does not allow it: {message}. Ask the platform team for the missing right")]
    Forbidden {
        /// Its name.
        plane: String,
        /// What it said.
        message: String,
    },
    /// There is no such object, or kind.
    #[error("{plane} has no such object: {message}")]
    NotFound {
        /// Its name.
        plane: String,
        /// What it said.
        message: String,
    },
    /// Somebody else manages fields that were to be changed, or the object has changed meanwhile.
    #[error("{message}")]
    Conflict {
        /// Who manages the fields; empty when it is no conflict over fields.
        managers: Vec<String>,
        /// What it said.
        message: String,
    },
    /// Another write came between: two writers met within the API server, and nobody is in the way.
    #[error("{message}")]
    Contended {
        /// What it said.
        message: String,
    },
    /// An object of that name is there already, and it is not this request's.
    #[error("{plane} already has {name}. Choose another name")]
    AlreadyExists {
        /// Its name.
        plane: String,
        /// What exists.
        name: String,
    },
    /// The object is not the one that was meant: it was deleted, and perhaps made anew.
    #[error("{message}")]
    Gone {
        /// What it said.
        message: String,
    },
    /// The object breaks the schema or an admission policy.
    #[error("{plane} does not accept it: {message}")]
    Invalid {
        /// Its name.
        plane: String,
        /// What it said, as a whole.
        message: String,
        /// What is wrong with which field.
        causes: Vec<Cause>,
    },
    /// It is asked too much.
    #[error("{plane} has too much to do just now. Try again in {} seconds", .retry_after.as_secs().max(1))]
    TooMany {
        /// Its name.
        plane: String,
        /// When to ask again.
        retry_after: Duration,
    },
    /// It said no for another reason, or failed.
    #[error("{plane} answered {status}: {message}")]
    Refused {
        /// Its name.
        plane: String,
        /// The HTTP status.
        status: u16,
        /// What it said.
        message: String,
    },
    /// What it answered makes no sense.
    #[error("{plane} gave an answer that makes no sense ({message}). Tell the platform team")]
    Garbage {
        /// Its name.
        plane: String,
        /// What was wrong with it.
        message: String,
    },
}

impl PlaneError {
    /// Whether the same call may well succeed later, without anybody changing anything.
    #[must_use]
    pub fn is_worth_retrying(&self) -> bool {
        match self {
            Self::Unreachable { .. }
            | Self::Slow { .. }
            | Self::TooMany { .. }
            | Self::Garbage { .. }
            | Self::Contended { .. } => true,
            Self::Refused { status, .. } => *status >= 500 || *status == 408,
            _ => false,
        }
    }

    /// The error with what only administrators are to read of it.
    #[must_use]
    pub fn for_platform(&self) -> String {
        match self {
            Self::Misconfigured { plane, message } => format!("{plane} is not set up correctly: {message}"),
            error => error.to_string(),
        }
    }

    /// A word for metrics and logs, the same for all errors of one kind.
    #[must_use]
    pub fn slug(&self) -> &'static str {
        match self {
            Self::Unknown { .. } => "unknown",
            Self::Misconfigured { .. } => "misconfigured",
            Self::Unreachable { .. } => "unreachable",
            Self::Slow { .. } => "slow",
            Self::Forbidden { .. } => "forbidden",
            Self::NotFound { .. } => "not-found",
            Self::Conflict { .. } => "conflict",
            Self::Contended { .. } => "contended",
            Self::AlreadyExists { .. } => "already-exists",
            Self::Gone { .. } => "gone",
            Self::Invalid { .. } => "invalid",
            Self::TooMany { .. } => "too-many",
            Self::Refused { .. } => "refused",
            Self::Garbage { .. } => "garbage",
        }
    }

    /// From an answer that is no success: the status line and the body, which should be a
    /// `metav1.Status` and may be anything.
    #[must_use]
    pub fn from_answer(plane: &str, status: u16, retry_after: Option<Duration>, body: &[u8]) -> Self {
        let parsed: Option<Value> = serde_json::from_slice(body).ok().filter(Value::is_object);
        let answer = Answer {
            plane,
            body: parsed.unwrap_or(Value::Null),
        };
        match status {
            401 => Self::Refused {
                plane: plane.to_owned(),
                status,
                message: "it does not accept Portico's credentials".to_owned(),
            },
            403 => answer.forbidden(),
            404 => Self::NotFound {
                plane: plane.to_owned(),
                message: answer.message("not found"),
            },
            409 => answer.conflict(),
            410 => Self::Gone {
                message: answer.message("it is no longer there"),
            },
            // Admission webhooks may deny with any status; 400 is what they use by default.
            400 | 422 => Self::Invalid {
                plane: plane.to_owned(),
                message: answer.message("it is not valid"),
                causes: answer.causes(),
            },
            429 => Self::TooMany {
                plane: plane.to_owned(),
                retry_after: answer.retry_after(retry_after),
            },
            504 => Self::Slow {
                plane: plane.to_owned(),
                after: answer.retry_after(retry_after),
            },
            status => Self::Refused {
                plane: plane.to_owned(),
                status,
                message: answer.message("no reason given"),
            },
        }
    }
}

struct Answer<'p> {
    plane: &'p str,
    body: Value,
}

impl Answer<'_> {
    fn text(&self, pointer: &str) -> Option<&str> {
        self.body
            .pointer(pointer)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
    }

    fn message(&self, otherwise: &str) -> String {
        self.text("/message").map_or_else(|| otherwise.to_owned(), plain)
    }

    fn causes(&self) -> Vec<Cause> {
        let list = self.body.pointer("/details/causes").and_then(Value::as_array);
        let text = |cause: &Value, key: &str| {
            cause
                .get(key)
                .and_then(Value::as_str)
                .map(plain)
                .unwrap_or_default()
        };
        list.into_iter()
            .flatten()
            .take(100)
            .map(|cause| Cause {
                field: text(cause, "field"),
                message: text(cause, "message"),
            })
            .collect()
    }

    /// A right that is missing, without the name of the account that lacks it: whoever reads this is somebody else. What
    /// is on its way out refuses new objects with the same status.
    fn forbidden(&self) -> PlaneError {
        let said = self.message("not permitted");
        if let Some(what) = server_text::terminating(&said) {
            let what = match what {
                Terminating::Namespace => "The namespace",
                Terminating::Definition => "The definition of this kind",
            };
            return PlaneError::Conflict {
                managers: Vec::new(),
                message: format!(
                    "{what} is being deleted on {}, so nothing new can be made there. It was not applied; ask the \
                     platform team, or choose another control plane",
                    self.plane
                ),
            };
        }
        PlaneError::Forbidden {
            plane: self.plane.to_owned(),
            message: server_text::missing_right(&said).map_or(said, |right| plain(&right)),
        }
    }

    fn conflict(&self) -> PlaneError {
        if self.text("/reason") == Some("AlreadyExists") {
            let kind = self.text("/details/kind").unwrap_or("an object");
            let name = self.text("/details/name").map(|name| format!("{kind} {name}"));
            let name = plain(&name.unwrap_or_else(|| "an object of that name".to_owned()));
            return PlaneError::AlreadyExists {
                plane: self.plane.to_owned(),
                name,
            };
        }
        let mut managers: Vec<String> = self
            .causes()
            .into_iter()
            .filter_map(|cause| server_text::manager(&cause.message))
            .collect();
        managers.sort();
        managers.dedup();
        let said = self.message("it conflicts with the state there");
        if managers.is_empty() {
            match server_text::conflict(&said) {
                server_text::Conflict::OtherObject => return PlaneError::Gone { message: said },
                server_text::Conflict::OtherWrite => return PlaneError::Contended { message: said },
                server_text::Conflict::Other => {}
            }
        }
        let message = if managers.is_empty() {
            said
        } else {
            format!(
                "{} manages fields that this would change: {said}. Settle with them who sets these fields",
                managers.join(" and ")
            )
        };
        PlaneError::Conflict { managers, message }
    }

    fn retry_after(&self, header: Option<Duration>) -> Duration {
        let told = self
            .body
            .pointer("/details/retryAfterSeconds")
            .and_then(Value::as_u64)
            .map(Duration::from_secs);
        header
            .or(told)
            .unwrap_or(Duration::from_secs(1))
            .clamp(Duration::from_secs(1), Duration::from_mins(5))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answer(status: u16, body: &Value) -> PlaneError {
        PlaneError::from_answer("eu-shared", status, None, body.to_string().as_bytes())
    }

    #[test]
    fn a_conflict_names_who_manages_the_fields() {
        let error = answer(
            409,
            &json!({ "reason": "Conflict", "message": "Apply failed with 1 conflict", "details": { "causes": [
                { "reason": "FieldManagerConflict", "field": ".spec.size", "message": "conflict with \"kubectl\" using v1" }
            ] } }),
        );
        let PlaneError::Conflict { managers, message } = &error else {
            panic!("{error:?}")
        };
        assert_eq!(managers, &["kubectl"]);
        assert!(message.starts_with("kubectl manages fields"), "{message}");
        assert!(!error.is_worth_retrying());
    }

    #[test]
    fn a_usage_that_blocks_a_delete_is_told_as_it_is() {
        let error = answer(
            409,
            &json!({ "reason": "Conflict", "message": "in use by 1 Usage(s)" }),
        );
        assert_eq!(error.to_string(), "in use by 1 Usage(s)");
    }

    #[test]
    fn an_invalid_object_says_which_fields() {
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
    fn trouble_that_passes_is_worth_retrying() {
        for status in [429, 500, 502, 503, 504] {
            assert!(answer(status, &Value::Null).is_worth_retrying(), "{status}");
        }
        for status in [400, 401, 403, 404, 409, 410, 422] {
            assert!(!answer(status, &Value::Null).is_worth_retrying(), "{status}");
        }
    }

    #[test]
    fn a_missing_right_is_told_without_whose() {
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
    fn what_is_on_its_way_out_is_not_told_as_a_missing_right() {
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
    fn garbage_in_a_refusal_is_no_trouble() {
        let error = PlaneError::from_answer("eu-shared", 403, None, b"\xff\xfe<html>");
        assert!(error.to_string().contains("not permitted"), "{error}");
    }

    #[test]
    fn the_time_to_wait_is_bounded() {
        let error = PlaneError::from_answer("eu-shared", 429, Some(Duration::from_secs(1 << 40)), b"");
        assert_eq!(
            error,
            PlaneError::TooMany {
                plane: "eu-shared".into(),
                retry_after: Duration::from_mins(5)
            }
        );
    }
}
