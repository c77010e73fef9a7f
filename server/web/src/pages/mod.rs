//! Pages and their forms. Each handler calls one use case and renders the result.

pub(super) mod admin;
pub(super) mod agents;
pub(super) mod approvals;
pub(super) mod assets;
pub(super) mod catalog;
pub(super) mod claims;
pub(super) mod claims_views;
pub(super) mod form;
mod form_input;
pub(super) mod home;
pub(super) mod kubectl;
pub(super) mod language;
pub(super) mod logout;
pub(super) mod people;
pub(super) mod publications;
pub(super) mod requests;
pub(super) mod sessions;
pub(super) mod several_claims;
pub(super) mod sign_in;
pub(super) mod switch;
pub(super) mod tokens;
pub(super) mod usage;

use axum::response::Redirect;
use portico_api::Link;

/// Redirects to a page (303).
fn redirect(page: &Link) -> Redirect {
    Redirect::to(&page.to_string())
}
