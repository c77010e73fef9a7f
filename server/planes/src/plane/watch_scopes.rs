//! Where the claims of a kind may be watched: everywhere, or in single namespaces.

use std::collections::BTreeSet;
use std::time::Duration;

use portico_domain::documents::ResourceRef;
use tokio::sync::{Semaphore, watch};

use super::context::PlaneContext;
use crate::error::PlaneError;
use crate::ops::is_allowed;

/// How often to ask again for missing rights.
const RIGHT_RETRY_INTERVAL: Duration = Duration::from_mins(1);
/// How often to ask again when none is missing.
const RECHECK_INTERVAL: Duration = Duration::from_hours(1);

/// The scopes in which a kind may be watched: namespaces, or everywhere (`None`).
pub(super) struct Scopes {
    pub(super) open: BTreeSet<Option<String>>,
    /// Those that lack a right, which may be granted later.
    pub(super) refused: BTreeSet<Option<String>>,
    pub(super) ask_again_after: Duration,
}

/// Asks the control plane by access reviews. `per_kind` asks for each kind instead of all kinds at once, after a refusal.
pub(super) async fn watch_scopes(
    context: &PlaneContext,
    reviews: &Semaphore,
    resource: &ResourceRef,
    per_kind: bool,
) -> Scopes {
    let whole = Scopes {
        open: BTreeSet::from([None]),
        refused: BTreeSet::new(),
        ask_again_after: RECHECK_INTERVAL,
    };
    if !per_kind && may_watch_all(context, reviews).await {
        return whole;
    }
    match may_watch(context, reviews, resource, None).await {
        Ok(true) => return whole,
        Ok(false) if !resource.namespaced => {
            context.plane.rights.request_review();
            return Scopes {
                open: BTreeSet::new(),
                refused: BTreeSet::from([None]),
                ask_again_after: RIGHT_RETRY_INTERVAL,
            };
        }
        Ok(false) => {}
        // If the review fails, try.
        Err(_) => {
            return Scopes {
                ask_again_after: RIGHT_RETRY_INTERVAL,
                ..whole
            };
        }
    }
    let desired = context.shared.desired.load_full();
    let mut scopes = Scopes {
        open: BTreeSet::new(),
        ..whole
    };
    for namespace in desired.ownership.namespaces(&context.plane.name) {
        let scope = Some(namespace.to_owned());
        match may_watch(context, reviews, resource, Some(namespace)).await {
            Ok(true) => {
                scopes.open.insert(scope);
                continue;
            }
            Ok(false) => {
                context.plane.rights.request_review();
                scopes.refused.insert(scope);
            }
            Err(_) => {}
        }
        scopes.ask_again_after = RIGHT_RETRY_INTERVAL;
    }
    scopes
}

/// Waits until a review of the rights finds that one of these scopes may be watched after all.
pub(super) async fn until_readable(
    context: &PlaneContext,
    resource: &ResourceRef,
    refused: &BTreeSet<Option<String>>,
    reviewed: &mut watch::Receiver<()>,
) {
    let rights = &context.plane.rights;
    loop {
        let is_open = reviewed.changed().await.is_ok();
        if !is_open || refused.is_empty() {
            return std::future::pending().await;
        }
        if refused
            .iter()
            .any(|scope| rights.may_watch(resource, scope.as_deref()))
        {
            return;
        }
    }
}

/// Whether Portico may watch everything; asked once for each connection.
pub(super) async fn may_watch_all(context: &PlaneContext, reviews: &Semaphore) -> bool {
    let ask = || async { may_watch(context, reviews, &all_resources(), None).await == Ok(true) };
    *context.may_watch_all.get_or_init(ask).await
}

/// All resources of all groups. With this right, single kinds need no review.
fn all_resources() -> ResourceRef {
    let all = || "*".to_owned();
    ResourceRef {
        group: all(),
        version: all(),
        kind: all(),
        plural: all(),
        namespaced: true,
    }
}

async fn may_watch(
    context: &PlaneContext,
    reviews: &Semaphore,
    resource: &ResourceRef,
    namespace: Option<&str>,
) -> Result<bool, PlaneError> {
    // Acquiring fails only if the semaphore is closed, which never happens.
    let _permit = reviews.acquire().await.ok();
    Ok(
        is_allowed(&context.client, None, "list", resource, namespace).await?
            && is_allowed(&context.client, None, "watch", resource, namespace).await?,
    )
}
