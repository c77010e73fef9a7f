//! The documents of the home plane: joined with those of the folder, and judged as those are.
//!
//! An object that is not valid is left out alone, or the version that was accepted before stays in force. The folder's
//! documents never depend on the home plane's, so that the portal starts without it; of one name, the folder's counts.

mod follow;
mod join;
mod object;
mod verdict;

pub(super) use follow::Home;
pub(crate) use join::ObjectVerdict;
pub(super) use join::{Memory, StatusUpdate, join};

#[cfg(test)]
mod replica_tests;
#[cfg(test)]
mod tests;
