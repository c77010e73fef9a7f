//! Calls to a control plane: dry run, apply, adopt, delete, read, secrets, events, composed resources, access reviews. All
//! are made as the actor if the control plane is configured so.

mod adopt;
mod apply_set;
mod definition;
mod events;
mod export;
mod kubeconfig;
mod list;
mod read;
mod review;
mod secret;
mod tenancy;
mod tree;
mod write;

pub use adopt::{Adoption, AdoptionPreview};
pub(crate) use apply_set::PART_OF;
pub use export::ReadExports;
pub use list::ObjectPages;
pub(crate) use review::{has_right, is_allowed};
pub use secret::SecretError;
pub use tenancy::{AccountToken, ObjectMetadata};
pub use write::{Applied, Expect};
