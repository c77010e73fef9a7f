//! What a viewer may do to claims and requests, where more than one use case asks for it.

use portico_domain::claim::{Claim, Health};
use portico_domain::documents::Configuration;
use portico_domain::policy::is_approver;
use portico_domain::request::Request;
use portico_domain::tenancy::{Role, Viewer};
use portico_domain::view::Allowed;

/// Whether the viewer may change and delete the claim.
pub(super) fn may_change(viewer: &Viewer, configuration: &Configuration, claim: &Claim) -> Allowed {
    let Some(tenant) = &claim.tenant else {
        return Allowed::no(
            "It belongs to no tenant, so nobody can change it here. Change it on its control plane.",
        );
    };
    if !viewer.may(tenant, Role::Developer) {
        let title = configuration
            .tenants
            .get(tenant)
            .map_or(tenant.as_str(), |tenant| tenant.title());
        return Allowed::no(format!("Developers of {title} can change it."));
    }
    match claim.verdict.health {
        Health::Deleting => Allowed::no("It is being deleted."),
        Health::Gone => Allowed::no("It is gone."),
        _ => Allowed::yes(),
    }
}

/// Whether the viewer has a part in the request: they asked for it, approve in its tenant or by one of the rules
/// that asked, or administer the tenant.
pub(super) fn may_comment(viewer: &Viewer, request: &Request) -> bool {
    let requester = request.requester.subject == viewer.person.subject && viewer.sees(&request.tenant);
    requester || was_asked(viewer, request) || viewer.may(&request.tenant, Role::Approver)
}

/// Whether the viewer is one of those whose agreement was asked for, whatever became of it.
pub(super) fn was_asked(viewer: &Viewer, request: &Request) -> bool {
    let mut rules = request.approval.iter().flat_map(|need| &need.rules);
    rules.any(|rule| is_approver(viewer, &request.tenant, &rule.approvers))
}
