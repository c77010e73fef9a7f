//! Viewers: who they are and what they may see.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::documents::{Configuration, GroupRef, TokenRules};
use crate::names::TenantName;

/// A role within one tenant. Roles do not include each other, except that every role may see what a viewer sees, and
/// a tenant admin may do what developers and approvers do.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Role {
    /// Sees claims and requests of the tenant.
    Viewer,
    /// Requests, changes and deletes claims.
    Developer,
    /// Decides on requests of the tenant, if a policy names the role.
    Approver,
    /// All of these, and sees the tenant's settings and audit log.
    TenantAdmin,
}

/// A person as their identity provider knows them.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Person {
    /// `iss` and `sub` joined by `#`: unique over all providers, never reused.
    pub subject: String,
    /// The name to show.
    pub name: String,
    /// The e-mail address, if the provider verified it or the configuration trusts unverified ones.
    pub email: Option<String>,
}

impl Person {
    /// True if both are the same human being: the same account, or two accounts with one e-mail address. A person
    /// with two accounts cannot approve their own requests, and counts once.
    #[must_use]
    pub fn is_same_human(&self, other: &Self) -> bool {
        let same_email = match (&self.email, &other.email) {
            (Some(one), Some(another)) => one.to_lowercase() == another.to_lowercase(),
            _ => false,
        };
        self.subject == other.subject || same_email
    }
}

/// A person as their identity provider described them at their last sign-in. Sessions and tokens refer to it, so
/// losing a group takes effect in all of them at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownPerson {
    /// Their id in addresses.
    pub id: Uuid,
    /// The person.
    pub person: Person,
    /// Their SSO groups, as the provider names them.
    pub groups: BTreeSet<String>,
    /// When they last signed in.
    pub signed_in_at: Timestamp,
    /// Since when their tokens are suspended, because the provider ended all of their sessions. The next sign-in
    /// clears it.
    pub suspended_at: Option<Timestamp>,
}

/// Why nothing may be done in a person's name until they sign in again.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Lapse {
    /// The identity provider ended all of their sessions.
    #[error("the sign-in service ended all sessions of the person at {0}, and they have not signed in since")]
    Suspended(Timestamp),
    /// They have not signed in for longer than the configuration allows.
    #[error("the person has not signed in for {0} days")]
    NotSignedIn(u32),
}

impl KnownPerson {
    /// Returns why nothing may be done in their name while they are away, by a token or for an earlier request;
    /// `None` if it may.
    #[must_use]
    pub fn lapse(&self, rules: &TokenRules, now: Timestamp) -> Option<Lapse> {
        if let Some(at) = self.suspended_at {
            return Some(Lapse::Suspended(at));
        }
        let days = rules.sign_in_within_days;
        let until = self
            .signed_in_at
            .saturating_add(SignedDuration::from_hours(i64::from(days) * 24))
            .unwrap_or(Timestamp::MAX);
        (now >= until).then_some(Lapse::NotSignedIn(days))
    }

    /// Returns their viewer under the current configuration; `None` if it no longer has their provider.
    #[must_use]
    pub fn viewer(&self, configuration: &Configuration, via: Via) -> Option<Viewer> {
        Viewer::of_person(self, configuration, via)
    }
}

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

/// The scope of an API token. A token may never do more than its owner.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum TokenScope {
    /// Read only: it changes nothing and reveals no secrets.
    Read,
    /// Everything that its owner may do.
    Full,
}

impl TokenScope {
    /// All scopes.
    pub const ALL: [Self; 2] = [Self::Read, Self::Full];

    /// Returns the name in forms, JSON and the database.
    #[must_use]
    pub fn slug(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Full => "full",
        }
    }

    /// Returns the name on screens.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Read => "Read only",
            Self::Full => "All that you may do",
        }
    }

    /// Returns the scope with this slug.
    #[must_use]
    pub fn from_slug(slug: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.slug() == slug)
    }
}

/// A caller: a signed-in person or an API token, with tenants and roles.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Viewer {
    /// The person.
    pub person: Person,
    /// The name of the identity provider that they signed in with.
    pub provider: String,
    /// Their SSO groups.
    pub groups: BTreeSet<String>,
    /// Their roles by tenant. For them, a tenant that is missing here does not exist.
    pub roles: BTreeMap<TenantName, BTreeSet<Role>>,
    /// True if they see all tenants, control planes, the configuration and the whole audit log.
    pub platform_admin: bool,
    /// How they authenticated.
    pub via: Via,
}

impl Viewer {
    /// Derives tenants and roles from a person's groups. Groups belong to their provider: groups with the same name
    /// at another one do not count.
    fn of_person(known: &KnownPerson, configuration: &Configuration, via: Via) -> Option<Self> {
        let provider = &configuration.provider_of(&known.person)?.name;
        let is_in = |group: &GroupRef| group.has(provider, known.groups.iter());
        let roles = configuration
            .tenants
            .values()
            .filter_map(|tenant| {
                let roles: BTreeSet<Role> = tenant
                    .spec
                    .members
                    .iter()
                    .filter(|member| is_in(&member.group_ref()))
                    .map(|member| member.role)
                    .collect();
                (!roles.is_empty()).then(|| (tenant.name.clone(), roles))
            })
            .collect();
        Some(Self {
            person: known.person.clone(),
            provider: provider.clone(),
            groups: known.groups.clone(),
            roles,
            platform_admin: configuration.portal.spec.sign_in.admin_groups.iter().any(is_in),
            via,
        })
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
            Scope(Reach::All)
        } else {
            Scope(Reach::Tenants(self.roles.keys().cloned().collect()))
        }
    }
}

/// The right to read what belongs to some tenants. Only authorization creates it: from a [`Viewer`], or for Portico's
/// background work by a [`SystemAuthority`](crate::authz::SystemAuthority).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope(Reach);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Reach {
    All,
    Tenants(BTreeSet<TenantName>),
}

impl Scope {
    pub(crate) fn all() -> Self {
        Self(Reach::All)
    }

    /// Returns the right to read everything, for tests.
    #[cfg(any(test, feature = "testing"))]
    #[must_use]
    pub fn for_tests() -> Self {
        Self::all()
    }

    /// Limits the scope to `tenant`.
    #[must_use]
    pub fn narrow(&self, tenant: &TenantName) -> Self {
        let tenants = if self.allows(tenant) {
            BTreeSet::from([tenant.clone()])
        } else {
            BTreeSet::new()
        };
        Self(Reach::Tenants(tenants))
    }

    /// True if what belongs to `tenant` may be read.
    #[must_use]
    pub fn allows(&self, tenant: &TenantName) -> bool {
        match &self.0 {
            Reach::All => true,
            Reach::Tenants(tenants) => tenants.contains(tenant),
        }
    }

    /// True if what belongs to no tenant, or to one that is no longer configured, may be read.
    #[must_use]
    pub fn allows_unowned(&self) -> bool {
        self.0 == Reach::All
    }

    /// Returns the tenants that it is limited to; `None` means all.
    #[must_use]
    pub fn tenants(&self) -> Option<&BTreeSet<TenantName>> {
        match &self.0 {
            Reach::All => None,
            Reach::Tenants(tenants) => Some(tenants),
        }
    }
}
