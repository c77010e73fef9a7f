//! The workspace: the tenant and environment that a viewer works in.

use portico_domain::documents::{Configuration, Environment, Tenant};
use portico_domain::names::{EnvironmentName, TenantName};
use portico_domain::tenancy::{Role, Viewer};

/// A tenant and one of its environments, in which a viewer works.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Workspace {
    /// The tenant.
    pub tenant: TenantName,
    /// The environment.
    pub environment: EnvironmentName,
}

impl Workspace {
    /// Returns the workspace `wanted` (`tenant/environment`, from a cookie) if the viewer is a member there; else the
    /// first environment of the first tenant where they may request something; `None` for viewers without a membership.
    #[must_use]
    pub fn choose(viewer: &Viewer, configuration: &Configuration, wanted: Option<&str>) -> Option<Self> {
        wanted
            .and_then(|wanted| Self::named(viewer, configuration, wanted))
            .or_else(|| Self::first(viewer, configuration))
    }

    /// Returns the workspace `name` (`tenant/environment`); `None` unless the viewer is a member there.
    pub(super) fn named(viewer: &Viewer, configuration: &Configuration, name: &str) -> Option<Self> {
        Self::parse(name).filter(|workspace| {
            viewer.roles().contains_key(&workspace.tenant) && workspace.resolve(configuration).is_some()
        })
    }

    fn parse(text: &str) -> Option<Self> {
        let (tenant, environment) = text.split_once('/')?;
        Some(Self {
            tenant: tenant.parse().ok()?,
            environment: environment.parse().ok()?,
        })
    }

    fn first(viewer: &Viewer, configuration: &Configuration) -> Option<Self> {
        let mut tenants: Vec<&Tenant> = configuration
            .tenants
            .values()
            .filter(|tenant| viewer.roles().contains_key(&tenant.name))
            .collect();
        tenants.sort_by_key(|tenant| !viewer.may(&tenant.name, Role::Developer));
        let tenant = tenants.first()?;
        let environment = tenant.spec.environments.first()?;
        Some(Self {
            tenant: tenant.name.clone(),
            environment: environment.name.clone(),
        })
    }

    /// Returns its documents.
    #[must_use]
    pub fn resolve<'c>(&self, configuration: &'c Configuration) -> Option<(&'c Tenant, &'c Environment)> {
        let tenant = configuration.tenants.get(&self.tenant)?;
        Some((tenant, tenant.environment(&self.environment)?))
    }
}
