use portico_domain::claim::ClaimRef;
use portico_domain::names::{ClaimName, EnvironmentName, OfferingName, PlaneName, TenantName};
use portico_domain::request::{Action, State};
use portico_domain::tenancy::Scope;

use crate::backend::Query;

/// Filters requests. Fields that are not set match all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestFilter {
    /// The tenant.
    pub tenant: Option<TenantName>,
    /// The environment.
    pub environment: Option<EnvironmentName>,
    /// One of these states; empty: any.
    pub states: Vec<State>,
    /// The action.
    pub action: Option<Action>,
    /// The requester: [`portico_domain::tenancy::Person::subject`].
    pub requester: Option<String>,
    /// Excludes this requester: approvers never decide on their own requests.
    pub not_requester: Option<String>,
    /// The claim.
    pub claim: Option<ClaimRef>,
    /// The offering.
    pub offering: Option<OfferingName>,
    /// The exact name of the claim, on any control plane.
    pub name: Option<ClaimName>,
    /// The control plane.
    pub plane: Option<PlaneName>,
    /// A part of the claim's name, or one of these offerings.
    pub named: Option<(String, Vec<OfferingName>)>,
}

impl RequestFilter {
    /// Matches requests that await a decision.
    #[must_use]
    pub fn awaiting_decision() -> Self {
        Self {
            states: vec![State::AwaitingApproval],
            ..Self::default()
        }
    }

    /// Matches open requests, which prevent others about the same claim.
    #[must_use]
    pub fn open() -> Self {
        Self {
            states: vec![
                State::Submitted,
                State::AwaitingApproval,
                State::Approved,
                State::Applying,
            ],
            ..Self::default()
        }
    }

    /// Matches the requests about one claim.
    #[must_use]
    pub fn of_claim(claim: ClaimRef) -> Self {
        Self {
            claim: Some(claim),
            ..Self::default()
        }
    }

    /// Appends `WHERE` with all conditions, the scope's first.
    pub(super) fn write(&self, scope: &Scope, query: &mut Query) {
        write_scope(scope, query);
        if let Some(tenant) = &self.tenant {
            query.push(" AND tenant = ").bind(tenant.as_str());
        }
        if let Some(environment) = &self.environment {
            query.push(" AND environment = ").bind(environment.as_str());
        }
        if !self.states.is_empty() {
            query
                .push(" AND state IN ")
                .bind_list(self.states.iter().map(|state| state.slug()));
        }
        if let Some(action) = self.action {
            query.push(" AND action = ").bind(action.slug());
        }
        if let Some(requester) = &self.requester {
            query.push(" AND requester = ").bind(requester.as_str());
        }
        if let Some(requester) = &self.not_requester {
            query.push(" AND requester <> ").bind(requester.as_str());
        }
        if let Some(claim) = &self.claim {
            write_claim(claim, query.push(" AND "));
        }
        if let Some(offering) = &self.offering {
            query.push(" AND offering = ").bind(offering.as_str());
        }
        if let Some(name) = &self.name {
            query.push(" AND name = ").bind(name.as_str());
        }
        if let Some(plane) = &self.plane {
            query.push(" AND plane = ").bind(plane.as_str());
        }
        if let Some((text, offerings)) = &self.named {
            let pattern = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
            query
                .push(" AND (name LIKE ")
                .bind(format!("%{pattern}%"))
                .push(" ESCAPE '\\' OR offering IN ")
                .bind_list(offerings.iter().map(AsRef::<str>::as_ref))
                .push(")");
        }
    }
}

/// Appends `WHERE` with the scope's condition.
pub(crate) fn write_scope(scope: &Scope, query: &mut Query) {
    match scope.tenants() {
        None => query.push(" WHERE 1 = 1"),
        Some(tenants) => query
            .push(" WHERE tenant IN ")
            .bind_list(tenants.iter().map(AsRef::<str>::as_ref)),
    };
}

/// Appends the condition that a request is about this claim.
pub(super) fn write_claim(claim: &ClaimRef, query: &mut Query) {
    query.push("plane = ").bind(claim.plane.as_str());
    query.push(" AND offering = ").bind(claim.offering.as_str());
    query
        .push(" AND coalesce(namespace, '-') = ")
        .bind(claim.namespace.as_deref().unwrap_or("-"));
    query.push(" AND name = ").bind(claim.name.as_str());
}
