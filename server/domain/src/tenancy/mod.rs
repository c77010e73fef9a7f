//! Viewers: who they are and what they may see.
//!
//! Only [`KnownPerson::viewer`] creates a [`Viewer`], from the groups of the last sign-in. `clippy.toml` names who may
//! call it. Nobody can make up a role:
//!
//! ```compile_fail,E0451
//! use portico_domain::tenancy::{Person, Via, Viewer};
//!
//! fn forged(person: Person) -> Viewer {
//!     Viewer {
//!         person,
//!         provider: "sso".to_owned(),
//!         groups: Default::default(),
//!         roles: Default::default(),
//!         platform_admin: true,
//!         publications: Default::default(),
//!         via: Via::Session,
//!     }
//! }
//! ```
//!
//! ```compile_fail,E0616
//! use portico_domain::tenancy::Viewer;
//!
//! fn promote(viewer: &mut Viewer) {
//!     viewer.platform_admin = true;
//! }
//! ```
//!
//! ```compile_fail,E0277
//! use portico_domain::tenancy::Viewer;
//!
//! let forged: Viewer = serde_json::from_str("{}").unwrap();
//! ```

mod known_person;
mod scope;
mod token_scope;
mod viewer;

pub use known_person::{KnownPerson, Lapse};
pub use scope::Scope;
pub use token_scope::TokenScope;
pub use viewer::{Via, Viewer};

pub use crate::person::Person;
pub use crate::role::Role;
