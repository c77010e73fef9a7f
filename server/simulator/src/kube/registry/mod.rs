//! The kinds that are served, and what their schemas say about merging and field ownership.

pub(crate) mod builtin;
pub(crate) mod crd;
pub(crate) mod fields;
pub(crate) mod kinds;
pub(crate) mod managed;
pub(crate) mod path;
pub(crate) mod shape;
pub(crate) mod state;
