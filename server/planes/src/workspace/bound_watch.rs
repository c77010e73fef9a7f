//! Watches a bound kind of a workspace: by its part of the export's watch, or on its own where there is none.

use std::sync::Arc;
use std::time::Duration;

use portico_domain::documents::ResourceRef;

use super::export_watch::{Availability, Membership};
use super::state::ExportWatch;
use crate::discovery::ExportOrigin;
use crate::error::PlaneError;
use crate::path::resource_path;
use crate::plane::PlaneContext;
use crate::shared::Change;
use crate::stream::{Collection, WatchHandler, list_once};

const MIN_BACKOFF: Duration = Duration::from_millis(250);
const MAX_BACKOFF: Duration = Duration::from_secs(30);

/// A bound kind of a workspace, and who hears of its objects.
pub(crate) struct BoundWatch<'w> {
    pub(crate) context: &'w PlaneContext,
    pub(crate) origin: &'w ExportOrigin,
    pub(crate) resource: &'w ResourceRef,
    pub(crate) handler: Arc<dyn WatchHandler>,
}

/// Keeps the handler up to date with the objects of a workspace for as long as the future is polled. Lists them when
/// `needs_list` says so after a configuration, and calls `listed` after each list. `alone` watches the workspace on its own:
/// it runs while the export cannot be watched for all.
pub(crate) async fn watch_bound<F: Future<Output = ()>>(
    watch: &BoundWatch<'_>,
    needs_list: impl Fn() -> bool,
    listed: impl Fn(),
    alone: impl Fn() -> F,
) {
    let context = watch.context;
    let Some(cluster) = context.plane.workspace.logical_cluster() else {
        return alone().await;
    };
    let exports = &context.shared.exports;
    let stream = exports.stream(&context.client, watch.origin, watch.resource);
    let mut availability = stream.availability();
    loop {
        let now = availability.borrow_and_update().clone();
        let by_export = async {
            match &now {
                Availability::Serving => {
                    note(context, watch.origin, ExportWatch::Shared);
                    let membership = stream.join(cluster.clone(), watch.handler.clone());
                    // It ends if the workspace may not be listed as a whole: then its own rights decide.
                    watch.follow(&membership, &needs_list, &listed).await;
                }
                Availability::Unavailable(why) => {
                    note(context, watch.origin, ExportWatch::Each(why.clone()));
                }
            }
            alone().await;
        };
        tokio::select! {
            () = by_export => return,
            changed = availability.changed() => if changed.is_err() { return },
        }
    }
}

fn note(context: &PlaneContext, origin: &ExportOrigin, watch: ExportWatch) {
    let plane = &context.plane;
    let is_new = plane
        .workspace
        .update_export(&origin.export, |status| status.watch = watch.clone());
    if is_new {
        if let ExportWatch::Each(why) = watch {
            plane.record_error(format!(
                "{} is watched in each workspace: {why}",
                origin.export.full_name()
            ));
        }
        context.shared.publish(Change::Plane(plane.name.clone()));
    }
}

impl BoundWatch<'_> {
    /// Lists the workspace, and again whenever that is needed; meanwhile the stream has its events. Returns if Portico may
    /// not list it.
    async fn follow(&self, membership: &Membership, needs_list: &impl Fn() -> bool, listed: &impl Fn()) {
        let context = self.context;
        let mut configured = context.shared.configured.subscribe();
        let mut reconnected = context.plane.reconnected.subscribe();
        let mut wait = MIN_BACKOFF;
        loop {
            membership.member.begin_list();
            let collection = Collection {
                path: resource_path(self.resource, None, None),
                ..Collection::default()
            };
            match list_once(&context.client, collection, &self.handler, &context.limiter).await {
                Ok(version) => {
                    membership.member.listed(&version);
                    self.handler.on_synced();
                    listed();
                    wait = MIN_BACKOFF;
                }
                Err(PlaneError::Forbidden { .. }) => return,
                Err(error) => {
                    self.handler.on_error(&error);
                    tokio::select! {
                        () = tokio::time::sleep(wait) => {}
                        _ = reconnected.changed() => {}
                    }
                    wait = (wait * 2).min(MAX_BACKOFF);
                    continue;
                }
            }
            loop {
                tokio::select! {
                    () = membership.member.relist.notified() => break,
                    // The control plane was unreachable, and what is known of it is marked as old.
                    changed = reconnected.changed() => {
                        if changed.is_err() {
                            return;
                        }
                        break;
                    }
                    changed = configured.changed() => {
                        if changed.is_err() {
                            return;
                        }
                        if needs_list() {
                            break;
                        }
                    }
                }
            }
        }
    }
}
