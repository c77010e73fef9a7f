//! Control planes: connections, discovery, watch caches, dry run, apply.
//!
//! [`Planes`] is the registry of connections. Reads ([`Planes::catalog`], [`Planes::claims`], [`Planes::planes`])
//! come from caches and never wait for a control plane. Calls to one ([`Planes::dry_run`], [`Planes::apply`],
//! [`Planes::secret`] …) are async and end within its timeout with a result or a [`PlaneError`].
//!
//! Each control plane has its own connections, back-off and limits, so that one that is slow, unreachable or
//! misbehaving affects no other.

mod actor;
pub mod agent;
mod cache;
mod catalog;
mod certificate;
mod claim_events;
mod claims;
mod client;
mod clock;
mod cluster;
mod column;
mod connect;
mod discovery;
mod error;
mod home;
mod informers;
mod object;
mod ops;
mod path;
mod plane;
mod registry;
mod required_rights;
mod resource_names;
mod rights;
mod server_text;
mod shared;
mod status;
mod stream;
mod workspace;

pub use actor::Actor;
pub use catalog::{Catalog, Offered, Served};
pub use claims::ClaimFilter;
pub use cluster::{ClusterProblem, ClusterRegister, ClusterStatus};
pub use column::Column;
pub use connect::{ServerAddress, check_kubeconfig};
pub use discovery::{HeldDefinition, HeldSchema};
pub use error::{Cause, PlaneError};
pub use home::{HOME_KINDS, HomeObject, HomeReadError, HomeSnapshot, HomeWatch, read_home};
pub use informers::{LastKnown, ObservedStatus};
pub use ops::{
    AccountToken, Adoption, AdoptionPreview, Applied, Expect, ObjectMetadata, ObjectPages, ReadExports,
    SecretError,
};
pub use registry::Planes;
pub use required_rights::{
    Requestable, RequestableKind, RequiredRight, home_rights, in_workspace, only_documents, required_rights,
    tenancy_rights,
};
pub use rights::RightsStatus;
pub use shared::{Change, Documents, Settings};
pub use status::{PlaneState, PlaneStatus, PlaneSummary, RecentError};
pub use workspace::{ExportState, ExportStatus, ExportWatch};
