//! The kinds of configuration documents (`portico.dev/v1alpha1`). Defines their shapes; the server's `config` reads
//! them from files and reports errors by file, line and field.
//!
//! Every shape is strict: an unknown field is an error.

mod act_as;
mod agent;
mod approval_policy;
mod configuration;
mod consumption;
mod control_plane;
mod group;
mod kcp;
mod lifecycle;
mod namespace_template;
mod offering;
mod placement;
mod portal;
mod publication;
#[cfg(test)]
mod reference;
mod tenant;

pub use act_as::{ActAs, PassedOn};
pub use agent::{Agent, AgentConnection, AgentRule, AgentSpec};
pub use approval_policy::{ApprovalPolicy, ApprovalPolicySpec, ApprovalRule, Approvers, Outcome};
pub use configuration::Configuration;
pub use consumption::{Consumption, FieldAmount};
pub use control_plane::{
    ClaimConnection, ClaimedWorkspace, Connection, ControlPlane, ControlPlaneKind, ControlPlaneSpec, Limits,
    MaintenanceWindow, OidcSignIn, PublicAddress,
};
pub use group::GroupRef;
pub use kcp::{
    AcceptedClaim, ExportPermission, ExportReference, Kcp, PublishedExport, api_binding, export_permissions,
    is_workspace_path,
};
pub use lifecycle::{
    Audience, Deprecation, ENDING_DAYS, Lifecycle, MAX_NOTE_CHARACTERS, NewClaims, Phase, Stage,
};
pub use namespace_template::{
    EnvironmentKinds, KubeconfigAccess, NamespaceTemplate, NamespaceTemplateSpec, TemplateGroups,
};
pub use offering::{
    Access, Category, ClaimedControlPlane, ClaimedTenant, Endpoint, HealthExpressions, Offering,
    OfferingSpec, Plan, Price, ResourceRef, SecretSource, TenantField,
};
pub use placement::{PREFERRED_LABEL_WEIGHT, PlacementPreference, PlacementRules, Spread};
pub use portal::{
    AgentListener, Caches, Company, Database, GroupsFrom, HomePlane, Metrics, Portal, PortalSpec, Provider,
    RecordProof, RequestLimits, Sessions, SignIn, SuspendedBy, TokenRules,
};
pub use publication::{
    Consumers, Permission, PermissionClaim, Publication, PublicationSpec, PublisherApprovers,
};
pub use tenant::{Environment, Member, PlaneGrant, Quota, Tenant, TenantSpec};

/// The API version that every document must carry.
pub const API_VERSION: &str = "portico.dev/v1alpha1";
