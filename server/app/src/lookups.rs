//! State that the requests of a page are checked by, read with a fixed number of statements for any number of requests.

use std::collections::{BTreeMap, BTreeSet};

use portico_domain::documents::Configuration;
use portico_domain::names::{PlaneName, TenantName};
use portico_domain::placement::Cordon;
use portico_domain::request::{Action, Request, State};
use portico_domain::tenancy::{KnownPerson, Person, Via, Viewer};

use super::usage::Usage;
use super::{Portal, Result};

/// The state that requests are checked by.
#[derive(Debug, Default)]
pub(super) struct Lookups {
    people: BTreeMap<String, KnownPerson>,
    cordons: Vec<Cordon>,
    usage: BTreeMap<TenantName, Usage>,
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

    /// Returns the tenant's quota usage; `None` if no request consumes a quota.
    pub(super) fn usage(&self, tenant: &TenantName) -> Option<&Usage> {
        self.usage.get(tenant)
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
        let tenants: BTreeSet<TenantName> = open()
            .filter(|request| takes_of_quota(configuration, request))
            .map(|request| request.tenant.clone())
            .collect();
        Ok(Lookups {
            people: self.store().known_people(&people).await?,
            cordons: if creates {
                self.store().cordons().await?
            } else {
                Vec::new()
            },
            usage: self.usage_of(&tenants).await?,
        })
    }
}

/// True if the request consumes a quota that its tenant has.
pub(super) fn takes_of_quota(configuration: &Configuration, request: &Request) -> bool {
    let tenant = configuration.tenants.get(&request.tenant);
    matches!(request.action, Action::Create | Action::Change)
        && tenant.is_some_and(|tenant| !tenant.spec.quota.0.is_empty())
}

/// Numbers of a requester's requests by how they ended, by tenant and account.
pub(super) type Counts = BTreeMap<(TenantName, String), BTreeMap<State, u64>>;
