//! Who is asking, and what they may see.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::documents::{Configuration, GroupRef, TokenRules};
use crate::names::TenantName;

/// What somebody may do within one tenant. Roles do not contain one another, save that every role
/// may see what a viewer sees, and a tenant admin may do what developers and approvers do.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Role {
    /// Sees claims and requests of the tenant.
    Viewer,
    /// Asks for things.
    Developer,
    /// Decides on requests of the tenant, where a policy names the role.
    Approver,
    /// All of these, and sees the tenant's settings and record.
    TenantAdmin,
}

/// A person as their identity provider knows them.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Person {
    /// `iss` and `sub` joined by a space-free `#`: unique over all providers, never reused.
    pub subject: String,
    /// The name to show.
    pub name: String,
    /// The e-mail address, where the provider tells one that counts: it has verified it, or the configuration says that
    /// it needs not to.
    pub email: Option<String>,
}

impl Person {
    /// Whether both are one human being: the same account, or two whose e-mail address is the same. Somebody with two
    /// accounts agrees to nothing of their own, and counts once.
    #[must_use]
    pub fn is_same_human(&self, other: &Self) -> bool {
        let same_email = match (&self.email, &other.email) {
            (Some(one), Some(another)) => one.to_lowercase() == another.to_lowercase(),
            _ => false,
        };
        self.subject == other.subject || same_email
    }
}

/// A person as their identity provider described them when they signed in last. Sessions and tokens refer to it, so
/// that a group that somebody loses is lost to all of these at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownPerson {
    /// The identity in addresses.
    pub id: Uuid,
    /// Who it is.
    pub person: Person,
    /// Their SSO groups, as their provider names them.
    pub groups: BTreeSet<String>,
    /// When they signed in last.
    pub signed_in_at: Timestamp,
    /// Since when their tokens are suspended, because the provider ended all of their sessions. The next sign-in
    /// clears it.
    pub suspended_at: Option<Timestamp>,
}

/// Why nothing may be done in somebody's name until they sign in again.
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
    /// Why nothing may be done in their name without them, if so: by a token, or for a request that they sent earlier.
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

    /// What they may do as the configuration has it now; `None` when it has their provider no more.
    #[must_use]
    pub fn viewer(&self, configuration: &Configuration, via: Via) -> Option<Viewer> {
        Viewer::of_person(self, configuration, via)
    }
}

/// How the viewer proved who they are.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Via {
    /// A browser's session.
    Session,
    /// An API token.
    Token,
    /// Portico itself: the worker, expiry, start-up.
    System,
}

/// What an API token is good for. Never for more than its person.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum TokenScope {
    /// Looking; nothing can be changed with it, and no secret revealed.
    Read,
    /// Whatever its person may do.
    Full,
}

impl TokenScope {
    /// Both of them.
    pub const ALL: [Self; 2] = [Self::Read, Self::Full];

    /// The word in forms, JSON and the database.
    #[must_use]
    pub fn slug(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Full => "full",
        }
    }

    /// The words on the screen.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Read => "Read only",
            Self::Full => "All that you may do",
        }
    }

    /// The scope that `slug` names.
    #[must_use]
    pub fn from_slug(slug: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.slug() == slug)
    }
}

/// Whoever is asking: a signed-in person or a token, with tenants and roles.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Viewer {
    /// Who it is.
    pub person: Person,
    /// The identity provider they signed in by, by its name in the configuration.
    pub provider: String,
    /// The SSO groups they are in.
    pub groups: BTreeSet<String>,
    /// What they may do, by tenant. A tenant that is missing here does not exist for them.
    pub roles: BTreeMap<TenantName, BTreeSet<Role>>,
    /// Sees all tenants, control planes, configuration and the whole record.
    pub platform_admin: bool,
    /// How they proved it.
    pub via: Via,
}

impl Viewer {
    /// Reads tenants and roles off the groups that a person is in. Groups belong to their provider: those of another
    /// that are called the same give nothing.
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

    /// Whether their provider says that they are in the group.
    #[must_use]
    pub fn is_in(&self, group: &GroupRef) -> bool {
        group.has(&self.provider, self.groups.iter())
    }

    /// Whether they may act as `role` in `tenant`. A tenant admin may act as any role there; a
    /// platform admin sees all but does not ask or decide in a tenant they are no member of.
    #[must_use]
    pub fn may(&self, tenant: &TenantName, role: Role) -> bool {
        if role == Role::Viewer && self.platform_admin {
            return true;
        }
        self.roles.get(tenant).is_some_and(|roles| {
            role == Role::Viewer || roles.contains(&role) || roles.contains(&Role::TenantAdmin)
        })
    }

    /// The role by which they may act as `role` in `tenant`, which is the higher one for a tenant admin; `None` where
    /// they may not.
    #[must_use]
    pub fn role_for(&self, tenant: &TenantName, role: Role) -> Option<Role> {
        let roles = self.roles.get(tenant)?;
        [role, Role::TenantAdmin]
            .into_iter()
            .find(|held| roles.contains(held))
    }

    /// Whether the tenant exists for them at all.
    #[must_use]
    pub fn sees(&self, tenant: &TenantName) -> bool {
        self.platform_admin || self.roles.contains_key(tenant)
    }

    /// What they may read. Reads in `store` and `planes` that serve a viewer take this.
    #[must_use]
    pub fn scope(&self) -> Scope {
        if self.platform_admin {
            Scope(Reach::All)
        } else {
            Scope(Reach::Tenants(self.roles.keys().cloned().collect()))
        }
    }
}

/// The right to read what belongs to some tenants. Only authorization makes one: from a [`Viewer`], or for Portico's own
/// background work, by a [`SystemAuthority`](crate::authz::SystemAuthority).
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

    /// The right to read everything, for tests.
    #[cfg(any(test, feature = "testing"))]
    #[must_use]
    pub fn for_tests() -> Self {
        Self::all()
    }

    /// The same scope, less all tenants but `tenant`.
    #[must_use]
    pub fn narrow(&self, tenant: &TenantName) -> Self {
        let tenants = if self.allows(tenant) {
            BTreeSet::from([tenant.clone()])
        } else {
            BTreeSet::new()
        };
        Self(Reach::Tenants(tenants))
    }

    /// Whether what belongs to `tenant` may be read.
    #[must_use]
    pub fn allows(&self, tenant: &TenantName) -> bool {
        match &self.0 {
            Reach::All => true,
            Reach::Tenants(tenants) => tenants.contains(tenant),
        }
    }

    /// Whether what belongs to no tenant, or to one that is no longer configured, may be read.
    #[must_use]
    pub fn allows_unowned(&self) -> bool {
        self.0 == Reach::All
    }

    /// The tenants it is limited to; `None` means all.
    #[must_use]
    pub fn tenants(&self) -> Option<&BTreeSet<TenantName>> {
        match &self.0 {
            Reach::All => None,
            Reach::Tenants(tenants) => Some(tenants),
        }
    }
}
