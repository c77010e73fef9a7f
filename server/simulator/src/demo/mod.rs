//! The demo: kinds, people, the portal's configuration, the provisioners that make claims ready, the control planes of
//! the clusters among them, and a kcp.
//!
//! Most of it is data: `kinds/` holds definitions, `configuration/` the portal's documents, `seeds.yaml` the
//! initial claims.

#[cfg(test)]
mod cluster_tests;
mod clusters;
mod configuration;
#[cfg(test)]
mod definition_tests;
mod error;
mod install;
mod kinds;
mod listen;
mod people;
mod provision;
#[cfg(test)]
mod remote;
mod run;
#[cfg(test)]
mod run_tests;
mod seeds;
mod state;
#[cfg(test)]
mod tests;
mod workspaces;
#[cfg(test)]
mod workspaces_tests;

pub use error::StartError;
pub use run::{Demo, Plane, Settings};
pub use workspaces::Workspaces;
