//! The configuration: a folder of YAML documents, read strictly, reloaded when it changes.
//!
//! Here live reading, checking and reloading. What the documents may say is
//! [`portico_domain::documents`]; the one in force is [`portico_app::configuration`]; what follows from it is
//! everybody else's business.

mod changes;
mod check;
mod load;
mod locate;
mod parse;
mod reload;

pub use changes::changed_documents;
pub use check::is_loopback;
pub use load::load;
pub use reload::{open, watch};

#[cfg(test)]
mod tests;
