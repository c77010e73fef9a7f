//! Checks rules as the API server does when a definition is created
//! (`k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel`, `Compile`).
//!
//! [`decl_type`] has the CEL types of a schema, [`functions`] the signatures; [`checker`] infers types ([`types`],
//! unified by [`unify`]); [`literals`] and [`constants`] find errors beyond types. Work is limited: expressions that
//! are too large, and those with protocol buffer messages, are not checked.

mod aggregates;
pub(in crate::rules) mod annotations;
mod calls;
mod checker;
mod compile;
mod constants;
pub(in crate::rules) mod decl_type;
mod format_strings;
mod functions;
mod issues;
mod literals;
mod macros;
mod names;
#[cfg(test)]
mod tests;
pub(in crate::rules) mod types;
mod unify;
mod walk;

pub(crate) use compile::{Compiled, ExpressionKind, Scope, compile};
pub(crate) use decl_type::{DeclType, DeclTypeKind};
