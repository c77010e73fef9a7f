//! One controller per control plane: it watches what can be asked for, and keeps the time.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use serde_json::Value;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::Manners;
use super::life::Life;
use super::recipes::ALL;
use super::work::Work;
use crate::kube::{ChangeType, GroupKind, Key, Objects};

/// After how long a step that was refused is tried again.
const RETRY: Duration = Duration::from_secs(2);
/// How many steps are taken before others get their turn.
const BATCH: usize = 64;

/// A running controller. Dropped, it stops.
#[derive(Debug)]
pub(in crate::world) struct Controller {
    stop: DropGuard,
    task: JoinHandle<()>,
}

impl Controller {
    /// Begins to serve the claims of a control plane.
    pub(in crate::world) fn start(objects: Objects, manners: Manners, authority: String) -> Self {
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let mut desk = Desk {
            managed: ALL
                .iter()
                .map(|recipe| objects.managed_by(recipe.manager()))
                .collect(),
            objects,
            manners,
            authority,
            lives: HashMap::new(),
            begun: false,
            due: BTreeSet::new(),
        };
        let task = tokio::spawn(async move {
            tokio::select! {
                () = stopped.cancelled() => {}
                () = desk.run() => {}
            }
        });
        Self {
            stop: stop.drop_guard(),
            task,
        }
    }

    /// Stops it between two steps.
    pub(in crate::world) async fn stop(self) {
        drop(self.stop);
        // It fails only when the task panicked, which was reported where it happened.
        let _ = self.task.await;
    }
}

/// Which claim: the recipe's place in the list, and where the claim is.
type Id = (usize, Key);

/// What the controller works with.
struct Desk {
    objects: Objects,
    /// The same for each recipe, written as its manager.
    managed: Vec<Objects>,
    manners: Manners,
    authority: String,
    lives: HashMap<Id, (Life, Option<Instant>)>,
    due: BTreeSet<(Instant, Id)>,
    /// What was there at the beginning has been seen.
    begun: bool,
}

impl Desk {
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
                            let id = (recipe, Key::of(&change.object));
                            if change.change == ChangeType::Deleted {
                                self.forget(&id);
                            } else {
                                self.look(&id);
                            }
                        },
                        // Too far behind: begin again from what is there.
                        Err(_) => break,
                    },
                    () = sleep_until(next) => self.work(),
                }
                tokio::task::yield_now().await;
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
            .lives
            .keys()
            .filter(|id| !there.contains(*id))
            .cloned()
            .collect();
        for id in missing {
            self.forget(&id);
        }
        for id in there {
            self.look(&id);
        }
        self.begun = true;
        revision
    }

    /// The claim may have changed.
    fn look(&mut self, id: &Id) {
        let Some(claim) = self.claim(id) else {
            return self.forget(id);
        };
        let at_once = if let Some((life, _)) = self.lives.get_mut(id) {
            life.look(&claim)
        } else {
            let life = Life::begin(&self.on(id), &claim, !self.begun);
            self.lives.insert(id.clone(), (life, None));
            true
        };
        if at_once {
            self.plan(id, Some(Instant::now()));
        }
    }

    /// Takes the steps that are due.
    fn work(&mut self) {
        let now = Instant::now();
        for _ in 0..BATCH {
            let Some((when, id)) = self.due.first().cloned() else {
                return;
            };
            if when > now {
                return;
            }
            self.plan(&id, None);
            let Some(claim) = self.claim(&id) else {
                self.forget(&id);
                continue;
            };
            let Some((mut life, _)) = self.lives.remove(&id) else {
                continue;
            };
            let outcome = life.step(&self.on(&id), &claim);
            let next = outcome.unwrap_or_else(|error| {
                tracing::warn!(plane = self.manners.plane, claim = ?id.1, %error, "a provisioner's step was refused");
                Some(RETRY)
            });
            self.lives.insert(id.clone(), (life, None));
            self.plan(&id, next.and_then(|after| Instant::now().checked_add(after)));
        }
    }

    fn plan(&mut self, id: &Id, when: Option<Instant>) {
        let Some((_, due)) = self.lives.get_mut(id) else {
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
        self.plan(id, None);
        self.lives.remove(id);
    }

    fn claim(&self, (recipe, key): &Id) -> Option<std::sync::Arc<Value>> {
        self.objects.get(&ALL[*recipe].group_kind(), key)
    }

    fn on<'a>(&'a self, (recipe, key): &'a Id) -> Work<'a> {
        Work {
            objects: &self.managed[*recipe],
            recipe: &ALL[*recipe],
            manners: &self.manners,
            authority: &self.authority,
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
