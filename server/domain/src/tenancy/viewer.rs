use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::known_person::KnownPerson;
use super::scope::Scope;
use crate::documents::{Audience, Configuration, GroupRef};
use crate::names::{PublicationName, TenantName};
use crate::person::Person;
use crate::publication::Disclosed;
use crate::role::Role;

/// How the viewer authenticated.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Via {
    /// By a session in a browser.
    Session,
    /// By an API token.
    Token,
    /// Portico itself: the worker, expiry, start-up.
    System,
}

/// A caller: a signed-in person or an API token, with tenants and roles.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Viewer {
    /// The person.
    person: Person,
    /// The name of the identity provider that they signed in with.
    provider: String,
    /// Their SSO groups.
    groups: BTreeSet<String>,
    /// Their roles by tenant. For them, a tenant that is missing here does not exist.
    roles: BTreeMap<TenantName, BTreeSet<Role>>,
    /// True if they see all tenants, control planes, the configuration and the whole audit log.
    platform_admin: bool,
    /// The publications that they decide for, with the consumers and what may be seen of their requests.
    #[serde(skip)]
    publications: BTreeMap<PublicationName, BTreeMap<TenantName, Disclosed>>,
    /// How they authenticated.
    via: Via,
}

impl Viewer {
    /// Derives tenants and roles from a person's groups. Groups belong to their provider: groups with the same name
    /// at another one do not count.
    fn of_person(known: &KnownPerson, configuration: &Configuration, via: Via) -> Option<Self> {
        let provider = &configuration.provider_of(&known.person)?.name;
        let is_in = |group: &GroupRef| group.has(provider, known.groups.iter());
        let roles = configuration.roles_of(|member| is_in(&member.group_ref()));
        let publications = configuration
            .services()
            .map(|service| (service.name().clone(), service.decides_for(configuration, is_in)))
            .filter(|(_, consumers)| !consumers.is_empty())
            .collect();
        Some(Self {
            person: known.person.clone(),
            provider: provider.clone(),
            groups: known.groups.clone(),
            roles,
            platform_admin: configuration.portal.spec.sign_in.admin_groups.iter().any(is_in),
            publications,
            via,
        })
    }

    /// Returns the person.
    #[must_use]
    pub fn person(&self) -> &Person {
        &self.person
    }

    /// Returns the name of the identity provider that they signed in with.
    #[must_use]
    pub fn provider(&self) -> &str {
        &self.provider
    }

    /// Returns their SSO groups.
    #[must_use]
    pub fn groups(&self) -> &BTreeSet<String> {
        &self.groups
    }

    /// Returns their roles by tenant.
    #[must_use]
    pub fn roles(&self) -> &BTreeMap<TenantName, BTreeSet<Role>> {
        &self.roles
    }

    /// True if they see all tenants, control planes, the configuration and the whole audit log.
    #[must_use]
    pub fn is_platform_admin(&self) -> bool {
        self.platform_admin
    }

    /// Returns what they may see of the consumer's requests as an approver of the publication; `None` if they are none, by
    /// the document and what platform admins have accepted.
    #[must_use]
    pub fn decides_for(&self, publication: &PublicationName, consumer: &TenantName) -> Option<Disclosed> {
        self.publications.get(publication)?.get(consumer).copied()
    }

    /// Returns the publications that they decide for.
    pub fn decided_publications(&self) -> impl Iterator<Item = &PublicationName> {
        self.publications.keys()
    }

    /// Returns whose catalog they see.
    #[must_use]
    pub fn audience(&self) -> Audience {
        if self.platform_admin {
            Audience::PlatformAdmins
        } else {
            Audience::Everybody
        }
    }

    /// Returns how they authenticated.
    #[must_use]
    pub fn via(&self) -> Via {
        self.via
    }

    /// True if they are in the group.
    #[must_use]
    pub fn is_in(&self, group: &GroupRef) -> bool {
        group.has(&self.provider, self.groups.iter())
    }

    /// True if they may act as `role` in `tenant`. A tenant admin may act as any role there. A platform admin sees
    /// everything, but neither requests nor decides in a tenant without being a member.
    #[must_use]
    pub fn may(&self, tenant: &TenantName, role: Role) -> bool {
        if role == Role::Viewer && self.platform_admin {
            return true;
        }
        self.roles.get(tenant).is_some_and(|roles| {
            role == Role::Viewer || roles.contains(&role) || roles.contains(&Role::TenantAdmin)
        })
    }

    /// Returns the role that permits them to act as `role` in `tenant`: for a tenant admin, the higher one. `None` if
    /// they may not.
    #[must_use]
    pub fn role_for(&self, tenant: &TenantName, role: Role) -> Option<Role> {
        let roles = self.roles.get(tenant)?;
        [role, Role::TenantAdmin]
            .into_iter()
            .find(|held| roles.contains(held))
    }

    /// True if the tenant exists for them.
    #[must_use]
    pub fn sees(&self, tenant: &TenantName) -> bool {
        self.platform_admin || self.roles.contains_key(tenant)
    }

    /// Returns what they may read. Reads of `store` and `planes` that serve a viewer take it.
    #[must_use]
    pub fn scope(&self) -> Scope {
        if self.platform_admin {
            Scope::all()
        } else {
            Scope::of_tenants(self.roles.keys().cloned().collect())
        }
    }
}

impl KnownPerson {
    /// Returns their viewer under the current configuration; `None` if it no longer has their provider.
    #[must_use]
    pub fn viewer(&self, configuration: &Configuration, via: Via) -> Option<Viewer> {
        Viewer::of_person(self, configuration, via)
    }
}

/// Viewers for tests.
#[cfg(any(test, feature = "testing"))]
impl Viewer {
    /// Creates a viewer with a session at the provider `sso`, without groups and roles.
    #[must_use]
    pub fn for_tests(person: Person) -> Self {
        Self {
            person,
            provider: "sso".to_owned(),
            groups: BTreeSet::new(),
            roles: BTreeMap::new(),
            platform_admin: false,
            publications: BTreeMap::new(),
            via: Via::Session,
        }
    }

    /// Replaces the person.
    #[must_use]
    pub fn with_person(self, person: Person) -> Self {
        Self { person, ..self }
    }

    /// Replaces the provider.
    #[must_use]
    pub fn with_provider(self, provider: &str) -> Self {
        let provider = provider.to_owned();
        Self { provider, ..self }
    }

    /// Replaces the groups.
    #[must_use]
    pub fn with_groups<'g>(self, groups: impl IntoIterator<Item = &'g str>) -> Self {
        let groups = groups.into_iter().map(str::to_owned).collect();
        Self { groups, ..self }
    }

    /// Adds a role.
    #[must_use]
    pub fn with_role(mut self, tenant: TenantName, role: Role) -> Self {
        self.roles.entry(tenant).or_default().insert(role);
        self
    }

    /// Sets whether they are a platform admin.
    #[must_use]
    pub fn with_platform_admin(self, platform_admin: bool) -> Self {
        Self {
            platform_admin,
            ..self
        }
    }

    /// Replaces how they authenticated.
    #[must_use]
    pub fn with_via(self, via: Via) -> Self {
        Self { via, ..self }
    }
}
