//! The use cases: what a viewer may do, and what they see when they have done it.
//!
//! Authorization happens here, once. Every function takes the viewer first, and what it returns is already cut
//! to what that viewer may see: what they may not see does not exist for them. Nothing here knows of HTTP or
//! HTML.

mod access;
mod admin;
mod agents;
mod approvals;
mod audit_log;
mod audit_verification;
#[cfg(test)]
mod audit_verification_tests;
pub mod buckets;
mod caller;
mod catalog;
mod claim;
mod claimed_planes;
#[cfg(test)]
mod claimed_planes_tests;
#[cfg(test)]
mod claimed_tenants_tests;
mod claims;
mod clusters;
mod composition;
pub mod configuration;
mod connect;
mod cut;
mod definition_trial;
mod dependencies;
mod draft;
mod env;
mod error;
mod fleet;
mod home;
#[cfg(test)]
mod incomplete_configuration_tests;
mod index;
mod judging;
mod keyed_lock;
#[cfg(test)]
mod lifecycle_tests;
mod live;
#[cfg(test)]
mod load_tests;
mod lookups;
#[cfg(test)]
mod maintenance_tests;
mod matching;
mod name_conflict;
mod names;
mod navigation;
mod not_synced;
mod offering;
mod operations;
mod permissions;
mod permit;
mod progress;
pub mod proof;
mod properties;
mod publications;
mod quota_lines;
#[cfg(test)]
mod quota_lines_tests;
mod request;
mod requests;
mod residents;
mod review_diff;
mod rows;
mod search;
pub mod security;
mod service;
mod snippets;
mod tenant_namespaces;
#[cfg(test)]
mod testing;
mod tokens;
pub mod trace;
mod usage;
mod usage_page;
mod usage_sampling;
#[cfg(test)]
mod usage_tests;
mod workspace;

pub use agents::{AgentAccess, AgentRegistrar};
pub use audit_log::{AuditLogExport, AuditLogQuery};
pub use caller::Caller;
pub use catalog::CatalogQuery;
pub use claimed_planes::definitions_in;
pub use clusters::RecordedClusters;
pub use draft::bounded;
pub use draft::input::{Content, FormCommand, FormFields, FormState, RequestInput, RequestTarget};
pub use env::Env;
pub use error::{Conflict, Denial, InputError, NotSynced, PortalError, TokenProblem, Unavailable};
pub use live::{Live, LiveEvent};
pub use navigation::Navigation;
pub use operations::{
    AcceptCluster, ActOnClaims, AdoptClaim, Cordon, CreateToken, Decide, DecidePermission, DeleteClaim,
    EndAccess, EndOwnAccess, EnrolAgent, FetchKubeconfig, PostComment, RenewClaim, RevealSecret, RevokeAgent,
    RevokeToken, SaveView, SecretKeys, SelectedClaim, SubmitOutcome, SubmitRequest, TryDefinition, TryHealth,
    Uncordon, UndoDecision, Withdraw,
};
pub use requests::RequestsQuery;
pub use usage_page::UsageQuery;
pub use workspace::Workspace;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use jiff::Timestamp;
use portico_domain::authz::RuleScope;
use portico_domain::documents::Configuration;
use portico_domain::names::{OfferingName, RequestId, TenantName};
use portico_domain::policy::Policies;
use portico_planes::Planes;
use portico_store::Store;
use tokio::sync::Notify;
use uuid::Uuid;

use configuration::LiveConfiguration;
use index::Indexes;

/// The result of a use case.
pub type Result<T, E = PortalError> = std::result::Result<T, E>;

/// The portal. Cheap to clone; all clones share their state.
#[derive(Clone)]
pub struct Portal {
    shared: Arc<Shared>,
}

struct Shared {
    store: Store,
    planes: Planes,
    rules: RuleScope,
    configuration: LiveConfiguration,
    policies: ArcSwap<(u64, Policies)>,
    indexes: Indexes,
    typical_times: ArcSwap<BTreeMap<OfferingName, Duration>>,
    work_to_do: Arc<Notify>,
    submitting: keyed_lock::KeyedLock<TenantName>,
    chain: audit_verification::AuditVerification,
    judging: judging::Judging,
    /// One permit for each trial of a definition at once.
    trials: tokio::sync::Semaphore,
    recorded: tokio::sync::broadcast::Sender<live::AuditNotification>,
    namespaces: tenant_namespaces::Namespaces,
    usage_sampled: parking_lot::Mutex<usage_sampling::Sampled>,
    /// Set once, if Portico listens for agents.
    agents: std::sync::OnceLock<AgentAccess>,
    env: Env,
}

impl Portal {
    /// Creates a portal over a store and control planes. `rules` reads what rules must know beyond what a viewer sees;
    /// `work_to_do` is notified when a request may be applied.
    #[must_use]
    pub fn new(
        store: Store,
        planes: Planes,
        rules: RuleScope,
        configuration: LiveConfiguration,
        work_to_do: Arc<Notify>,
        env: Env,
    ) -> Self {
        Self {
            shared: Arc::new(Shared {
                store,
                planes,
                rules,
                configuration,
                policies: ArcSwap::from_pointee((0, Policies::default())),
                indexes: Indexes::default(),
                typical_times: ArcSwap::default(),
                work_to_do,
                submitting: keyed_lock::KeyedLock::default(),
                chain: audit_verification::AuditVerification::default(),
                judging: judging::Judging::default(),
                trials: tokio::sync::Semaphore::new(definition_trial::CONCURRENT_TRIALS),
                recorded: tokio::sync::broadcast::Sender::new(live::CHANNEL_CAPACITY),
                namespaces: tenant_namespaces::Namespaces::default(),
                usage_sampled: parking_lot::Mutex::default(),
                agents: std::sync::OnceLock::new(),
                env,
            }),
        }
    }

    /// Refreshes values that change slowly: the typical times to ready. Call it about every minute.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn refresh(&self) -> Result<()> {
        let times = self.shared.store.typical_times().await?;
        if **self.shared.typical_times.load() != times {
            self.shared.typical_times.store(Arc::new(times));
            self.shared.indexes.forget();
        }
        Ok(())
    }

    fn store(&self) -> &Store {
        &self.shared.store
    }

    fn planes(&self) -> &Planes {
        &self.shared.planes
    }

    /// The scope for reading inputs of rules, which are checked and not shown.
    fn rules(&self) -> &RuleScope {
        &self.shared.rules
    }

    fn configuration(&self) -> Arc<Configuration> {
        self.shared.configuration.current()
    }

    fn now(&self) -> Timestamp {
        (self.shared.env.now)()
    }

    /// Creates an id. Later ones sort after earlier ones.
    fn new_id(&self) -> Uuid {
        (self.shared.env.new_id)()
    }

    fn new_request_id(&self) -> RequestId {
        RequestId(self.new_id())
    }

    fn random(&self) -> [u8; 32] {
        (self.shared.env.random)()
    }

    /// Returns the policies in force, compiled once for each configuration.
    fn policies(&self) -> Result<Arc<(u64, Policies)>> {
        let generation = self.shared.configuration.generation();
        let known = self.shared.policies.load_full();
        if known.0 == generation {
            return Ok(known);
        }
        let configuration = self.configuration();
        let compiled = Policies::compile(configuration.policies.values()).map_err(|errors| {
            let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
            // Checked when the configuration was read; a policy that is unreadable all the same lets nothing pass.
            PortalError::Unavailable(Unavailable::PoliciesUnusable {
                errors: errors.join("; "),
            })
        })?;
        let compiled = Arc::new((generation, compiled));
        self.shared.policies.store(Arc::clone(&compiled));
        Ok(compiled)
    }

    fn work_to_do(&self) {
        self.shared.work_to_do.notify_one();
    }
}
