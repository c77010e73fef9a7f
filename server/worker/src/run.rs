//! The main loop: leases due requests, processes several at the same time, sleeps until more are due.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use portico_domain::authz::SystemAuthority;
use portico_domain::names::{PlaneName, RequestId};
use portico_domain::permission::{ApplyPermission, PermissionCheck};
use portico_domain::reason::{FailureReason, WaitingReason};
use portico_domain::request::{Request, RuleNeed, State, Transition};
use portico_planes::{Actor, Planes};
use portico_store::{Renewal, Store, StoreError};
use serde_json::json;
use tokio::sync::Notify;
use tokio::task::{Id, JoinSet};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;
use uuid::Uuid;

use super::attempt::{attempt, earlier_outcome};
use super::outcome::Outcome;
use super::span::request_span;
use super::step::StepError;
use super::{Settings, WorkerContext};

/// Pause of the loop after a database error.
const DATABASE_ERROR_PAUSE: Duration = Duration::from_secs(2);
/// The shortest sleep of the loop.
const MIN_SLEEP: Duration = Duration::from_millis(20);

/// The worker. See the module.
pub struct Worker(WorkerContext);

impl Worker {
    /// A worker over a store and control planes. `permits` decides what may be applied. Notify `work_to_do` whenever a
    /// request may be due; without it, the worker finds the request within [`Settings::idle`].
    #[must_use]
    pub fn new(
        store: Store,
        planes: Planes,
        authority: SystemAuthority,
        permits: Arc<dyn PermissionCheck>,
        work_to_do: Arc<Notify>,
        clock: impl Fn() -> Timestamp + Send + Sync + 'static,
        settings: Settings,
    ) -> Self {
        let name = format!("worker-{}", Uuid::new_v4());
        Self(WorkerContext {
            store,
            planes,
            authority,
            permits,
            settings,
            clock: Arc::new(clock),
            random: Arc::new(rand::random),
            name: name.into(),
            overloaded: Arc::default(),
            work_to_do,
        })
    }

    /// Sets the source of randomness: numbers in 0..1.
    #[must_use]
    pub fn with_random(mut self, random: impl Fn() -> f64 + Send + Sync + 'static) -> Self {
        self.0.random = Arc::new(random);
        self
    }

    /// Runs until `stop`, then lets running work finish within [`Settings::grace`] and releases the other leases. Dropping
    /// or killing it at any instant loses nothing.
    pub async fn run(self, stop: CancellationToken) {
        let context = self.0;
        // Dropped with this future, so that the tasks end with the worker.
        let mut background = JoinSet::new();
        background.spawn(super::wake::run(context.clone()));
        background.spawn(super::expiry::run(context.clone()));
        background.spawn(super::readiness::run(context.clone()));
        background.spawn(super::housekeeping::run(context.clone()));
        if let Err(error) = context.store.release_orphaned_leases().await {
            tracing::warn!(%error, "leases of an earlier process could not be released; they run out");
        }
        let mut in_flight = InFlight::default();
        tokio::select! {
            () = stop.cancelled() => {}
            () = context.process_queue(&mut in_flight) => {}
        }
        background.shutdown().await;
        context.shutdown(in_flight).await;
    }
}

/// Why a request is not applied now.
enum NotApplied {
    /// It may not be, or cannot be checked: the outcome of the attempt.
    Outcome(Outcome),
    /// Approvers must decide again.
    NeedsApproval {
        rules: Vec<RuleNeed>,
        expires_after_hours: u32,
        schema_hash: Option<String>,
    },
}

/// The requests that are being processed.
#[derive(Default)]
struct InFlight {
    tasks: JoinSet<()>,
    requests: BTreeMap<Id, (RequestId, PlaneName)>,
}

impl InFlight {
    async fn join_next(&mut self) {
        match self.tasks.join_next_with_id().await {
            Some(Ok((id, ()))) => drop(self.requests.remove(&id)),
            Some(Err(error)) => {
                let request = self.requests.remove(&error.id());
                // Its lease runs out, and it is processed again.
                tracing::error!(%error, request = request.map(|(id, _)| id.to_string()), "processing a request panicked or was aborted");
            }
            // There is nothing to join.
            None => std::future::pending().await,
        }
    }

    /// The control planes with at least `most` requests in flight.
    fn full(&self, most: usize) -> Vec<PlaneName> {
        let mut under_way: BTreeMap<&PlaneName, usize> = BTreeMap::new();
        for (_, plane) in self.requests.values() {
            *under_way.entry(plane).or_default() += 1;
        }
        under_way
            .into_iter()
            .filter(|(_, count)| *count >= most)
            .map(|(plane, _)| plane.clone())
            .collect()
    }
}

impl WorkerContext {
    async fn process_queue(&self, in_flight: &mut InFlight) {
        loop {
            let sleep = match self.lease_due(in_flight).await {
                Ok(sleep) => sleep,
                Err(error) => {
                    tracing::warn!(%error, "the work queue cannot be read");
                    DATABASE_ERROR_PAUSE
                }
            };
            tokio::select! {
                () = self.work_to_do.notified() => {}
                () = in_flight.join_next() => {}
                () = tokio::time::sleep(sleep) => {}
            }
        }
    }

    /// Leases as many due requests as may be processed, a few at a time, and starts them. Returns how long to sleep until
    /// more are due.
    async fn lease_due(&self, in_flight: &mut InFlight) -> Result<Duration, StoreError> {
        let at_a_time = self.settings.at_once_on_a_plane.max(1);
        let full = loop {
            // More are taken when half of them are done: a lease is a transaction of its own, for however many.
            let mut full = in_flight.full(at_a_time.div_ceil(2));
            full.extend(self.overloaded.at(self.now()).into_keys());
            let free = self.settings.at_once.saturating_sub(in_flight.tasks.len());
            if free == 0 {
                // When one ends, the loop comes back here.
                return Ok(self.settings.idle);
            }
            let capacity = free.min(at_a_time);
            let limit = u32::try_from(capacity).unwrap_or(u32::MAX);
            let taken = self
                .store
                .lease(&self.name, self.now(), self.settings.lease, limit, &full)
                .await?;
            let count = taken.len();
            for request in taken {
                let of = (request.id, request.claim.plane.clone());
                let task = {
                    let span = request_span(&request);
                    in_flight
                        .tasks
                        .spawn(self.clone().process(request).instrument(span))
                };
                in_flight.requests.insert(task.id(), of);
            }
            if count < capacity {
                break full;
            }
        };
        let due = self.store.next_due(&full).await?;
        let sleep = due.map_or(self.settings.idle, |due| {
            Duration::try_from(due.duration_since(self.now())).unwrap_or(Duration::ZERO)
        });
        let paused = self.overloaded.at(self.now()).into_values().min();
        let pause = paused.map_or(self.settings.idle, |until| {
            Duration::try_from(until.duration_since(self.now())).unwrap_or(Duration::ZERO)
        });
        Ok(sleep.min(pause).clamp(MIN_SLEEP, self.settings.idle))
    }

    /// Processes one request, whose lease this worker holds.
    async fn process(self, request: Request) {
        let id = request.id;
        let worked = tokio::select! {
            worked = self.process_request(request) => worked,
            () = self.renew_until_lost(id) => {
                tracing::warn!("the lease was lost; another worker has the request");
                return;
            }
        };
        match worked {
            Ok(()) => {}
            Err(error) if error.is_overtaken() => {
                tracing::info!(%error, "the request was changed meanwhile");
                self.give_back(id).await;
            }
            Err(error) => {
                tracing::warn!(%error, "the outcome could not be saved; the request is processed again");
                self.give_back(id).await;
            }
        }
    }

    #[tracing::instrument(skip_all)]
    async fn process_request(&self, request: Request) -> Result<(), StepError> {
        let not_applied = match self.permits.check(&request).await {
            Ok(ApplyPermission::Granted { provider, groups }) => {
                let requester = Actor::requester(
                    &self.authority,
                    request.requester.subject.clone(),
                    provider,
                    groups,
                );
                return self.apply(request, requester).await;
            }
            Ok(ApplyPermission::NeedsApproval {
                rules,
                expires_after_hours,
                schema_hash,
            }) => NotApplied::NeedsApproval {
                rules,
                expires_after_hours,
                schema_hash,
            },
            Ok(ApplyPermission::Refused(obstacle)) if obstacle.passes() => {
                NotApplied::Outcome(Outcome::Held(WaitingReason::NotPermitted { obstacle }))
            }
            Ok(ApplyPermission::Refused(obstacle)) => {
                NotApplied::Outcome(Outcome::Failed(FailureReason::NotPermitted { obstacle }))
            }
            Err(error) => NotApplied::Outcome(Outcome::TryAgain {
                waiting_for: WaitingReason::NotChecked {
                    message: error.to_string(),
                },
                not_before: Duration::ZERO,
            }),
        };
        // If an earlier attempt took effect, its outcome counts: it was permitted at that time.
        if request.state == State::Applying
            && let Some(outcome) = earlier_outcome(&self.planes, &self.authority, &request).await
        {
            return self.conclude(request, outcome).await;
        }
        match not_applied {
            NotApplied::Outcome(outcome) => self.conclude(request, outcome).await,
            NotApplied::NeedsApproval {
                rules,
                expires_after_hours,
                schema_hash,
            } => {
                self.require_approval_again(request, rules, expires_after_hours, schema_hash)
                    .await
            }
        }
    }

    /// Applies a request that is permitted.
    #[tracing::instrument(skip_all, fields(claim = %request.claim))]
    async fn apply(&self, request: Request, requester: Actor) -> Result<(), StepError> {
        // Going on after a crash is no new event.
        let request = match request.state {
            State::Applying => request,
            _ => {
                self.transition(&request, Transition::Begin, json!({"worker": *self.name}))
                    .await?
            }
        };
        let outcome = attempt(&self.planes, &self.authority, &request, requester).await;
        self.conclude(request, outcome).await
    }

    /// Renews the lease; returns when it is lost.
    async fn renew_until_lost(&self, id: RequestId) {
        let mut renewed_at = tokio::time::Instant::now();
        loop {
            tokio::time::sleep(self.settings.lease / 3).await;
            match self
                .store
                .renew_lease(id, &self.name, self.now(), self.settings.lease)
                .await
            {
                Ok(Renewal::Held) => renewed_at = tokio::time::Instant::now(),
                // While the database fails, the lease is ours as long as it lasts.
                Err(_) if renewed_at.elapsed() < self.settings.lease * 2 / 3 => {}
                Ok(Renewal::Lost) | Err(_) => return,
            }
        }
    }

    async fn give_back(&self, id: RequestId) {
        if let Err(error) = self.store.release(id, &self.name, self.now(), None, &[]).await {
            tracing::warn!(request = %id, %error, "a lease could not be released; it runs out");
        }
    }

    async fn shutdown(&self, mut in_flight: InFlight) {
        let finish = async {
            while !in_flight.tasks.is_empty() {
                in_flight.join_next().await;
            }
        };
        if tokio::time::timeout(self.settings.grace, finish).await.is_err() {
            in_flight.tasks.shutdown().await;
            for (id, _) in in_flight.requests.into_values() {
                self.give_back(id).await;
            }
        }
    }
}
