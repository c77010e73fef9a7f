//! Why a request waits, and why it ended without being applied: codes with parameters, as the database and the audit log
//! keep them. Their words are made when somebody reads them, by `Display`, and nowhere else, so that they can be reworded
//! without changing what was stored. Nothing decides anything by the words.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::permission::Obstacle;

/// Why a request waits before the next attempt.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum WaitingReason {
    /// The control plane cannot be reached.
    PlaneUnreachable {
        /// Its name.
        plane: String,
    },
    /// The control plane does not answer in time.
    PlaneTimeout {
        /// Its name.
        plane: String,
    },
    /// The control plane asks for fewer calls.
    PlaneOverloaded {
        /// Its name.
        plane: String,
    },
    /// The control plane's document or credentials are wrong, or it is not configured.
    PlaneMisconfigured {
        /// Its name.
        plane: String,
    },
    /// Two writers met within the API server.
    ConcurrentWrite {
        /// The control plane's name.
        plane: String,
    },
    /// The control plane failed.
    PlaneError {
        /// Its name.
        plane: String,
        /// The HTTP status.
        status: u16,
        /// What it said.
        message: String,
    },
    /// The control plane's answer makes no sense.
    PlaneInvalidResponse {
        /// Its name.
        plane: String,
        /// What was wrong with it.
        message: String,
    },
    /// The control plane deletes the claim.
    Deletion {
        /// The control plane's title.
        plane: String,
        /// The claim's name.
        claim: String,
    },
    /// It may not be applied at the moment.
    NotPermitted {
        /// What stands against it.
        obstacle: Obstacle,
    },
    /// Whether it may be applied could not be checked.
    NotChecked {
        /// Why.
        message: String,
    },
    /// A sentence from before reasons had codes.
    Other {
        /// The sentence.
        text: String,
    },
}

/// Why a request ended without being applied.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum FailureReason {
    /// A right is missing on the control plane.
    PlaneForbidden {
        /// Its name.
        plane: String,
        /// What it said.
        message: String,
    },
    /// The control plane's schema or an admission policy refused the object.
    PlaneRejected {
        /// Its name.
        plane: String,
        /// What it said.
        message: String,
    },
    /// The control plane refused for another reason.
    PlaneRefused {
        /// What it said, as a sentence without its full stop.
        message: String,
    },
    /// The control plane has an object of that name that this request did not create.
    AlreadyExists {
        /// Its name.
        plane: String,
        /// The kind.
        kind: String,
        /// The object's name.
        name: String,
    },
    /// Other field managers own fields that the request would change.
    FieldConflict {
        /// The field managers.
        managers: Vec<String>,
        /// What the control plane said.
        message: String,
    },
    /// The object cannot be deleted as it is, for example because it is in use.
    DeletionBlocked {
        /// Its name.
        name: String,
        /// What the control plane said.
        message: String,
    },
    /// The control plane says that the request conflicts with what is there.
    PlaneConflict {
        /// Its name.
        plane: String,
        /// The object's name.
        name: String,
        /// What it said.
        message: String,
    },
    /// The control plane answered a creation with "gone".
    CreationGone {
        /// Its name.
        plane: String,
        /// What it said.
        message: String,
    },
    /// The object was deleted, or deleted and created again under its name.
    ObjectGone {
        /// The kind.
        kind: String,
        /// The object's name.
        name: String,
    },
    /// The control plane does not serve the kind, or has no such namespace.
    NotServed {
        /// Its name.
        plane: String,
        /// The kind.
        kind: String,
        /// What it said, as a sentence without its full stop.
        message: String,
    },
    /// The request does not say which object it is about.
    UnknownObject,
    /// Every attempt came to nothing.
    GivenUp {
        /// How many there were.
        attempts: u32,
        /// What it waited for at the end.
        waiting: WaitingReason,
    },
    /// It may not be applied any more.
    NotPermitted {
        /// What stands against it.
        obstacle: Obstacle,
    },
    /// Nobody decided in time.
    Expired,
    /// The requester withdrew it while it waited for a control plane.
    Abandoned {
        /// The control plane's name.
        plane: String,
    },
    /// The database's row cannot be read.
    Unreadable {
        /// What is wrong with it.
        message: String,
    },
    /// A sentence from before reasons had codes.
    Other {
        /// The sentence.
        text: String,
    },
}

impl WaitingReason {
    /// The code, which is also a metric's label.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::PlaneUnreachable { .. } => "plane-unreachable",
            Self::PlaneTimeout { .. } => "plane-timeout",
            Self::PlaneOverloaded { .. } => "plane-overloaded",
            Self::PlaneMisconfigured { .. } => "plane-misconfigured",
            Self::ConcurrentWrite { .. } => "concurrent-write",
            Self::PlaneError { .. } => "plane-error",
            Self::PlaneInvalidResponse { .. } => "plane-invalid-response",
            Self::Deletion { .. } => "deletion",
            Self::NotPermitted { obstacle } => obstacle.slug(),
            Self::NotChecked { .. } => "not-checked",
            Self::Other { .. } => "other",
        }
    }

    /// Whether both have the same cause. The control plane's own messages do not count: they may hold times and counts,
    /// which differ from one attempt to the next.
    #[must_use]
    pub fn has_cause_of(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::PlaneError { plane, status, .. },
                Self::PlaneError {
                    plane: other_plane,
                    status: other_status,
                    ..
                },
            ) => plane == other_plane && status == other_status,
            (
                Self::PlaneInvalidResponse { plane, .. },
                Self::PlaneInvalidResponse {
                    plane: other_plane, ..
                },
            ) => plane == other_plane,
            (Self::NotChecked { .. }, Self::NotChecked { .. }) => true,
            _ => self == other,
        }
    }
}

impl FailureReason {
    /// The code, which is also a metric's label.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::PlaneForbidden { .. } => "plane-forbidden",
            Self::PlaneRejected { .. } => "plane-rejected",
            Self::PlaneRefused { .. } => "plane-refused",
            Self::AlreadyExists { .. } => "already-exists",
            Self::FieldConflict { .. } => "field-conflict",
            Self::DeletionBlocked { .. } => "deletion-blocked",
            Self::PlaneConflict { .. } => "plane-conflict",
            Self::CreationGone { .. } => "creation-gone",
            Self::ObjectGone { .. } => "object-gone",
            Self::NotServed { .. } => "not-served",
            Self::UnknownObject => "unknown-object",
            Self::GivenUp { .. } => "given-up",
            Self::NotPermitted { obstacle } => obstacle.slug(),
            Self::Expired => "expired",
            Self::Abandoned { .. } => "abandoned",
            Self::Unreadable { .. } => "unreadable",
            Self::Other { .. } => "other",
        }
    }
}

/// A message of others, without the full stop that a sentence of ours adds.
fn bare(message: &str) -> &str {
    message.trim_end_matches(['.', ' '])
}

impl fmt::Display for WaitingReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PlaneUnreachable { plane } => write!(f, "Waiting for {plane}, which cannot be reached."),
            Self::PlaneTimeout { plane } => write!(f, "Waiting for {plane}, which does not answer in time."),
            Self::PlaneOverloaded { plane } => write!(f, "Waiting for {plane}, which has too much to do."),
            Self::PlaneMisconfigured { plane } => {
                write!(
                    f,
                    "Waiting for a platform admin to fix the control plane {plane}."
                )
            }
            Self::ConcurrentWrite { plane } => {
                write!(f, "Waiting for another change on {plane} to finish.")
            }
            Self::PlaneError {
                plane,
                status,
                message,
            } => write!(
                f,
                "Waiting for {plane}, which answered {status}: {}.",
                bare(message)
            ),
            Self::PlaneInvalidResponse { plane, message } => {
                write!(
                    f,
                    "Waiting for {plane}, which sent an invalid response: {}.",
                    bare(message)
                )
            }
            Self::Deletion { plane, claim } => write!(f, "{plane} is deleting {claim}."),
            Self::NotPermitted { obstacle } => obstacle.fmt(f),
            Self::NotChecked { message } => {
                write!(
                    f,
                    "Portico could not check whether this is still allowed: {message}"
                )
            }
            Self::Other { text } => f.write_str(text),
        }
    }
}

impl fmt::Display for FailureReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PlaneForbidden { plane, message } => write!(
                f,
                "{plane} does not allow it: {}. Ask the platform team for the missing right.",
                bare(message)
            ),
            Self::PlaneRejected { plane, message } => {
                write!(f, "{plane} does not accept it: {}.", bare(message))
            }
            Self::PlaneRefused { message } => write!(f, "{}.", bare(message)),
            Self::AlreadyExists { plane, kind, name } => write!(
                f,
                "{plane} already has a {kind} called {name} that this request did not make. Choose another name and ask \
                 again."
            ),
            Self::FieldConflict { managers, message } => write!(
                f,
                "{} set{} fields that this request would change, and Portico does not overwrite others' work. Settle \
                 with them who sets these fields, then ask again. The control plane said: {}.",
                managers.join(" and "),
                if managers.len() == 1 { "s" } else { "" },
                bare(message)
            ),
            Self::DeletionBlocked { name, message } => {
                write!(f, "{name} cannot be deleted yet: {}.", bare(message))
            }
            Self::PlaneConflict { plane, name, message } => write!(
                f,
                "{plane} says that it conflicts with what is there: {}. Check {name}, then request it again.",
                bare(message)
            ),
            Self::CreationGone { plane, message } => write!(
                f,
                "{plane} answered that it is gone: {}. Request it again; if that fails too, tell the platform team.",
                bare(message)
            ),
            Self::ObjectGone { kind, name } => write!(
                f,
                "The {kind} {name} that this request is about was deleted, or deleted and created again. Check it, then \
                 request it again."
            ),
            Self::NotServed { plane, kind, message } => write!(
                f,
                "{plane} has no place for it: {}. Ask the platform team whether {kind} is still served there.",
                bare(message)
            ),
            Self::UnknownObject => f.write_str(
                "Portico does not know which object this request is about. Check the claim, then request it again.",
            ),
            Self::GivenUp { attempts, waiting } => write!(
                f,
                "Given up after {attempts} attempts. {waiting} Request it again when this is solved."
            ),
            Self::NotPermitted { obstacle } => obstacle.fmt(f),
            Self::Expired => f.write_str("Nobody decided in time. Request it again if you still need it."),
            Self::Abandoned { plane } => write!(
                f,
                "Nobody waits for {plane} any more. Should it have taken the request before it fell silent, that shows \
                 under My claims once it answers."
            ),
            Self::Unreadable { message } => write!(
                f,
                "Portico cannot read this request in its database: {}. Request it again, and tell the platform team.",
                bare(message)
            ),
            Self::Other { text } => f.write_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{FailureReason, WaitingReason};
    use crate::permission::Obstacle;
    use crate::tenancy::Lapse;

    fn error(message: &str) -> WaitingReason {
        WaitingReason::PlaneError {
            plane: "eu-shared".into(),
            status: 503,
            message: message.into(),
        }
    }

    #[test]
    fn a_reason_is_kept_as_a_code_with_parameters() {
        let reason = WaitingReason::PlaneUnreachable {
            plane: "eu-shared".into(),
        };
        let kept = json!({ "code": "plane-unreachable", "plane": "eu-shared" });
        assert_eq!(serde_json::to_value(&reason).unwrap(), kept);
        assert_eq!(serde_json::from_value::<WaitingReason>(kept).unwrap(), reason);
    }

    #[test]
    fn every_failure_reads_back_and_its_code_is_the_one_that_is_kept() {
        let text = || "x".to_owned();
        let reasons = [
            FailureReason::PlaneForbidden {
                plane: text(),
                message: text(),
            },
            FailureReason::PlaneRejected {
                plane: text(),
                message: text(),
            },
            FailureReason::PlaneRefused { message: text() },
            FailureReason::AlreadyExists {
                plane: text(),
                kind: text(),
                name: text(),
            },
            FailureReason::FieldConflict {
                managers: vec![text()],
                message: text(),
            },
            FailureReason::DeletionBlocked {
                name: text(),
                message: text(),
            },
            FailureReason::PlaneConflict {
                plane: text(),
                name: text(),
                message: text(),
            },
            FailureReason::CreationGone {
                plane: text(),
                message: text(),
            },
            FailureReason::ObjectGone {
                kind: text(),
                name: text(),
            },
            FailureReason::NotServed {
                plane: text(),
                kind: text(),
                message: text(),
            },
            FailureReason::UnknownObject,
            FailureReason::GivenUp {
                attempts: 3,
                waiting: error("etcd has no leader"),
            },
            FailureReason::Expired,
            FailureReason::Abandoned { plane: text() },
            FailureReason::Unreadable { message: text() },
            FailureReason::Other { text: text() },
        ];
        for reason in reasons {
            let kept = serde_json::to_value(&reason).unwrap();
            assert_eq!(kept["code"], reason.code(), "{kept}");
            assert_eq!(serde_json::from_value::<FailureReason>(kept).unwrap(), reason);
            assert!(!reason.to_string().is_empty());
        }
    }

    #[test]
    fn an_obstacle_is_kept_with_its_parameters() {
        for obstacle in [
            Obstacle::Cordoned {
                plane: "EU shared".into(),
                reason: Some("It is full.".into()),
            },
            Obstacle::Lapsed {
                requester: "Dana".into(),
                why: Lapse::NotSignedIn(90),
            },
            Obstacle::Altered,
        ] {
            let reason = WaitingReason::NotPermitted { obstacle };
            let kept = serde_json::to_string(&reason).unwrap();
            assert_eq!(
                serde_json::from_str::<WaitingReason>(&kept).unwrap(),
                reason,
                "{kept}"
            );
        }
    }

    #[test]
    fn a_message_that_differs_is_the_same_cause_and_another_plane_is_not() {
        assert!(error("etcd has no leader").has_cause_of(&error("etcd has no leader since 12:01")));
        let elsewhere = WaitingReason::PlaneError {
            plane: "us-shared".into(),
            status: 503,
            message: "etcd has no leader".into(),
        };
        assert!(!error("etcd has no leader").has_cause_of(&elsewhere));
        let unreachable = |plane: &str| WaitingReason::PlaneUnreachable { plane: plane.into() };
        assert!(unreachable("a").has_cause_of(&unreachable("a")));
        assert!(!unreachable("a").has_cause_of(&unreachable("b")));
    }
}
