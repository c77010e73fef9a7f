use std::time::Duration;

use portico_domain::reason::{FailureReason, WaitingReason};
use portico_domain::request::{Action, Request};
use portico_planes::PlaneError;

/// The result of one attempt at a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The control plane has the object; for a delete, no longer has it.
    Done {
        /// `metadata.uid` of the object.
        uid: Option<String>,
    },
    /// The control plane is at it: look again later.
    UnderWay(WaitingReason),
    /// It may not be applied at the moment: look again later, until somebody withdraws it.
    Held(WaitingReason),
    /// Nothing was done, or it is not known: try again later.
    TryAgain {
        /// Why.
        waiting_for: WaitingReason,
        /// The shortest pause before the next attempt.
        not_before: Duration,
    },
    /// Another attempt would not help.
    Failed(FailureReason),
}

impl Outcome {
    /// What a control plane's error means for a request.
    pub(super) fn of_error(request: &Request, error: &PlaneError) -> Self {
        let plane = request.claim.plane.to_string();
        let again = |waiting_for| Self::TryAgain {
            waiting_for,
            not_before: Duration::ZERO,
        };
        match error {
            PlaneError::Unreachable { plane, .. } => {
                again(WaitingReason::PlaneUnreachable { plane: plane.clone() })
            }
            PlaneError::Timeout { plane, .. } => again(WaitingReason::PlaneTimeout { plane: plane.clone() }),
            PlaneError::RateLimited { plane, retry_after } => Self::TryAgain {
                waiting_for: WaitingReason::PlaneOverloaded { plane: plane.clone() },
                not_before: *retry_after,
            },
            // An administrator can correct a document, and a reload may have been half way.
            PlaneError::Unknown { .. } | PlaneError::Misconfigured { .. } => {
                again(WaitingReason::PlaneMisconfigured { plane })
            }
            // Two writers met within the API server; it names nobody because nobody is in the way.
            PlaneError::Contended { .. } => again(WaitingReason::ConcurrentWrite { plane }),
            PlaneError::NamespaceTerminating { plane } => {
                again(WaitingReason::NamespaceTerminating { plane: plane.clone() })
            }
            PlaneError::Refused {
                plane,
                status,
                message,
            } if error.is_retryable() => again(WaitingReason::PlaneError {
                plane: plane.clone(),
                status: *status,
                message: message.clone(),
            }),
            PlaneError::InvalidResponse { plane, message } => again(WaitingReason::PlaneInvalidResponse {
                plane: plane.clone(),
                message: message.clone(),
            }),
            error => Self::Failed(why_it_failed(request, error)),
        }
    }
}

fn why_it_failed(request: &Request, error: &PlaneError) -> FailureReason {
    let name = request.claim.name.to_string();
    let kind = request.resource.kind.clone();
    let message = error.to_string();
    match error {
        PlaneError::AlreadyExists { plane, .. } => FailureReason::AlreadyExists {
            plane: plane.clone(),
            kind,
            name,
        },
        PlaneError::Conflict { managers, .. } if !managers.is_empty() => FailureReason::FieldConflict {
            managers: managers.clone(),
            message,
        },
        PlaneError::Conflict { .. } if request.action == Action::Delete => {
            FailureReason::DeletionBlocked { name, message }
        }
        PlaneError::Conflict { .. } => FailureReason::PlaneConflict {
            plane: request.claim.plane.to_string(),
            name,
            message,
        },
        PlaneError::Gone { .. } if request.action == Action::Create => FailureReason::CreationGone {
            plane: request.claim.plane.to_string(),
            message,
        },
        PlaneError::Gone { .. } => FailureReason::ObjectGone { kind, name },
        PlaneError::NotFound { plane, .. } => FailureReason::NotServed {
            plane: plane.clone(),
            kind,
            message,
        },
        PlaneError::Forbidden { plane, message } => FailureReason::PlaneForbidden {
            plane: plane.clone(),
            message: message.clone(),
        },
        PlaneError::Invalid { plane, message, .. } => FailureReason::PlaneRejected {
            plane: plane.clone(),
            message: message.clone(),
        },
        _ => FailureReason::PlaneRefused { message },
    }
}

#[cfg(test)]
mod tests {
    use portico_domain::request::State;
    use portico_store::testing::request;

    use super::{Duration, Outcome, PlaneError};

    fn of(error: &PlaneError) -> Outcome {
        Outcome::of_error(&request("payments", "files", State::Applying), error)
    }

    #[test]
    fn what_passes_is_tried_again() {
        let plane = || "eu-shared".to_owned();
        let passing = [
            PlaneError::Unreachable {
                plane: plane(),
                message: "connection refused".into(),
            },
            PlaneError::Timeout {
                plane: plane(),
                after: Duration::from_secs(10),
            },
            PlaneError::Refused {
                plane: plane(),
                status: 503,
                message: "etcd has no leader".into(),
            },
            PlaneError::InvalidResponse {
                plane: plane(),
                message: "not JSON".into(),
            },
            PlaneError::Unknown { plane: plane() },
            PlaneError::NamespaceTerminating { plane: plane() },
            PlaneError::Contended {
                message: "the object has been modified".into(),
            },
        ];
        for error in passing {
            let outcome = of(&error);
            assert!(
                matches!(outcome, Outcome::TryAgain { .. }),
                "{error:?}: {outcome:?}"
            );
        }
    }

    #[test]
    fn a_plane_that_names_a_time_is_given_it() {
        let error = PlaneError::RateLimited {
            plane: "eu-shared".into(),
            retry_after: Duration::from_secs(40),
        };
        assert!(
            matches!(of(&error), Outcome::TryAgain { not_before, .. } if not_before == Duration::from_secs(40))
        );
    }

    #[test]
    fn what_only_a_person_can_settle_fails_with_a_sentence() {
        let plane = || "eu-shared".to_owned();
        let settled = [
            PlaneError::Forbidden {
                plane: plane(),
                message: "no right to create buckets".into(),
            },
            PlaneError::Invalid {
                plane: plane(),
                message: "spec.sizeGb is too large.".into(),
                causes: Vec::new(),
            },
            PlaneError::AlreadyExists {
                plane: plane(),
                name: "Bucket files".into(),
            },
            PlaneError::Conflict {
                managers: vec!["kubectl".into()],
                fields: Vec::new(),
                message: "1 conflict".into(),
            },
            PlaneError::Gone {
                message: "uid".into(),
            },
            PlaneError::NotFound {
                plane: plane(),
                message: "no such kind".into(),
            },
        ];
        for error in settled {
            let Outcome::Failed(reason) = of(&error) else {
                panic!("{error:?}")
            };
            let why = reason.to_string();
            assert!(why.ends_with('.') && !why.ends_with(".."), "{why}");
        }
    }

    #[test]
    fn a_conflict_names_who_is_in_the_way() {
        let error = PlaneError::Conflict {
            managers: vec!["kubectl".into()],
            fields: Vec::new(),
            message: "1 conflict".into(),
        };
        let Outcome::Failed(reason) = of(&error) else {
            panic!()
        };
        let why = reason.to_string();
        assert!(why.starts_with("kubectl sets fields"), "{why}");
    }
}
