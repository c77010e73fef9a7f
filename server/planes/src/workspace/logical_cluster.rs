//! Which logical cluster a workspace is, or why it cannot be used.

use std::sync::Arc;
use std::time::Duration;

use portico_domain::text::sanitize;
use serde_json::Value;

use crate::client::{ApiClient, Call};
use crate::error::PlaneError;
use crate::path::escape_segment;
use crate::plane::PlaneContext;

/// The annotation with the logical cluster of an object.
pub(crate) const LOGICAL_CLUSTER: &str = "kcp.io/cluster";
/// The object that stands for a logical cluster in itself.
const PATH: &str = "/apis/core.kcp.io/v1alpha1/logicalclusters/cluster";
/// How often to look again for a workspace that is not ready, or that one may not see.
const NOT_READY_INTERVAL: Duration = Duration::from_secs(1);
const REFUSED_INTERVAL: Duration = Duration::from_secs(10);
/// Phases in which kcp lets one into a workspace and it is of use.
const READY: &str = "Ready";

/// Why a workspace cannot be used now.
enum Unusable {
    /// In words.
    Because(String),
    /// It is not ready yet, in words.
    NotYet(String),
    /// A failure that says nothing of the workspace.
    Failed(PlaneError),
}

/// Waits until the workspace answers, and keeps its logical cluster. Meanwhile its problem says why it does not.
pub(crate) async fn until_known(context: &PlaneContext, path: &str) {
    loop {
        let claim_uid = context
            .plane
            .offer
            .document
            .load()
            .claim()
            .map(|claim| claim.uid.clone());
        let pause = match look_up(&context.client, path, claim_uid.as_deref()).await {
            Ok(cluster) => {
                let had_problem = context.plane.workspace.problem().is_some();
                context.plane.workspace.set_logical_cluster(cluster);
                if had_problem {
                    context.plane.probe_now.notify_one();
                }
                return;
            }
            Err(Unusable::Because(why)) => {
                note(context, why);
                REFUSED_INTERVAL
            }
            Err(Unusable::NotYet(why)) => {
                note(context, why);
                NOT_READY_INTERVAL
            }
            Err(Unusable::Failed(error)) => {
                context.plane.record_error(error.admin_message());
                match error {
                    PlaneError::Misconfigured { .. } => REFUSED_INTERVAL,
                    _ => NOT_READY_INTERVAL,
                }
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = context.plane.workspace.look_now.notified() => {}
        }
    }
}

fn note(context: &PlaneContext, why: String) {
    if context.plane.workspace.set_problem(why.clone()) {
        context.plane.record_error(why);
        context.plane.probe_now.notify_one();
    }
}

/// The name of the logical cluster of the workspace at `path`. With `claim_uid`, it must belong to the `Workspace` with that
/// uid.
async fn look_up(client: &ApiClient, path: &str, claim_uid: Option<&str>) -> Result<Arc<str>, Unusable> {
    match client.request_json(Call::get(PATH.to_owned())).await {
        Ok((_, cluster)) => {
            let text = |at: &str| cluster.pointer(at).and_then(Value::as_str);
            let name = cluster
                .pointer("/metadata/annotations")
                .and_then(|annotations| annotations.get(LOGICAL_CLUSTER)?.as_str());
            let Some(name) = name else {
                return Err(Unusable::Because(format!(
                    "the LogicalCluster of {path} has no annotation {LOGICAL_CLUSTER}: is this kcp?"
                )));
            };
            check_phase(path, text("/status/phase").unwrap_or_default())?;
            let owner = text("/spec/owner/uid");
            if let (Some(claim), Some(owner)) = (claim_uid, owner)
                && claim != owner
            {
                return Err(Unusable::Because(format!(
                    "another workspace has taken the path {path}: it is not the one that was requested"
                )));
            }
            Ok(name.into())
        }
        Err(PlaneError::Forbidden { message, .. }) => by_parent(client, path, &message, claim_uid).await,
        Err(PlaneError::NotFound { .. }) => Err(Unusable::Because(format!(
            "{path} has no LogicalCluster: either this is no kcp, or it does not have this workspace"
        ))),
        Err(error) => Err(Unusable::Failed(error)),
    }
}

fn check_phase(path: &str, phase: &str) -> Result<(), Unusable> {
    if phase == READY {
        return Ok(());
    }
    let phase = if phase.is_empty() {
        "without a phase"
    } else {
        phase
    };
    Err(Unusable::NotYet(format!(
        "the workspace {path} is not ready: it is {}",
        sanitize(phase)
    )))
}

/// Asks the parent about a workspace that answers with 403. kcp does so for workspaces that are not there, too.
async fn by_parent(
    client: &ApiClient,
    path: &str,
    refusal: &str,
    claim_uid: Option<&str>,
) -> Result<Arc<str>, Unusable> {
    let Some((parent, name)) = path.rsplit_once(':') else {
        return Err(Unusable::Because(format!(
            "kcp does not let Portico into the workspace {path} ({refusal}): it needs the verb access on / there, and get on \
             logicalclusters.core.kcp.io"
        )));
    };
    let workspace = format!(
        "/apis/tenancy.kcp.io/v1alpha1/workspaces/{}",
        escape_segment(name)
    );
    let found = client
        .in_workspace(parent)
        .request_json(Call::get(workspace))
        .await;
    let workspace = match found {
        Ok((_, workspace)) => workspace,
        Err(PlaneError::NotFound { .. }) => {
            return Err(Unusable::Because(format!(
                "there is no workspace {name} in {parent}"
            )));
        }
        Err(PlaneError::Forbidden { .. }) => {
            return Err(Unusable::Because(format!(
                "the workspace {path} is not there, or Portico may not enter it: kcp answers 403 to both ({refusal}). Check the \
                 path, or give Portico the verb access on / there; with get on workspaces.tenancy.kcp.io in {parent}, \
                 Portico can say which it is"
            )));
        }
        Err(error) => return Err(Unusable::Failed(error)),
    };
    let text = |at: &str| workspace.pointer(at).and_then(Value::as_str).unwrap_or_default();
    check_phase(path, text("/status/phase"))?;
    if claim_uid.is_some_and(|uid| uid != text("/metadata/uid")) {
        return Err(Unusable::Because(format!(
            "another workspace has taken the path {path}: it is not the one that was requested"
        )));
    }
    // It may read what is in the workspace, only not its LogicalCluster.
    let bindings = format!("{}?limit=1", super::bindings::PATH);
    match client.request_json(Call::get(bindings)).await {
        Ok(_) if !text("/spec/cluster").is_empty() => Ok(text("/spec/cluster").into()),
        Ok(_) => Err(Unusable::NotYet(format!(
            "the workspace {path} has no logical cluster yet"
        ))),
        Err(PlaneError::Forbidden { .. }) => Err(Unusable::Because(format!(
            "kcp does not let Portico into the workspace {path} ({refusal}): it needs the verb access on / there, and get, \
             list and watch on apibindings.apis.kcp.io"
        ))),
        Err(error) => Err(Unusable::Failed(error)),
    }
}
