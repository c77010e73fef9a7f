//! The life of a claim: made, changed and unmade in steps, with trouble on demand.

use std::time::Duration;

use serde_json::{Value, json};

use super::conditions::{self, Condition};
use super::connection::{self, Published};
use super::parts::{self, CONFIGURATION, Owner};
use super::recipe::{Part, Site, Style};
use super::trouble::{fail, no_room};
use super::work::{Work, configuration, current, gone, hold, protect, site, wishes_with_secret};
use crate::kube::ApiError;

/// Annotation of a claim: it fails, and this is why.
pub(super) const FAIL: &str = "demo.portico.dev/fail";
const PAUSED: &str = "crossplane.io/paused";
/// How soon is looked again whether a secret that is in the way is gone.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// What of a claim decides what is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    deleting: bool,
    paused: bool,
    fail: Option<String>,
    configuration: String,
}

impl Seen {
    fn of(claim: &Value) -> Self {
        let annotations = &claim["metadata"]["annotations"];
        Self {
            deleting: !claim["metadata"]["deletionTimestamp"].is_null(),
            paused: annotations[PAUSED] == "true",
            fail: annotations[FAIL].as_str().map(str::to_owned),
            configuration: configuration(claim),
        }
    }
}

/// Where a claim stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Being made or changed; so many steps are done.
    Make(usize),
    /// As it should be.
    Rest,
    /// Being unmade; so many steps are done.
    Unmake(usize),
}

/// What is known of a claim between two steps.
#[derive(Debug)]
pub(super) struct Life {
    seen: Seen,
    stage: Stage,
    /// It is being changed rather than made.
    changing: bool,
    /// It is brought to rest without waiting between steps.
    hurried: bool,
}

impl Life {
    /// Of a claim that is new, or new to this process. One that was there before this process is
    /// `hurried`: its time has passed already.
    pub(super) fn begin(work: &Work<'_>, claim: &Value, hurried: bool) -> Self {
        let seen = Seen::of(claim);
        let applied = applied(work, claim);
        let rests =
            conditions::is_ready(claim) && applied.as_ref() == Some(&seen.configuration) && !seen.deleting;
        let stage = if seen.deleting {
            Stage::Unmake(0)
        } else if rests {
            Stage::Rest
        } else {
            Stage::Make(0)
        };
        Self {
            seen,
            stage,
            changing: applied.is_some(),
            hurried,
        }
    }

    /// Whether the claim as it is now needs a step at once.
    pub(super) fn look(&mut self, claim: &Value) -> bool {
        let now = Seen::of(claim);
        if now == self.seen {
            return self.stage == Stage::Rest && is_behind(claim);
        }
        if now.deleting {
            if !self.seen.deleting || !now.paused && self.seen.paused {
                self.stage = Stage::Unmake(0);
            }
        } else {
            self.changing = self.stage == Stage::Rest || conditions::is_ready(claim);
            self.stage = Stage::Make(0);
        }
        self.seen = now;
        true
    }

    /// Takes the next step; says after which time the one after is due, if there is one.
    ///
    /// # Errors
    /// What the control plane refused; the same step may be tried again.
    pub(super) fn step(&mut self, work: &Work<'_>, claim: &Value) -> Result<Option<Duration>, ApiError> {
        let next = self.take_step(work, claim)?;
        if next.is_none() {
            self.hurried = false;
        }
        Ok(if self.hurried {
            next.map(|_| Duration::ZERO)
        } else {
            next
        })
    }

    fn take_step(&mut self, work: &Work<'_>, claim: &Value) -> Result<Option<Duration>, ApiError> {
        if self.seen.paused {
            let why = "Reconciliation is paused by an annotation";
            work.tell(
                claim,
                &[Condition::not_synced("ReconcilePaused", why)],
                Value::Null,
            )?;
            return Ok(None);
        }
        if let Stage::Unmake(done) = self.stage {
            return self.unmake(work, claim, done);
        }
        if let Some(why) = self.seen.fail.clone() {
            fail(work, claim, &why)?;
            return Ok(None);
        }
        if let Stage::Make(done) = self.stage {
            return self.make(work, claim, done);
        }
        work.tell(claim, &[Condition::synced(), Condition::ready()], Value::Null)?;
        Ok(None)
    }

    fn make(&mut self, work: &Work<'_>, claim: &Value, done: usize) -> Result<Option<Duration>, ApiError> {
        let wishes = wishes_with_secret(claim);
        let site = site(work, &wishes);
        let parts = (work.recipe.parts)(&site);
        let (reason, phase) = if self.changing {
            ("Updating", "Updating")
        } else {
            ("Creating", "Provisioning")
        };
        if done == 0 {
            hold(work, claim)?;
            parts::bind(work, claim)?;
            protect(work, claim)?;
        }
        let Some(owner) = Owner::of(work, &current(work, claim)) else {
            return Ok(Some(work.manners.step));
        };
        if done == 0 {
            owner.refer(work, &parts, &owner.references(work))?;
        }
        if done > 0
            && let Some(part) = parts.get(done - 1)
        {
            owner.make(work, part, &self.seen.configuration)?;
            if part.gibibytes > work.manners.largest_disk {
                no_room(self.changing, work, claim, &owner, part)?;
                return Ok(None);
            }
            owner.tell(
                work,
                part,
                &[
                    Condition::synced(),
                    Condition::not_ready(reason, format!("{reason} {}", part.what)),
                ],
            )?;
            self.stage = Stage::Make(done + 1);
            if let Some(before) = done.checked_sub(2).and_then(|index| parts.get(index)) {
                owner.tell(work, before, &[Condition::synced(), Condition::ready()])?;
            }
        }
        if done <= parts.len() {
            let next = &parts[done.saturating_sub(1).min(parts.len().saturating_sub(1))];
            let ready = done.saturating_sub(1);
            let message = format!("Waiting for {} ({ready} of {} ready)", next.what, parts.len());
            work.tell(
                claim,
                &[Condition::synced(), Condition::not_ready(reason, message)],
                work.phase(phase),
            )?;
            self.stage = Stage::Make(done + 1);
            return Ok(Some(work.manners.step));
        }
        self.finish(work, claim, &site, &owner, &parts)
    }

    fn finish(
        &mut self,
        work: &Work<'_>,
        claim: &Value,
        site: &Site<'_>,
        owner: &Owner,
        parts: &[Part],
    ) -> Result<Option<Duration>, ApiError> {
        for part in parts {
            owner.tell(work, part, &[Condition::synced(), Condition::ready()])?;
        }
        let wanted: Vec<_> = parts.iter().map(|part| owner.key(work, part)).collect();
        for (kind, key) in owner
            .references(work)
            .into_iter()
            .filter(|old| !wanted.contains(old))
        {
            gone(work.objects.delete(&kind, &key))?;
        }
        owner.refer(work, parts, &[])?;
        let claim = &current(work, claim);
        let secret = match connection::publish(work, claim, site)? {
            Published::Secret(name) => name,
            Published::Refused(name) => {
                let message = format!(
                    "cannot publish connection details: refusing to modify the secret {name}, which is another's"
                );
                work.tell(
                    claim,
                    &[Condition::not_synced("ReconcileError", message)],
                    Value::Null,
                )?;
                return Ok(Some(LOOK_AGAIN));
            }
        };
        let mut status = (work.recipe.status)(site);
        if let Style::Claim(_) = work.recipe.style {
            let now = work
                .manners
                .clock
                .now()
                .strftime("%Y-%m-%dT%H:%M:%SZ")
                .to_string();
            status["connectionDetails"] = json!({ "lastPublishedTime": now });
        }
        work.tell(claim, &[Condition::synced(), Condition::ready()], status)?;
        let (reason, message) = if self.changing {
            ("Updated", "The change is applied".to_owned())
        } else {
            ("Available", format!("Ready; the connection secret is {secret}"))
        };
        work.objects.record_event(claim, "Normal", reason, &message)?;
        self.stage = Stage::Rest;
        Ok(None)
    }

    fn unmake(&mut self, work: &Work<'_>, claim: &Value, done: usize) -> Result<Option<Duration>, ApiError> {
        let left = Owner::of(work, claim)
            .map(|owner| owner.references(work))
            .unwrap_or_default();
        let left: Vec<_> = left
            .into_iter()
            .filter(|(kind, key)| work.objects.get(kind, key).is_some())
            .collect();
        if let Some((kind, key)) = left.last() {
            if done > 0 {
                gone(work.objects.delete(kind, key))?;
            }
            let message = format!("Deleting what it is composed of ({} left)", left.len());
            work.tell(
                claim,
                &[Condition::synced(), Condition::not_ready("Deleting", message)],
                work.phase("Deleting"),
            )?;
            self.stage = Stage::Unmake(done + 1);
            return Ok(Some(work.manners.step));
        }
        if let Some((kind, key)) = parts::composite(work, claim) {
            gone(work.objects.delete(&kind, &key))?;
        }
        let finalizers: Vec<Value> = claim["metadata"]["finalizers"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|finalizer| **finalizer != work.recipe.finalizer())
            .cloned()
            .collect();
        let patch = json!({ "metadata": { "finalizers": finalizers } });
        gone(work.objects.patch(&work.kind(), work.key, patch).map(|_| ()))?;
        Ok(None)
    }
}

/// Whether a condition was written for an older generation of the claim.
fn is_behind(claim: &Value) -> bool {
    let generation = claim["metadata"]["generation"].as_i64();
    let conditions = claim["status"]["conditions"].as_array();
    let mut seen = conditions
        .into_iter()
        .flatten()
        .filter_map(|condition| condition["observedGeneration"].as_i64());
    seen.any(|seen| Some(seen) < generation)
}

/// For which specification the first part was made.
fn applied(work: &Work<'_>, claim: &Value) -> Option<String> {
    let wishes = wishes_with_secret(claim);
    let parts = (work.recipe.parts)(&site(work, &wishes));
    let owner = Owner::of(work, claim)?;
    let (kind, key) = owner.key(work, parts.last()?);
    let part = work.objects.get(&kind, &key)?;
    part["metadata"]["annotations"][CONFIGURATION]
        .as_str()
        .map(str::to_owned)
}
