//! Who can be asked for their agreement, as values that a database can compare: the same rules as
//! [`crate::policy::is_approver`] and [`crate::policy::unmet`] have.

use std::collections::BTreeSet;

use serde_json::json;

use crate::documents::{Approvers, GroupRef};
use crate::names::TenantName;
use crate::policy::unmet;
use crate::request::{Request, State};
use crate::tenancy::{Person, Role, Viewer};

/// What a viewer can agree as, and who they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approver {
    /// The roles and groups they are in.
    principals: BTreeSet<String>,
    /// Their account and e-mail address.
    identities: BTreeSet<String>,
}

impl Approver {
    /// The viewer as an approver.
    #[must_use]
    pub fn of(viewer: &Viewer) -> Self {
        let roles = viewer
            .roles
            .keys()
            .filter(|tenant| viewer.may(tenant, Role::Approver))
            .map(approver_of);
        let groups = viewer.groups.iter().flat_map(|group| {
            let of = |provider: Option<&str>| {
                group_principal(&GroupRef {
                    provider: provider.map(str::to_owned),
                    group: group.clone(),
                })
            };
            [of(None), of(Some(&viewer.provider))]
        });
        Self {
            principals: roles.chain(groups).collect(),
            identities: identities(&viewer.person).collect(),
        }
    }

    /// The roles and groups they can agree as.
    #[must_use]
    pub fn principals(&self) -> &BTreeSet<String> {
        &self.principals
    }

    /// What they are known by.
    #[must_use]
    pub fn identities(&self) -> &BTreeSet<String> {
        &self.identities
    }

    /// Whether a request with this need waits for them.
    #[must_use]
    pub fn is_needed_by(&self, need: &PendingApproval) -> bool {
        !self.principals.is_disjoint(&need.principals) && self.identities.is_disjoint(&need.excluded)
    }
}

/// Whose agreement a request still needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingApproval {
    /// The roles and groups that its unmet rules name.
    pub principals: BTreeSet<String>,
    /// Who may not decide: the requester, and whoever has decided.
    pub excluded: BTreeSet<String>,
}

impl PendingApproval {
    /// What the request still needs; `None` unless it awaits approval.
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
            .flat_map(|rule| match &rule.approvers {
                Approvers::TenantApprovers {} => vec![approver_of(&request.tenant)],
                Approvers::Groups(groups) => groups.iter().map(group_principal).collect(),
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

// JSON, so that no name can be taken for another however it is spelled.

fn approver_of(tenant: &TenantName) -> String {
    json!(["approver", tenant]).to_string()
}

fn group_principal(group: &GroupRef) -> String {
    json!(["group", group.provider, group.group]).to_string()
}

/// What tells one human being from another, as [`Person::is_same_human`] has it.
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
