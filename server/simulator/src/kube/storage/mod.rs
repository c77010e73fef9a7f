//! Storage: objects with their change log, the owner index, and the journal on disk.

pub(crate) mod clock;
pub(crate) mod journal;
pub(crate) mod owners;
pub(crate) mod private_file;
pub(crate) mod store;
