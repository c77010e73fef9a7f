//! The demo: kinds, people, the portal's configuration, and the provisioners that make claims ready.
//!
//! Most of it is data: `kinds/` holds definitions, `configuration/` the portal's documents, `seeds.yaml` the
//! initial claims.

mod configuration;
#[cfg(test)]
mod definition_tests;
mod error;
mod install;
mod kinds;
mod people;
mod provision;
mod run;
#[cfg(test)]
mod run_tests;
mod seeds;
mod state;
#[cfg(test)]
mod tests;

pub use error::StartError;
pub use run::{Demo, Plane, Settings};
