//! The model of a form: from a schema to fields, and from what is posted back to an object.

mod build;
mod decode;

pub use build::{Setup, build};
pub use decode::{Decoded, decode};
