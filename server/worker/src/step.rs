//! State transitions of a request: the new state and its audit event, saved in one transaction.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use portico_domain::authz::{AuditEvent, SystemAuthority};
use portico_domain::reason::{FailureReason, WaitingReason};
use portico_domain::request::{ApprovalNeed, InvalidTransition, Request, RuleNeed, Transition, policy_hash};
use portico_store::{Retry, StoreError};
use serde_json::{Value, json};

use super::WorkerContext;
use super::backoff::pause;
use super::outcome::Outcome;

/// Why a transition was not saved.
#[derive(Debug, thiserror::Error)]
pub(super) enum StepError {
    /// Somebody else changed the state first.
    #[error(transparent)]
    Illegal(#[from] InvalidTransition),
    /// As [`StepError::Illegal`] if it is stale; otherwise the database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl StepError {
    /// Whether somebody else changed the request first, which is no error.
    pub(super) fn is_overtaken(&self) -> bool {
        matches!(self, Self::Illegal(_) | Self::Store(StoreError::Stale(_)))
    }
}

/// The event that records what Portico did to a request.
pub(super) fn event(
    authority: &SystemAuthority,
    request: &Request,
    verb: &str,
    at: Timestamp,
    mut details: Value,
) -> AuditEvent {
    details["claim"] = Value::String(request.claim.to_string());
    authority.audit_request(verb, request, at).with_details(details)
}

impl WorkerContext {
    /// Makes a transition and saves it. `details` are those of the audit event.
    pub(super) async fn transition(
        &self,
        request: &Request,
        step: Transition,
        details: Value,
    ) -> Result<Request, StepError> {
        let verb = match step {
            Transition::Begin => "request.applying",
            Transition::Fulfil => "request.fulfilled",
            Transition::Fail => "request.failed",
            Transition::Expire => "request.expired",
            Transition::Submit => "request.submitted",
            Transition::RequireApproval => "request.awaiting",
            Transition::Approve => "request.approved",
            Transition::Reject => "request.rejected",
            Transition::Undo => "request.decision-undone",
            Transition::Withdraw | Transition::GiveUp => "request.withdrawn",
        };
        let now = self.now();
        let mut moved = request.clone();
        moved.state = request.state.apply(step)?;
        moved.updated_at = now;
        let event = event(&self.authority, &moved, verb, now, details);
        Ok(self
            .store
            .update_request(&self.authority, &moved, &[event])
            .await?)
    }

    /// Saves the outcome of an attempt.
    #[tracing::instrument(skip_all)]
    pub(super) async fn conclude(&self, request: Request, outcome: Outcome) -> Result<(), StepError> {
        let attempts = request.attempts.saturating_add(1);
        let hash = request.manifest_hash.clone();
        let settings = &self.settings;
        let waited_for = request.waiting_for.clone();
        let mut settled = Request {
            attempts,
            next_attempt_at: None,
            waiting_for: None,
            ..request
        };
        let (waiting_for, longest, not_before) = match outcome {
            Outcome::Done { uid } => {
                metrics::counter!("portico_requests_fulfilled_total", "action" => settled.action.slug())
                    .increment(1);
                settled.uid = uid.or(settled.uid);
                tracing::info!(claim = %settled.claim, attempts, "a request was applied");
                let details = json!({"manifestHash": hash, "uid": settled.uid, "attempts": attempts});
                return self
                    .transition(&settled, Transition::Fulfil, details)
                    .await
                    .map(|_| ());
            }
            Outcome::Failed(reason) => return self.fail(settled, reason).await,
            Outcome::TryAgain {
                waiting_for: waiting, ..
            } if attempts >= settings.most_attempts => {
                return self
                    .fail(settled, FailureReason::GivenUp { attempts, waiting })
                    .await;
            }
            Outcome::TryAgain {
                waiting_for,
                not_before,
            } => (waiting_for, settings.longest_pause, not_before),
            Outcome::Held(waiting_for) => (waiting_for, settings.longest_pause, Duration::ZERO),
            Outcome::UnderWay(waiting_for) => (waiting_for, settings.deletion_pause, Duration::ZERO),
        };
        metrics::counter!("portico_requests_retried_total", "reason" => waiting_for.code()).increment(1);
        let pause = pause(attempts, settings.first_pause, longest, (self.random)()).max(not_before);
        let now = self.now();
        if let WaitingReason::PlaneOverloaded { .. } = waiting_for {
            let plane = &settled.claim.plane;
            self.overloaded
                .pause(plane, now, not_before.max(settings.first_pause));
        }
        let at = now + SignedDuration::try_from(pause).unwrap_or(SignedDuration::from_hours(1));
        tracing::info!(attempts, ?pause, %waiting_for, "trying again later");
        // The audit log has each cause once, not each attempt.
        let news = event(
            &self.authority,
            &settled,
            "request.retried",
            now,
            json!({"waitingFor": waiting_for}),
        );
        let same_cause = waited_for.is_some_and(|before| before.has_cause_of(&waiting_for));
        let events = if same_cause { Vec::new() } else { vec![news] };
        self.store
            .release(
                settled.id,
                &self.name,
                now,
                Some(&Retry { at, waiting_for }),
                &events,
            )
            .await?;
        Ok(())
    }

    /// Sends the request back to approval. Nothing was applied.
    pub(super) async fn require_approval_again(
        &self,
        mut request: Request,
        rules: Vec<RuleNeed>,
        expires_after_hours: u32,
        schema_hash: Option<String>,
    ) -> Result<(), StepError> {
        let expires_at = self.now() + SignedDuration::from_hours(i64::from(expires_after_hours));
        let details = json!({"policy": policy_hash(&rules), "manifestHash": request.manifest_hash});
        request.require_approval_again(ApprovalNeed { rules, expires_at }, schema_hash);
        self.transition(&request, Transition::RequireApproval, details)
            .await
            .map(|_| ())
    }

    async fn fail(&self, mut request: Request, reason: FailureReason) -> Result<(), StepError> {
        let code = reason.code();
        tracing::warn!(claim = %request.claim, code, %reason, "a request failed");
        metrics::counter!("portico_requests_failed_total", "reason" => code).increment(1);
        let details = json!({"reason": code, "failure": reason, "attempts": request.attempts});
        request.failure = Some(reason);
        self.transition(&request, Transition::Fail, details)
            .await
            .map(|_| ())
    }
}
