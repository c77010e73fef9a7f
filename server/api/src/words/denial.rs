use jiff::civil::Date;
use portico_domain::claim::Manager;
use portico_domain::names::TenantName;
use portico_domain::publication::Closed;
use serde::Serialize;

use super::day;

/// Why a person may not do something, as a code with parameters.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "code", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Denial {
    /// For this person it does not exist.
    #[error("{}", super::NOT_FOUND)]
    NotVisible,
    /// Portico acts in somebody's name, who is not signed in.
    #[error("This needs a person who is signed in.")]
    NotAPerson,
    /// It needs a browser session, and the caller uses an API token.
    #[error("A token cannot make tokens. Sign in with a browser to make one.")]
    NeedsSession,
    /// The person is a member of no tenant.
    #[error(
        "You are a member of no tenant, so there is nowhere to put it. Your platform team can add your group to one."
    )]
    NotAMember,
    /// The person is not a developer of the tenant that would get the claim.
    #[error("You can see what {tenant} has, but not request more. A developer of {tenant} can.")]
    CannotRequest {
        /// The tenant.
        tenant: TenantName,
    },
    /// The offering cannot be requested at present.
    #[error("It cannot be requested at present: {problem}")]
    NotRequestable {
        /// What is wrong with it.
        problem: String,
    },
    /// The offering is deprecated and takes no new claims.
    #[error("{offering} is deprecated and takes no new claims.{}", instead(replacement.as_deref()))]
    OfferingDeprecated {
        /// The offering's title.
        offering: String,
        /// The title of the offering that replaces it, if the person's catalog has that one.
        replacement: Option<String>,
    },
    /// The offering's sunset date has come.
    #[error("{offering} ended on {} and takes no new claims.{}", day(*sunset), instead(replacement.as_deref()))]
    OfferingEnded {
        /// The offering's title.
        offering: String,
        /// The sunset date.
        sunset: Date,
        /// The title of the offering that replaces it, if the person's catalog has that one.
        replacement: Option<String>,
    },
    /// The person is not a developer of the claim's tenant.
    #[error("Developers of {tenant} can change it.")]
    CannotChange {
        /// The tenant's title.
        tenant: String,
    },
    /// The claim belongs to no tenant, so nobody can change it here.
    #[error("It belongs to no tenant, so nobody can change it here. Change it on its control plane.")]
    CannotChangeUnowned,
    /// The claim belongs to no tenant.
    #[error("It belongs to no tenant.")]
    Unowned,
    /// The person is not a developer of the claim's tenant, and asks for its secret.
    #[error("Only developers of {tenant} may reveal it.")]
    CannotReveal {
        /// The tenant.
        tenant: TenantName,
    },
    /// The claim is of another tenant's service, and connection secrets of that may not be handed out.
    #[error(
        "Your platform team does not let {publisher} hand out connection secrets of its service. Ask it, not {publisher}."
    )]
    NotHandedOut {
        /// The publisher's title.
        publisher: String,
    },
    /// The service of another tenant takes no requests.
    #[error("{service} takes no requests now: {why}. Your claims of it stay, and you can delete them.")]
    ServiceClosed {
        /// Whose service.
        service: String,
        /// Why.
        why: Closed,
    },
    /// The claim was requested a moment ago, and its control plane does not show it yet.
    #[error("It is not there yet.")]
    NotThereYet,
    /// The claim is being deleted.
    #[error("It is being deleted.")]
    BeingDeleted,
    /// The claim is gone.
    #[error("It is gone.")]
    Gone,
    /// Something else manages the claim and would undo the change.
    #[error("{} {}", manager.sentence(), manager.advice())]
    ManagedElsewhere {
        /// Who.
        manager: Manager,
    },
    /// Something else manages the claim, so it cannot be adopted.
    #[error("{} {}", manager.sentence(), manager.release())]
    NotAdoptable {
        /// Who.
        manager: Manager,
    },
    /// Portico manages the claim already.
    #[error("Portico manages it already.")]
    ManagedByPortico,
    /// No rule of the request waits for the person.
    #[error("You cannot decide: the policy names other approvers.")]
    NotAnApprover,
    /// The person made the request.
    #[error("Nobody approves a request of their own. Ask another approver.")]
    OwnRequest,
    /// The person has decided already.
    #[error("You have agreed; it needs somebody else’s agreement too.")]
    HasDecided,
    /// The request is neither the person's nor of a tenant that they administer.
    #[error("Only {requester} can take it back.")]
    NotTheRequester {
        /// The requester's name.
        requester: String,
    },
    /// The person is not involved in the request.
    #[error("Only {requester}, those who approve it and admins of its tenant comment on it.")]
    NoPartInRequest {
        /// The requester's name.
        requester: String,
    },
}

/// Says what to request instead, with a space before it.
fn instead(replacement: Option<&str>) -> String {
    replacement.map_or_else(String::new, |title| format!(" Request {title} instead."))
}
