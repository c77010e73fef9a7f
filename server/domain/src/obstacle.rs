//! Why a request may no longer be applied.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::claim::Manager;
use crate::names::{OfferingName, TenantName};
use crate::publication::Closed;
use crate::tenancy::Lapse;
use crate::tenant_tree::MAX_TENANT_LEVELS;

/// Why a request may no longer be applied. Displayed to requesters and approvers, with advice.
///
/// Most obstacles are final: the request fails and must be made again, because the basis of its placement or approval
/// changed. For those that [may pass](Obstacle::passes), the request waits.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(tag = "obstacle", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Obstacle {
    /// The requester is no longer a developer of the tenant.
    #[error("{requester} is no longer a developer of {tenant}. Somebody who is can request it again.")]
    NotADeveloper {
        /// By name.
        requester: String,
        /// By title.
        tenant: String,
    },
    /// Nothing may be done in the requester's name until they sign in again.
    #[error("It is applied when {requester} has signed in again: {why}.")]
    Lapsed {
        /// By name.
        requester: String,
        /// Why.
        why: Lapse,
    },
    /// The tenant or environment no longer exists.
    #[error("{place} does not exist any more. Request it where you work now.")]
    NoSuchPlace {
        /// `tenant/environment`.
        place: String,
    },
    /// The environment has another namespace now.
    #[error("{place} has moved to another namespace since it was requested. Request it again.")]
    Moved {
        /// `tenant/environment`.
        place: String,
    },
    /// The tenant may no longer use the control plane.
    #[error("{tenant} may no longer use {plane}. Request it again to have it placed elsewhere.")]
    PlaneTaken {
        /// By title.
        tenant: String,
        /// By title.
        plane: String,
    },
    /// The control plane lacks a label that the environment or the offering requires now.
    #[error(
        "{plane} no longer has the label {label}, which {whose} needs. Request it again to have it placed elsewhere."
    )]
    PlaneUnfit {
        /// By title.
        plane: String,
        /// `key=value`.
        label: String,
        /// Who needs the label.
        whose: NeededBy,
    },
    /// An administrator cordoned the control plane.
    #[error("{plane} is cordoned and takes no new claims{}. It is applied when that ends. Or withdraw it and request another control plane.", reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default())]
    Cordoned {
        /// By title.
        plane: String,
        /// The administrator's reason.
        reason: Option<String>,
    },
    /// The control plane is being worked on.
    #[error("{plane} takes no new claims until {}{}. It is applied when that ends. Or withdraw it and request another control plane.", until.strftime("%-d %b %H:%M UTC"), reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default())]
    Maintenance {
        /// By title.
        plane: String,
        /// Until when.
        until: Timestamp,
        /// The reason of its document.
        reason: Option<String>,
    },
    /// The control plane's offerings have not been read since Portico started.
    #[error("What {plane} offers is not known yet. It is applied when it is.")]
    NotRead {
        /// By title.
        plane: String,
    },
    /// The offering no longer exists, or is no longer offered to this tenant.
    #[error("{offering} is no longer offered here. Look in the catalog for what took its place.")]
    NotOffered {
        /// By title.
        offering: String,
    },
    /// The offering's sunset date has come.
    #[error(
        "{offering} ended on {} and takes no new claims. Look in the catalog for what took its place.",
        sunset.strftime("%-d %B %Y")
    )]
    OfferingEnded {
        /// By title.
        offering: String,
        /// The sunset date.
        sunset: Date,
    },
    /// The service of another tenant takes no requests of this one.
    #[error("{service} takes no requests now: {why}.")]
    ServiceClosed {
        /// Whose service.
        service: String,
        /// Why.
        why: Closed,
    },
    /// The manifest names the requester, whom the publisher of the service may not know any more.
    #[error(
        "Its manifest names {requester}, and {service} may not know who asks any more. Request it again."
    )]
    ServiceMayNotKnow {
        /// By name.
        requester: String,
        /// Whose service.
        service: String,
    },
    /// The plan no longer exists.
    #[error("The plan {plan} is no longer offered. Request it again with another plan.")]
    PlanGone {
        /// By name.
        plan: String,
    },
    /// The plan sets another value now.
    #[error(
        "The plan {plan} has changed since it was requested: it now sets {field} to another value. Request it again."
    )]
    PlanChanged {
        /// By title.
        plan: String,
        /// The first field that differs.
        field: String,
    },
    /// The definition has changed, and the manifest is not valid by it.
    #[error(
        "The definition has changed since it was requested, and the object is no longer valid: {why}. Request it again."
    )]
    NotValid {
        /// The first problem.
        why: String,
    },
    /// Something else manages the claim by now and would undo it.
    #[error("{} {}", manager.sentence(), manager.advice())]
    ManagedElsewhere {
        /// Who.
        manager: Manager,
    },
    /// Claims are on the control plane that nobody agreed to abandon.
    #[error(
        "On {plane} there is now {claims}, which nobody agreed to abandon. Delete that first, or withdraw this and ask for the deletion again."
    )]
    NotAbandoned {
        /// By title.
        plane: String,
        /// Their names.
        claims: String,
    },
    /// A policy denies it.
    #[error("Policy refuses it now: {}", reasons.join(" "))]
    Denied {
        /// One sentence for each rule.
        reasons: Vec<String>,
    },
    /// It exceeds the tenant's quota.
    #[error("{}", sentences.join(" "))]
    OverQuota {
        /// One sentence for each resource.
        sentences: Vec<String>,
    },
    /// The tenant that is asked for may not be as it is asked for.
    #[error("The tenant cannot be as it was asked for: {why} Request it again.")]
    TenantRefused {
        /// The first fault, as a sentence.
        why: String,
    },
    /// Something is in the tenant that would be deleted.
    #[error("{}", tenant_in_use(tenant, *claims, *tenants))]
    TenantInUse {
        /// By title.
        tenant: String,
        /// Its claims and those of tenants below it, requested ones included.
        claims: usize,
        /// Number of tenants in it.
        tenants: usize,
    },
    /// The manifest differs from the one that was frozen.
    #[error(
        "Its manifest differs from the one that was submitted: it was altered in the database. Tell the platform team."
    )]
    Altered,
}

/// What is wrong with a request for a tenant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TenantFault {
    /// It is another of Portico's documents, or its offering does not say that it makes tenants.
    #[error("This is a document of Portico itself, which only the platform team writes.")]
    NotOffered,
    /// Its name does not say whose it is.
    #[error(
        "A tenant that {tenant} asks for is within it and has its name in front: {tenant}-{}.",
        example(.name)
    )]
    Name {
        /// The tenant that asks.
        tenant: TenantName,
        /// The name as given.
        name: String,
    },
    /// There is a tenant of that name.
    #[error("There is a tenant {name} already. Choose another name.")]
    NameTaken {
        /// The name.
        name: String,
    },
    /// Too many are nested.
    #[error("At most {MAX_TENANT_LEVELS} tenants may be nested, and this one would be one more.")]
    TooDeep,
    /// It is no `Tenant`.
    #[error("It is no tenant: {0}.")]
    Malformed(String),
    /// The platform sets the field.
    #[error("The platform sets {field}. Leave it out.")]
    Closed {
        /// The field: `spec.quota`.
        field: String,
    },
    /// A namespace that is not made of its name.
    #[error("Its namespace is {namespace}. Leave it out.")]
    Namespace {
        /// The one that it has.
        namespace: String,
    },
    /// The namespace would be too long.
    #[error("Its namespace would be {namespace}, which is longer than 63 characters. Choose shorter names.")]
    NamespaceTooLong {
        /// The namespace.
        namespace: String,
    },
    /// Somebody has the namespace.
    #[error("Its namespace would be {namespace}, which is another's. Choose another name.")]
    NamespaceTaken {
        /// The namespace.
        namespace: String,
    },
    /// A group that the requester has nothing to do with.
    #[error("You are not in the group {group}, and it has no role in {tenant}. Name one of those.")]
    Group {
        /// The group.
        group: String,
        /// The tenant that asks, by title.
        tenant: String,
    },
    /// A role that may not be handed out.
    #[error("This role is not handed out here. Who has it in {tenant} has it here, too.")]
    Role {
        /// The tenant that asks, by title.
        tenant: String,
    },
    /// An offering that the tenant that asks may not request.
    #[error("{tenant} may not request everything, so name offerings that it may: {}.", allowed(.offerings))]
    Offerings {
        /// The tenant that asks, by title.
        tenant: String,
        /// Those that it may request.
        offerings: Vec<OfferingName>,
    },
}

fn example(name: &str) -> &str {
    if name.is_empty() { "web" } else { name }
}

fn allowed(offerings: &[OfferingName]) -> String {
    let names: Vec<&str> = offerings.iter().map(OfferingName::as_str).collect();
    names.join(", ")
}

/// Says what is still in a tenant that is to be deleted.
#[must_use]
pub fn tenant_in_use(tenant: &str, claims: usize, tenants: usize) -> String {
    let counted = |count: usize, one: &str, several: &str| match count {
        0 => None,
        1 => Some(format!("1 {one}")),
        count => Some(format!("{count} {several}")),
    };
    let there = [
        counted(claims, "claim", "claims"),
        counted(tenants, "tenant", "tenants"),
    ];
    let there: Vec<String> = there.into_iter().flatten().collect();
    format!(
        "The tenant {tenant} still has {}. Delete what is in it first.",
        there.join(" and ")
    )
}

/// The document that requires a label of the control plane.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum NeededBy {
    /// The environment.
    Environment,
    /// The offering.
    Offering,
}

impl std::fmt::Display for NeededBy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Environment => "the environment",
            Self::Offering => "the offering",
        })
    }
}

impl Obstacle {
    /// True if it may pass without a new request: then the request waits.
    #[must_use]
    pub fn passes(&self) -> bool {
        matches!(
            self,
            Self::Cordoned { .. }
                | Self::Maintenance { .. }
                | Self::NotRead { .. }
                | Self::Lapsed { .. }
                | Self::ServiceClosed {
                    why: Closed::Waiting(_),
                    ..
                }
        )
    }

    /// Returns its name in the audit log and in metrics.
    #[must_use]
    pub fn slug(&self) -> &'static str {
        match self {
            Self::NotADeveloper { .. } => "requester-lost-standing",
            Self::Lapsed { .. } => "requester-lapsed",
            Self::NoSuchPlace { .. } => "place-gone",
            Self::Moved { .. } => "place-moved",
            Self::PlaneTaken { .. } => "plane-taken",
            Self::PlaneUnfit { .. } => "plane-unfit",
            Self::Cordoned { .. } => "cordoned",
            Self::Maintenance { .. } => "maintenance",
            Self::NotRead { .. } => "not-read",
            Self::NotOffered { .. } => "not-offered",
            Self::OfferingEnded { .. } => "offering-ended",
            Self::ServiceClosed { .. } => "service-closed",
            Self::ServiceMayNotKnow { .. } => "service-may-not-know",
            Self::PlanGone { .. } => "plan-gone",
            Self::PlanChanged { .. } => "plan-changed",
            Self::NotValid { .. } => "not-valid",
            Self::ManagedElsewhere { .. } => "managed-elsewhere",
            Self::NotAbandoned { .. } => "not-abandoned",
            Self::Denied { .. } => "denied",
            Self::OverQuota { .. } => "over-quota",
            Self::TenantRefused { .. } => "tenant-refused",
            Self::TenantInUse { .. } => "tenant-in-use",
            Self::Altered => "altered",
        }
    }
}
