//! The pages: functions from a view model to a complete HTML document, which works without scripts.
//!
//! They cannot fail and do no I/O. All text is escaped, except where the view model says that it holds sanitized HTML.

mod admin;
mod adopt_claim;
mod approvals;
mod catalog;
mod claim;
mod claims;
mod claims_views;
mod compare;
mod delete_claim;
mod error;
mod home;
mod kubectl;
mod offering;
mod request;
mod request_form;
mod requests;
mod revealed;
mod session_ended;
mod sessions;
mod several_claims;
mod sign_in;
mod tokens;
mod usage;

pub use admin::{
    admin_configuration, admin_differences, admin_people, admin_person, admin_plane, admin_planes,
    admin_record, admin_tenant, admin_tenants, admin_try_definition, admin_try_health, publication,
    publications,
};
pub use adopt_claim::adopt_claim;
pub use approvals::approvals;
pub use catalog::catalog;
pub use claim::claim;
pub use claims::claims;
pub use compare::compare;
pub use delete_claim::delete_claim;
pub use error::error;
pub use home::home;
pub use kubectl::kubectl;
pub use offering::offering;
pub use request::request;
pub use request_form::request_form;
pub use requests::requests;
pub use revealed::revealed;
pub use session_ended::session_ended;
pub use sessions::sessions;
pub use several_claims::several_claims;
pub use sign_in::sign_in;
pub use tokens::tokens;
pub use usage::usage;
