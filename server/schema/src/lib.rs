//! Validates Kubernetes custom resources without a cluster, as the API server does: parses a
//! `CustomResourceDefinition` and checks it, applies defaults, prunes, validates by schema and CEL rules, and ratchets
//! on updates. Verdicts, order and messages are those of the API server.
//!
//! ```
//! use kube_schema::{Definition, validate_crd, yaml};
//!
//! let definition = yaml::parse(
//!     r#"
//! apiVersion: apiextensions.k8s.io/v1
//! kind: CustomResourceDefinition
//! metadata: { name: queues.example.org }
//! spec:
//!   group: example.org
//!   scope: Namespaced
//!   names: { kind: Queue, plural: queues }
//!   versions:
//!   - name: v1
//!     served: true
//!     storage: true
//!     schema:
//!       openAPIV3Schema:
//!         type: object
//!         properties:
//!           spec:
//!             type: object
//!             properties:
//!               partitions: { type: integer, minimum: 1, default: 3 }
//!               replicas: { type: integer }
//!             x-kubernetes-validations:
//!             - rule: "!has(self.replicas) || self.replicas <= self.partitions"
//!               message: there are more replicas than partitions
//! "#,
//! )?;
//! assert_eq!(validate_crd(&definition), [], "the API server accepts the definition");
//! let definition = Definition::parse(&definition)?;
//!
//! let queue = yaml::parse(
//!     "{apiVersion: example.org/v1, kind: Queue, metadata: {name: orders, namespace: shop}, spec: {replicas: 5}}",
//! )?;
//! let result = definition.validate("v1", &queue, None)?;
//! assert_eq!(result.object["spec"]["partitions"], 3, "defaults are applied");
//! assert_eq!(
//!     result.violations[0].to_string(),
//!     "spec: Invalid value: there are more replicas than partitions",
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Start with [`Definition`]; use [`Schema`] for a schema alone. [`validate_crd`] checks a definition. [`yaml`] parses
//! files as Kubernetes does. [`Condition`] and [`ObjectExpression`] evaluate your own CEL expressions, with the
//! functions and limits of validation rules. [`canonical_json`] gives the text of a value to hash.
//!
//! Input is untrusted: schemas and objects are limited in depth, nodes and bytes, patterns in memory, rules in steps
//! and memory. Nothing here does I/O, and nothing panics on input.

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadMe;

mod accessors;
mod admission;
mod canonical_json;
mod correlate;
mod crd;
mod crd_validation;
mod defaulting;
mod error;
mod format;
mod go_format;
#[cfg(test)]
mod hostile;
mod list_type;
mod metadata;
mod names;
mod net;
mod node;
mod parse;
pub mod path;
mod pattern;
mod pruning;
mod rule;
mod rules;
mod scale;
mod schema;
mod schema_type;
mod unsatisfiable;
mod validate;
mod violation;
mod warnings;
pub mod yaml;

pub use admission::ValidationResult;
pub use canonical_json::canonical_json;
pub use crd::{Definition, PrinterColumn, Scale, Scope, Version};
pub use crd_validation::{CrdError, validate_crd};
pub use error::{Limits, ParseError};
pub use metadata::{NameFormat, validate_metadata};
pub use node::{Combinations, Node};
pub use pattern::{CharacterSet, PatternSummary, example as pattern_example, summary as pattern_summary};
pub use rule::{CompileError, Rule};
pub use rules::{Condition, EvalError, ObjectExpression};
pub use schema::Schema;
pub use schema_type::SchemaType;
pub use unsatisfiable::UnsatisfiableField;
pub use violation::{Check, Reason, Violation};
