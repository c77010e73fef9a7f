//! Who may fetch a kubeconfig for a tenant's namespace, and with which rights.

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

/// Returns the role of the viewer in the tenant whose rights they have in its namespace, with the service account that
/// has them; the one with most rights first.
///
/// # Errors
/// [`Denied::NotVisible`] if none of their roles has any there, or no kubeconfig is handed out for it.
pub fn may_fetch_kubeconfig(viewer: &Viewer, namespace: &TenantNamespace) -> Result<(Basis, String), Denied> {
    let held = viewer.roles().get(&namespace.tenant).ok_or(Denied::NotVisible)?;
    namespace.kubeconfig.as_ref().ok_or(Denied::NotVisible)?;
    [Role::TenantAdmin, Role::Developer, Role::Approver, Role::Viewer]
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
