use std::collections::BTreeMap;
use std::fmt;

use portico_domain::claim::Health;
use portico_domain::names::OfferingName;
use portico_domain::policy::{PolicyDecision, approvers_in_words};
use portico_domain::request::{Action, Request, State};

use crate::{ApprovalPreview, RequestStep};

/// What is requested, as a sentence: `A PostgreSQL 17, small, named orders in payments/production on eu-shared`.
#[derive(Debug, Clone, Copy)]
pub struct RequestSentence<'a> {
    /// The action.
    pub action: Action,
    /// The offering's title.
    pub offering: &'a str,
    /// The plan's title.
    pub plan: Option<&'a str>,
    /// The claim's name; empty if it has none yet.
    pub name: &'a str,
    /// The tenant.
    pub tenant: &'a str,
    /// The environment.
    pub environment: &'a str,
    /// The control plane's title.
    pub plane: Option<&'a str>,
    /// For a renewal: the new end of its lifetime.
    pub until: Option<jiff::Timestamp>,
}

impl fmt::Display for RequestSentence<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let offering = self.offering;
        match self.action {
            Action::Create => {
                let vowel = offering.starts_with(['A', 'E', 'I', 'O', 'U', 'a', 'e', 'i', 'o', 'u']);
                write!(f, "{} {offering}", if vowel { "An" } else { "A" })?;
            }
            Action::Change => write!(f, "A change to the {offering}")?,
            Action::Renew => write!(f, "Longer life for the {offering}")?,
            Action::Adopt => write!(f, "Adoption of the {offering}")?,
            Action::Delete => write!(f, "The end of the {offering}")?,
        }
        if let Some(plan) = self.plan {
            write!(f, ", {},", plan.to_lowercase())?;
        }
        if !self.name.is_empty() {
            write!(f, " named {}", self.name)?;
        }
        write!(f, " in {}/{}", self.tenant, self.environment)?;
        if let Some(plane) = self.plane {
            write!(f, " on {plane}")?;
        }
        if let Some(until) = self.until {
            write!(f, ", until {}", until.strftime("%-d %B %Y"))?;
        }
        Ok(())
    }
}

/// What a request waits for or why it ended, for a list; may be empty.
#[must_use]
pub fn request_status(request: &Request) -> String {
    match request.state {
        State::Approved if request.waiting_for.is_none() && request.next_attempt_at.is_some() => {
            "Applied within seconds: until then the approver can take it back".to_owned()
        }
        State::Approved | State::Applying => request.waiting_for.as_ref().map_or_else(
            || "Being applied to the control plane".to_owned(),
            ToString::to_string,
        ),
        State::Rejected => request
            .decisions
            .iter()
            .rev()
            .find(|decision| !decision.approved)
            .map(|decision| match &decision.comment {
                Some(comment) => format!("Rejected by {}: {comment}", decision.by.name),
                None => format!("Rejected by {}", decision.by.name),
            })
            .or_else(|| request.failure.as_ref().map(ToString::to_string))
            .unwrap_or_default(),
        State::Failed => request
            .failure
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
        State::Expired => "Nobody decided in time. Request it again if you still need it.".to_owned(),
        State::Draft | State::Submitted | State::AwaitingApproval | State::Fulfilled | State::Withdrawn => {
            String::new()
        }
    }
}

/// A step in the life of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It was requested.
    Requested,
    /// An approver agreed.
    Approved,
    /// An approver rejected it.
    Rejected,
    /// An approver agreed, and took it back.
    ApprovalUndone,
    /// An approver rejected it, and took it back.
    RejectionUndone,
    /// An approver must decide.
    WaitsForApproval,
    /// A worker will apply it.
    Apply,
    /// A worker will delete the claim.
    Delete,
    /// It was applied.
    Applied,
    /// The claim was deleted.
    Deleted,
    /// A policy rejected it.
    RefusedByPolicy,
    /// It was withdrawn.
    Withdrawn,
    /// Nobody decided in time.
    Expired,
    /// It could not be applied.
    Failed,
    /// It could not be approved as things are.
    Blocked,
    /// Somebody commented.
    Commented,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Requested => "Requested",
            Self::Approved => "Approved",
            Self::Rejected => "Rejected",
            Self::ApprovalUndone => "Approved, and taken back",
            Self::RejectionUndone => "Rejected, and taken back",
            Self::WaitsForApproval => "Waits for approval",
            Self::Apply => "Apply it to the control plane",
            Self::Delete => "Delete it on the control plane",
            Self::Applied => "Applied to the control plane",
            Self::Deleted => "Deleted on the control plane",
            Self::RefusedByPolicy => "Refused by policy",
            Self::Withdrawn => "Withdrawn",
            Self::Expired => "Expired: nobody decided in time",
            Self::Failed => "Failed",
            Self::Blocked => "Cannot go on as things are",
            Self::Commented => "Commented",
        })
    }
}

impl From<Step> for RequestStep {
    /// A step that is still to come. What else is known of it, the caller sets.
    fn from(step: Step) -> Self {
        Self {
            title: step.to_string(),
            who: None,
            at: None,
            comment: None,
            remark: false,
            done: false,
            current: false,
            bad: false,
        }
    }
}

/// Why a request that is open cannot be applied as things are.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CannotApply {
    /// The kind cannot be used on its control plane.
    #[error("It cannot be applied to {plane} as things are: {problem}.")]
    KindUnusable {
        /// The control plane's title.
        plane: String,
        /// What is wrong with it.
        problem: String,
    },
    /// Its control plane does not serve the kind.
    #[error(
        "{plane} no longer serves {offering}, so that it cannot be applied there. Withdraw it, or ask the platform team \
         whether the kind comes back."
    )]
    NotServed {
        /// The control plane's title.
        plane: String,
        /// The offering.
        offering: OfferingName,
    },
}

/// What the changes of a request are compared with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Baseline {
    /// The claim as it was.
    #[error("what is live")]
    Live,
    /// The claim as it was when the change was requested.
    #[error("what was live")]
    WasLive,
    /// The schema's defaults.
    #[error("the defaults")]
    Defaults,
    /// The presets of a plan.
    #[error("the plan {title}")]
    Plan {
        /// The plan's title.
        title: String,
    },
}

/// What became of the requests of a person with this name, and the health of their claims: numbers by state and by
/// health.
#[must_use]
pub fn track_record(name: &str, requests: &BTreeMap<State, u64>, claims: &BTreeMap<Health, usize>) -> String {
    let of = |state: State| requests.get(&state).copied().unwrap_or(0);
    let (applied, rejected, failed) = (of(State::Fulfilled), of(State::Rejected), of(State::Failed));
    let requests = match applied + rejected + failed {
        0 => return format!("{name}: the first request here"),
        ended => {
            let ends = [(rejected, "rejected"), (failed, "failed")];
            let others = ends.iter().filter(|(count, _)| *count > 0);
            let others = others.map(|(count, end)| format!("{count} {end}"));
            let all: Vec<String> = [format!("{applied} of {ended} applied")]
                .into_iter()
                .chain(others)
                .collect();
            format!("{name}: {}", all.join(", "))
        }
    };
    if claims.is_empty() {
        return requests;
    }
    let claims: Vec<String> = claims
        .iter()
        .map(|(health, count)| format!("{count} {}", health.title().to_lowercase()))
        .collect();
    format!("{requests}. Claims here: {}", claims.join(", "))
}

impl ApprovalPreview {
    /// What a policy's decision comes to, in the tenant of this title.
    #[must_use]
    pub fn of(decision: &PolicyDecision, tenant_title: &str) -> Self {
        match decision {
            PolicyDecision::Allow => Self::default(),
            PolicyDecision::Deny(reasons) => Self {
                denied: Some(reasons.join(" ")),
                needed: Vec::new(),
            },
            PolicyDecision::RequireApproval { rules, .. } => Self {
                denied: None,
                needed: rules
                    .iter()
                    .map(|rule| {
                        let who = approvers_in_words(&rule.approvers, tenant_title, rule.count);
                        format!("{who}: {}", rule.reason)
                    })
                    .collect(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_reads_as_a_sentence() {
        let request = RequestSentence {
            action: Action::Create,
            offering: "PostgreSQL",
            plan: Some("Small"),
            name: "orders",
            tenant: "payments",
            environment: "production",
            plane: Some("EU shared"),
            until: None,
        };
        assert_eq!(
            request.to_string(),
            "A PostgreSQL, small, named orders in payments/production on EU shared"
        );
        let request = RequestSentence {
            action: Action::Delete,
            offering: "Object bucket",
            plan: None,
            name: "logs",
            environment: "dev",
            plane: None,
            ..request
        };
        assert_eq!(
            request.to_string(),
            "The end of the Object bucket named logs in payments/dev"
        );
    }
}
