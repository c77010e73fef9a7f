use std::fmt;

use jiff::civil::Date;
use portico_domain::claim::Manager;
use portico_domain::names::TenantName;
use portico_domain::publication::Closed;
use serde::Serialize;

use crate::language::Text;
use crate::message;

/// Why a person may not do something, as a code with parameters.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Denial {
    /// For this person it does not exist.
    NotVisible,
    /// Portico acts in somebody's name, who is not signed in.
    NotAPerson,
    /// It needs a browser session, and the caller uses an API token.
    NeedsSession,
    /// The person is a member of no tenant.
    NotAMember,
    /// The person is not a developer of the tenant that would get the claim.
    CannotRequest {
        /// The tenant.
        tenant: TenantName,
    },
    /// The offering cannot be requested at present.
    NotRequestable {
        /// What is wrong with it.
        problem: String,
    },
    /// The offering is deprecated and takes no new claims.
    OfferingDeprecated {
        /// The offering's title.
        offering: String,
        /// The title of the offering that replaces it, if the person's catalog has that one.
        replacement: Option<String>,
    },
    /// The offering's sunset date has come.
    OfferingEnded {
        /// The offering's title.
        offering: String,
        /// The sunset date.
        sunset: Date,
        /// The title of the offering that replaces it, if the person's catalog has that one.
        replacement: Option<String>,
    },
    /// The person is not a developer of the claim's tenant.
    CannotChange {
        /// The tenant's title.
        tenant: String,
    },
    /// The claim belongs to no tenant, so nobody can change it here.
    CannotChangeUnowned,
    /// The claim belongs to no tenant.
    Unowned,
    /// The person is not a developer of the claim's tenant, and asks for its secret.
    CannotReveal {
        /// The tenant.
        tenant: TenantName,
    },
    /// The claim is of another tenant's service, and connection secrets of that may not be handed out.
    NotHandedOut {
        /// The publisher's title.
        publisher: String,
    },
    /// The service of another tenant takes no requests.
    ServiceClosed {
        /// Whose service.
        service: String,
        /// Why.
        why: Closed,
    },
    /// The claim was requested a moment ago, and its control plane does not show it yet.
    NotThereYet,
    /// The claim is being deleted.
    BeingDeleted,
    /// The claim is gone.
    Gone,
    /// Something else manages the claim and would undo the change.
    ManagedElsewhere {
        /// Who.
        manager: Manager,
    },
    /// Something else manages the claim, so it cannot be adopted.
    NotAdoptable {
        /// Who.
        manager: Manager,
    },
    /// Portico manages the claim already.
    ManagedByPortico,
    /// No rule of the request waits for the person.
    NotAnApprover,
    /// The person made the request.
    OwnRequest,
    /// The person has decided already.
    HasDecided,
    /// The request is neither the person's nor of a tenant that they administer.
    NotTheRequester {
        /// The requester's name.
        requester: String,
    },
    /// The person is not involved in the request.
    NoPartInRequest {
        /// The requester's name.
        requester: String,
    },
}

impl Denial {
    /// The sentence.
    #[must_use]
    pub fn text(&self) -> Text {
        match self {
            Self::NotVisible => message!("denial-not-visible"),
            Self::NotAPerson => message!("denial-not-a-person"),
            Self::NeedsSession => message!("denial-needs-session"),
            Self::NotAMember => message!("denial-not-a-member"),
            Self::CannotRequest { tenant } => message!("denial-cannot-request", tenant = tenant.as_str()),
            Self::NotRequestable { problem } => message!("denial-not-requestable", problem = problem),
            Self::OfferingDeprecated {
                offering,
                replacement,
            } => {
                let text = message!("denial-offering-deprecated", offering = offering);
                with_replacement(text, replacement.as_deref())
            }
            Self::OfferingEnded {
                offering,
                sunset,
                replacement,
            } => {
                let text = message!("denial-offering-ended", offering = offering, day = *sunset);
                with_replacement(text, replacement.as_deref())
            }
            Self::NotHandedOut { publisher } => message!("denial-not-handed-out", publisher = publisher),
            Self::ServiceClosed { service, why } => {
                message!("denial-service-closed", service = service, why = why.to_string())
            }
            Self::CannotReveal { tenant } => message!("denial-cannot-reveal", tenant = tenant.as_str()),
            Self::CannotChange { tenant } => message!("denial-cannot-change", tenant = tenant),
            Self::ManagedElsewhere { manager } => {
                Text::from(format!("{} {}", manager.sentence(), manager.advice()))
            }
            Self::NotAdoptable { manager } => {
                Text::from(format!("{} {}", manager.sentence(), manager.release()))
            }
            Self::NotTheRequester { requester } => {
                message!("denial-not-the-requester", requester = requester)
            }
            Self::NoPartInRequest { requester } => message!("denial-no-part", requester = requester),
            Self::CannotChangeUnowned => message!("denial-cannot-change-unowned"),
            Self::Unowned => message!("denial-unowned"),
            Self::NotThereYet => message!("denial-not-there-yet"),
            Self::BeingDeleted => message!("denial-being-deleted"),
            Self::Gone => message!("denial-gone"),
            Self::ManagedByPortico => message!("denial-managed-by-portico"),
            Self::NotAnApprover => message!("denial-not-an-approver"),
            Self::OwnRequest => message!("denial-own-request"),
            Self::HasDecided => message!("denial-has-decided"),
        }
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text().fmt(f)
    }
}

impl std::error::Error for Denial {}

/// Says what to request instead, if there is something.
fn with_replacement(text: Text, replacement: Option<&str>) -> Text {
    match replacement {
        Some(offering) => Text::Joined(
            vec![text, message!("denial-request-instead", offering = offering)],
            " ",
        ),
        None => text,
    }
}
