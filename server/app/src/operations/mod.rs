//! What people do: one file an operation, with its command, its errors, its handler and its tests.
//!
//! A command says what is wanted and nothing about forms or JSON: both are decoded above. Each handler judges the
//! caller by `portico_domain::authz` and hands the grant on to what it does.

mod accept_cluster;
pub(crate) mod act_on_claims;
pub(crate) mod adopt_claim;
pub(crate) mod comment;
pub(crate) mod cordon;
pub(crate) mod create_token;
pub(crate) mod decide;
mod decide_permission;
pub(crate) mod delete_claim;
pub(crate) mod end_access;
mod enrol_agent;
mod fetch_kubeconfig;
pub(crate) mod renew_claim;
pub(crate) mod reveal_secret;
mod revoke_agent;
pub(crate) mod revoke_token;
mod save_view;
pub(crate) mod submit_request;
pub(crate) mod try_definition;
mod try_health;
mod undo_decision;
pub(crate) mod withdraw;

pub use accept_cluster::AcceptCluster;
pub use act_on_claims::{ActOnClaims, SelectedClaim};
pub use adopt_claim::AdoptClaim;
pub use comment::PostComment;
pub use cordon::{Cordon, Uncordon};
pub use create_token::CreateToken;
pub use decide::Decide;
pub use decide_permission::DecidePermission;
pub use delete_claim::DeleteClaim;
pub use end_access::{EndAccess, EndOwnAccess};
pub use enrol_agent::EnrolAgent;
pub use fetch_kubeconfig::FetchKubeconfig;
pub use renew_claim::RenewClaim;
pub use reveal_secret::{RevealSecret, SecretKeys};
pub use revoke_agent::RevokeAgent;
pub use revoke_token::RevokeToken;
pub use save_view::SaveView;
pub use submit_request::{SubmitOutcome, SubmitRequest};
pub use try_definition::TryDefinition;
pub use try_health::TryHealth;
pub use undo_decision::UndoDecision;
pub use withdraw::Withdraw;
