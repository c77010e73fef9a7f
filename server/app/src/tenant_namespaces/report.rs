//! What is reported of one namespace.

use jiff::Timestamp;
use portico_api::{Correction, NamespaceRow, NamespaceState};
use portico_domain::names::{EnvironmentName, TenantName};
use portico_planes::PlaneError;

/// Collects what is found of a namespace.
pub(super) struct NamespaceReport(pub(super) NamespaceRow);

impl NamespaceReport {
    pub(super) fn new(name: &str, tenant: TenantName, environment: EnvironmentName) -> Self {
        Self(NamespaceRow {
            name: name.to_owned(),
            tenant,
            environment,
            state: NamespaceState::Kept,
            objects: 0,
            problems: Vec::new(),
            corrected: None,
        })
    }

    pub(super) fn problem(&mut self, state: NamespaceState, message: impl Into<String>) {
        self.0.state = self.0.state.min(state);
        self.0.problems.push(message.into());
    }

    pub(super) fn error(&mut self, what: &str, error: &PlaneError) {
        self.problem(
            NamespaceState::Incomplete,
            format!("{what}: {}", error.admin_message()),
        );
    }

    pub(super) fn corrected(&mut self, at: Timestamp, what: &str, by: Option<String>) {
        self.0.corrected = Some(Correction {
            at,
            what: what.to_owned(),
            by,
        });
    }
}
