//! The path of every write: `patch` and `apply` lead to `operations`, which stores through `object_writes` after
//! `preconditions`, `metadata`, `admission` and `builtin`. `delete` cascades to `dependents`.

pub(crate) mod admission;
pub(crate) mod apply;
pub(crate) mod builtin;
pub(crate) mod crd;
pub(crate) mod delete;
pub(crate) mod dependents;
mod json_patch;
pub(crate) mod metadata;
pub(crate) mod namespaces;
pub(crate) mod object_writes;
pub(crate) mod operations;
pub(crate) mod patch;
pub(crate) mod preconditions;
pub(crate) mod strategic;
pub(crate) mod usage;
pub(crate) mod xrd;
pub(crate) mod xrd_crds;
