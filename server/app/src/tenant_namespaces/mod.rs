//! Keeps the namespaces of tenants as their templates have them, on every control plane.

mod keeper;
mod report;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use portico_api::{NamespaceRow, PlaneNamespaces};
use portico_domain::authz::SystemAuthority;
use portico_domain::documents::ControlPlane;
use portico_domain::names::PlaneName;
use portico_domain::tenant_namespace::tenant_namespaces;
use portico_planes::{Change, PlaneError, PlaneState};
use tokio::sync::Semaphore;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinSet;
use tokio::time::error::Elapsed;

use super::Portal;
use keeper::{Keeper, Memory};

/// How often everything is compared without a change.
const INTERVAL: Duration = Duration::from_mins(2);
/// How long changes are collected before they are followed.
const SETTLE: Duration = Duration::from_millis(200);
/// Control planes that are worked on at once.
const CONCURRENT_PLANES: usize = 8;
/// How long one control plane is worked on before the others are looked at again.
const MAX_DURATION: Duration = Duration::from_mins(2);

/// What is known of the namespaces of each control plane.
pub(crate) type Namespaces = parking_lot::Mutex<BTreeMap<PlaneName, PlaneNamespaces>>;

impl Portal {
    /// Keeps the namespaces of tenants. Runs until it is dropped.
    pub async fn keep_tenant_namespaces(&self, authority: &SystemAuthority) {
        let mut changes = self.planes().subscribe();
        let mut reports = self.shared.configuration.subscribe();
        let mut memories = BTreeMap::new();
        loop {
            self.keep_tenant_namespaces_once(authority, &mut memories).await;
            let pause = tokio::time::sleep(INTERVAL);
            tokio::pin!(pause);
            loop {
                tokio::select! {
                    () = &mut pause => break,
                    Ok(()) = reports.changed() => break,
                    change = changes.recv() => match change {
                        Ok(Change::Plane(name)) if self.awaits_namespaces(&name) => break,
                        // A busy fleet always says more than is listened to: only what was never looked at is urgent.
                        Err(RecvError::Lagged(_)) if self.has_new_namespaces() => break,
                        Ok(_) | Err(RecvError::Lagged(_)) => {}
                        Err(RecvError::Closed) => std::future::pending().await,
                    },
                }
            }
            tokio::time::sleep(SETTLE).await;
        }
    }

    /// True if templates are for the control plane, and its namespaces have not been compared yet.
    fn awaits_namespaces(&self, plane: &PlaneName) -> bool {
        let configuration = self.configuration();
        let Some(document) = configuration.control_planes.get(plane) else {
            return false;
        };
        let known = self.shared.namespaces.lock();
        let compared = known.get(plane).is_some_and(|known| known.problem.is_none());
        !compared && self.answers(plane) && !tenant_namespaces(&configuration, document).is_empty()
    }

    /// True if a control plane answers whose namespaces nobody has tried to compare yet.
    fn has_new_namespaces(&self) -> bool {
        let configuration = self.configuration();
        let mut names = configuration.control_planes.keys();
        names.any(|name| !self.shared.namespaces.lock().contains_key(name) && self.awaits_namespaces(name))
    }

    fn answers(&self, plane: &PlaneName) -> bool {
        let summary = self.planes().summary(plane);
        summary.is_some_and(|summary| summary.state == PlaneState::Ready)
    }

    pub(crate) async fn keep_tenant_namespaces_once(
        &self,
        authority: &SystemAuthority,
        memories: &mut BTreeMap<PlaneName, Memory>,
    ) {
        // A tenant that seems to be gone may be a document of the home plane.
        if !self.shared.configuration.is_complete() {
            return;
        }
        let configuration = self.configuration();
        let is_there = |name: &PlaneName| configuration.control_planes.contains_key(name);
        memories.retain(|name, _| is_there(name));
        self.shared.namespaces.lock().retain(|name, _| is_there(name));
        // Where no template is for a control plane, and none was, nothing is asked.
        let due: Vec<&ControlPlane> = configuration
            .control_planes
            .values()
            .filter(|plane| self.answers(&plane.name))
            .filter(|plane| {
                memories.contains_key(&plane.name) || !tenant_namespaces(&configuration, plane).is_empty()
            })
            .collect();
        let slots = Arc::new(Semaphore::new(CONCURRENT_PLANES));
        let mut work = JoinSet::new();
        for plane in due {
            let mut memory = memories.remove(&plane.name).unwrap_or_default();
            let (portal, authority, plane) = (self.clone(), authority.clone(), plane.clone());
            let (configuration, slots) = (configuration.clone(), slots.clone());
            work.spawn(async move {
                let _slot = slots.acquire_owned().await;
                let keeper = Keeper::new(&portal, &authority, &configuration, &plane);
                let kept = tokio::time::timeout(MAX_DURATION, keeper.keep(&mut memory)).await;
                portal.note_namespaces(&plane.name, kept);
                (plane.name, memory)
            });
        }
        while let Some(done) = work.join_next().await {
            if let Ok((name, memory)) = done {
                memories.insert(name, memory);
            }
        }
    }

    fn note_namespaces(
        &self,
        plane: &PlaneName,
        kept: Result<Result<Vec<NamespaceRow>, PlaneError>, Elapsed>,
    ) {
        let mut known = self.shared.namespaces.lock();
        let known = known.entry(plane.clone()).or_default();
        match kept {
            Ok(Ok(rows)) => {
                *known = PlaneNamespaces {
                    compared_at: Some(self.now()),
                    problem: None,
                    rows,
                };
            }
            Ok(Err(error)) => {
                tracing::warn!(%plane, %error, "the namespaces of tenants could not be compared");
                known.problem = Some(error.admin_message());
            }
            Err(_) => known.problem = Some("it took too long, and is continued".to_owned()),
        }
    }

    /// The namespaces that templates keep on the control plane; `None` if none is for it.
    pub(crate) fn plane_namespaces(&self, plane: &ControlPlane) -> Option<PlaneNamespaces> {
        let known = self.shared.namespaces.lock().get(&plane.name).cloned();
        let wanted = !tenant_namespaces(&self.configuration(), plane).is_empty();
        known.or_else(|| wanted.then(PlaneNamespaces::default))
    }
}

#[cfg(test)]
mod tests;
