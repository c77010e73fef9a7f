//! Authentication: sign-in by OpenID Connect, sessions, API tokens, and the viewer that results.
//!
//! [`portico_app`] decides what a viewer may do.

mod browser;
mod claims;
pub mod csrf;
mod current;
mod groups;
mod id_token;
mod jwt;
mod limits;
mod logout;
mod provider;
mod return_to;
mod session;
mod sign_in;
mod sign_in_error;
mod tokens;
mod userinfo;

pub use browser::browser_in_words;
pub use claims::InvalidClaim;
pub use current::{CurrentViewer, ViewerError, Viewers};
pub use groups::GroupsRemark;
pub use limits::Limits;
pub use logout::{LogoutClaims, LogoutError, read_logout_token};
pub use provider::{ProviderError, Providers};
pub use return_to::ReturnTo;
pub use session::{SESSION_KEY, SignedIn, begin_session, end_session};
pub use sign_in::{Callback, Completed, begin, complete, sign_out_address};
pub use sign_in_error::SignInError;
pub use tokens::{TokenError, Tokens};
