//! What a control plane offers: CRDs and XRDs that are marked by a label, and those that a
//! document names.
//!
//! The metadata of all CRDs is watched, which is light; the whole CRD is fetched only for what is
//! offered, and again only when it changes. The schema always comes from the CRD: Crossplane
//! copies only part of it into its own definitions.

mod composites;
mod finder;
mod kind;
mod seen;
mod xrd;

pub(crate) use finder::discover;
pub(crate) use kind::{Kind, is_offered};
pub(crate) use xrd::Xrd;
