//! What Go's standard library makes of addresses: the API server's words for what is none are Go's.

pub(super) mod address;
pub(super) mod url;
