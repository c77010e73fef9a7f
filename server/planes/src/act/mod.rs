//! What asks a control plane at that moment: dry run, apply, delete, read, secrets, events, the
//! tree behind a claim, access reviews. All of it in the actor's name where the plane is set so.

mod events;
mod read;
mod review;
mod secret;
mod tree;
mod write;

pub(crate) use events::claim_events;
pub(crate) use review::{may, review};
pub use secret::SecretError;
pub(crate) use tree::Names;
pub use write::{Applied, Expect};
pub(crate) use write::{drop_managed_fields, that_object};
