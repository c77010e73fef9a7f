use std::time::Duration;

use portico_domain::request::{Action, Request};
use portico_planes::PlaneError;

/// What became of one attempt at a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The control plane has it; for a delete, no longer has it.
    Done {
        /// `metadata.uid` of what it has.
        uid: Option<String>,
    },
    /// It is on its way, and nothing is wrong: look again later.
    UnderWay {
        /// What is waited for, in a sentence.
        waiting_for: String,
    },
    /// It may not be done as things are, which may pass: look again later, for as long as nobody takes it back.
    Held {
        /// What is waited for, in a sentence.
        waiting_for: String,
    },
    /// Nothing was done, or it is not known; later it may be.
    TryAgain {
        /// What is waited for, in a sentence.
        waiting_for: String,
        /// Not before this long.
        not_before: Duration,
    },
    /// Trying again would not help.
    Failed {
        /// Why, and what to do, in a sentence.
        why: String,
        /// A word for the record and for metrics.
        slug: &'static str,
    },
}

impl Outcome {
    /// What a control plane's refusal means for a request.
    pub(super) fn of_error(request: &Request, error: &PlaneError) -> Self {
        let plane = &request.claim.plane;
        let again = |waiting_for: String, not_before| Self::TryAgain {
            waiting_for,
            not_before,
        };
        match error {
            PlaneError::Unreachable { plane, .. } => again(
                format!("Waiting for {plane}, which cannot be reached."),
                Duration::ZERO,
            ),
            PlaneError::Timeout { plane, .. } => again(
                format!("Waiting for {plane}, which does not answer in time."),
                Duration::ZERO,
            ),
            PlaneError::RateLimited { plane, retry_after } => again(
                format!("Waiting for {plane}, which has too much to do."),
                *retry_after,
            ),
            // A document can be mended, and a reload may have been half way.
            PlaneError::Unknown { .. } | PlaneError::Misconfigured { .. } => again(
                format!("Waiting for a platform admin to mend the control plane {plane}."),
                Duration::ZERO,
            ),
            // Two writers met within the API server; it names nobody because nobody is in the way.
            PlaneError::Contended { .. } => again(
                format!("Waiting for another change on {plane} to finish."),
                Duration::ZERO,
            ),
            PlaneError::Refused {
                plane,
                status,
                message,
            } if error.is_retryable() => again(
                format!(
                    "Waiting for {plane}, which answered {status}: {}.",
                    message.trim_end_matches(['.', ' '])
                ),
                Duration::ZERO,
            ),
            PlaneError::InvalidResponse { plane, message } => again(
                format!(
                    "Waiting for {plane}, whose answer makes no sense: {}.",
                    message.trim_end_matches(['.', ' '])
                ),
                Duration::ZERO,
            ),
            error => Self::Failed {
                why: why_it_failed(request, error),
                slug: error.slug(),
            },
        }
    }
}

fn why_it_failed(request: &Request, error: &PlaneError) -> String {
    let name = &request.claim.name;
    let kind = &request.resource.kind;
    match error {
        PlaneError::AlreadyExists { plane, .. } => {
            format!(
                "{plane} already has a {kind} called {name} that this request did not make. Choose another name and ask again."
            )
        }
        PlaneError::Conflict { managers, .. } if !managers.is_empty() => format!(
            "{} set{} fields that this request would change, and Portico does not overwrite others' work. Settle with \
             them who sets these fields, then ask again. The control plane said: {}.",
            managers.join(" and "),
            if managers.len() == 1 { "s" } else { "" },
            bare(error)
        ),
        PlaneError::Conflict { .. } if request.action == Action::Delete => {
            format!("{name} cannot be deleted yet: {}.", bare(error))
        }
        PlaneError::Conflict { .. } => format!(
            "{} says that it conflicts with what is there: {}. Look at {name} again, then ask anew.",
            request.claim.plane,
            bare(error)
        ),
        PlaneError::Gone { .. } if request.action == Action::Create => format!(
            "{} answered that it is gone: {}. Ask anew; if it happens again, tell the platform team.",
            request.claim.plane,
            bare(error)
        ),
        PlaneError::Gone { .. } => {
            format!(
                "The {kind} {name} that this request is about is gone, or another was made under its name. Look at it again, then ask anew."
            )
        }
        PlaneError::NotFound { plane, .. } => {
            format!(
                "{plane} has no place for it: {}. Ask the platform team whether {kind} is still served there.",
                bare(error)
            )
        }
        _ => format!("{}.", bare(error)),
    }
}

/// The error's words without a full stop of their own.
fn bare(error: &PlaneError) -> String {
    error.to_string().trim_end_matches(['.', ' ']).to_owned()
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
            let Outcome::Failed { why, .. } = of(&error) else {
                panic!("{error:?}")
            };
            assert!(why.ends_with('.') && !why.ends_with(".."), "{why}");
        }
    }

    #[test]
    fn a_conflict_names_who_is_in_the_way() {
        let error = PlaneError::Conflict {
            managers: vec!["kubectl".into()],
            message: "1 conflict".into(),
        };
        let Outcome::Failed { why, .. } = of(&error) else {
            panic!()
        };
        assert!(why.starts_with("kubectl sets fields"), "{why}");
    }
}
