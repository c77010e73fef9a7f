//! Discovers what a control plane offers: CRDs and XRDs with the label, and those that documents name.
//!
//! Only the metadata of all CRDs is watched. A CRD is fetched when it is offered, and again when it changes. The
//! schema always comes from the CRD, because Crossplane copies only part of it into its XRDs.

mod composites;
mod definitions;
mod discoverer;
mod fetch;
mod held;
mod kind;
mod state;
mod xrd;

pub(crate) use definitions::Definitions;
pub(crate) use discoverer::discover;
pub use held::{HeldDefinition, HeldSchema};
pub(crate) use kind::{ExportOrigin, InvalidCrd, Kind, has_graph, is_offered};
pub(crate) use state::DiscoveryState;
pub(crate) use xrd::Xrd;
