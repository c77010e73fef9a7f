//! Activates the request form.

mod fields;
mod requests;
mod restore;
mod start;

pub(crate) use start::start;
