//! Codes with parameters for why a request waits, and why it ended without being applied. The database and the audit
//! log store the codes; only `Display` turns them into words, so that those can change without touching stored data.
//! No decision depends on the words.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::obstacle::Obstacle;

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
    /// Another writer changed the object at the same time.
    ConcurrentWrite {
        /// The control plane's name.
        plane: String,
    },
    /// The claim's namespace is being deleted; once it is gone it is created again.
    NamespaceTerminating {
        /// The control plane's name.
        plane: String,
    },
    /// The control plane failed.
    PlaneError {
        /// Its name.
        plane: String,
        /// The HTTP status.
        status: u16,
        /// Its message.
        message: String,
    },
    /// The control plane's response is invalid.
    PlaneInvalidResponse {
        /// Its name.
        plane: String,
        /// What is wrong with it.
        message: String,
    },
    /// The control plane is still deleting the claim.
    Deletion {
        /// The control plane's title.
        plane: String,
        /// The claim's name.
        claim: String,
    },
    /// It may not be applied at present.
    NotPermitted {
        /// The obstacle.
        obstacle: Obstacle,
    },
    /// The permission could not be checked.
    NotChecked {
        /// Why.
        message: String,
    },
    /// A sentence stored before reasons had codes.
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
    /// Portico, or the person it acts as, lacks a right on the control plane.
    PlaneForbidden {
        /// Its name.
        plane: String,
        /// The control plane's message.
        message: String,
    },
    /// The control plane's schema or an admission policy refused the object.
    PlaneRejected {
        /// Its name.
        plane: String,
        /// Its message.
        message: String,
    },
    /// The control plane refused for another reason.
    PlaneRefused {
        /// Its message, without a full stop.
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
        /// The control plane's message.
        message: String,
    },
    /// The object cannot be deleted as it is, for example because it is in use.
    DeletionBlocked {
        /// Its name.
        name: String,
        /// The control plane's message.
        message: String,
    },
    /// The control plane reports a conflict with the existing object.
    PlaneConflict {
        /// Its name.
        plane: String,
        /// The object's name.
        name: String,
        /// Its message.
        message: String,
    },
    /// The control plane answered a creation with status 410 (Gone).
    CreationGone {
        /// Its name.
        plane: String,
        /// Its message.
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
        /// Its message, without a full stop.
        message: String,
    },
    /// The claim to adopt is no longer as it was, or the control plane would change a value.
    ChangedSince {
        /// The kind.
        kind: String,
        /// The object's name.
        name: String,
    },
    /// The request does not identify its object.
    UnknownObject,
    /// All attempts failed.
    GivenUp {
        /// Number of attempts.
        attempts: u32,
        /// The reason for waiting after the last attempt.
        waiting: WaitingReason,
    },
    /// It may no longer be applied.
    NotPermitted {
        /// The obstacle.
        obstacle: Obstacle,
    },
    /// Nobody decided in time.
    Expired,
    /// The requester withdrew it while it waited for a control plane.
    Abandoned {
        /// The control plane's name.
        plane: String,
    },
    /// The row in the database cannot be read.
    Unreadable {
        /// What is wrong with it.
        message: String,
    },
    /// A sentence stored before reasons had codes.
    Other {
        /// The sentence.
        text: String,
    },
}

impl WaitingReason {
    /// Returns the code, which is also a label of metrics.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::PlaneUnreachable { .. } => "plane-unreachable",
            Self::PlaneTimeout { .. } => "plane-timeout",
            Self::PlaneOverloaded { .. } => "plane-overloaded",
            Self::PlaneMisconfigured { .. } => "plane-misconfigured",
            Self::ConcurrentWrite { .. } => "concurrent-write",
            Self::NamespaceTerminating { .. } => "namespace-terminating",
            Self::PlaneError { .. } => "plane-error",
            Self::PlaneInvalidResponse { .. } => "plane-invalid-response",
            Self::Deletion { .. } => "deletion",
            Self::NotPermitted { obstacle } => obstacle.slug(),
            Self::NotChecked { .. } => "not-checked",
            Self::Other { .. } => "other",
        }
    }

    /// True if both have the same cause. Messages of the control plane are not compared: they may contain times and
    /// counts that differ between attempts.
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
    /// Returns the code, which is also a label of metrics.
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
            Self::ChangedSince { .. } => "changed-since",
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

/// Removes the full stop of a message that becomes part of a sentence.
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
            Self::NamespaceTerminating { plane } => write!(
                f,
                "Waiting until the namespace is gone, which somebody is deleting on {plane}; then it is created again."
            ),
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
                "{} set{} fields that this request would change, and Portico takes over only what a request says. Settle \
                 with them who sets these fields, or request it again and take them over. The control plane said: {}.",
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
            Self::ChangedSince { kind, name } => write!(
                f,
                "The {kind} {name} has changed since it was requested, so it was not adopted. Look at it, then request it \
                 again."
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
                 under Claims once it answers."
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
    use crate::obstacle::Obstacle;
    use crate::tenancy::Lapse;

    fn error(message: &str) -> WaitingReason {
        WaitingReason::PlaneError {
            plane: "eu-shared".into(),
            status: 503,
            message: message.into(),
        }
    }

    #[test]
    fn a_reason_is_stored_as_a_code_with_parameters() {
        let reason = WaitingReason::PlaneUnreachable {
            plane: "eu-shared".into(),
        };
        let kept = json!({ "code": "plane-unreachable", "plane": "eu-shared" });
        assert_eq!(serde_json::to_value(&reason).unwrap(), kept);
        assert_eq!(serde_json::from_value::<WaitingReason>(kept).unwrap(), reason);
    }

    #[test]
    fn every_failure_round_trips_under_its_code() {
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
            FailureReason::ChangedSince {
                kind: text(),
                name: text(),
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
    fn an_obstacle_is_stored_with_its_parameters() {
        for obstacle in [
            Obstacle::Cordoned {
                plane: "EU shared".into(),
                reason: Some("It is full.".into()),
            },
            Obstacle::Maintenance {
                plane: "EU shared".into(),
                until: "2026-06-01T23:00:00Z".parse().unwrap(),
                reason: Some("the upgrade".into()),
            },
            Obstacle::Lapsed {
                requester: "Dana".into(),
                why: Lapse::NotSignedIn(90),
            },
            Obstacle::OfferingEnded {
                offering: "Cache".to_owned(),
                sunset: jiff::civil::date(2027, 3, 1),
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
    fn another_message_is_the_same_cause_and_another_plane_is_not() {
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
