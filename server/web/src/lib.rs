//! HTTP: sign-in, pages, API, events, assets. A thin layer over [`portico_app`]: a handler calls one use case and
//! renders the result.
//!
//! [`routes`] lists every route; [`problem`] is the one place where errors become HTTP.

mod activity;
mod address;
mod api;
pub mod app;
mod assets;
pub mod auth;
mod authenticate;
mod authenticated;
mod body;
mod error_response;
mod frame;
mod guard;
mod health;
mod limits;
mod live;
mod metric_descriptions;
mod metrics;
mod pages;
mod path_params;
mod preface_timeout;
pub mod problem;
pub mod problem_types;
mod query;
mod refusals;
mod router;
pub mod routes;
mod security;
mod serve;
mod stream_limiter;
mod style;
pub mod telemetry;
mod trace;
mod viewer;
mod write_timeout;

pub use self::metrics::metrics_router;
pub use app::{App, Sampler};
pub use assets::Assets;
pub use health::browser_code_problem;
pub use limits::Usage;
pub use router::router;
pub use serve::{Bounds, serve};
pub use stream_limiter::StreamLimiter;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
