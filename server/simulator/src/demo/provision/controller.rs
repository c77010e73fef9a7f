//! The controller of a control plane: watches claims and runs their steps when they are due.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use serde_json::Value;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::context::ClaimContext;
use super::lifecycle::Lifecycle;
use super::recipes::ALL;
use super::{ProvisionerOptions, cluster};
use crate::kube::{GroupKind, Key, Objects, object};

/// The delay before a refused step is retried.
const RETRY: Duration = Duration::from_secs(2);
/// Steps per turn, before other tasks run.
const BATCH: usize = 64;

/// A running controller. Dropping it stops it.
#[derive(Debug)]
pub(in crate::demo) struct Controller {
    stop: DropGuard,
    task: JoinHandle<()>,
}

impl Controller {
    /// Starts to provision the claims of a control plane. The clusters among them that ran before answer when this
    /// returns.
    pub(in crate::demo) fn start(objects: Objects, options: ProvisionerOptions) -> Self {
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let mut queue = Queue {
            managed: ALL
                .iter()
                .map(|recipe| objects.managed_by(recipe.manager()))
                .collect(),
            objects,
            options,
            claims: HashMap::new(),
            listed: false,
            due: BTreeSet::new(),
        };
        queue.resume_clusters();
        let task = tokio::spawn(async move {
            tokio::select! {
                () = stopped.cancelled() => {}
                () = queue.run() => {}
            }
        });
        Self {
            stop: stop.drop_guard(),
            task,
        }
    }

    /// Stops it between two steps.
    pub(in crate::demo) async fn stop(self) {
        drop(self.stop);
        // The task fails only when it panicked; the panic hook reported it.
        let _ = self.task.await;
    }
}

/// A claim: the index of its recipe, and its key.
type Id = (usize, Key);

/// The work queue of a controller.
struct Queue {
    objects: Objects,
    /// A client per recipe, with the recipe's field manager.
    managed: Vec<Objects>,
    options: ProvisionerOptions,
    claims: HashMap<Id, (Lifecycle, Option<Instant>)>,
    due: BTreeSet<(Instant, Id)>,
    /// Whether the first list is complete.
    listed: bool,
}

impl Queue {
    async fn run(&mut self) {
        let kinds: Vec<GroupKind> = ALL.iter().map(super::recipe::Recipe::group_kind).collect();
        loop {
            let revision = self.list(&kinds);
            let mut watch = self.objects.watch(&kinds, revision);
            loop {
                let next = self.due.first().map(|(when, _)| *when);
                tokio::select! {
                    changes = watch.next() => match changes {
                        Ok(changes) => for change in changes {
                            let Some(recipe) = kinds.iter().position(|kind| change.kind.is(kind)) else { continue };
                            self.update(&(recipe, Key::of(&change.object)));
                        },
                        // The watch expired: list again.
                        Err(_) => break,
                    },
                    () = sleep_until(next) => self.run_due(),
                }
                tokio::task::yield_now().await;
            }
        }
    }

    fn resume_clusters(&self) {
        for (index, recipe) in ALL.iter().enumerate().filter(|(_, recipe)| recipe.is_cluster()) {
            for claim in self.objects.list(&recipe.group_kind()) {
                let id = (index, Key::of(&claim));
                if let Err(error) = cluster::resume(&self.context(&id), &claim) {
                    tracing::warn!(plane = self.options.plane, claim = ?id.1, %error, "a cluster could not be resumed");
                }
            }
        }
    }

    fn list(&mut self, kinds: &[GroupKind]) -> u64 {
        let revision = self.objects.revision();
        let mut there = BTreeSet::new();
        for (recipe, kind) in kinds.iter().enumerate() {
            for object in self.objects.list(kind) {
                there.insert((recipe, Key::of(&object)));
            }
        }
        let missing: Vec<Id> = self
            .claims
            .keys()
            .filter(|id| !there.contains(*id))
            .cloned()
            .collect();
        for id in missing {
            self.forget(&id);
        }
        for id in there {
            self.update(&id);
        }
        self.listed = true;
        revision
    }

    /// Updates a claim that may have changed or be gone.
    fn update(&mut self, id: &Id) {
        let Some(claim) = self.claim(id) else {
            return self.forget(id);
        };
        let known = self.claims.get(id);
        if known.is_some_and(|(lifecycle, _)| lifecycle.uid() != object::uid(&claim)) {
            // An earlier claim of the same name, which was deleted meanwhile.
            self.forget(id);
        }
        let due_now = if let Some((lifecycle, _)) = self.claims.get_mut(id) {
            lifecycle.observe(&claim)
        } else {
            let lifecycle = Lifecycle::new(&self.context(id), &claim, !self.listed);
            self.claims.insert(id.clone(), (lifecycle, None));
            true
        };
        if due_now {
            self.schedule(id, Some(Instant::now()));
        }
    }

    /// Runs the steps that are due.
    fn run_due(&mut self) {
        let now = Instant::now();
        for _ in 0..BATCH {
            let Some((when, id)) = self.due.first().cloned() else {
                return;
            };
            if when > now {
                return;
            }
            self.schedule(&id, None);
            let Some(claim) = self.claim(&id) else {
                self.forget(&id);
                continue;
            };
            let Some((mut lifecycle, _)) = self.claims.remove(&id) else {
                continue;
            };
            let outcome = lifecycle.step(&self.context(&id), &claim);
            let next = outcome.unwrap_or_else(|error| {
                tracing::warn!(plane = self.options.plane, claim = ?id.1, %error, "a provisioner's step was refused");
                Some(RETRY)
            });
            self.claims.insert(id.clone(), (lifecycle, None));
            self.schedule(&id, next.and_then(|after| Instant::now().checked_add(after)));
        }
    }

    fn schedule(&mut self, id: &Id, when: Option<Instant>) {
        let Some((_, due)) = self.claims.get_mut(id) else {
            return;
        };
        if let Some(before) = std::mem::replace(due, when) {
            self.due.remove(&(before, id.clone()));
        }
        if let Some(when) = when {
            self.due.insert((when, id.clone()));
        }
    }

    fn forget(&mut self, id: &Id) {
        self.schedule(id, None);
        if let Some((lifecycle, _)) = self.claims.remove(id)
            && let Some(clusters) = &self.options.clusters
        {
            clusters.remove(lifecycle.uid());
        }
    }

    fn claim(&self, (recipe, key): &Id) -> Option<std::sync::Arc<Value>> {
        self.objects.get(&ALL[*recipe].group_kind(), key)
    }

    fn context<'a>(&'a self, (recipe, key): &'a Id) -> ClaimContext<'a> {
        ClaimContext {
            objects: &self.managed[*recipe],
            recipe: &ALL[*recipe],
            options: &self.options,
            key,
        }
    }
}

async fn sleep_until(when: Option<Instant>) {
    match when {
        Some(when) => tokio::time::sleep_until(when).await,
        None => std::future::pending().await,
    }
}
