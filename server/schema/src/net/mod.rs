//! IP addresses and URLs as in Go's standard library, with its error messages, which the API server passes on.

pub(super) mod address;
pub(super) mod url;
