//! Checks that the cluster which answers for a control plane is the one that is on record for it.
//!
//! Addresses are moved, swapped and mistyped, a load balancer sends calls elsewhere, an agent is started beside another
//! cluster: the credentials may fit all the same, and claims of two clusters would be mixed up. So every call is preceded
//! by a look at who answers, unless there was one lately and no connection was opened since.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::BoxFuture;
use http::Method;
use jiff::Timestamp;
use parking_lot::Mutex;
use portico_domain::cluster::{ClusterId, RecordedCluster};
use portico_domain::names::PlaneName;
use serde_json::Value;
use tokio::sync::Notify;

use crate::client::{ApiClient, Call};
use crate::connect::OpenedConnections;
use crate::error::PlaneError;
use crate::shared::Shared;
use crate::stream::METADATA;

/// How old the last look may be before a call that reads, and before one that writes.
const MAX_AGE_FOR_READS: Duration = Duration::from_mins(1);
const MAX_AGE_FOR_WRITES: Duration = Duration::from_secs(2);
/// Its uid tells clusters apart: every cluster has it, and it can neither be chosen nor, while it is in use, be deleted.
const KUBE_SYSTEM: &str = "/api/v1/namespaces/kube-system";
/// The same of a kcp workspace, which has no such namespace.
const LOGICAL_CLUSTER: &str = "/apis/core.kcp.io/v1alpha1/logicalclusters/cluster";

/// Keeps which cluster answers for each control plane.
pub trait ClusterRegister: Send + Sync {
    /// Returns the cluster on record for the control plane. If there is none, `found` is put on record first.
    ///
    /// Fails with why the record cannot be read now.
    fn recorded<'a>(
        &'a self,
        plane: &'a PlaneName,
        found: Option<&'a ClusterId>,
    ) -> BoxFuture<'a, Result<Option<RecordedCluster>, String>>;
}

/// What is known of the cluster that answers for a control plane.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClusterStatus {
    /// The one that answered last; `None`: not known.
    pub found: Option<ClusterId>,
    /// The one on record.
    pub recorded: Option<RecordedCluster>,
    /// Why no call is made to it.
    pub problem: Option<ClusterProblem>,
}

/// Why a cluster is not used as a control plane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClusterProblem {
    /// It is not the one on record.
    Another,
    /// Another one is on record, and this one does not say who it is.
    Unknown,
    /// This control plane has it already.
    SameAs(PlaneName),
}

/// The clusters that answered for the control planes of the registry.
#[derive(Debug, Default)]
pub(crate) struct Clusters(Mutex<BTreeMap<PlaneName, HeldCluster>>);

#[derive(Debug, PartialEq, Eq)]
struct HeldCluster {
    id: ClusterId,
    /// Of two control planes with one cluster, the smaller keeps it: not one that is a claim, since its tenant may have it
    /// answer what it likes; the one that had it first.
    order: (bool, Timestamp),
}

impl Clusters {
    /// Notes which cluster answers for the control plane. Returns the control plane that has it already.
    fn hold(&self, plane: &PlaneName, is_claim: bool, cluster: &RecordedCluster) -> Option<PlaneName> {
        let mut held = self.0.lock();
        let order = (is_claim, cluster.since);
        let own = HeldCluster {
            id: cluster.id.clone(),
            order,
        };
        held.insert(plane.clone(), own);
        held.iter()
            .filter(|(name, other)| *name != plane && other.id == cluster.id)
            .find(|(name, other)| (other.order, *name) < (order, plane))
            .map(|(name, _)| name.clone())
    }

    /// Forgets the control plane, which is gone or answered by an unknown cluster.
    fn release(&self, plane: &PlaneName) {
        self.0.lock().remove(plane);
    }

    /// Forgets all control planes but those that stay.
    pub(crate) fn retain(&self, stays: impl Fn(&PlaneName) -> bool) {
        self.0.lock().retain(|plane, _| stays(plane));
    }
}

/// Checks the cluster at the other end of one connection.
pub(crate) struct ClusterCheck {
    plane: PlaneName,
    is_claim: bool,
    shared: Arc<Shared>,
    /// Outlives the connection.
    status: Arc<Mutex<ClusterStatus>>,
    /// Wakes the probe, which ends everything that uses the connection.
    probe_now: Arc<Notify>,
    connections: Arc<OpenedConnections>,
    /// Held while asking, so that calls that wait for the answer share it.
    asking: tokio::sync::Mutex<()>,
    confirmed: Mutex<Option<Confirmation>>,
}

/// When the cluster was last found to be the right one.
#[derive(Debug, Clone, Copy)]
struct Confirmation {
    at: Instant,
    /// The state of the connections: another one may lead to another cluster.
    connections: u64,
}

impl ClusterCheck {
    /// Checks nothing if the registry's settings have no register.
    pub(crate) fn new(
        plane: PlaneName,
        is_claim: bool,
        shared: Arc<Shared>,
        status: Arc<Mutex<ClusterStatus>>,
        probe_now: Arc<Notify>,
        connections: Arc<OpenedConnections>,
    ) -> Self {
        Self {
            plane,
            is_claim,
            shared,
            status,
            probe_now,
            connections,
            asking: tokio::sync::Mutex::default(),
            confirmed: Mutex::default(),
        }
    }

    /// Succeeds if the right cluster answers, or none is on record and it does not say who it is.
    ///
    /// # Errors
    /// [`PlaneError::Misconfigured`] if it is the wrong one; when it cannot be asked, or the register cannot be read.
    pub(crate) async fn before(&self, method: &Method, client: &ApiClient) -> Result<(), PlaneError> {
        let max_age = if *method == Method::GET {
            MAX_AGE_FOR_READS
        } else {
            MAX_AGE_FOR_WRITES
        };
        self.confirm(client, max_age).await
    }

    /// False if there is no register, so that any cluster is right.
    pub(crate) fn is_checked(&self) -> bool {
        self.shared.settings.clusters.is_some()
    }

    /// As [`ClusterCheck::before`], however short ago it was asked. False if there is no register, so that any cluster
    /// is right.
    pub(crate) async fn now(&self, client: &ApiClient) -> Result<bool, PlaneError> {
        self.confirm(client, Duration::ZERO).await?;
        Ok(self.shared.settings.clusters.is_some())
    }

    async fn confirm(&self, client: &ApiClient, max_age: Duration) -> Result<(), PlaneError> {
        let Some(register) = &self.shared.settings.clusters else {
            return Ok(());
        };
        let started = Instant::now();
        if self.is_confirmed(started, max_age) {
            return Ok(());
        }
        let _asking = self.asking.lock().await;
        // Somebody else may have asked meanwhile.
        if self.is_confirmed(started, max_age) {
            return Ok(());
        }
        let found = ask(client).await?;
        let connections = self.connections.count();
        let known = self.status.lock().recorded.clone();
        let recorded = match known {
            Some(known) if found.as_ref() == Some(&known.id) => Some(known),
            _ => register
                .recorded(&self.plane, found.as_ref())
                .await
                .map_err(|why| PlaneError::Unreachable {
                    plane: client.title.to_string(),
                    message: format!("whether it is the right cluster is not known: {why}"),
                })?,
        };
        let problem = self.problem(found.as_ref(), recorded.as_ref());
        let status = ClusterStatus {
            found,
            recorded,
            problem,
        };
        let wrong = explain(&status);
        let was_right = std::mem::replace(&mut *self.status.lock(), status)
            .problem
            .is_none();
        if let Some(message) = wrong {
            if was_right {
                self.probe_now.notify_one();
            }
            *self.confirmed.lock() = None;
            return Err(PlaneError::Misconfigured {
                plane: client.title.to_string(),
                message,
            });
        }
        *self.confirmed.lock() = Some(Confirmation {
            at: Instant::now(),
            connections,
        });
        Ok(())
    }

    fn is_confirmed(&self, now: Instant, max_age: Duration) -> bool {
        let confirmed = *self.confirmed.lock();
        confirmed.is_some_and(|it| {
            it.connections == self.connections.count()
                && (it.at >= now || now.duration_since(it.at) < max_age)
        })
    }

    fn problem(
        &self,
        found: Option<&ClusterId>,
        recorded: Option<&RecordedCluster>,
    ) -> Option<ClusterProblem> {
        let clusters = &self.shared.clusters;
        match (found, recorded) {
            (Some(found), Some(recorded)) if *found == recorded.id => clusters
                .hold(&self.plane, self.is_claim, recorded)
                .map(ClusterProblem::SameAs),
            (_, None) => {
                clusters.release(&self.plane);
                None
            }
            (found, Some(_)) => {
                clusters.release(&self.plane);
                Some(found.map_or(ClusterProblem::Unknown, |_| ClusterProblem::Another))
            }
        }
    }
}

/// Asks the control plane who it is. `None` if it does not say, or Portico may not ask.
async fn ask(client: &ApiClient) -> Result<Option<ClusterId>, PlaneError> {
    let paths: &[&str] = match client.workspace() {
        Some(_) => &[LOGICAL_CLUSTER],
        None => &[KUBE_SYSTEM, LOGICAL_CLUSTER],
    };
    for path in paths {
        let call = Call::get((*path).to_owned()).accept(METADATA).unchecked();
        match client.request_json(call).await {
            Ok((_, object)) => {
                let uid = object.pointer("/metadata/uid").and_then(Value::as_str);
                return Ok(uid.and_then(|uid| uid.parse().ok()));
            }
            Err(PlaneError::NotFound { .. }) => {}
            Err(PlaneError::Forbidden { .. }) => return Ok(None),
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

/// What is wrong, for administrators.
fn explain(status: &ClusterStatus) -> Option<String> {
    let recorded = status
        .recorded
        .as_ref()
        .map(|known| format!("{} since {}", known.id, known.since.strftime("%Y-%m-%d")))
        .unwrap_or_default();
    let found = status.found.as_ref().map(ClusterId::as_str).unwrap_or_default();
    Some(match status.problem.as_ref()? {
        ClusterProblem::Another => format!(
            "another cluster answers: the uid of its namespace kube-system is {found}, and was {recorded}. Mend its \
             address; if the cluster was built anew, accept it on this page"
        ),
        ClusterProblem::Unknown => format!(
            "it does not say any more which cluster it is, so it may be another one: Portico may not get the namespace \
             kube-system there, whose uid was {recorded}. Grant that right"
        ),
        ClusterProblem::SameAs(other) => format!(
            "it is the same cluster as the control plane {other}, and its claims would be shown and counted twice. \
             Remove one of the two"
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_is_one_control_plane() {
        let clusters = Clusters::default();
        let name = |name: &str| PlaneName::new(name).unwrap();
        let cluster = |id: &str, second| RecordedCluster {
            id: id.parse().unwrap(),
            since: Timestamp::from_second(second).unwrap(),
        };
        let (one, two, guest) = (name("one"), name("two"), name("guest"));
        assert_eq!(clusters.hold(&two, false, &cluster("a", 5)), None);
        // Asked again, it is still its own.
        assert_eq!(clusters.hold(&two, false, &cluster("a", 5)), None);
        assert_eq!(clusters.hold(&one, false, &cluster("b", 1)), None);
        assert_eq!(
            clusters.hold(&one, false, &cluster("a", 9)),
            Some(two.clone()),
            "the first keeps it"
        );
        // A tenant's control plane takes no other's place, however old it claims to be.
        assert_eq!(clusters.hold(&guest, true, &cluster("a", 0)), Some(one.clone()));
        assert_eq!(clusters.hold(&two, false, &cluster("a", 5)), None);
        clusters.release(&two);
        assert_eq!(clusters.hold(&one, false, &cluster("a", 9)), None);
        clusters.retain(|plane| *plane == guest);
        assert_eq!(clusters.hold(&guest, true, &cluster("a", 0)), None);
    }
}
