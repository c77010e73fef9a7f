//! CEL rules (`x-kubernetes-validations`), as in `k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel`.
//!
//! The `cel` crate parses and evaluates; these modules add what it lacks, in layers without circles: the kinds of
//! values ([`cel_object`], [`list_types`], [`unconvertible`]) below the conversion of JSON ([`values`]); the step
//! [`budget`] below Kubernetes' functions ([`library`]) and the [`operators`]; all of them below the [`environment`],
//! in which [`compile`] and [`evaluate`] work. [`check`] and [`cost`] check the types and costs of rules when a
//! definition is created. A rule that cannot be evaluated is reported as
//! [`Reason::Indeterminate`](crate::Reason::Indeterminate).

mod budget;
mod cel_object;
pub(crate) mod check;
mod comparison_error;
mod compile;
mod condition;
mod cost;
mod environment;
mod error_order;
mod escaping;
mod eval_error;
mod evaluate;
mod expr_builder;
mod field_refs;
mod library;
mod list_types;
mod macros;
mod operators;
#[cfg(test)]
mod tests;
mod unconvertible;
mod values;

pub(crate) use compile::uses_old_self;
pub use condition::{Condition, EvalError, ObjectExpression};
pub(super) use evaluate::validate;
