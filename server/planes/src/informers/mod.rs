//! Watches of composed resources, events and secrets of claims whose pages are open, shared by all viewers.
//!
//! An informer watches one kind in one namespace as one actor for as long as an observer needs an object of it, and
//! learns only *that* an object changed. The object is then read by name and cached until the next change. So a claim
//! that does not change costs its control plane only open watches, and collections are never listed.
//!
//! - `observer` follows one claim for its open pages; `observers` holds what was last read;
//!
//! - `reader` reads what is `wanted`: the tree, the events and the secret's metadata;
//!
//! - `store` holds the informers, `objects` the wanted and cached objects, `states` the states of the watches;
//!
//! - `serve` opens and closes the watches of a connection.
//!
//! What may not be watched, or is beyond the limits, is polled with increasing pauses while it does not change, at
//! most as often as the control plane's token bucket allows.

mod objects;
mod observer;
mod observers;
mod prune;
mod reader;
mod serve;
mod states;
mod store;
mod token_bucket;
mod wanted;

pub use observers::LastKnown;
pub(crate) use reader::Reader;
pub(crate) use serve::serve;
pub(crate) use store::Informers;
pub use store::ObservedStatus;
pub(crate) use wanted::Wanted;

#[cfg(test)]
mod tests;
