//! Types that all layers share: objects and keys, kinds, errors, options, schema validation.

pub(crate) mod cause;
pub(crate) mod error;
pub(crate) mod kind;
pub mod object;
pub(crate) mod options;
pub(crate) mod schema;
