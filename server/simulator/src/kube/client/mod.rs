//! The API for programs in this process that act as controllers do.

pub(crate) mod events;
pub(crate) mod objects;
