use portico_domain::documents::{Permission, PublisherApprovers};
use portico_domain::publication::{Closed, PermissionState};

/// A permission of a publication as a heading.
#[must_use]
pub fn permission_title(permission: Permission) -> &'static str {
    match permission {
        Permission::TakeClaims => "Take claims of other tenants",
        Permission::Decide => "Decide on requests of other tenants",
        Permission::HandOutSecrets => "Hand out connection secrets",
        Permission::KnowRequesters => "Know who asks",
        Permission::ReadNotes => "Read notes and comments",
    }
}

/// What follows when a permission is accepted, and when it is not.
#[must_use]
pub fn permission_consequences(permission: Permission) -> (&'static str, &'static str) {
    match permission {
        Permission::TakeClaims => (
            "Claims of the consumers land on this control plane. Portico makes a namespace there for each of their environments.",
            "The service is in nobody’s catalog, and its claims cannot be changed. Claims that exist stay, and their owners can delete them.",
        ),
        Permission::Decide => (
            "A request needs the approval of its approvers, besides that of approval policies. They see its manifest, tenant and environment.",
            "The service is in nobody’s catalog: nothing lands there without its approvers.",
        ),
        Permission::HandOutSecrets => (
            "Developers of a consumer can reveal the connection secrets of their claims.",
            "Nobody is shown the connection secrets of claims of this service.",
        ),
        Permission::KnowRequesters => (
            "Claims carry the name and the account of who asked, and its approvers see the name.",
            "Claims and requests name the tenant only.",
        ),
        Permission::ReadNotes => (
            "Its approvers read the note of a request and the comments on it.",
            "Its approvers see neither notes nor comments.",
        ),
    }
}

/// A state of a permission on screens.
#[must_use]
pub fn permission_state(state: PermissionState) -> &'static str {
    match state {
        PermissionState::Waiting => "Not decided",
        PermissionState::AsksForMore => "Asks for more",
        PermissionState::Accepted => "Accepted",
        PermissionState::Refused => "Refused",
    }
}

/// What is wrong with a service whose claims are not in namespaces.
#[must_use]
pub fn not_in_namespaces() -> String {
    "its objects are not in namespaces, so those of consumers cannot be kept apart".to_owned()
}

/// In place of the name of a person whom the publisher of a service may not know.
#[must_use]
pub fn somebody_of(tenant: &str) -> String {
    format!("Somebody of {tenant}")
}

/// Why the publisher's approvers cannot decide now. What is wrong on the consumer's side is not for them.
#[must_use]
pub fn not_ready_for_publisher() -> String {
    "It could not be applied now, for a reason on the side of the tenant that asks.".to_owned()
}

/// In place of the name of an approver whom the publisher of a service may not know.
#[must_use]
pub fn another_approver() -> &'static str {
    "Another approver"
}

/// Why a publication cannot be in force.
#[must_use]
pub fn publication_not_in_force() -> String {
    "It cannot be in force: its control plane must be there, be dedicated to its publisher alone, and not act as people."
        .to_owned()
}

/// Who decides on requests, in words.
#[must_use]
pub fn approvers_of(approvers: &PublisherApprovers, publisher: &str) -> String {
    match approvers {
        PublisherApprovers::OfPublisher {} => format!("approvers and admins of {publisher}"),
        PublisherApprovers::Groups(groups) => {
            let names: Vec<String> = groups.iter().map(ToString::to_string).collect();
            format!("members of {}", names.join(" or "))
        }
    }
}

/// Why a consumer cannot make requests, for the publisher and platform admins.
#[must_use]
pub fn closed_in_words(closed: Closed) -> String {
    match closed {
        Closed::NotAConsumer => "it is no consumer".to_owned(),
        Closed::Waiting(permission) => {
            format!(
                "nobody has decided whether the service may {}",
                permission.phrase()
            )
        }
        Closed::Refused(permission) => format!("the service may not {}", permission.phrase()),
    }
}
