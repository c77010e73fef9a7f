//! The configuration in force, as those use it who ask what it says and what is wrong with it.
//!
//! What the documents may say is [`portico_domain::documents`]. Reading, checking and watching their files is the
//! program's: it hands what it read to [`LiveConfiguration::take`].

mod home;
mod live;
mod problem;

pub use home::{DocumentFiles, HomeFailure, HomeReport, WithHome};
pub use live::{LiveConfiguration, Loaded, Report};
pub use problem::{Problem, Severity};
