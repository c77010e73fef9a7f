//! What the viewer may do, as pages show it: the judgements of [`portico_domain::authz`] in words.

use portico_api::Allowed;
use portico_domain::authz::{self, Basis, Denied, PeopleScope};
use portico_domain::claim::Claim;
use portico_domain::documents::Configuration;
use portico_domain::names::TenantName;
use portico_domain::tenancy::Viewer;

use super::PortalError;

/// What was denied, for the words of the refusal.
#[derive(Debug, Clone, Copy)]
pub(super) enum Denial<'a> {
    /// To request a new claim.
    Create,
    /// To change, renew or delete a claim.
    Change(&'a Configuration),
    /// To reveal a secret.
    Reveal,
    /// To do something about a request of this person, by name.
    Request(&'a str),
    /// To create a token.
    Token,
}

impl Denial<'_> {
    /// The reason in a sentence for the viewer.
    pub(super) fn words(self, denied: &Denied) -> String {
        match denied {
            Denied::NotVisible => PortalError::NotFound.to_string(),
            Denied::NotAPerson => "This needs a person who is signed in.".to_owned(),
            Denied::NoTenant => match self {
                Self::Change(_) => {
                    "It belongs to no tenant, so nobody can change it here. Change it on its control plane."
                        .to_owned()
                }
                _ => "It belongs to no tenant.".to_owned(),
            },
            Denied::NotADeveloper { tenant } => self.not_a_developer(tenant),
            Denied::BeingDeleted => "It is being deleted.".to_owned(),
            Denied::Gone => "It is gone.".to_owned(),
            Denied::NotAnApprover => "You cannot decide: the policy names other approvers.".to_owned(),
            Denied::OwnRequest => "Nobody approves a request of their own. Ask another approver.".to_owned(),
            Denied::HasDecided => "You have agreed; it needs somebody else’s agreement too.".to_owned(),
            Denied::NotTheRequester | Denied::TooLate => match self {
                Self::Request(requester) => format!("Only {requester} can take it back."),
                _ => "Only its requester can take it back.".to_owned(),
            },
            Denied::NoPartInRequest => match self {
                Self::Request(requester) => {
                    format!("Only {requester}, those who approve it and admins of its tenant comment on it.")
                }
                _ => "Only its requester, its approvers and admins of its tenant can comment.".to_owned(),
            },
            Denied::NeedsSession => {
                "A token cannot make tokens. Sign in with a browser to make one.".to_owned()
            }
        }
    }

    fn not_a_developer(self, tenant: &TenantName) -> String {
        match self {
            Self::Create => {
                format!("You can see what {tenant} has, but not request more. A developer of {tenant} can.")
            }
            Self::Change(configuration) => {
                let title = configuration
                    .tenants
                    .get(tenant)
                    .map_or(tenant.as_str(), |tenant| tenant.title());
                format!("Developers of {title} can change it.")
            }
            Self::Reveal | Self::Request(_) | Self::Token => {
                format!("Only developers of {tenant} may reveal it.")
            }
        }
    }

    /// The refusal as an error; for use by `map_err`.
    pub(super) fn error(self) -> impl Fn(Denied) -> PortalError {
        move |denied| match denied {
            Denied::NotVisible => PortalError::NotFound,
            denied => PortalError::Forbidden(self.words(&denied)),
        }
    }

    /// The judgement for a page.
    pub(super) fn allowed(self, judged: Result<Basis, Denied>) -> Allowed {
        match judged {
            Ok(_) => Allowed::yes(),
            Err(denied) => Allowed::no(self.words(&denied)),
        }
    }
}

/// Refuses everybody but platform admins: for others, what they administer does not exist.
pub(super) fn platform_admin(viewer: &Viewer) -> Result<(), PortalError> {
    authz::platform_admin(viewer)
        .map(drop)
        .map_err(|_| PortalError::NotFound)
}

/// The right to read who has signed in. For everybody except platform admins that does not exist.
pub(super) fn read_people(viewer: &Viewer) -> Result<PeopleScope, PortalError> {
    authz::read_people(viewer).map_err(|_| PortalError::NotFound)
}

/// Whether the viewer may change and delete the claim.
pub(super) fn may_change(viewer: &Viewer, configuration: &Configuration, claim: &Claim) -> Allowed {
    Denial::Change(configuration).allowed(authz::may_change(viewer, claim))
}
