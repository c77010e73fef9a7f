//! Watches a bound kind of a workspace: by its part of the export's watch, or on its own where there is none.

use std::sync::Arc;
use std::time::Duration;

use portico_domain::documents::ResourceRef;

use super::export_watch::{Availability, ExportStream};
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
    let mut service = stream.service(cluster.clone());
    let mut now = service.now();
    loop {
        note(context, watch.origin, &now);
        let is_served = is_served(&now);
        let watching = async {
            if is_served {
                // It ends if the workspace may not be listed as a whole: then its own rights decide.
                watch.follow(&stream, &cluster, &needs_list, &listed).await;
            }
            alone().await;
        };
        let changed = async {
            loop {
                service.changed().await;
                let next = service.now();
                if next == now {
                    continue;
                }
                note(context, watch.origin, &next);
                let differs = self::is_served(&next) != is_served;
                now = next;
                if differs {
                    return;
                }
            }
        };
        tokio::select! {
            () = watching => return,
            () = changed => {}
        }
    }
}

fn is_served(availability: &Availability) -> bool {
    matches!(availability, Availability::Serving(_))
}

fn note(context: &PlaneContext, origin: &ExportOrigin, availability: &Availability) {
    let watch = match availability {
        Availability::Serving(None) | Availability::Unplaced => ExportWatch::Shared,
        Availability::Serving(Some(why)) => ExportWatch::Interrupted(why.clone()),
        Availability::Unavailable(why) => ExportWatch::Each(why.clone()),
    };
    let plane = &context.plane;
    let is_new = plane
        .workspace
        .update_export(&origin.export, |status| status.watch = watch.clone());
    if is_new {
        let export = origin.export.full_name();
        match watch {
            ExportWatch::Shared => {}
            ExportWatch::Interrupted(why) => {
                plane.record_error(format!("the watch of {export} fails: {why}"));
            }
            ExportWatch::Each(why) => {
                plane.record_error(format!("{export} is watched in each workspace: {why}"));
            }
        }
        context.shared.publish(Change::Plane(plane.name.clone()));
    }
}

impl BoundWatch<'_> {
    /// Lists the workspace, and again whenever that is needed; meanwhile the stream has its events. Returns if Portico may
    /// not list it.
    pub(super) async fn follow(
        &self,
        stream: &Arc<ExportStream>,
        cluster: &Arc<str>,
        needs_list: &impl Fn() -> bool,
        listed: &impl Fn(),
    ) {
        let context = self.context;
        let membership = stream.join(cluster.clone(), self.handler.clone());
        let mut service = stream.service(cluster.clone());
        let mut configured = context.shared.configured.subscribe();
        let mut reconnected = context.plane.reconnected.subscribe();
        let mut wait = MIN_BACKOFF;
        loop {
            let endpoint = service.endpoint();
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
                    // Another endpoint has it now, and what that showed before was not its.
                    () = service.changed() => {
                        let _ = service.now();
                        let moved = |(before, now): (&Arc<str>, Arc<str>)| *before != now;
                        if endpoint.as_ref().zip(service.endpoint()).is_some_and(moved) {
                            break;
                        }
                    }
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
