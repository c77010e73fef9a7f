//! Who may see and decide on what tenants publish.

use jiff::Timestamp;

use super::audit::AuditEvent;
use super::basis::Basis;
use super::grant::{Granted, Target};
use super::{DecidePermission, Denied};
use crate::documents::{Configuration, Publication};
use crate::names::{PublicationName, TenantName};
use crate::tenancy::{Role, Viewer};

/// A publication, as the audit log names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicationTarget {
    /// Its name.
    pub name: PublicationName,
    /// The publisher, whose admins read of it.
    pub publisher: TenantName,
}

impl Target for PublicationTarget {
    fn subject(&self) -> String {
        self.name.to_string()
    }

    fn tenant(&self) -> Option<TenantName> {
        Some(self.publisher.clone())
    }
}

impl Granted<PublicationTarget, DecidePermission> {
    /// Creates the audit event of the decision.
    #[must_use]
    pub fn audit(&self, accepted: bool, at: Timestamp, remote: Option<&str>) -> AuditEvent {
        let verb = if accepted {
            "permission.accepted"
        } else {
            "permission.refused"
        };
        self.audit_as(verb, at, remote)
    }
}

/// Grants deciding on the permissions of a publication to platform admins.
///
/// # Errors
/// [`Denied::NotVisible`] for everybody else, and when there is no such publication.
pub fn decide_permission(
    viewer: &Viewer,
    configuration: &Configuration,
    name: &PublicationName,
) -> Result<Granted<PublicationTarget, DecidePermission>, Denied> {
    super::judgement::person(viewer)?;
    let basis = super::platform_admin(viewer)?;
    let publication = configuration.publications.get(name).ok_or(Denied::NotVisible)?;
    let target = PublicationTarget {
        name: name.clone(),
        publisher: publication.spec.publisher.clone(),
    };
    Ok(Granted::new(viewer, target, basis))
}

/// Checks whether the viewer may read about a publication: platform admins and members of the publisher may.
///
/// # Errors
/// [`Denied::NotVisible`].
pub fn may_read_publication(viewer: &Viewer, publication: &Publication) -> Result<Basis, Denied> {
    let publisher = &publication.spec.publisher;
    super::platform_admin(viewer).or_else(|denied| {
        let held = viewer.roles().get(publisher).and_then(|roles| roles.iter().max());
        held.map(|role: &Role| Basis::Role {
            role: *role,
            tenant: publisher.clone(),
        })
        .ok_or(denied)
    })
}
