//! The configuration: a folder of YAML documents, read strictly and reloaded on changes.
//!
//! Reads, checks and reloads the documents. Their contents are defined in [`portico_domain::documents`]; the current
//! configuration is held by [`portico_app::configuration`].

mod agent;
mod changes;
mod check;
mod documents;
mod finding;
mod home;
mod load;
mod locate;
mod message;
mod parse;
mod reload;
mod yaml_limits;

pub use agent::read_agent;
pub use changes::changed_documents;
pub use check::is_loopback;
pub use load::load;
pub(crate) use reload::{Checked, check_with_home};
pub use reload::{open, watch};

#[cfg(test)]
mod tests;
