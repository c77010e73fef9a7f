use std::collections::BTreeMap;
use std::fmt;

use jiff::tz::TimeZone;
use portico_domain::claim::Health;
use portico_domain::names::OfferingName;
use portico_domain::policy::{PolicyDecision, approvers_in_words};
use portico_domain::request::{Action, Request, State};

use crate::language::Text;
use crate::{ApprovalPreview, RequestStep, message};

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

impl RequestSentence<'_> {
    /// The sentence, without a full stop.
    #[must_use]
    pub fn text(&self) -> Text {
        let starts_with_vowel = self
            .offering
            .starts_with(['A', 'E', 'I', 'O', 'U', 'a', 'e', 'i', 'o', 'u']);
        let action = match self.action {
            Action::Create if starts_with_vowel => "create-an",
            Action::Create => "create",
            Action::Change => "change",
            Action::Renew => "renew",
            Action::Adopt => "adopt",
            Action::Delete => "delete",
        };
        let has = |part: bool| if part { "yes" } else { "no" };
        let until = self.until.map(|until| until.to_zoned(TimeZone::UTC).date());
        message!(
            "sentence",
            action = action,
            offering = self.offering,
            has_plan = has(self.plan.is_some()),
            plan = self.plan.unwrap_or_default().to_lowercase(),
            has_name = has(!self.name.is_empty()),
            name = self.name,
            tenant = self.tenant,
            environment = self.environment,
            has_plane = has(self.plane.is_some()),
            plane = self.plane.unwrap_or_default(),
            has_until = has(until.is_some()),
            until = until.unwrap_or_default()
        )
    }
}

impl fmt::Display for RequestSentence<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text().fmt(f)
    }
}

/// What a request waits for or why it ended, for a list; may be empty.
#[must_use]
pub fn request_status(request: &Request) -> Text {
    match request.state {
        State::Approved if request.waiting_for.is_none() && request.next_attempt_at.is_some() => {
            message!("status-seconds")
        }
        State::Approved | State::Applying => request
            .waiting_for
            .as_ref()
            .map_or_else(|| message!("status-applying"), |reason| reason.to_string().into()),
        State::Rejected => request
            .decisions
            .iter()
            .rev()
            .find(|decision| !decision.approved)
            .map(|decision| match &decision.comment {
                Some(comment) => {
                    message!("status-rejected-why", name = &decision.by.name, comment = comment)
                }
                None => message!("status-rejected", name = &decision.by.name),
            })
            .or_else(|| Some(request.failure.as_ref()?.to_string().into()))
            .unwrap_or_default(),
        State::Failed => request
            .failure
            .as_ref()
            .map(|reason| reason.to_string().into())
            .unwrap_or_default(),
        State::Expired => message!("status-expired"),
        State::Draft | State::Submitted | State::AwaitingApproval | State::Fulfilled | State::Withdrawn => {
            Text::default()
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

impl Step {
    /// Its title.
    #[must_use]
    pub fn text(self) -> Text {
        match self {
            Self::Requested => message!("step-requested"),
            Self::Approved => message!("step-approved"),
            Self::Rejected => message!("step-rejected"),
            Self::ApprovalUndone => message!("step-approval-undone"),
            Self::RejectionUndone => message!("step-rejection-undone"),
            Self::WaitsForApproval => message!("step-waits"),
            Self::Apply => message!("step-apply"),
            Self::Delete => message!("step-delete"),
            Self::Applied => message!("step-applied"),
            Self::Deleted => message!("step-deleted"),
            Self::RefusedByPolicy => message!("step-refused"),
            Self::Withdrawn => message!("step-withdrawn"),
            Self::Expired => message!("step-expired"),
            Self::Failed => message!("step-failed"),
            Self::Blocked => message!("step-blocked"),
            Self::Commented => message!("step-commented"),
        }
    }
}

impl From<Step> for RequestStep {
    /// A step that is still to come. What else is known of it, the caller sets.
    fn from(step: Step) -> Self {
        Self {
            title: step.text(),
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Baseline {
    /// The claim as it was.
    Live,
    /// The claim as it was when the change was requested.
    WasLive,
    /// The schema's defaults.
    Defaults,
    /// The presets of a plan.
    Plan {
        /// The plan's title.
        title: String,
    },
}

impl Baseline {
    /// What it is, within a sentence.
    #[must_use]
    pub fn text(&self) -> Text {
        match self {
            Self::Live => message!("against-live"),
            Self::WasLive => message!("against-was-live"),
            Self::Defaults => message!("against-defaults"),
            Self::Plan { title } => message!("against-plan", plan = title),
        }
    }
}

impl fmt::Display for Baseline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text().fmt(f)
    }
}

/// What became of the requests of a person with this name, and the health of their claims: numbers by state and by
/// health.
#[must_use]
pub fn track_record(name: &str, requests: &BTreeMap<State, u64>, claims: &BTreeMap<Health, usize>) -> Text {
    let of = |state: State| requests.get(&state).copied().unwrap_or(0);
    let (applied, rejected, failed) = (of(State::Fulfilled), of(State::Rejected), of(State::Failed));
    let ended = applied + rejected + failed;
    if ended == 0 {
        return message!("track-first", name = name);
    }
    let mut parts = vec![message!(
        "track-applied",
        name = name,
        applied = applied,
        ended = ended
    )];
    if rejected > 0 {
        parts.push(message!("track-rejected", count = rejected));
    }
    if failed > 0 {
        parts.push(message!("track-failed", count = failed));
    }
    let requests = Text::Joined(parts, ", ");
    if claims.is_empty() {
        return requests;
    }
    let claims = claims.iter().map(|(health, count)| {
        message!(
            "track-health",
            count = *count,
            health = health_in_sentence(*health)
        )
    });
    message!(
        "track-claims",
        requests = requests,
        claims = Text::Joined(claims.collect(), ", ")
    )
}

/// The word for a claim's health within a sentence.
fn health_in_sentence(health: Health) -> Text {
    match health {
        Health::Pending => message!("is-pending"),
        Health::Ready => message!("is-ready"),
        Health::Degraded => message!("is-degraded"),
        Health::Paused => message!("is-paused"),
        Health::Deleting => message!("is-deleting"),
        Health::Gone => message!("is-gone"),
        Health::Unreachable => message!("is-unreachable"),
        Health::Unknown => message!("is-unknown"),
    }
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
