//! The lifecycle of a claim: creates, changes and deletes its composed resources step by step.

use std::time::Duration;

use serde_json::{Value, json};

use super::cluster;
use super::conditions::{self, Condition};
use super::connection::{self, Published};
use super::context::{
    ClaimContext, add_finalizer, configuration, current, ignore_not_found, site, sync_usage,
    user_spec_with_secret,
};
use super::failures::{fail, report_quota_exceeded};
use super::parts::{self, CONFIGURATION, Owner};
use super::recipe::{Part, Site, Style};
use crate::kube::{ApiError, object};

/// The annotation with the reason why a claim fails.
pub(super) const FAIL: &str = "demo.portico.dev/fail";
const PAUSED: &str = "crossplane.io/paused";
/// How often a conflict over the connection secret, or the room for a cluster, is checked again.
const RETRY_INTERVAL: Duration = Duration::from_secs(2);

/// The parts of a claim that decide what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Observed {
    deleting: bool,
    paused: bool,
    fail: Option<String>,
    configuration: String,
}

impl Observed {
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

/// The stage of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Being created or changed, with this many steps done.
    Creating(usize),
    /// Ready.
    Ready,
    /// Being deleted, with this many steps done.
    Deleting(usize),
}

/// The state of a claim between steps.
#[derive(Debug)]
pub(super) struct Lifecycle {
    uid: String,
    observed: Observed,
    stage: Stage,
    /// Whether an existing claim is being changed.
    changing: bool,
    /// Whether steps follow each other without a delay.
    skip_delays: bool,
}

impl Lifecycle {
    /// The state of a claim that is new to this process. Claims from before its start `skip_delays`.
    pub(super) fn new(context: &ClaimContext<'_>, claim: &Value, skip_delays: bool) -> Self {
        let observed = Observed::of(claim);
        let applied = applied(context, claim);
        let is_settled = conditions::is_ready(claim)
            && applied.as_ref() == Some(&observed.configuration)
            && !observed.deleting
            && cluster::runs(context, claim);
        let stage = if observed.deleting {
            Stage::Deleting(0)
        } else if is_settled {
            Stage::Ready
        } else {
            Stage::Creating(0)
        };
        Self {
            uid: object::uid(claim).to_owned(),
            observed,
            stage,
            changing: applied.is_some(),
            skip_delays,
        }
    }

    /// The claim's uid.
    pub(super) fn uid(&self) -> &str {
        &self.uid
    }

    /// Records the current claim. Returns whether a step is due now.
    pub(super) fn observe(&mut self, claim: &Value) -> bool {
        let now = Observed::of(claim);
        if now == self.observed {
            return self.stage == Stage::Ready && is_behind(claim);
        }
        if now.deleting {
            if !self.observed.deleting || !now.paused && self.observed.paused {
                self.stage = Stage::Deleting(0);
            }
        } else {
            self.changing = self.stage == Stage::Ready || conditions::is_ready(claim);
            self.stage = Stage::Creating(0);
        }
        self.observed = now;
        true
    }

    /// Runs the next step. Returns the delay until the one after it, or `None`.
    ///
    /// # Errors
    /// When the control plane refused a write; the step may be retried.
    pub(super) fn step(
        &mut self,
        context: &ClaimContext<'_>,
        claim: &Value,
    ) -> Result<Option<Duration>, ApiError> {
        let next = self.take_step(context, claim)?;
        if next.is_none() {
            self.skip_delays = false;
        }
        Ok(if self.skip_delays {
            next.map(|_| Duration::ZERO)
        } else {
            next
        })
    }

    fn take_step(&mut self, context: &ClaimContext<'_>, claim: &Value) -> Result<Option<Duration>, ApiError> {
        if self.observed.paused {
            let why = "Reconciliation is paused by an annotation";
            context.set_status(
                claim,
                &[Condition::not_synced("ReconcilePaused", why)],
                Value::Null,
            )?;
            return Ok(None);
        }
        if let Stage::Deleting(done) = self.stage {
            return self.delete(context, claim, done);
        }
        if let Some(why) = self.observed.fail.clone() {
            fail(context, claim, &why)?;
            return Ok(None);
        }
        if let Stage::Creating(done) = self.stage {
            return self.create(context, claim, done);
        }
        context.set_status(claim, &[Condition::synced(), Condition::ready()], Value::Null)?;
        Ok(None)
    }

    fn create(
        &mut self,
        context: &ClaimContext<'_>,
        claim: &Value,
        done: usize,
    ) -> Result<Option<Duration>, ApiError> {
        let user_spec = user_spec_with_secret(claim);
        let mut site = site(context, &user_spec);
        let parts = (context.recipe.parts)(&site);
        let (reason, phase) = if self.changing {
            ("Updating", "Updating")
        } else {
            ("Creating", "Provisioning")
        };
        if done == 0 {
            add_finalizer(context, claim)?;
            parts::bind(context, claim)?;
            sync_usage(context, claim)?;
        }
        let Some(owner) = Owner::of(context, &current(context, claim)) else {
            return Ok(Some(context.options.step));
        };
        if done == 0 {
            owner.refer(context, &parts, &owner.references(context))?;
        }
        if done > 0
            && let Some(part) = parts.get(done - 1)
        {
            owner.make(context, part, &self.observed.configuration)?;
            if part.gibibytes > context.options.largest_disk {
                report_quota_exceeded(self.changing, context, claim, &owner, part)?;
                return Ok(None);
            }
            owner.set_status(
                context,
                part,
                &[
                    Condition::synced(),
                    Condition::not_ready(reason, format!("{reason} {}", part.what)),
                ],
            )?;
            self.stage = Stage::Creating(done + 1);
            if let Some(before) = done.checked_sub(2).and_then(|index| parts.get(index)) {
                owner.set_status(context, before, &[Condition::synced(), Condition::ready()])?;
            }
        }
        if done <= parts.len() {
            let next = &parts[done.saturating_sub(1).min(parts.len().saturating_sub(1))];
            let ready = done.saturating_sub(1);
            let message = format!("Waiting for {} ({ready} of {} ready)", next.what, parts.len());
            context.set_status(
                claim,
                &[Condition::synced(), Condition::not_ready(reason, message)],
                context.phase(phase),
            )?;
            self.stage = Stage::Creating(done + 1);
            return Ok(Some(context.options.step));
        }
        match cluster::ensure(context, claim) {
            Ok(access) => site.cluster = access,
            Err(error) => {
                let message = format!("Waiting for the API server: {error}");
                context.set_status(
                    claim,
                    &[Condition::synced(), Condition::not_ready(reason, message)],
                    context.phase(phase),
                )?;
                return Ok(Some(RETRY_INTERVAL));
            }
        }
        self.finish(context, claim, &site, &owner, &parts)
    }

    fn finish(
        &mut self,
        context: &ClaimContext<'_>,
        claim: &Value,
        site: &Site<'_>,
        owner: &Owner,
        parts: &[Part],
    ) -> Result<Option<Duration>, ApiError> {
        for part in parts {
            owner.set_status(context, part, &[Condition::synced(), Condition::ready()])?;
        }
        let wanted: Vec<_> = parts.iter().map(|part| owner.key(context, part)).collect();
        for (kind, key) in owner
            .references(context)
            .into_iter()
            .filter(|old| !wanted.contains(old))
        {
            ignore_not_found(context.objects.delete(&kind, &key))?;
        }
        owner.refer(context, parts, &[])?;
        let claim = &current(context, claim);
        let secret = match connection::publish(context, claim, site)? {
            Published::Secret(name) => name,
            Published::Refused(name) => {
                let message = format!(
                    "cannot publish connection details: refusing to modify the secret {name}, which is another's"
                );
                context.set_status(
                    claim,
                    &[Condition::not_synced("ReconcileError", message)],
                    Value::Null,
                )?;
                return Ok(Some(RETRY_INTERVAL));
            }
        };
        let mut status = (context.recipe.status)(site);
        if let Style::Claim(_) = context.recipe.style {
            let now = context
                .options
                .clock
                .now()
                .strftime("%Y-%m-%dT%H:%M:%SZ")
                .to_string();
            status["connectionDetails"] = json!({ "lastPublishedTime": now });
        }
        context.set_status(claim, &[Condition::synced(), Condition::ready()], status)?;
        let (reason, message) = if self.changing {
            ("Updated", "The change is applied".to_owned())
        } else {
            ("Available", format!("Ready; the connection secret is {secret}"))
        };
        context.objects.record_event(claim, "Normal", reason, &message)?;
        self.stage = Stage::Ready;
        Ok(None)
    }

    fn delete(
        &mut self,
        context: &ClaimContext<'_>,
        claim: &Value,
        done: usize,
    ) -> Result<Option<Duration>, ApiError> {
        let left = Owner::of(context, claim)
            .map(|owner| owner.references(context))
            .unwrap_or_default();
        let left: Vec<_> = left
            .into_iter()
            .filter(|(kind, key)| context.objects.get(kind, key).is_some())
            .collect();
        if let Some((kind, key)) = left.last() {
            if done > 0 {
                ignore_not_found(context.objects.delete(kind, key))?;
            }
            let message = format!("Deleting what it is composed of ({} left)", left.len());
            context.set_status(
                claim,
                &[Condition::synced(), Condition::not_ready("Deleting", message)],
                context.phase("Deleting"),
            )?;
            self.stage = Stage::Deleting(done + 1);
            return Ok(Some(context.options.step));
        }
        if let Some((kind, key)) = context.composite(claim) {
            ignore_not_found(context.objects.delete(&kind, &key))?;
        }
        cluster::remove(context, claim);
        let finalizers: Vec<Value> = claim["metadata"]["finalizers"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|finalizer| **finalizer != context.recipe.finalizer())
            .cloned()
            .collect();
        let patch = json!({ "metadata": { "finalizers": finalizers } });
        ignore_not_found(
            context
                .objects
                .patch(&context.kind(), context.key, patch)
                .map(|_| ()),
        )?;
        Ok(None)
    }
}

/// Whether a condition has an older `observedGeneration`.
fn is_behind(claim: &Value) -> bool {
    let generation = claim["metadata"]["generation"].as_i64();
    let conditions = claim["status"]["conditions"].as_array();
    let mut observed = conditions
        .into_iter()
        .flatten()
        .filter_map(|condition| condition["observedGeneration"].as_i64());
    observed.any(|observed| Some(observed) < generation)
}

/// The configuration that the last part was created for.
fn applied(context: &ClaimContext<'_>, claim: &Value) -> Option<String> {
    let user_spec = user_spec_with_secret(claim);
    let parts = (context.recipe.parts)(&site(context, &user_spec));
    let owner = Owner::of(context, claim)?;
    let (kind, key) = owner.key(context, parts.last()?);
    let part = context.objects.get(&kind, &key)?;
    part["metadata"]["annotations"][CONFIGURATION]
        .as_str()
        .map(str::to_owned)
}
