//! The configuration: a folder of YAML documents, read strictly, reloaded when it changes.
//!
//! Here live reading, checking and reloading. What the documents may say is
//! [`portico_domain::documents`]; what follows from them is everybody else's business.

mod changes;
mod check;
mod load;
mod locate;
mod parse;
mod problem;
mod reload;

pub use changes::changed_documents;
pub use check::is_loopback;
pub use load::{Loaded, load};
pub use problem::{Problem, Severity};
pub use reload::{LiveConfiguration, Report, watch};

#[cfg(test)]
mod tests;
