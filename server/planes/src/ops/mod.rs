//! Calls to a control plane: dry run, apply, adopt, delete, read, secrets, events, composed resources, access reviews. All
//! are made as the actor if the control plane is configured so.

mod adopt;
mod definition;
mod events;
mod kubeconfig;
mod list;
mod read;
mod review;
mod secret;
mod tenancy;
mod tree;
mod write;

pub use adopt::{Adoption, AdoptionPreview};
pub use list::ObjectPages;
pub(crate) use review::{has_right, is_allowed};
pub use secret::SecretError;
pub use tenancy::{AccountToken, ObjectMetadata};
pub use write::{Applied, Expect};
