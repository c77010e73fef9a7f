//! A stream of changes for one viewer, limited to what they may see.

use std::collections::BTreeMap;
use std::sync::Arc;

use portico_api::Link;
use portico_domain::audit_log::NewEvent;
use portico_domain::authz::{self, SystemAuthority};
use portico_domain::claim::ClaimRef;
use portico_domain::names::{PlaneName, RequestId, TenantName};
use portico_domain::placement::may_know;
use portico_domain::publication::is_consumer_namespace;
use portico_domain::request::Request;
use portico_domain::tenancy::Viewer;
use portico_planes::Change;
use portico_store::{EventFilter, Page};
use serde::Serialize;
use tokio::sync::{broadcast, watch};

use super::{Portal, Result};

/// Something on a screen may have changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "type")]
pub enum LiveEvent {
    /// The catalog.
    Catalog,
    /// A claim.
    Claim {
        /// Which.
        reference: ClaimRef,
        /// The path of its page.
        href: Link,
        /// True if it is gone.
        deleted: bool,
    },
    /// A request.
    Request {
        /// Which.
        id: RequestId,
        /// The path of its page.
        href: Link,
        /// The path of its claim's page, for viewers that have that open.
        #[serde(skip_serializing_if = "Option::is_none")]
        claim: Option<Link>,
    },
    /// A control plane, and with it all its claims.
    Plane {
        /// Which.
        name: PlaneName,
    },
    /// Some changes were missed: read everything again.
    Missed,
}

/// A stream of changes for one viewer.
pub struct Live {
    portal: Portal,
    viewer: Viewer,
    changes: broadcast::Receiver<Change>,
    recorded: broadcast::Receiver<AuditNotification>,
    behind: Option<ClaimSubscription>,
}

/// The claim whose page is open.
struct ClaimSubscription {
    claim: ClaimRef,
    /// Updates of its composed resources; `None` when too many claims are followed already.
    updates: Option<watch::Receiver<u64>>,
}

/// A new event of the audit log, by what it is about.
#[derive(Debug, Clone)]
pub(super) enum AuditNotification {
    Request {
        id: RequestId,
        tenant: Option<TenantName>,
        /// The request when the event was read, loaded once for all subscribers; `None` where it cannot be read.
        request: Option<Arc<Request>>,
    },
    Plane(PlaneName),
    /// More events than are read one by one.
    Missed,
}

/// Notifications buffered for a slow subscriber.
pub(super) const CHANNEL_CAPACITY: usize = 1024;

/// Events of the audit log read at a time.
const BATCH: u32 = 200;

impl Portal {
    /// Subscribes to changes that the viewer may see.
    #[must_use]
    pub fn live(&self, viewer: &Viewer) -> Live {
        Live {
            portal: self.clone(),
            viewer: viewer.clone(),
            changes: self.planes().subscribe(),
            recorded: self.shared.recorded.subscribe(),
            behind: None,
        }
    }

    /// Subscribes like [`Portal::live`], and to the composed resources of a claim whose page is open.
    ///
    /// # Errors
    /// [`PortalError::NotFound`](super::PortalError::NotFound) when there is no such claim for the viewer.
    pub fn live_on(&self, viewer: &Viewer, claim: &ClaimRef) -> Result<Live> {
        self.visible_claim(viewer, claim)?;
        let behind = ClaimSubscription {
            claim: claim.clone(),
            updates: self.subscribe(viewer, claim),
        };
        Ok(Live {
            behind: Some(behind),
            ..self.live(viewer)
        })
    }

    /// Subscribes like [`Portal::live_on`] for a claim that does not exist yet: its composed resources are followed
    /// once it does.
    ///
    /// # Errors
    /// [`PortalError::NotFound`](super::PortalError::NotFound) when none is on its way for the viewer; when the database
    /// fails.
    pub async fn live_on_coming(&self, viewer: &Viewer, claim: &ClaimRef) -> Result<Live> {
        let coming = self.coming(viewer, claim).await?;
        coming.ok_or_else(|| self.claim_not_found(viewer, claim))?;
        Ok(Live {
            behind: Some(ClaimSubscription {
                claim: claim.clone(),
                updates: None,
            }),
            ..self.live(viewer)
        })
    }

    /// Notifies subscribers of the events after `last`, written by this replica or another; answers the `last` of the next
    /// call. To be called a few times a second. `None` begins with what comes from now on.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn tail_audit_log(&self, authority: &SystemAuthority, last: Option<i64>) -> Result<i64> {
        let scope = authority.scope();
        let page = Page::first(if last.is_some() { BATCH } else { 1 });
        let new = EventFilter {
            after: last,
            ..EventFilter::default()
        };
        let events = self.store().events(&scope, &new, &page).await?.items;
        let newest = events.first().map_or(last.unwrap_or(0), |event| event.sequence);
        let Some(last) = last else {
            self.configuration_now().await?;
            self.learn_recorded_claims().await?;
            return Ok(newest);
        };
        // Places in the record have no gaps.
        if events.last().is_some_and(|oldest| oldest.sequence > last + 1) {
            self.configuration_now().await?;
            self.learn_recorded_claims().await?;
            let _ = self.shared.recorded.send(AuditNotification::Missed);
            return Ok(newest);
        }
        if events.iter().any(|event| made_recorded_claim(&event.event)) {
            self.learn_recorded_claims().await?;
        }
        if events
            .iter()
            .any(|event| event.event.verb.starts_with("permission."))
        {
            self.configuration_now().await?;
        }
        if self.shared.recorded.receiver_count() == 0 {
            return Ok(newest);
        }
        let ids = events.iter().filter_map(|event| event.event.request).collect();
        let requests = self.store().requests_by_id(&scope, &ids).await?;
        let requests: BTreeMap<_, _> = requests
            .into_iter()
            .map(|(id, request)| (id, Arc::new(request)))
            .collect();
        for event in events.into_iter().rev() {
            let event = event.event;
            let recorded = match event.request {
                Some(id) => Some(AuditNotification::Request {
                    id,
                    tenant: event.tenant,
                    request: requests.get(&id).cloned(),
                }),
                None if event.verb.starts_with("plane.") => {
                    event.subject.parse().ok().map(AuditNotification::Plane)
                }
                None => None,
            };
            if let Some(recorded) = recorded {
                // Nobody may be listening; then there is nobody to tell.
                let _ = self.shared.recorded.send(recorded);
            }
        }
        Ok(newest)
    }

    /// Reads the owners of cluster-scoped claims and of those of consumers from the audit log, which replicas share.
    async fn learn_recorded_claims(&self) -> Result<()> {
        let recorded = self.store().recorded_claims().await?;
        self.planes().add_recorded_claims(recorded);
        Ok(())
    }
}

fn made_recorded_claim(event: &NewEvent) -> bool {
    let claim = event.details.get("claim").and_then(serde_json::Value::as_str);
    let namespace = claim.and_then(|claim| claim.split('/').nth(2));
    let is_recorded = |namespace| namespace == "-" || is_consumer_namespace(namespace);
    event.verb == "request.fulfilled" && namespace.is_some_and(is_recorded)
}

impl Live {
    /// Continues for the viewer as they are now, whose roles may have changed. Returns true if they did.
    pub fn look_as(&mut self, viewer: &Viewer) -> bool {
        if self.viewer == *viewer {
            return false;
        }
        self.viewer = viewer.clone();
        self.behind = self.behind.take().and_then(|behind| {
            self.portal.visible_claim(viewer, &behind.claim).ok()?;
            let updates = self.portal.subscribe(viewer, &behind.claim);
            Some(ClaimSubscription { updates, ..behind })
        });
        true
    }

    /// Returns the next change; `None` when the portal ends.
    pub async fn next(&mut self) -> Option<LiveEvent> {
        loop {
            tokio::select! {
                change = self.changes.recv() => match change {
                    Ok(change) => {
                        self.look_behind(&change);
                        if let Some(event) = self.seen(change) {
                            return Some(event);
                        }
                    }
                    Err(broadcast::error::RecvError::Lagged(_)) => return Some(LiveEvent::Missed),
                    Err(broadcast::error::RecvError::Closed) => return None,
                },
                recorded = self.recorded.recv() => match recorded {
                    Ok(AuditNotification::Request { id, tenant, request }) => {
                        if let Some(event) = self.of_request(id, tenant.as_ref(), request.as_deref()) {
                            return Some(event);
                        }
                    }
                    Ok(AuditNotification::Plane(name)) => {
                        if let Some(event) = self.seen(Change::Plane(name)) {
                            return Some(event);
                        }
                    }
                    Ok(AuditNotification::Missed) | Err(broadcast::error::RecvError::Lagged(_)) => {
                        return Some(LiveEvent::Missed);
                    }
                    Err(broadcast::error::RecvError::Closed) => return None,
                },
                claim = next_update(self.behind.as_mut()) => {
                    // It may have become another tenant's meanwhile.
                    if self.portal.visible_claim(&self.viewer, &claim).is_ok() {
                        return Some(LiveEvent::Claim { href: Link::Claim(claim.clone()), reference: claim, deleted: false });
                    }
                }
            }
        }
    }

    /// Follows the composed resources of a claim that has just appeared.
    fn look_behind(&mut self, change: &Change) {
        if let (
            Some(behind),
            Change::Claim {
                reference,
                deleted: false,
                ..
            },
        ) = (&mut self.behind, change)
            && behind.updates.is_none()
            && behind.claim == *reference
        {
            behind.updates = self.portal.subscribe(&self.viewer, reference);
        }
    }

    /// Returns the change for a request of that tenant, if it concerns the viewer: a member of the tenant, or an
    /// approver.
    fn of_request(
        &self,
        id: RequestId,
        tenant: Option<&TenantName>,
        request: Option<&Request>,
    ) -> Option<LiveEvent> {
        let of_theirs = tenant.is_some_and(|tenant| self.viewer.scope().allows(tenant));
        if !of_theirs && !request.is_some_and(|request| authz::is_requested_approver(&self.viewer, request)) {
            return None;
        }
        let opened = self.behind.as_ref().map(|behind| &behind.claim);
        let about_opened = request.map(|request| &request.claim) == opened;
        Some(LiveEvent::Request {
            id,
            href: Link::Request(id),
            claim: opened.filter(|_| about_opened).cloned().map(Link::Claim),
        })
    }

    fn seen(&self, change: Change) -> Option<LiveEvent> {
        let scope = self.viewer.scope();
        match change {
            Change::Catalog { .. } => Some(LiveEvent::Catalog),
            Change::Claim {
                reference,
                tenant,
                deleted,
            } => {
                let seen = match &tenant {
                    Some(tenant) => scope.allows(tenant),
                    None => scope.allows_unowned(),
                };
                seen.then(|| LiveEvent::Claim {
                    href: Link::Claim(reference.clone()),
                    reference,
                    deleted,
                })
            }
            Change::Plane(name) => {
                let configuration = self.portal.configuration();
                let plane = configuration.control_planes.get(&name)?;
                may_know(&self.viewer, configuration.tenants.values(), plane)
                    .then_some(LiveEvent::Plane { name })
            }
        }
    }
}

/// Waits for a change of the claim's composed resources; for ever if none are followed.
async fn next_update(behind: Option<&mut ClaimSubscription>) -> ClaimRef {
    if let Some(behind) = behind
        && let Some(updates) = &mut behind.updates
        && updates.changed().await.is_ok()
    {
        return behind.claim.clone();
    }
    std::future::pending().await
}
