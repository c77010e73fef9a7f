//! kcp: logical clusters under `/clusters/<path>`, and the virtual workspaces of exports under `/services/apiexport`.
//!
//! Speaks the API that kcp documents (`core.kcp.io`, `tenancy.kcp.io`, `apis.kcp.io`), as far as Portico uses it. `router`
//! takes a request to its workspace or to `virtual_workspace`; `controllers` play kcp's controllers after each write;
//! `begin` is how it starts.

pub(super) mod begin;
pub(super) mod controllers;
pub(super) mod instance;
pub(super) mod router;
mod scope;
mod virtual_workspace;
mod wildcard_watch;
