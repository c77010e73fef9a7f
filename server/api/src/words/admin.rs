use portico_domain::documents::ControlPlaneKind;
use portico_domain::names::{OfferingName, PlanName};
use portico_domain::tenancy::Role;

use crate::ConfigurationError;

/// The group of control planes whose region or version is not known.
pub const GROUP_NOT_KNOWN: &str = "Not known";

/// The name to show of a kind of control plane.
#[must_use]
pub fn plane_kind_title(kind: ControlPlaneKind) -> &'static str {
    match kind {
        ControlPlaneKind::Cluster => "Cluster",
        ControlPlaneKind::Vcluster => "Virtual cluster",
        ControlPlaneKind::KcpWorkspace => "kcp workspace",
    }
}

/// The name to show of a role.
#[must_use]
pub fn role_title(role: Role) -> &'static str {
    match role {
        Role::Viewer => "Viewer",
        Role::Developer => "Developer",
        Role::Approver => "Approver",
        Role::TenantAdmin => "Tenant admin",
    }
}

/// What is wrong with a health rule of more than so many characters.
#[must_use]
pub fn health_rule_too_long(most: usize) -> String {
    format!("It is longer than {most} characters.")
}

/// An error that occurred several times.
#[must_use]
pub fn repeated(message: &str, times: u32) -> String {
    if times > 1 {
        format!("{message} ({times} times)")
    } else {
        message.to_owned()
    }
}

/// Why nobody can request anything while the home control plane has not been read.
#[must_use]
pub fn home_not_read() -> String {
    "Portico has not read its home control plane yet, so it does not know all approval policies. Try again later."
        .to_owned()
}

impl ConfigurationError {
    /// Claims have a plan that their offering does not have.
    #[must_use]
    pub fn unknown_plan(offering: &OfferingName, plan: &PlanName, claims: usize) -> Self {
        Self {
            file: format!("Offering {offering}"),
            line: None,
            field: Some("spec.plans".to_owned()),
            message: format!(
                "there is no plan named {plan:?}, and claims that name it: {claims}. They count as the largest plan \
                 until somebody gives them another",
                plan = plan.as_str()
            ),
        }
    }
}

/// Why what is shown of a workspace of kcp may be old: the endpoint of the export that it binds fails.
#[must_use]
pub fn export_interrupted(why: &str) -> String {
    format!("Its claims may be out of date: {why}")
}
