//! A claim's page: its status, and how to connect.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use kube_schema::yaml;
use portico_api::words::{ComingReason, GoneReason};
use portico_api::{
    Allowed, ClaimEvent, ClaimPage, ClaimRow, ClaimService, Link, OfferingLifecycle, TreeNode,
};
use portico_domain::authz::Visible;
use portico_domain::claim::{Claim, ClaimRef, ClaimStatus, ComposedResource, Health, version_of};
use portico_domain::documents::Configuration;
use portico_domain::lifetime::end_of_life;
use portico_domain::manifest::base_hash;
use portico_domain::request::{Action, Request, State};
use portico_domain::tenancy::Viewer;
use portico_store::{Page, RequestFilter};

use super::composition::Composition;
use super::names::claim_place;
use super::offering::projection;
use super::permissions::{may_adopt, may_change};
use super::progress::progress;
use super::properties::properties;
use super::usage::{cost, plan, price};
use super::{Denial, Portal, Result, Workspace, rows};

/// How long a watch may take to report what was applied.
const WATCH_DELAY: SignedDuration = SignedDuration::from_secs(10);

/// Requests in its history at most.
const MAX_REQUESTS: u32 = 20;

impl Portal {
    /// Returns a claim's page.
    ///
    /// # Errors
    /// [`PortalError::NotFound`] when there is no such claim for the viewer; when the database fails.
    pub async fn claim(&self, viewer: &Viewer, reference: &ClaimRef) -> Result<ClaimPage> {
        let configuration = self.configuration();
        let catalog = self.planes().catalog();
        let (claim, coming) = match self.visible_claim(viewer, reference) {
            Ok(claim) => (claim.into_inner(), false),
            Err(error) => match self.coming(viewer, reference).await? {
                Some(claim) => (claim, true),
                None => return Err(error),
            },
        };
        let offered = catalog.get(&reference.offering);
        let plan = plan(&catalog, &reference.offering, claim.plan.as_ref());
        let projection = projection(&catalog, reference);

        let behind = async {
            if coming {
                return Composition::default();
            }
            self.composition(viewer, &claim).await
        };
        let scope = viewer.scope();
        let of_claim = RequestFilter::of_claim(reference.clone());
        let latest = Page::first(MAX_REQUESTS);
        let history = self.store().requests(&scope, &of_claim, &latest);
        let (behind, connect, history) = tokio::join!(
            behind,
            self.connect(viewer, &claim, offered.map(Arc::as_ref)),
            history
        );
        let history = history?.items;
        let creation = self.creation(&claim, history.first()).await?;
        let usual = match creation {
            Some(_) => self.store().typical_time(&reference.offering).await?,
            None => None,
        };

        let (may_change, may_adopt) = if coming {
            let no = Allowed::no(Denial::NotThereYet);
            (no.clone(), no)
        } else {
            let may_change = may_change(viewer, &configuration, &claim);
            (may_change, may_adopt(viewer, &configuration, &claim))
        };
        let mut displayed = projection.displayed(&claim.object, claim.own_machinery.as_deref());
        // What is worth a row on the page is, whoever sets it.
        let properties = properties(offered.map(|offered| &offered.form), plan, &displayed);
        let mut set_by_controllers = Vec::new();
        if let Some(fields) = claim.controller_fields.as_deref() {
            set_by_controllers = fields.owners_in(&displayed);
            fields.remove_from(&mut displayed);
        }
        let tree = behind.tree.map(|tree| root(&claim, tree.children));
        let plane = claim_place(&configuration, reference);
        let price = price(plan, None);
        Ok(ClaimPage {
            row: rows::claim(&configuration, &catalog, &claim),
            lifecycle: offered.map_or_else(OfferingLifecycle::default, |offered| {
                self.lifecycle(viewer.audience(), workspace_of(&claim).as_ref(), offered)
            }),
            offering_href: rows::offering_href(&catalog, viewer.audience(), &reference.offering),
            progress: creation.map(|request| {
                progress(
                    request,
                    claim.created_at,
                    tree.as_ref(),
                    usual,
                    &plane,
                    self.now(),
                )
            }),
            conditions: claim.status.conditions.clone(),
            connect,
            tree,
            tree_problem: behind.problem.map(|problem| problem.to_string()),
            events: events(behind.events, claim.created_at),
            live_hash: base_hash(&claim, &projection),
            yaml: yaml::print(&displayed),
            full_yaml: yaml::print(&claim.object),
            set_by_controllers,
            pending: history
                .iter()
                .find(|request| !request.state.is_end())
                .map(|request| rows::request(&catalog, request)),
            history: history
                .iter()
                .map(|request| rows::request(&catalog, request))
                .collect(),
            request_id: self.new_request_id(),
            renews_until: offered
                .filter(|_| may_change.allowed)
                .and_then(|offered| end_of_life(self.now(), offered.lifetime_days)),
            cost: cost(price.as_ref()),
            price,
            properties,
            may_adopt,
            may_change,
            control_plane: self.claimed_plane(viewer, &claim),
            service: claim_service(&configuration, &claim),
            depends_on: self.depends_on(viewer, &claim),
            needed_by: self.needed_by(viewer, &claim),
        })
    }

    /// The request that creates the claim, while it does: the newest one, and the claim is pending and was never ready.
    /// A claim that worked and is pending again, after a restart for example, is not being created.
    async fn creation<'a>(&self, claim: &Claim, newest: Option<&'a Request>) -> Result<Option<&'a Request>> {
        let creates = newest.filter(|request| request.action == Action::Create);
        match creates.filter(|_| claim.status.health == Health::Pending) {
            Some(request) if !self.store().was_ready(request.id).await? => Ok(Some(request)),
            _ => Ok(None),
        }
    }

    /// Returns the page of a deleted claim: its last applied manifest and its history. `None` if the viewer can see no
    /// fulfilled request about it; then it looks like a claim that never existed.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn gone_claim(&self, viewer: &Viewer, reference: &ClaimRef) -> Result<Option<ClaimPage>> {
        let configuration = self.configuration();
        let catalog = self.planes().catalog();
        let of_claim = RequestFilter::of_claim(reference.clone());
        let history = self
            .store()
            .requests(&viewer.scope(), &of_claim, &Page::first(MAX_REQUESTS))
            .await?
            .items;
        let Some(last) = history.iter().find(|request| request.state == State::Fulfilled) else {
            return Ok(None);
        };
        let plane = claim_place(&configuration, reference);
        let is_usable = configuration
            .tenants
            .get(&last.tenant)
            .zip(configuration.control_planes.get(&reference.plane))
            .is_some_and(|(tenant, plane)| {
                configuration
                    .plane_use(tenant, plane, &reference.offering)
                    .is_some()
            });
        let why = if last.action == Action::Delete {
            GoneReason::Deleted {
                now: self.now(),
                at: last.updated_at,
                by: last.requester.name.clone(),
            }
        } else if !is_usable {
            GoneReason::PlaneNotUsable { plane: plane.clone() }
        } else if catalog.served(&reference.offering, &reference.plane).is_none() {
            GoneReason::NotServed { plane: plane.clone() }
        } else {
            GoneReason::DeletedElsewhere { plane: plane.clone() }
        };
        let yaml = yaml::print(&projection(&catalog, reference).displayed(&last.manifest, None));
        let looks = rows::display(&catalog, &reference.offering);
        Ok(Some(ClaimPage {
            row: ClaimRow {
                reference: reference.clone(),
                href: Link::Claim(reference.clone()),
                offering_title: looks.title,
                icon: looks.icon,
                category: looks.category,
                tenant: Some(last.tenant.clone()),
                environment: Some(last.environment.clone()),
                deprecation: None,
                plan: last.plan.clone(),
                version: None,
                plane_title: plane,
                health: Health::Gone,
                reason: why.to_string(),
                requester: Some(last.requester.name.clone()),
                managed_by: None,
                expires_at: None,
                created_at: last.created_at,
                observed_at: last.updated_at,
            },
            lifecycle: OfferingLifecycle::default(),
            offering_href: rows::offering_href(&catalog, viewer.audience(), &reference.offering),
            conditions: Vec::new(),
            connect: None,
            tree: None,
            tree_problem: None,
            events: Vec::new(),
            live_hash: String::new(),
            full_yaml: yaml.clone(),
            set_by_controllers: Vec::new(),
            yaml,
            pending: history
                .iter()
                .find(|request| !request.state.is_end())
                .map(|request| rows::request(&catalog, request)),
            history: history
                .iter()
                .map(|request| rows::request(&catalog, request))
                .collect(),
            request_id: self.new_request_id(),
            renews_until: None,
            cost: None,
            price: None,
            properties: Vec::new(),
            progress: None,
            may_change: Allowed::no(Denial::Gone),
            may_adopt: Allowed::no(Denial::Gone),
            control_plane: None,
            service: None,
            depends_on: Vec::new(),
            needed_by: Vec::new(),
        }))
    }

    /// Returns the claim as requested while no watch has reported it yet, so that a new claim has a page at once.
    /// `None` if no such request is in progress.
    pub(super) async fn coming(&self, viewer: &Viewer, reference: &ClaimRef) -> Result<Option<Arc<Claim>>> {
        let of_claim = RequestFilter::of_claim(reference.clone());
        let newest = self
            .store()
            .requests(&viewer.scope(), &of_claim, &Page::first(1))
            .await?;
        let Some(request) = newest
            .items
            .into_iter()
            .next()
            .filter(|request| request.action == Action::Create)
        else {
            return Ok(None);
        };
        let now = self.now();
        let lately = now.duration_since(request.updated_at) < WATCH_DELAY;
        let (health, reason) = match request.state {
            State::Approved | State::Applying => {
                let waits = request.waiting_for.as_ref().map(ToString::to_string);
                (
                    Health::Pending,
                    waits.unwrap_or_else(|| ComingReason::BeingApplied.to_string()),
                )
            }
            State::Fulfilled if lately && !self.is_deleted_again(&request) => {
                (Health::Pending, ComingReason::Applied.to_string())
            }
            State::Failed => {
                let why = request
                    .failure
                    .as_ref()
                    .map(ToString::to_string)
                    .unwrap_or_default();
                (Health::Gone, ComingReason::NotMade { why }.to_string())
            }
            _ => return Ok(None),
        };
        Ok(Some(Arc::new(Claim {
            reference: reference.clone(),
            resource: Arc::new(request.resource),
            uid: String::new(),
            tenant: Some(request.tenant),
            environment: Some(request.environment),
            plan: request.plan,
            version: version_of(&request.manifest),
            request: Some(request.id),
            expires_at: portico_domain::manifest::expires_at(&request.manifest),
            requester: Some((request.requester.subject, request.requester.name)),
            own_machinery: None,
            controller_fields: None,
            dependencies: None,
            manager: None,
            status: Arc::new(ClaimStatus {
                health,
                reason,
                conditions: Vec::new(),
                secret: None,
            }),
            created_at: request.created_at,
            observed_at: now,
            object: Arc::new(request.manifest),
        })))
    }

    /// Returns the claim if it exists for the viewer.
    pub(super) fn visible_claim(&self, viewer: &Viewer, reference: &ClaimRef) -> Result<Visible<Arc<Claim>>> {
        self.planes()
            .claim(&viewer.scope(), reference)
            .ok_or_else(|| self.claim_not_found(viewer, reference))
    }
}

fn claim_service(configuration: &Configuration, claim: &Claim) -> Option<ClaimService> {
    let service = configuration.service_of(&claim.reference)?;
    let why = claim
        .tenant
        .as_ref()
        .and_then(|tenant| service.check_open(tenant).err());
    Some(ClaimService {
        publisher: service.publisher.title().to_owned(),
        closed: why.map(|why| {
            let service = service.title();
            Denial::ServiceClosed { service, why }.to_string()
        }),
    })
}

/// Returns the workspace that the claim is in.
fn workspace_of(claim: &Claim) -> Option<Workspace> {
    Some(Workspace {
        tenant: claim.tenant.clone()?,
        environment: claim.environment.clone()?,
    })
}

fn events(events: Vec<portico_domain::claim::ClaimEvent>, created_at: Timestamp) -> Vec<ClaimEvent> {
    events
        .into_iter()
        .map(|event| ClaimEvent {
            at: event.at.unwrap_or(created_at),
            warning: event.warning,
            reason: event.reason,
            message: event.message,
            about: event.about,
            count: event.count,
        })
        .collect()
}

fn root(claim: &Claim, children: Vec<ComposedResource>) -> TreeNode {
    TreeNode {
        kind: claim.resource.kind.clone(),
        api_version: claim.resource.api_version(),
        namespace: claim.reference.namespace.clone(),
        name: claim.reference.name.to_string(),
        health: claim.status.health,
        reason: claim.status.reason.clone(),
        children: children.into_iter().map(node).collect(),
    }
}

fn node(composed: ComposedResource) -> TreeNode {
    TreeNode {
        kind: composed.kind,
        api_version: composed.api_version,
        namespace: composed.namespace,
        name: composed.name,
        health: composed.health.unwrap_or(Health::Unreachable),
        reason: composed.reason,
        children: composed.children.into_iter().map(node).collect(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::SubmitOutcome;
    use crate::testing::{TestApp, buckets, developer, sandbox};

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn only_a_claim_that_never_worked_is_being_created() {
        let app = TestApp::new().await;
        let viewer = developer(0);
        let submitted = app.submit(&viewer, &sandbox(), "files").await.unwrap();
        let SubmitOutcome::Created(submission) = submitted else {
            panic!("{submitted:?}");
        };
        let reference = ClaimRef {
            plane: "eu-shared".parse().unwrap(),
            offering: buckets(),
            namespace: Some("t0-sandbox".to_owned()),
            name: "files".parse().unwrap(),
        };
        let page = app.portal.claim(&viewer, &reference).await.unwrap();
        let steps = page.progress.expect("it is being created").steps;
        assert!(steps.iter().any(|step| step.title == "Ready"), "{steps:?}");

        let claim = app.portal.coming(&viewer, &reference).await.unwrap().unwrap();
        let history = app
            .portal
            .store()
            .requests(
                &viewer.scope(),
                &RequestFilter::of_claim(reference.clone()),
                &Page::first(1),
            )
            .await
            .unwrap();
        let request = &history.items[0];
        assert_eq!(request.id, submission.id);
        let ready = Claim {
            status: Arc::new(ClaimStatus {
                health: Health::Ready,
                ..ClaimStatus::clone(&claim.status)
            }),
            ..(*claim).clone()
        };
        let change = Request {
            action: Action::Change,
            ..request.clone()
        };
        let is_created = async |claim: &Claim, newest: Option<&Request>| {
            app.portal.creation(claim, newest).await.unwrap().is_some()
        };
        assert!(is_created(&claim, Some(request)).await);
        assert!(!is_created(&ready, Some(request)).await, "it works");
        assert!(!is_created(&claim, Some(&change)).await, "it is being changed");
        assert!(!is_created(&claim, None).await, "nobody requested it here");

        let took = Duration::from_secs(40);
        let store = app.portal.store();
        store
            .note_ready(request.id, &buckets(), took, app.portal.now())
            .await
            .unwrap();
        assert!(!is_created(&claim, Some(request)).await, "it worked before");
        let page = app.portal.claim(&viewer, &reference).await.unwrap();
        assert_eq!(page.progress, None);
    }
}
