//! Services that tenants offer to other tenants: whether they take requests now.

use std::sync::Arc;

use portico_api::words::Denial;
use portico_domain::claim::Claim;
use portico_domain::documents::Configuration;
use portico_domain::names::OfferingName;
use portico_domain::tenancy::Viewer;

use super::{Portal, PortalError, Result, Workspace};

impl Portal {
    /// Returns the configuration with the decisions on permissions as they are now: another replica may have taken one
    /// back a moment ago. To be used wherever a permission is used.
    ///
    /// # Errors
    /// When the database fails.
    pub(super) async fn configuration_now(&self) -> Result<Arc<Configuration>> {
        if !self.configuration().publications.is_empty() {
            let decisions = self.store().permission_decisions().await?;
            self.shared.configuration.set_permission_decisions(decisions);
        }
        Ok(self.configuration())
    }

    /// Returns why an offering is not in the workspace's catalog: a service that was open to the tenant takes no requests
    /// now, or there is none for the viewer.
    pub(super) fn offering_not_there(
        &self,
        viewer: &Viewer,
        workspace: Option<&Workspace>,
        offering: &OfferingName,
    ) -> PortalError {
        let configuration = self.configuration();
        let closed = workspace.and_then(|workspace| {
            let mut services = configuration.services();
            services.find_map(|service| {
                let is_it = service.publication.spec.offering == *offering;
                let why = service.check_open(&workspace.tenant).err()?;
                (is_it && service.was_open(&workspace.tenant)).then(|| Denial::ServiceClosed {
                    service: service.title(),
                    why,
                })
            })
        });
        closed.map_or_else(|| self.offering_not_found(viewer), PortalError::Forbidden)
    }
}

/// Checks whether a claim may be changed, if it is of another tenant's service.
///
/// # Errors
/// [`PortalError::Forbidden`] while the service takes no requests of the claim's tenant.
pub(super) fn service_is_open(configuration: &Configuration, claim: &Claim) -> Result<()> {
    let (Some(service), Some(tenant)) = (configuration.service_of(&claim.reference), claim.tenant.as_ref())
    else {
        return Ok(());
    };
    service.check_open(tenant).map_err(|why| {
        PortalError::Forbidden(Denial::ServiceClosed {
            service: service.title(),
            why,
        })
    })
}
