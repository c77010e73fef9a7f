//! The pages about publications: for platform admins who decide, and for members of the publisher.

use portico_api::words::{approvers_of, closed_in_words, permission_consequences, permission_title};
use portico_api::{
    ConsumerClaim, ConsumerClaims, Link, PermissionDecisionView, PermissionView, PublicationPage,
    PublicationRow, PublicationsPage,
};
use portico_domain::authz;
use portico_domain::documents::{Configuration, Consumers, Permission, Publication, Tenant};
use portico_domain::names::{PublicationName, TenantName};
use portico_domain::publication::{Ask, PermissionState, Service};
use portico_domain::tenancy::Viewer;
use portico_planes::{Catalog, ClaimFilter};

use super::names::choice;
use super::{Portal, PortalError, Result, rows};

/// Claims of a consumer that are listed.
const MAX_CLAIMS: usize = 100;
/// Decisions that are listed for a permission.
const MAX_DECISIONS: usize = 10;

impl Portal {
    /// Returns the publications that the viewer may see, those that wait for a decision first.
    ///
    /// # Errors
    /// [`PortalError::NotFound`] for everybody but platform admins and members of publishers; when the database fails.
    pub async fn publications(&self, viewer: &Viewer) -> Result<PublicationsPage> {
        let configuration = self.configuration_now().await?;
        let catalog = self.planes().catalog();
        let visible = configuration
            .publications
            .values()
            .filter(|publication| authz::may_read_publication(viewer, publication).is_ok());
        let mut rows: Vec<PublicationRow> = visible
            .map(|publication| self.publication_row(&configuration, &catalog, publication))
            .collect();
        if rows.is_empty() && !viewer.is_platform_admin() {
            return Err(PortalError::NotFound);
        }
        rows.sort_by_key(|row| (row.waiting == 0, row.publisher_title.clone(), row.name.clone()));
        Ok(PublicationsPage { rows })
    }

    /// Returns a publication with what it asks for and its consumers' claims.
    ///
    /// # Errors
    /// [`PortalError::NotFound`] for everybody but platform admins and members of the publisher, and when there is none of
    /// that name; when the database fails.
    pub async fn publication(&self, viewer: &Viewer, name: &PublicationName) -> Result<PublicationPage> {
        let configuration = self.configuration_now().await?;
        let catalog = self.planes().catalog();
        let publication = configuration
            .publications
            .get(name)
            .filter(|publication| authz::may_read_publication(viewer, publication).is_ok())
            .ok_or(PortalError::NotFound)?;
        let service = configuration.service(name);
        let permissions = Permission::ALL
            .into_iter()
            .filter_map(|permission| {
                permission_view(&configuration, publication, service.as_ref(), permission)
            })
            .collect();
        let consumers = service
            .as_ref()
            .map(|service| {
                let tenants = configuration.tenants.values();
                tenants
                    .filter(|tenant| service.is_consumer(&tenant.name))
                    .map(|tenant| self.consumer(&configuration, service, tenant))
                    .collect()
            })
            .unwrap_or_default();
        let problem = service
            .is_none()
            .then(portico_api::words::publication_not_in_force);
        Ok(PublicationPage {
            row: self.publication_row(&configuration, &catalog, publication),
            problem,
            approvers: publication.spec.approvers.as_ref().map(|approvers| {
                let publisher = configuration.tenants.get(&publication.spec.publisher);
                approvers_of(
                    approvers,
                    publisher.map_or("its publisher", |publisher| publisher.title()),
                )
            }),
            permissions,
            consumers,
            may_decide: viewer.is_platform_admin(),
        })
    }

    fn publication_row(
        &self,
        configuration: &Configuration,
        catalog: &Catalog,
        publication: &Publication,
    ) -> PublicationRow {
        let spec = &publication.spec;
        let service = configuration.service(&publication.name);
        let states: Vec<PermissionState> = spec
            .permissions
            .iter()
            .map(|claim| state(service.as_ref(), claim.permission))
            .collect();
        let count = |wanted: &[PermissionState]| states.iter().filter(|state| wanted.contains(state)).count();
        let open_to = service.as_ref().map_or(0, |service| {
            let tenants = configuration.tenants.keys();
            tenants
                .filter(|tenant| service.check_open(tenant).is_ok())
                .count()
        });
        PublicationRow {
            name: publication.name.clone(),
            href: Link::Publication(publication.name.clone()),
            publisher: spec.publisher.clone(),
            publisher_title: title(configuration, &spec.publisher),
            offering: spec.offering.clone(),
            offering_title: rows::display(catalog, &spec.offering).title,
            plane: configuration.control_planes.get(&spec.control_plane).map(choice),
            consumers: consumers_in_words(configuration, &spec.consumers),
            asked: states.len(),
            accepted: count(&[PermissionState::Accepted, PermissionState::AsksForMore]),
            waiting: count(&[PermissionState::Waiting, PermissionState::AsksForMore]),
            open_to,
            claims: service.as_ref().map_or(0, |service| {
                let consumers = configuration.tenants.keys();
                consumers
                    .filter(|tenant| service.is_consumer(tenant))
                    .map(|tenant| self.claims_of(service, tenant).len())
                    .sum()
            }),
        }
    }

    /// Returns the claims of a consumer. They belong to the consumer: the publisher is shown what is in this page's model.
    fn claims_of(
        &self,
        service: &Service<'_>,
        tenant: &TenantName,
    ) -> Vec<std::sync::Arc<portico_domain::claim::Claim>> {
        let scope = self.rules().of_tenant(tenant);
        let filter = ClaimFilter {
            plane: Some(service.plane.name.clone()),
            offering: Some(service.publication.spec.offering.clone()),
            ..ClaimFilter::of_tenant(tenant.clone())
        };
        self.planes().claims(&scope, &filter)
    }

    fn consumer(
        &self,
        configuration: &Configuration,
        service: &Service<'_>,
        tenant: &Tenant,
    ) -> ConsumerClaims {
        let mut claims = self.claims_of(service, &tenant.name);
        claims.retain(|claim| configuration.service_of(&claim.reference).is_some());
        let disclosed = service.disclosed(&tenant.name);
        let total = claims.len();
        claims.sort_by(|one, other| one.reference.cmp(&other.reference));
        ConsumerClaims {
            tenant: tenant.name.clone(),
            title: tenant.title().to_owned(),
            closed: service.check_open(&tenant.name).err().map(closed_in_words),
            claims: claims
                .iter()
                .take(MAX_CLAIMS)
                .map(|claim| ConsumerClaim {
                    name: claim.reference.name.clone(),
                    namespace: claim.reference.namespace.clone().unwrap_or_default(),
                    environment: claim.environment.clone(),
                    plan: claim.plan.clone(),
                    health: claim.status.health,
                    requester: claim
                        .requester
                        .as_ref()
                        .filter(|_| disclosed.requester)
                        .map(|(_, name)| name.clone()),
                    created_at: claim.created_at,
                })
                .collect(),
            total,
        }
    }

    /// Returns the publications that wait for a decision of a platform admin.
    pub(super) fn waiting_publications(
        &self,
        configuration: &Configuration,
        catalog: &Catalog,
    ) -> Vec<PublicationRow> {
        let waiting = configuration.services().filter(Service::waits);
        waiting
            .map(|service| self.publication_row(configuration, catalog, service.publication))
            .collect()
    }
}

fn state(service: Option<&Service<'_>>, permission: Permission) -> PermissionState {
    service.map_or(PermissionState::Waiting, |service| service.state(permission))
}

fn permission_view(
    configuration: &Configuration,
    publication: &Publication,
    service: Option<&Service<'_>>,
    permission: Permission,
) -> Option<PermissionView> {
    let claim = publication.claim(permission)?;
    let (when_accepted, otherwise) = permission_consequences(permission);
    let decisions = service
        .into_iter()
        .flat_map(|service| service.decisions(permission));
    Some(PermissionView {
        permission,
        title: permission_title(permission).to_owned(),
        reason: claim.reason.clone(),
        optional: claim.optional,
        state: state(service, permission),
        when_accepted: when_accepted.to_owned(),
        otherwise: otherwise.to_owned(),
        asked: Ask::of(publication, permission).digest(),
        decisions: decisions
            .take(MAX_DECISIONS)
            .map(|decision| PermissionDecisionView {
                accepted: decision.accepted,
                by: decision.by.name.clone(),
                at: decision.at,
                consumers: consumers_in_words(configuration, &decision.ask.consumers),
            })
            .collect(),
    })
}

fn title(configuration: &Configuration, tenant: &TenantName) -> String {
    let known = configuration.tenants.get(tenant);
    known.map_or_else(|| tenant.to_string(), |tenant| tenant.title().to_owned())
}

fn consumers_in_words(configuration: &Configuration, consumers: &Consumers) -> Option<Vec<String>> {
    match consumers {
        Consumers::All {} => None,
        Consumers::Tenants(tenants) => Some(
            tenants
                .iter()
                .map(|tenant| title(configuration, tenant))
                .collect(),
        ),
    }
}
