//! What is known of the home plane: the control plane that may hold documents beside the folder.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::Timestamp;
use portico_api::words::home_not_read;
use portico_domain::documents::{ApprovalPolicy, ApprovalPolicySpec, ApprovalRule, Configuration, Outcome};

use super::problem::Problem;

/// The file of each of the folder's documents, by kind and name.
pub type DocumentFiles = BTreeMap<(&'static str, String), PathBuf>;

/// The folder's documents together with those of the home plane.
#[derive(Debug, Clone)]
pub struct WithHome {
    /// All documents in force.
    pub configuration: Configuration,
    /// SHA-256 over the folder's files and the home plane's documents in force, in hex.
    pub digest: String,
    /// The state of the home plane.
    pub report: HomeReport,
}

/// The state of the home plane and of its objects.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HomeReport {
    /// True once all its objects were read. Until then none of them is in force.
    pub synced: bool,
    /// Why it cannot be read now. What was read before stays in force.
    pub failure: Option<HomeFailure>,
    /// Why the statuses of its objects cannot be written now, for administrators.
    pub unwritten: Option<String>,
    /// Problems of its objects.
    pub problems: Vec<Problem>,
    /// Why nothing may be requested or applied: approval policies may be missing.
    pub blocked: Option<String>,
}

/// Why the home plane cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HomeFailure {
    /// The error, for administrators.
    pub message: String,
    /// Since when.
    pub since: Timestamp,
}

impl WithHome {
    /// The folder's documents alone, while the home plane has not been read.
    #[must_use]
    pub fn not_read(folder: &Configuration, digest: &str, failure: Option<HomeFailure>) -> Self {
        let report = HomeReport {
            failure,
            ..HomeReport::default()
        };
        Self {
            configuration: folder.clone(),
            digest: format!("{digest}-without-home"),
            report,
        }
        .blocked(home_not_read())
    }

    /// Adds a policy that denies every request: an approval policy that was in force may be missing.
    #[must_use]
    pub fn blocked(mut self, reason: String) -> Self {
        // No document can have this name.
        let name = "(home plane)".to_owned();
        let rule = ApprovalRule {
            name: "home control plane".to_owned(),
            when: "true".to_owned(),
            then: Outcome::Deny {},
            reason: Some(reason.clone()),
        };
        let policy = ApprovalPolicy {
            name: name.clone(),
            spec: ApprovalPolicySpec { rules: vec![rule] },
        };
        self.configuration.policies.insert(name, policy);
        self.report.blocked = Some(reason);
        self
    }
}
