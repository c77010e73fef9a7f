//! HTTP: sign-in, pages, API, events, assets. Thin, over [`portico_app`]: a handler asks one use case and renders
//! what it returns.
//!
//! [`routes`] is the list of everything that answers; [`problem`] the one place where errors become
//! HTTP.

mod activity;
mod address;
mod api;
pub mod app;
mod asked;
mod asking;
mod assets;
pub mod auth;
mod error_response;
mod frame;
mod guard;
mod hasty;
mod health;
mod limits;
mod live;
mod measure;
mod pages;
pub mod problem;
mod refusals;
mod router;
pub mod routes;
mod security;
mod serve;
mod streams;
mod subject;
pub mod telemetry;
mod viewer;
mod write_timeout;

pub use app::App;
pub use health::browser_code_problem;
pub use limits::Usage;
pub use measure::metrics_router;
pub use router::router;
pub use serve::{Bounds, serve};
pub use streams::Streams;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
