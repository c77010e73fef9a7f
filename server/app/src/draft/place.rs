//! Places a draft: gathers what [`portico_domain::placement`] decides by.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use portico_api::words::not_in_namespaces;
use portico_domain::claim::ClaimRef;
use portico_domain::documents::{Configuration, ControlPlane, Environment, Tenant};
use portico_domain::names::{OfferingName, PlaneName};
use portico_domain::placement::{
    Placement, PlacementPreferences, PlacementRequest, PlaneFacts, may_use, place,
};
use portico_domain::publication::{PlaneUse, Service};
use portico_planes::{ClaimFilter, Offered, Served};

use crate::offering::unreachable;
use crate::{Portal, Result};

/// What an offering without a document prefers.
static NO_LABELS: BTreeMap<String, String> = BTreeMap::new();

impl Portal {
    /// Chooses a control plane for an offering. `shown` is the one that an earlier preview chose.
    pub(super) async fn place(
        &self,
        configuration: &Configuration,
        offered: &Offered,
        tenant: &Tenant,
        environment: &Environment,
        preferences: &PlacementPreferences,
        shown: Option<&PlaneName>,
    ) -> Result<Placement> {
        let rules = configuration
            .offerings
            .get(&offered.name)
            .map(|declared| &declared.spec.placement);
        let rules_above: Vec<_> = configuration
            .lineage(tenant)
            .skip(1)
            .map(|above| &above.spec.placement)
            .collect();
        let documents = [rules, Some(&tenant.spec.placement), Some(&environment.placement)];
        let spreads = documents
            .into_iter()
            .flatten()
            .chain(rules_above.iter().copied())
            .any(|rules| rules.spread.is_some());
        let held = if spreads {
            self.held(tenant, environment, &offered.name).await?
        } else {
            BTreeMap::new()
        };
        let cordons = self.store().cordons().await?;
        let statuses = self.planes().summaries();
        let facts: Vec<PlaneFacts<'_>> = configuration
            .control_planes
            .values()
            .map(|document| {
                let status = statuses.iter().find(|status| status.name == document.name);
                let served = offered.served.get(&document.name);
                let service = open_service(configuration, tenant, document, &offered.name);
                let namespace = match &service {
                    Some(service) => service.namespace(configuration, tenant, environment),
                    None => environment.namespace.clone(),
                };
                PlaneFacts {
                    document,
                    service,
                    unreachable: unreachable(status).or_else(|| {
                        self.planes()
                            .missing_right(&document.name, &offered.name, &namespace)
                    }),
                    cordon: cordons.iter().find(|cordon| cordon.plane == document.name),
                    serves: served.is_some(),
                    problem: served.and_then(|served| {
                        let cluster_scoped = service.is_some() && !served.resource.namespaced;
                        served
                            .problem
                            .clone()
                            .or_else(|| cluster_scoped.then(not_in_namespaces))
                    }),
                    claims: status.map_or(0, |status| status.claims),
                    held: held.get(&document.name).map_or(0, BTreeSet::len),
                }
            })
            .collect();
        let declared = configuration.offerings.get(&offered.name);
        let needs = PlacementRequest {
            tenant,
            rules_above: &rules_above,
            environment,
            offering_title: &offered.title,
            offering_labels: &offered.control_plane_labels,
            offering_preferred: declared.map_or(&NO_LABELS, |it| &it.spec.preferred_control_plane_labels),
            offering_rules: rules,
            shown,
            now: self.now(),
            preferences,
        };
        Ok(place(&needs, &facts))
    }

    /// Returns the claims of an offering that the environment has on each control plane, requested ones included.
    async fn held(
        &self,
        tenant: &Tenant,
        environment: &Environment,
        offering: &OfferingName,
    ) -> Result<BTreeMap<PlaneName, BTreeSet<ClaimRef>>> {
        let filter = ClaimFilter {
            environment: Some(environment.name.clone()),
            offering: Some(offering.clone()),
            ..ClaimFilter::of_tenant(tenant.name.clone())
        };
        let claims = self
            .planes()
            .claims(&self.rules().of_tenant(&tenant.name), &filter);
        let requested = self
            .store()
            .open_create_and_change_requests(
                &self.rules().of_all_tenants(),
                &BTreeSet::from([tenant.name.clone()]),
            )
            .await?
            .into_iter()
            .filter(|request| request.environment == environment.name && request.claim.offering == *offering)
            .map(|request| request.claim);
        let mut held = BTreeMap::<_, BTreeSet<_>>::new();
        for claim in claims
            .iter()
            .map(|claim| claim.reference.clone())
            .chain(requested)
        {
            held.entry(claim.plane.clone()).or_default().insert(claim);
        }
        Ok(held)
    }

    /// Returns whose schema the form is made from: the chosen control plane's; if none is chosen, that of any that the
    /// tenant may use, so that no input is lost.
    pub(super) fn form_source(
        configuration: &Configuration,
        offered: &Offered,
        tenant: &Tenant,
        placement: &Placement,
    ) -> Option<(PlaneName, Arc<Served>)> {
        let usable = configuration
            .control_planes
            .values()
            .filter(|plane| {
                may_use(tenant, plane) || open_service(configuration, tenant, plane, &offered.name).is_some()
            })
            .map(|plane: &ControlPlane| &plane.name);
        placement.chosen.iter().chain(usable).find_map(|plane| {
            offered
                .served
                .get(plane)
                .filter(|served| served.problem.is_none())
                .map(|served| (plane.clone(), served.clone()))
        })
    }
}

/// Returns the service of another tenant by which the tenant may use the control plane, if it takes requests.
pub(crate) fn open_service<'c>(
    configuration: &'c Configuration,
    tenant: &Tenant,
    plane: &ControlPlane,
    offering: &OfferingName,
) -> Option<Service<'c>> {
    match configuration.plane_use(tenant, plane, offering)? {
        PlaneUse::Consumer(service) => service.check_open(&tenant.name).is_ok().then_some(service),
        PlaneUse::Direct => None,
    }
}
