//! The demo's world: what its control planes serve, who its people are, how the portal is
//! configured for it, and the provisioners that bring claims to life.
//!
//! It is data first: `kinds/` holds definitions, `configuration/` the portal's documents,
//! `seeds.yaml` what is there at the beginning.

mod configuration;
#[cfg(test)]
mod definition_tests;
mod demo;
#[cfg(test)]
mod demo_tests;
mod error;
mod install;
mod keepsakes;
mod kinds;
mod people;
mod provision;
mod seeds;
#[cfg(test)]
mod tests;

pub use demo::{Demo, Plane, Settings};
pub use error::WorldError;
