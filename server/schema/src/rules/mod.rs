//! CEL rules (`x-kubernetes-validations`), as in `k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel`.
//!
//! The `cel` crate parses and evaluates; [`library`] has Kubernetes' functions. The other modules add what the crate
//! lacks: values typed by their schema, escaped names, list types, RE2 patterns, macros, and step limits. [`check`]
//! and [`cost`] check the types and costs of rules when a definition is created. A rule that cannot be evaluated is
//! reported as [`Reason::Indeterminate`](crate::Reason::Indeterminate).

mod budget;
mod cel_object;
pub(crate) mod check;
mod compile;
mod condition;
mod cost;
mod environment;
mod error_order;
mod escaping;
mod eval_error;
mod evaluate;
mod field_refs;
mod library;
mod list_types;
mod macros;
#[cfg(test)]
mod tests;
mod unconvertible;
mod values;

pub(crate) use compile::uses_old_self;
pub use condition::{Condition, EvalError, ObjectExpression};
pub(super) use evaluate::validate;
