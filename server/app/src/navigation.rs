//! The navigation of every page: the sections and tenants that the viewer has.

use portico_api::TenantChoice;
use portico_domain::approver::Approver;
use portico_domain::documents::{Configuration, NamespaceTemplate, Outcome};
use portico_domain::policy::is_approver;
use portico_domain::tenancy::{Role, Viewer};

use super::{Portal, Result};

/// The navigation of a viewer's pages.
#[derive(Debug, Clone, Default, PartialEq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each says whether the navigation has an entry"
)]
pub struct Navigation {
    /// True if there is an Admin section.
    pub admin: bool,
    /// True if that is the platform's.
    pub platform_admin: bool,
    /// True if there is an approval queue.
    pub approver: bool,
    /// True if there may be a kubeconfig for the viewer.
    pub kubectl: bool,
    /// True if a tenant of the viewer publishes something.
    pub publishes: bool,
    /// Number of requests that wait for the viewer.
    pub waiting: usize,
    /// The tenants and environments they may work in.
    pub tenants: Vec<TenantChoice>,
}

impl Portal {
    /// Reads the navigation for the viewer.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn navigation(&self, viewer: &Viewer) -> Result<Navigation> {
        let configuration = self.configuration();
        let approver = decides(viewer, &configuration);
        let waiting = if approver {
            let waiting = self
                .store()
                .count_pending_approvals(&Approver::of(viewer))
                .await?;
            usize::try_from(waiting).unwrap_or(usize::MAX)
        } else {
            0
        };
        let tenants = configuration
            .nested(|tenant| viewer.roles().contains_key(&tenant.name))
            .into_iter()
            .map(|(level, tenant)| TenantChoice {
                name: tenant.name.clone(),
                title: tenant.title().to_owned(),
                parent: configuration
                    .lineage(tenant)
                    .nth(1)
                    .map(|parent| parent.title().to_owned()),
                level,
                environments: tenant
                    .spec
                    .environments
                    .iter()
                    .map(|environment| environment.name.clone())
                    .collect(),
            })
            .collect();
        Ok(Navigation {
            admin: viewer.is_platform_admin() || is_tenant_admin(viewer),
            platform_admin: viewer.is_platform_admin(),
            approver,
            kubectl: may_use_kubectl(viewer, &configuration),
            publishes: publishes(viewer, &configuration),
            waiting,
            tenants,
        })
    }
}

/// True if a tenant of the viewer publishes something.
fn publishes(viewer: &Viewer, configuration: &Configuration) -> bool {
    let mut publications = configuration.publications.values();
    publications.any(|publication| viewer.roles().contains_key(&publication.spec.publisher))
}

/// True if templates hand out kubeconfigs, or people sign in to control planes as themselves, and the viewer is in a tenant.
pub(super) fn may_use_kubectl(viewer: &Viewer, configuration: &Configuration) -> bool {
    let mut planes = configuration.control_planes.values();
    let by_oidc = planes.any(|plane| {
        let address = plane.spec.public_address.as_ref();
        address.is_some_and(|address| address.oidc.is_some())
    });
    let mut templates = configuration.namespace_templates.values();
    let handed_out = |template: &NamespaceTemplate| {
        template.spec.kubeconfig.is_some() || (by_oidc && template.spec.groups.is_some())
    };
    !viewer.roles().is_empty() && templates.any(handed_out)
}

/// True if the viewer administers a tenant.
pub(super) fn is_tenant_admin(viewer: &Viewer) -> bool {
    viewer
        .roles()
        .values()
        .any(|roles| roles.contains(&Role::TenantAdmin))
}

/// True if any policy or publication may require the viewer's approval.
pub(super) fn decides(viewer: &Viewer, configuration: &Configuration) -> bool {
    if viewer.decided_publications().next().is_some() {
        return true;
    }
    configuration
        .policies
        .values()
        .flat_map(|policy| &policy.spec.rules)
        .any(|rule| match &rule.then {
            Outcome::Deny {} => false,
            Outcome::Require { approvers, .. } => configuration
                .tenants
                .keys()
                .any(|tenant| is_approver(viewer, tenant, approvers)),
        })
}
