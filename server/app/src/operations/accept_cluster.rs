//! Accepts that another cluster answers for a control plane.

use portico_domain::authz;
use portico_domain::cluster::ClusterId;
use portico_domain::names::PlaneName;
use portico_planes::ClusterProblem;
use serde_json::json;

use crate::permissions::Attempt;
use crate::{Caller, Conflict, Portal, PortalError, Result};

/// Puts the cluster that answers for a control plane on record in place of the one before.
#[derive(Debug)]
pub struct AcceptCluster<'a> {
    /// The control plane.
    pub plane: &'a PlaneName,
    /// The cluster that the caller saw on record; `None`: none, so that nothing can be accepted.
    pub was: Option<&'a ClusterId>,
    /// The cluster that the caller saw answering; `None`: it does not say who it is.
    pub now_is: Option<&'a ClusterId>,
}

impl Portal {
    /// Accepts another cluster as the control plane. Portico uses it within seconds, and shows its claims in place of
    /// those of the cluster before.
    ///
    /// # Errors
    /// [`PortalError::NotFound`] for everybody but platform admins, and when there is none of that name;
    /// [`PortalError::Conflict`] when none, or another one than the caller saw, waits to be accepted; when the database
    /// fails.
    pub async fn accept_cluster(&self, caller: Caller<'_>, command: AcceptCluster<'_>) -> Result<()> {
        let AcceptCluster { plane, was, now_is } = command;
        let configuration = self.configuration();
        let attempt = Attempt::Change(&configuration);
        let grant = authz::accept_cluster(caller.viewer, &configuration, plane).map_err(attempt.error())?;
        let changed = || PortalError::Conflict(Conflict::ClusterChanged);
        let status = self.planes().status(plane).ok_or(PortalError::NotFound)?.cluster;
        let waits = matches!(
            status.problem,
            Some(ClusterProblem::Another | ClusterProblem::Unknown)
        );
        let was = was.ok_or_else(changed)?;
        if !waits || status.found.as_ref() != now_is {
            return Err(changed());
        }
        let now = self.now();
        let event = grant
            .audit(now, caller.remote)
            .with_details(json!({ "was": was, "is": now_is }));
        let accepted = self
            .store()
            .accept_cluster(&grant, was, now_is, now, &[event])
            .await?;
        if accepted { Ok(()) } else { Err(changed()) }
    }
}
