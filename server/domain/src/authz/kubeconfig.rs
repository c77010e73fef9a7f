//! Who may fetch a kubeconfig for a tenant's namespace, and with which rights.

use std::collections::BTreeSet;

use super::basis::Basis;
use super::grant::{Granted, Target};
use super::judgement::{Denied, FetchKubeconfig, person};
use crate::names::{PlaneName, TenantName};
use crate::tenancy::{Role, Viewer};
use crate::tenant_namespace::TenantNamespace;

/// A service account with rights in a tenant's namespace, which a person gets for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamespaceAccess {
    /// The control plane.
    pub plane: PlaneName,
    /// The tenant.
    pub tenant: TenantName,
    /// The namespace.
    pub namespace: String,
    /// The service account, in [`ACCOUNTS_NAMESPACE`](crate::tenant_namespace::ACCOUNTS_NAMESPACE).
    pub account: String,
    /// For how many minutes.
    pub minutes: u32,
}

impl Target for NamespaceAccess {
    fn subject(&self) -> String {
        self.plane.to_string()
    }

    fn tenant(&self) -> Option<TenantName> {
        Some(self.tenant.clone())
    }
}

/// A namespace that a person uses as themselves: the control plane trusts an identity provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnAccess {
    /// The control plane.
    pub plane: PlaneName,
    /// The tenant.
    pub tenant: TenantName,
    /// The namespace.
    pub namespace: String,
    /// The `ClusterRole`s that the person's groups have there.
    pub cluster_roles: BTreeSet<String>,
}

impl Target for OwnAccess {
    fn subject(&self) -> String {
        self.plane.to_string()
    }

    fn tenant(&self) -> Option<TenantName> {
        Some(self.tenant.clone())
    }
}

/// The viewer's roles in a tenant from that with most rights.
const BY_RIGHTS: [Role; 4] = [Role::TenantAdmin, Role::Developer, Role::Approver, Role::Viewer];

/// Returns the `ClusterRole`s that role bindings in a tenant's namespace give to the viewer's own groups, with the role in
/// the tenant.
///
/// # Errors
/// [`Denied::NotVisible`] if they give none.
pub fn may_use_as_oneself(
    viewer: &Viewer,
    namespace: &TenantNamespace,
) -> Result<(Basis, BTreeSet<String>), Denied> {
    let held = viewer.roles().get(&namespace.tenant).ok_or(Denied::NotVisible)?;
    let role = BY_RIGHTS.into_iter().find(|role| held.contains(role));
    let role = role.ok_or(Denied::NotVisible)?;
    let cluster_roles: BTreeSet<String> = namespace
        .bound
        .iter()
        .filter(|(_, groups)| groups.iter().any(|group| viewer.is_in(group)))
        .map(|(cluster_role, _)| cluster_role.clone())
        .collect();
    if cluster_roles.is_empty() {
        return Err(Denied::NotVisible);
    }
    let tenant = namespace.tenant.clone();
    Ok((Basis::Role { role, tenant }, cluster_roles))
}

/// Grants fetching a kubeconfig without a token, for who signs in to the control plane as themselves.
///
/// # Errors
/// As [`may_use_as_oneself`], and [`Denied::NotAPerson`].
pub fn fetch_own_kubeconfig(
    viewer: &Viewer,
    plane: &PlaneName,
    namespace: &TenantNamespace,
) -> Result<Granted<OwnAccess, FetchKubeconfig>, Denied> {
    person(viewer)?;
    let (basis, cluster_roles) = may_use_as_oneself(viewer, namespace)?;
    let access = OwnAccess {
        plane: plane.clone(),
        tenant: namespace.tenant.clone(),
        namespace: namespace.name.clone(),
        cluster_roles,
    };
    Ok(Granted::new(viewer, access, basis))
}

/// Returns the role of the viewer in the tenant whose rights they have in its namespace, with the service account that
/// has them; the one with most rights first.
///
/// # Errors
/// [`Denied::NotVisible`] if none of their roles has any there, or no kubeconfig is handed out for it.
pub fn may_fetch_kubeconfig(viewer: &Viewer, namespace: &TenantNamespace) -> Result<(Basis, String), Denied> {
    let held = viewer.roles().get(&namespace.tenant).ok_or(Denied::NotVisible)?;
    namespace.kubeconfig.as_ref().ok_or(Denied::NotVisible)?;
    BY_RIGHTS
        .into_iter()
        .filter(|role| held.contains(role))
        .find_map(|role| {
            let (account, _) = namespace.account(role)?;
            let tenant = namespace.tenant.clone();
            Some((Basis::Role { role, tenant }, account))
        })
        .ok_or(Denied::NotVisible)
}

/// Grants fetching a kubeconfig for a namespace of a tenant, with the rights of the viewer's role there.
///
/// # Errors
/// As [`may_fetch_kubeconfig`], and [`Denied::NotAPerson`].
pub fn fetch_kubeconfig(
    viewer: &Viewer,
    plane: &PlaneName,
    namespace: &TenantNamespace,
) -> Result<Granted<NamespaceAccess, FetchKubeconfig>, Denied> {
    person(viewer)?;
    let (basis, account) = may_fetch_kubeconfig(viewer, namespace)?;
    let minutes = namespace.kubeconfig.as_ref().map_or(0, |access| access.minutes);
    let access = NamespaceAccess {
        plane: plane.clone(),
        tenant: namespace.tenant.clone(),
        namespace: namespace.name.clone(),
        account,
        minutes,
    };
    Ok(Granted::new(viewer, access, basis))
}
