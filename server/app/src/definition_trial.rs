//! Tries the live claims of one control plane against a changed definition, page by page, within limits of number and
//! time.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use portico_api::words::TrialProblem;
use portico_api::{ClaimTrial, Link, PlaneTrial, TrialEffect, TrialFinding, TrialOutcome};
use portico_domain::claim::Claim;
use portico_domain::definition_change::{CannotTry, DefaultedWhen, DefinitionChange, Effect, RefusedUpdate};
use portico_planes::{ObjectPages, PlaneError};
use serde_json::Value;

use super::Portal;

/// Trials that run at once in one process: each holds a few pages of objects.
pub(super) const CONCURRENT_TRIALS: usize = 2;
/// Claims tried at most on a control plane.
const MAX_CLAIMS: usize = 5_000;
/// Affected claims named at most on a control plane.
const MAX_NAMED_CLAIMS: usize = 500;
/// Effects named at most on one claim.
const MAX_EFFECTS: usize = 50;
/// Different effects counted at most on a control plane.
const MAX_FINDINGS: usize = 200;
/// How long one turn of judging goes on before others get theirs. Below the deadline of [`crate::judging`].
const TURN: Duration = Duration::from_secs(2);

/// Claims by namespace and name.
pub(super) type ClaimsByName = HashMap<(Option<String>, String), Arc<Claim>>;

/// Tries the claims of one control plane.
pub(super) struct PlaneRun {
    pub(super) portal: Portal,
    pub(super) subject: String,
    pub(super) change: Arc<DefinitionChange>,
    pub(super) claims: ClaimsByName,
    pub(super) until: Instant,
    pub(super) trial: PlaneTrial,
    /// Effects with their numbers of claims, by rank and JSON.
    pub(super) findings: BTreeMap<(u8, String), TrialFinding>,
}

impl PlaneRun {
    /// Reads and tries claims until all are tried, or something prevents it.
    pub(super) async fn finish(mut self, mut pages: ObjectPages) -> PlaneTrial {
        let problem = self.read(&mut pages).await.err();
        let mut trial = self.trial;
        trial.findings = self.findings.into_values().take(MAX_FINDINGS).collect();
        if let Some(problem) = problem {
            trial.problem = Some(problem.to_string());
            trial.outcome = if trial.tried == 0 {
                TrialOutcome::NotTried
            } else {
                TrialOutcome::Partial
            };
        }
        trial
    }

    async fn read(&mut self, pages: &mut ObjectPages) -> Result<(), TrialProblem> {
        loop {
            let page = tokio::time::timeout_at(self.until.into(), pages.next())
                .await
                .map_err(|_| TrialProblem::OutOfTime)?
                .map_err(|error| plane_problem(&error))?;
            let Some(mut objects) = page else {
                return Ok(());
            };
            let room = MAX_CLAIMS.saturating_sub(self.trial.tried);
            let is_cut = objects.len() > room;
            objects.truncate(room);
            self.judge(objects).await?;
            if is_cut {
                return Err(TrialProblem::TooMany { most: MAX_CLAIMS });
            }
        }
    }

    async fn judge(&mut self, mut objects: Vec<Value>) -> Result<(), TrialProblem> {
        while !objects.is_empty() {
            if Instant::now() >= self.until {
                return Err(TrialProblem::OutOfTime);
            }
            let change = Arc::clone(&self.change);
            let turn = self
                .portal
                .shared
                .judging
                .run(&self.subject, move || judge(&change, objects));
            let turn = turn.await.map_err(|error| TrialProblem::Check {
                error: error.to_string(),
            })?;
            for (name, effect) in turn.effects {
                self.add(name, effect);
            }
            if let Some(error) = turn.error {
                return Err(TrialProblem::Definition(error));
            }
            objects = turn.rest;
        }
        Ok(())
    }

    fn add(&mut self, name: (Option<String>, String), effect: Effect) {
        let trial = &mut self.trial;
        trial.tried += 1;
        if effect.is_none() {
            trial.unaffected += 1;
            return;
        }
        let mut effects = ranked(effect);
        for (rank, effect) in &effects {
            let key = (*rank, serde_json::to_string(effect).unwrap_or_default());
            if let Some(finding) = self.findings.get_mut(&key) {
                finding.claims += 1;
            } else if self.findings.len() < 4 * MAX_FINDINGS {
                let finding = TrialFinding {
                    effect: effect.clone(),
                    claims: 1,
                };
                self.findings.insert(key, finding);
            }
        }
        if trial.claims.len() == MAX_NAMED_CLAIMS {
            trial.more_claims += 1;
            return;
        }
        effects.truncate(MAX_EFFECTS);
        let claim = self.claims.get(&name);
        let (namespace, name) = name;
        trial.claims.push(ClaimTrial {
            namespace,
            name,
            tenant: claim.and_then(|claim| claim.tenant.clone()),
            environment: claim.and_then(|claim| claim.environment.clone()),
            href: claim.map(|claim| Link::Claim(claim.reference.clone())),
            effects: effects.into_iter().map(|(_, effect)| effect).collect(),
        });
    }
}

/// The effects, the gravest first, with their rank.
fn ranked(effect: Effect) -> Vec<(u8, TrialEffect)> {
    let mut effects: Vec<(u8, TrialEffect)> = Vec::new();
    for refusal in effect.refusals {
        let rank = match refusal.update {
            RefusedUpdate::Every => 0,
            RefusedUpdate::OfSpec => 1,
            RefusedUpdate::OfField => 4,
            RefusedUpdate::Never => 5,
        };
        effects.push((rank, TrialEffect::Refused(refusal)));
    }
    for path in effect.pruned {
        effects.push((2, TrialEffect::Pruned { path }));
    }
    if effect.indeterminate {
        effects.push((3, TrialEffect::Indeterminate));
    }
    for change in effect.defaults {
        let rank = match change.when {
            DefaultedWhen::Read => 6,
            DefaultedWhen::Created => 7,
        };
        effects.push((rank, TrialEffect::Defaulted(change)));
    }
    effects.sort_by_key(|(rank, _)| *rank);
    effects
}

/// One turn of judging.
struct Turn {
    effects: Vec<((Option<String>, String), Effect)>,
    /// Objects for which there was no time.
    rest: Vec<Value>,
    error: Option<CannotTry>,
}

fn judge(change: &DefinitionChange, objects: Vec<Value>) -> Turn {
    let until = Instant::now() + TURN;
    let mut turn = Turn {
        effects: Vec::new(),
        rest: Vec::new(),
        error: None,
    };
    let mut objects = objects.into_iter();
    for object in objects.by_ref() {
        let text = |key: &str| {
            let found = object.get("metadata")?.get(key)?;
            found.as_str().map(str::to_owned)
        };
        let name = (text("namespace"), text("name").unwrap_or_default());
        match change.effect_on(&object) {
            Ok(effect) => turn.effects.push((name, effect)),
            Err(error) => {
                turn.error = Some(CannotTry::Schema(error));
                return turn;
            }
        }
        if Instant::now() >= until {
            break;
        }
    }
    turn.rest = objects.collect();
    turn
}

/// A control plane's error as the reason why claims were not tried.
pub(super) fn plane_problem(error: &PlaneError) -> TrialProblem {
    TrialProblem::Plane {
        error: error.to_string(),
    }
}
