//! Inputs for judging the requests of a page, read together: a fixed number of statements for any number of requests.

use std::collections::{BTreeMap, BTreeSet};

use portico_domain::documents::Configuration;
use portico_domain::names::{PlaneName, TenantName};
use portico_domain::placement::Cordon;
use portico_domain::request::{Action, Request, State};
use portico_domain::tenancy::{KnownPerson, Person, Via, Viewer};

use super::usage::Usage;
use super::{Portal, Result};

/// What these requests are judged by.
#[derive(Debug, Default)]
pub(super) struct Lookups {
    people: BTreeMap<String, KnownPerson>,
    cordons: Vec<Cordon>,
    usage: BTreeMap<TenantName, Usage>,
}

impl Lookups {
    /// What is known of the person, and what they may do as the configuration has it now; `None` for who never signed
    /// in, and for whose provider is no longer configured.
    #[expect(clippy::disallowed_methods, reason = "checks what the requester may do now")]
    pub(super) fn as_last_known(
        &self,
        configuration: &Configuration,
        person: &Person,
    ) -> Option<(&KnownPerson, Viewer)> {
        let known = self.people.get(&person.subject)?;
        Some((known, known.viewer(configuration, Via::System)?))
    }

    /// By whom, and why, the control plane is closed to new claims.
    pub(super) fn cordon(&self, plane: &PlaneName) -> Option<&Cordon> {
        self.cordons.iter().find(|cordon| cordon.plane == *plane)
    }

    /// What the tenant uses of its quota; `None` where no request takes of one.
    pub(super) fn usage(&self, tenant: &TenantName) -> Option<&Usage> {
        self.usage.get(tenant)
    }
}

impl Portal {
    /// Reads what the requests are judged by.
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

/// Whether the request takes of a quota that its tenant has.
pub(super) fn takes_of_quota(configuration: &Configuration, request: &Request) -> bool {
    let tenant = configuration.tenants.get(&request.tenant);
    matches!(request.action, Action::Create | Action::Change)
        && tenant.is_some_and(|tenant| !tenant.spec.quota.0.is_empty())
}

/// How often a requester's requests ended in each way: by tenant and account.
pub(super) type Counts = BTreeMap<(TenantName, String), BTreeMap<State, u64>>;
