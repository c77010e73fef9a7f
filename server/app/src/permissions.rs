//! What the viewer may do, as pages show it: the judgements of [`portico_domain::authz`] as reasons with parameters.

use portico_api::Allowed;
use portico_api::words::Denial;
use portico_domain::authz::{self, Basis, Denied, PeopleScope};
use portico_domain::claim::Claim;
use portico_domain::documents::Configuration;
use portico_domain::names::TenantName;
use portico_domain::tenancy::Viewer;

use super::{PortalError, Result};

/// An attempt, for the parameters of its denial.
#[derive(Debug, Clone, Copy)]
pub(super) enum Attempt<'a> {
    /// To request a new claim.
    Create,
    /// To change, renew or delete a claim, or to administer a control plane.
    Change(&'a Configuration),
    /// To adopt a claim.
    Adopt(&'a Configuration),
    /// To reveal a secret.
    Reveal,
    /// To do something about a request of this person, by name.
    Request(&'a str),
    /// To create a token.
    Token,
}

impl Attempt<'_> {
    /// Returns the denial.
    pub(super) fn denial(self, denied: Denied) -> Denial {
        let requester = || match self {
            Self::Request(requester) => requester.to_owned(),
            _ => String::new(),
        };
        match denied {
            Denied::NotVisible => Denial::NotVisible,
            Denied::NotAPerson => Denial::NotAPerson,
            Denied::NoTenant => match self {
                Self::Change(_) | Self::Adopt(_) => Denial::CannotChangeUnowned,
                _ => Denial::Unowned,
            },
            Denied::NotADeveloper { tenant } => self.not_a_developer(tenant),
            Denied::BeingDeleted => Denial::BeingDeleted,
            Denied::Gone => Denial::Gone,
            Denied::ManagedElsewhere { manager } => match self {
                Self::Adopt(_) => Denial::NotAdoptable { manager },
                _ => Denial::ManagedElsewhere { manager },
            },
            Denied::ManagedByPortico => Denial::ManagedByPortico,
            Denied::NotAnApprover => Denial::NotAnApprover,
            Denied::OwnRequest => Denial::OwnRequest,
            Denied::HasDecided => Denial::HasDecided,
            Denied::NotTheRequester | Denied::TooLate => Denial::NotTheRequester {
                requester: requester(),
            },
            Denied::NoPartInRequest => Denial::NoPartInRequest {
                requester: requester(),
            },
            Denied::NeedsSession => Denial::NeedsSession,
            Denied::NotHandedOut { publisher } => Denial::NotHandedOut { publisher },
        }
    }

    fn not_a_developer(self, tenant: TenantName) -> Denial {
        match self {
            Self::Create => Denial::CannotRequest { tenant },
            Self::Change(configuration) | Self::Adopt(configuration) => Denial::CannotChange {
                tenant: configuration
                    .tenants
                    .get(&tenant)
                    .map_or_else(|| tenant.to_string(), |tenant| tenant.title().to_owned()),
            },
            Self::Reveal | Self::Request(_) | Self::Token => Denial::CannotReveal { tenant },
        }
    }

    /// Returns the denial as an error, for `map_err`.
    pub(super) fn error(self) -> impl Fn(Denied) -> PortalError {
        move |denied| match self.denial(denied) {
            Denial::NotVisible => PortalError::NotFound,
            denial => PortalError::Forbidden(denial),
        }
    }

    /// Returns the decision for a page.
    pub(super) fn allowed(self, judged: Result<Basis, Denied>) -> Allowed {
        judged.map(drop).map_err(|denied| self.denial(denied)).into()
    }
}

/// Returns "not found" to everybody but platform admins.
pub(super) fn platform_admin(viewer: &Viewer) -> Result<()> {
    authz::platform_admin(viewer)
        .map(drop)
        .map_err(|_| PortalError::NotFound)
}

/// Returns the grant to read who has signed in; "not found" for everybody but platform admins.
pub(super) fn read_people(viewer: &Viewer) -> Result<PeopleScope> {
    authz::read_people(viewer).map_err(|_| PortalError::NotFound)
}

/// Returns whether the viewer may change and delete the claim.
pub(super) fn may_change(viewer: &Viewer, configuration: &Configuration, claim: &Claim) -> Allowed {
    Attempt::Change(configuration).allowed(authz::may_change(viewer, claim))
}

/// Returns whether the viewer may adopt the claim.
pub(super) fn may_adopt(viewer: &Viewer, configuration: &Configuration, claim: &Claim) -> Allowed {
    Attempt::Adopt(configuration).allowed(authz::may_adopt(viewer, claim))
}
