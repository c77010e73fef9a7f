//! Who is asking, and what they may see.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::documents::Tenant;
use crate::names::TenantName;

/// What somebody may do within one tenant. Roles do not contain one another, save that every role
/// may see what a viewer sees, and a tenant admin may do what developers and approvers do.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
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
    /// The e-mail address, where the provider tells one.
    pub email: Option<String>,
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
    /// Reads tenants and roles off the groups a person is in. `admin_groups` make a platform
    /// admin.
    #[must_use]
    pub fn from_groups<'t>(
        person: Person,
        groups: BTreeSet<String>,
        tenants: impl IntoIterator<Item = &'t Tenant>,
        admin_groups: &BTreeSet<String>,
        via: Via,
    ) -> Self {
        let roles = tenants
            .into_iter()
            .filter_map(|tenant| {
                let roles: BTreeSet<Role> = tenant
                    .spec
                    .members
                    .iter()
                    .filter(|member| groups.contains(&member.group))
                    .map(|member| member.role)
                    .collect();
                (!roles.is_empty()).then(|| (tenant.name.clone(), roles))
            })
            .collect();
        let platform_admin = !groups.is_disjoint(admin_groups);
        Self {
            person,
            groups,
            roles,
            platform_admin,
            via,
        }
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

/// The right to read what belongs to some tenants. Only authorization makes one: from a
/// [`Viewer`], or for Portico's own background work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope(Reach);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Reach {
    All,
    Tenants(BTreeSet<TenantName>),
}

impl Scope {
    /// For the worker, expiry and start-up, which serve no viewer. Never for a request that came
    /// in over HTTP.
    #[must_use]
    pub fn system() -> Self {
        Self(Reach::All)
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
