//! Moving a request on: the state, and what the record says of it, saved together.

use jiff::{SignedDuration, Timestamp};
use portico_domain::authz::{AuditEvent, SystemAuthority};
use portico_domain::request::{ApprovalNeed, InvalidTransition, Request, RuleNeed, Transition, policy_hash};
use portico_store::{Retry, StoreError};
use serde_json::{Value, json};

use super::Bench;
use super::backoff::pause;
use super::outcome::Outcome;

/// Why a request was not moved on.
#[derive(Debug, thiserror::Error)]
pub(super) enum StepError {
    /// Somebody else moved it first; what they did stands.
    #[error(transparent)]
    Illegal(#[from] InvalidTransition),
    /// As [`StepError::Illegal`] when it is stale; else the database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl StepError {
    /// Whether somebody else was faster, which is nothing to worry about.
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

impl Bench {
    /// Takes a step and saves it. `details` go into the record.
    pub(super) async fn take(
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

    /// Saves what became of an attempt.
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
                let details = json!({"manifestHash": hash, "uid": settled.uid, "attempts": attempts});
                return self.take(&settled, Transition::Fulfil, details).await.map(|_| ());
            }
            Outcome::Failed { why, slug } => return self.fail(settled, why, slug).await,
            Outcome::TryAgain { waiting_for, .. } if attempts >= settings.most_attempts => {
                let why =
                    format!("Given up after {attempts} attempts. {waiting_for} Ask again when it is well.");
                return self.fail(settled, why, "given-up").await;
            }
            Outcome::TryAgain {
                waiting_for,
                not_before,
            } => (waiting_for, settings.longest_pause, not_before),
            Outcome::Held { waiting_for } => (waiting_for, settings.longest_pause, std::time::Duration::ZERO),
            Outcome::UnderWay { waiting_for } => {
                (waiting_for, settings.deletion_pause, std::time::Duration::ZERO)
            }
        };
        let pause = pause(attempts, settings.first_pause, longest, (self.random)()).max(not_before);
        let now = self.now();
        let at = now + SignedDuration::try_from(pause).unwrap_or(SignedDuration::from_hours(1));
        tracing::info!(request = %settled.id, attempts, ?pause, waiting_for, "trying again later");
        // The record says what is waited for once, not each time it is looked for.
        let news = event(
            &self.authority,
            &settled,
            "request.retried",
            now,
            json!({"waitingFor": waiting_for}),
        );
        let events = if waited_for.as_ref() == Some(&waiting_for) {
            Vec::new()
        } else {
            vec![news]
        };
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

    /// Puts it up for approval again, with nothing applied.
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
        self.take(&request, Transition::RequireApproval, details)
            .await
            .map(|_| ())
    }

    async fn fail(&self, mut request: Request, why: String, slug: &'static str) -> Result<(), StepError> {
        tracing::warn!(request = %request.id, claim = %request.claim, why, "a request failed");
        metrics::counter!("portico_requests_failed_total", "reason" => slug).increment(1);
        let details = json!({"reason": slug, "why": why, "attempts": request.attempts});
        request.failure = Some(why);
        self.take(&request, Transition::Fail, details).await.map(|_| ())
    }
}
