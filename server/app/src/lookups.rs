//! State that the requests of a page are checked by, read with a fixed number of statements for any number of requests.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kube_schema::{Definition, ParseError};
use portico_domain::claim::ClaimRef;
use portico_domain::claimed_tenant;
use portico_domain::documents::{Configuration, ControlPlane, Tenant};
use portico_domain::names::{PlaneName, TenantName};
use portico_domain::placement::Cordon;
use portico_domain::request::{Action, Request, State};
use portico_domain::tenancy::{KnownPerson, Person, Via, Viewer};
use portico_planes::HeldDefinition;

use super::quota_lines::{UsageWithin, bounding};
use super::{Portal, Result};

/// The state that requests are checked by.
#[derive(Debug, Default)]
pub(super) struct Lookups {
    people: BTreeMap<String, KnownPerson>,
    cordons: Vec<Cordon>,
    /// The claims whose deletion is under way.
    deletions: BTreeSet<ClaimRef>,
    usage: UsageWithin,
    /// The definitions that the requests are compared with or checked by.
    definitions: Vec<(Arc<HeldDefinition>, Arc<Definition>)>,
}

impl Lookups {
    /// Returns the person with their current roles; `None` if they never signed in, or if their provider is no longer
    /// configured.
    #[expect(clippy::disallowed_methods, reason = "checks what the requester may do now")]
    pub(super) fn as_last_known(
        &self,
        configuration: &Configuration,
        person: &Person,
    ) -> Option<(&KnownPerson, Viewer)> {
        let known = self.people.get(&person.subject)?;
        Some((known, known.viewer(configuration, Via::System)?))
    }

    /// Returns the cordon of the control plane.
    pub(super) fn cordon(&self, plane: &PlaneName) -> Option<&Cordon> {
        self.cordons.iter().find(|cordon| cordon.plane == *plane)
    }

    /// True if the control plane is a claim whose deletion was requested, also if the configuration does not say so yet.
    pub(super) fn is_leaving(&self, plane: &ControlPlane) -> bool {
        plane
            .claim()
            .is_some_and(|claim| self.deletions.contains(&claim.claim))
    }

    /// Returns the usage of the tenants whose quotas the requests consume, each with that of everything below it.
    pub(super) fn usage(&self) -> &UsageWithin {
        &self.usage
    }

    /// Returns the parsed definition. It was parsed with the rest, unless it changed a moment ago.
    ///
    /// # Errors
    /// If it cannot be parsed again, which does not happen.
    pub(super) fn definition(&self, held: &Arc<HeldDefinition>) -> Result<Arc<Definition>, ParseError> {
        let known = self
            .definitions
            .iter()
            .find(|(known, _)| Arc::ptr_eq(known, held));
        known.map_or_else(|| held.parse(), |(_, definition)| Ok(Arc::clone(definition)))
    }
}

impl Portal {
    /// Reads the state that the requests are checked by.
    ///
    /// # Errors
    /// When the database fails.
    pub(super) async fn lookups(
        &self,
        configuration: &Configuration,
        requests: &[Request],
    ) -> Result<Lookups> {
        let open = || requests.iter().filter(|request| !request.state.is_end());
        let people = open().map(|request| request.requester.subject.clone()).collect();
        let creates = open().any(|request| request.action == Action::Create);
        let on_claims = open().any(|request| {
            let plane = configuration.control_planes.get(&request.claim.plane);
            request.action == Action::Create && plane.is_some_and(|plane| plane.claim().is_some())
        });
        let tenants: BTreeSet<&TenantName> = open()
            .filter(|request| takes_of_quota(configuration, request))
            .filter_map(|request| configuration.tenants.get(&request.tenant))
            .flat_map(|tenant| bounding(configuration, tenant))
            .chain(open().filter_map(|request| deleted_tenant(configuration, request)))
            .map(|tenant| &tenant.name)
            .collect();
        Ok(Lookups {
            people: self.store().known_people(&people).await?,
            cordons: if creates {
                self.store().cordons().await?
            } else {
                Vec::new()
            },
            deletions: if on_claims {
                self.deletions(&self.rules().of_all_tenants(), None).await?
            } else {
                BTreeSet::new()
            },
            usage: self.usage_within(configuration, tenants).await?,
            definitions: self.definitions_of(open()).await,
        })
    }

    /// Parses the definitions that an approver compares the requests with, or by which they are checked again because
    /// they changed since.
    async fn definitions_of(
        &self,
        requests: impl Iterator<Item = &Request>,
    ) -> Vec<(Arc<HeldDefinition>, Arc<Definition>)> {
        let catalog = self.planes().catalog();
        let mut parsed: Vec<(Arc<HeldDefinition>, Arc<Definition>)> = Vec::new();
        for request in requests {
            let Some(served) = catalog.served(&request.claim.offering, &request.claim.plane) else {
                continue;
            };
            let has_changed = request
                .schema_hash
                .as_ref()
                .is_some_and(|hash| *hash != served.schema_hash);
            let is_known = parsed
                .iter()
                .any(|(held, _)| Arc::ptr_eq(held, &served.definition));
            if is_known || (request.state != State::AwaitingApproval && !has_changed) {
                continue;
            }
            if let Ok(definition) = served.definition.parsed().await {
                parsed.push((Arc::clone(&served.definition), definition));
            }
        }
        parsed
    }
}

/// Returns the tenant that goes with the claim that the request deletes.
pub(super) fn deleted_tenant<'c>(configuration: &'c Configuration, request: &Request) -> Option<&'c Tenant> {
    let tenant = claimed_tenant::tenant_of(
        configuration,
        &request.claim.offering,
        request.claim.name.as_str(),
    )?;
    let is_its_own = tenant.spec.parent.as_ref() == Some(&request.tenant);
    (request.action == Action::Delete && is_its_own).then_some(tenant)
}

/// True if the request consumes a quota of its tenant, or of one above it.
pub(super) fn takes_of_quota(configuration: &Configuration, request: &Request) -> bool {
    let tenant = configuration.tenants.get(&request.tenant);
    matches!(request.action, Action::Create | Action::Change)
        && tenant.is_some_and(|tenant| bounding(configuration, tenant).next().is_some())
}

/// Numbers of a requester's requests by how they ended, by tenant and account.
pub(super) type Counts = BTreeMap<(TenantName, String), BTreeMap<State, u64>>;
