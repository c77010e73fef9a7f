//! The loop: takes what is due, works on several at once, sleeps until there is more.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use portico_domain::authz::SystemAuthority;
use portico_domain::names::{PlaneName, RequestId};
use portico_domain::permission::{Permits, Verdict};
use portico_domain::request::{Request, RuleNeed, State, Transition};
use portico_planes::{Actor, Planes};
use portico_store::{Renewal, Store, StoreError};
use serde_json::json;
use tokio::sync::Notify;
use tokio::task::{Id, JoinSet};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::attempt::{attempt, got_through};
use super::outcome::Outcome;
use super::step::StepError;
use super::{Bench, Settings};

/// How long the loop waits when the database fails.
const TROUBLE: Duration = Duration::from_secs(2);
/// The shortest sleep until something falls due.
const SHORTEST: Duration = Duration::from_millis(20);

/// The worker. See the module.
pub struct Worker(Bench);

impl Worker {
    /// A worker over a store and control planes. It does what `permits` lets it. `work_to_do` is to be told whenever a request may
    /// be applied; the worker finds it all the same, if somewhat later.
    #[must_use]
    pub fn new(
        store: Store,
        planes: Planes,
        authority: SystemAuthority,
        permits: Arc<dyn Permits>,
        work_to_do: Arc<Notify>,
        clock: impl Fn() -> Timestamp + Send + Sync + 'static,
        settings: Settings,
    ) -> Self {
        let name = format!("worker-{}", Uuid::new_v4());
        Self(Bench {
            store,
            planes,
            authority,
            permits,
            settings,
            clock: Arc::new(clock),
            random: Arc::new(rand::random),
            name: name.into(),
            work_to_do,
        })
    }

    /// The same worker with another source of randomness: numbers from 0 up to 1.
    #[must_use]
    pub fn with_random(mut self, random: impl Fn() -> f64 + Send + Sync + 'static) -> Self {
        self.0.random = Arc::new(random);
        self
    }

    /// Works until `stop`; then lets what is under way finish within [`Settings::grace`] and gives
    /// the rest back. Ending it at any other instant, however roughly, loses nothing.
    pub async fn run(self, stop: CancellationToken) {
        let bench = self.0;
        // Dropped with this future, so that nothing goes on when the worker is ended.
        let mut beside = JoinSet::new();
        beside.spawn(super::hurry::run(bench.clone()));
        beside.spawn(super::expiry::run(bench.clone()));
        beside.spawn(super::readiness::run(bench.clone()));
        beside.spawn(super::housekeeping::run(bench.clone()));
        if let Err(error) = bench.store.end_leases_of_the_dead().await {
            tracing::warn!(%error, "leases of a process before could not be ended; they run out by themselves");
        }
        let mut hands = Hands::default();
        tokio::select! {
            () = stop.cancelled() => {}
            () = bench.keep_working(&mut hands) => {}
        }
        beside.shutdown().await;
        bench.put_down(hands).await;
    }
}

/// A request that may not be applied as things are.
enum Held {
    /// What comes of that.
    Comes(Outcome),
    /// Others must agree.
    Unagreed {
        rules: Vec<RuleNeed>,
        expires_after_hours: u32,
        schema_hash: Option<String>,
    },
}

/// The work under way.
#[derive(Default)]
struct Hands {
    tasks: JoinSet<()>,
    requests: BTreeMap<Id, (RequestId, PlaneName)>,
}

impl Hands {
    async fn one_ends(&mut self) {
        match self.tasks.join_next_with_id().await {
            Some(Ok((id, ()))) => drop(self.requests.remove(&id)),
            Some(Err(error)) => {
                let request = self.requests.remove(&error.id());
                // Its lease runs out, and it is tried again.
                tracing::error!(%error, request = request.map(|(id, _)| id.to_string()), "work on a request broke off");
            }
            // Nothing is under way, so nothing ends.
            None => std::future::pending().await,
        }
    }

    /// The control planes on which as much is under way as may be.
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

impl Bench {
    async fn keep_working(&self, hands: &mut Hands) {
        loop {
            let sleep = match self.take_up(hands).await {
                Ok(sleep) => sleep,
                Err(error) => {
                    tracing::warn!(%error, "the work queue cannot be read");
                    TROUBLE
                }
            };
            tokio::select! {
                () = self.work_to_do.notified() => {}
                () = hands.one_ends() => {}
                () = tokio::time::sleep(sleep) => {}
            }
        }
    }

    /// Takes as many requests as there are hands for, a few at a time, and starts on them; how long there is
    /// nothing more to take.
    async fn take_up(&self, hands: &mut Hands) -> Result<Duration, StoreError> {
        let at_a_time = self.settings.at_once_on_a_plane.max(1);
        let full = loop {
            let full = hands.full(at_a_time);
            let free = self.settings.at_once.saturating_sub(hands.tasks.len());
            if free == 0 {
                // The next hand that is free looks again.
                return Ok(self.settings.idle);
            }
            let wanted = free.min(at_a_time);
            let limit = u32::try_from(wanted).unwrap_or(u32::MAX);
            let taken = self
                .store
                .lease(&self.name, self.now(), self.settings.lease, limit, &full)
                .await?;
            let count = taken.len();
            for request in taken {
                let of = (request.id, request.claim.plane.clone());
                let task = hands.tasks.spawn(self.clone().see_through(request));
                hands.requests.insert(task.id(), of);
            }
            if count < wanted {
                break full;
            }
        };
        let due = self.store.next_due(&full).await?;
        let sleep = due.map_or(self.settings.idle, |due| {
            Duration::try_from(due.duration_since(self.now())).unwrap_or(Duration::ZERO)
        });
        Ok(sleep.clamp(SHORTEST, self.settings.idle))
    }

    /// Works on one request, whose lease this worker has.
    async fn see_through(self, request: Request) {
        let id = request.id;
        let worked = tokio::select! {
            worked = self.work_on(request) => worked,
            () = self.lose_lease(id) => {
                tracing::warn!(request = %id, "the lease was lost; others see to it");
                return;
            }
        };
        match worked {
            Ok(()) => {}
            Err(error) if error.is_overtaken() => {
                tracing::info!(request = %id, %error, "somebody else was faster");
                self.give_back(id).await;
            }
            Err(error) => {
                tracing::warn!(request = %id, %error, "what became of a request could not be saved; it is taken up again");
                self.give_back(id).await;
            }
        }
    }

    async fn work_on(&self, request: Request) -> Result<(), StepError> {
        let held = match self.permits.judge(&request).await {
            Ok(Verdict::Granted { provider, groups }) => {
                let requester = Actor::requester(
                    &self.authority,
                    request.requester.subject.clone(),
                    provider,
                    groups,
                );
                return self.apply(request, requester).await;
            }
            Ok(Verdict::NeedsApproval {
                rules,
                expires_after_hours,
                schema_hash,
            }) => Held::Unagreed {
                rules,
                expires_after_hours,
                schema_hash,
            },
            Ok(Verdict::Refused(obstacle)) if obstacle.passes() => Held::Comes(Outcome::Held {
                waiting_for: obstacle.to_string(),
            }),
            Ok(Verdict::Refused(obstacle)) => Held::Comes(Outcome::Failed {
                why: obstacle.to_string(),
                slug: obstacle.slug(),
            }),
            Err(error) => Held::Comes(Outcome::TryAgain {
                waiting_for: format!("Whether it may still be done is not known: {error}"),
                not_before: Duration::ZERO,
            }),
        };
        // Where an attempt before may have got through, what came of that counts: it was permitted then.
        if request.state == State::Applying
            && let Some(outcome) = got_through(&self.planes, &self.authority, &request).await
        {
            return self.conclude(request, outcome).await;
        }
        match held {
            Held::Comes(outcome) => self.conclude(request, outcome).await,
            Held::Unagreed {
                rules,
                expires_after_hours,
                schema_hash,
            } => {
                self.require_approval_again(request, rules, expires_after_hours, schema_hash)
                    .await
            }
        }
    }

    /// Does what is permitted.
    async fn apply(&self, request: Request, requester: Actor) -> Result<(), StepError> {
        // Beginning again after a crash is no news.
        let request = match request.state {
            State::Applying => request,
            _ => {
                self.take(&request, Transition::Begin, json!({"worker": *self.name}))
                    .await?
            }
        };
        let outcome = attempt(&self.planes, &self.authority, &request, requester).await;
        self.conclude(request, outcome).await
    }

    /// Keeps the lease; returns when it is lost.
    async fn lose_lease(&self, id: RequestId) {
        let mut kept_at = tokio::time::Instant::now();
        loop {
            tokio::time::sleep(self.settings.lease / 3).await;
            match self
                .store
                .renew_lease(id, &self.name, self.now(), self.settings.lease)
                .await
            {
                Ok(Renewal::Held) => kept_at = tokio::time::Instant::now(),
                // Without the database, it is ours for as long as it was made to last.
                Err(_) if kept_at.elapsed() < self.settings.lease * 2 / 3 => {}
                Ok(Renewal::Lost) | Err(_) => return,
            }
        }
    }

    async fn give_back(&self, id: RequestId) {
        if let Err(error) = self.store.release(id, &self.name, self.now(), None, &[]).await {
            tracing::warn!(request = %id, %error, "a lease could not be given back; it runs out by itself");
        }
    }

    async fn put_down(&self, mut hands: Hands) {
        let finish = async {
            while !hands.tasks.is_empty() {
                hands.one_ends().await;
            }
        };
        if tokio::time::timeout(self.settings.grace, finish).await.is_err() {
            hands.tasks.shutdown().await;
            for (id, _) in hands.requests.into_values() {
                self.give_back(id).await;
            }
        }
    }
}
