//! Viewers: who they are and what they may see.

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
