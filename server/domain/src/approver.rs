//! Who can be asked for approval, as values that a database can compare. The rules are those of
//! [`crate::policy::is_approver`] and [`crate::policy::unmet`].

use std::collections::BTreeSet;

use serde_json::json;

use crate::documents::{Approvers, GroupRef};
use crate::names::{PublicationName, TenantName};
use crate::policy::unmet;
use crate::request::{Request, State};
use crate::tenancy::{Person, Role, Viewer};

/// A viewer as an approver: the roles and groups that they can approve as, and their identities.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approver {
    /// Their roles and groups.
    principals: BTreeSet<String>,
    /// Their account and e-mail address.
    identities: BTreeSet<String>,
}

impl Approver {
    /// Creates an approver from a viewer.
    #[must_use]
    pub fn of(viewer: &Viewer) -> Self {
        let roles = viewer
            .roles()
            .keys()
            .filter(|tenant| viewer.may(tenant, Role::Approver))
            .map(approver_of);
        let groups = viewer.groups().iter().flat_map(|group| {
            let principal = |provider: Option<&str>| {
                group_principal(&GroupRef {
                    provider: provider.map(str::to_owned),
                    group: group.clone(),
                })
            };
            [principal(None), principal(Some(viewer.provider()))]
        });
        let publications = viewer.decided_publications().map(publication_principal);
        Self {
            principals: roles.chain(groups).chain(publications).collect(),
            identities: identities(viewer.person()).collect(),
        }
    }

    /// Returns the roles and groups that they can approve as.
    #[must_use]
    pub fn principals(&self) -> &BTreeSet<String> {
        &self.principals
    }

    /// Returns their account and e-mail address.
    #[must_use]
    pub fn identities(&self) -> &BTreeSet<String> {
        &self.identities
    }

    /// True if the request waits for their approval.
    #[must_use]
    pub fn is_needed_by(&self, need: &PendingApproval) -> bool {
        !self.principals.is_disjoint(&need.principals) && self.identities.is_disjoint(&need.excluded)
    }
}

/// The approval that a request still needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingApproval {
    /// The roles and groups that its unmet rules name.
    pub principals: BTreeSet<String>,
    /// Identities that may not decide: of the requester and of everybody who has decided.
    pub excluded: BTreeSet<String>,
}

impl PendingApproval {
    /// Returns the approval that a request still needs; `None` unless it awaits approval.
    #[must_use]
    pub fn of(request: &Request) -> Option<Self> {
        if request.state != State::AwaitingApproval {
            return None;
        }
        let rules = request
            .approval
            .as_ref()
            .map_or(&[][..], |need| need.rules.as_slice());
        let principals = unmet(rules, &request.decisions)
            .into_iter()
            .flat_map(|rule| match (&rule.publication, &rule.approvers) {
                (Some(publication), _) => vec![publication_principal(publication)],
                (None, Approvers::TenantApprovers {}) => vec![approver_of(&request.tenant)],
                (None, Approvers::Groups(groups)) => groups.iter().map(group_principal).collect(),
            })
            .collect();
        let decided = request.decisions.iter().filter(|decision| !decision.void);
        let excluded = std::iter::once(&request.requester)
            .chain(decided.map(|decision| &decision.by))
            .flat_map(identities)
            .collect();
        Some(Self { principals, excluded })
    }
}

// As JSON, so that no name can be confused with another, however it is spelled.

fn approver_of(tenant: &TenantName) -> String {
    json!(["approver", tenant]).to_string()
}

fn group_principal(group: &GroupRef) -> String {
    json!(["group", group.provider, group.group]).to_string()
}

fn publication_principal(publication: &PublicationName) -> String {
    json!(["publication", publication]).to_string()
}

/// Returns what identifies a human being, as in [`Person::is_same_human`].
fn identities(person: &Person) -> impl Iterator<Item = String> + use<> {
    let account = json!(["account", person.subject]).to_string();
    let email = person
        .email
        .as_ref()
        .map(|email| json!(["email", email.to_lowercase()]).to_string());
    std::iter::once(account).chain(email)
}

#[cfg(test)]
mod tests;
