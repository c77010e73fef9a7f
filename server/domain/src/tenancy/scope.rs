use std::collections::BTreeSet;

use crate::names::TenantName;

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

    pub(super) fn of_tenants(tenants: BTreeSet<TenantName>) -> Self {
        Self(Reach::Tenants(tenants))
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
