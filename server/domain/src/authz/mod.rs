//! Authorization: the only module that creates [`Visible`] (may be read) and [`Granted`] (may be done).
//!
//! A grant is the result of a pure decision on the caller (a [`Viewer`](crate::tenancy::Viewer), with the groups of
//! the last sign-in), the operation, and the state of its target. It is made when it is used, and never stored. Store
//! writes and calls to control planes that serve a person take a grant, so a use case without authorization does not
//! compile. The grant carries its reason ([`Basis`]); the audit log takes actor, subject, tenant and basis from it.
//!
//! It is part of this crate because decisions need only domain types, and because store and control planes, which
//! both take grants, depend on this crate and not on each other.
//!
//! Work that serves no person, such as the worker's, needs a [`SystemAuthority`], which the program creates once at
//! start.
//!
//! Code outside this module cannot create a grant:
//!
//! ```compile_fail,E0451
//! use portico_domain::authz::{Granted, RevealSecret};
//!
//! fn forged() -> Granted<(), RevealSecret> {
//!     Granted { target: (), caller: todo!(), basis: todo!(), operation: std::marker::PhantomData }
//! }
//! ```
//!
//! ```compile_fail,E0624
//! use portico_domain::authz::{Basis, Granted, RevealSecret};
//! use portico_domain::tenancy::Viewer;
//!
//! fn forged(viewer: &Viewer) -> Granted<(), RevealSecret> {
//!     Granted::new(viewer, (), Basis::PlatformAdmin)
//! }
//! ```
//!
//! Neither can a visible value, an audit event, or the authority of Portico itself:
//!
//! ```compile_fail,E0423
//! use portico_domain::authz::Visible;
//!
//! let forged = Visible(42);
//! ```
//!
//! ```compile_fail,E0423
//! use portico_domain::authz::AuditEvent;
//! use portico_domain::audit_log::NewEvent;
//!
//! fn forged(event: NewEvent) -> AuditEvent {
//!     AuditEvent(event)
//! }
//! ```
//!
//! ```compile_fail,E0423
//! use portico_domain::authz::SystemAuthority;
//!
//! let forged = SystemAuthority(());
//! ```
//!
//! A grant of one operation is none of another, and nobody adds operations elsewhere:
//!
//! ```compile_fail,E0308
//! use portico_domain::authz::{Comment, Decide, Granted};
//! use portico_domain::request::Request;
//!
//! fn decide(_: &Granted<Request, Decide>) {}
//!
//! fn forged(grant: &Granted<Request, Comment>) {
//!     decide(grant);
//! }
//! ```
//!
//! ```compile_fail,E0277
//! use portico_domain::authz::Operation;
//!
//! struct Anything;
//! impl Operation for Anything {}
//! ```

mod audit;
mod basis;
mod grant;
mod judgement;
mod kubeconfig;
mod people;
mod publications;
mod system;
mod visible;
mod writes;

#[cfg(test)]
mod tests;

pub use audit::{AuditEvent, SecurityActor, SessionEvent};
pub use basis::Basis;
pub use grant::{Granted, Operation, Recorded, Target};
pub use judgement::{
    AcceptCluster, AccessOf, AcknowledgeBreaks, AuditLog, Comment, Cordon, CreateToken, Decide,
    DecidePermission, DecisionOutcome, Denied, EndAccess, EnrolAgent, ExportAuditLog, FetchKubeconfig,
    OwnToken, OwnTokens, RevealSecret, RevokeAgent, RevokeToken, Submission, Submit, TryDefinition, Uncordon,
    UndoDecision, Withdraw, accept_cluster, acknowledge_breaks, comment, cordon, create_claim, create_token,
    decide, end_access, end_own_access, enrol_agent, export_audit_log, may_adopt, may_change, may_comment,
    may_create, may_decide, may_read_audit_log, may_reveal, may_withdraw, platform_admin, reveal_secret,
    revoke_agent, revoke_token, submit_about, try_definition, uncordon, undo_decision, withdraw,
};
pub use kubeconfig::{
    NamespaceAccess, OwnAccess, fetch_kubeconfig, fetch_own_kubeconfig, may_fetch_kubeconfig,
    may_use_as_oneself,
};
pub use people::{AccessScope, PeopleScope, own_access, read_people};
pub use publications::{PublicationTarget, decide_permission, may_read_publication};
pub use system::{RuleScope, SystemAuthority};
pub use visible::{Disclosure, Visible, disclosure, is_requested_approver, visible_request};
pub use writes::{InsertsRequest, UpdatesRequest};
