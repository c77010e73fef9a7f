//! What the Kubernetes API server does with a custom resource, without a cluster: reading a
//! `CustomResourceDefinition`, checking it, filling in defaults, pruning, validating by schema and by CEL rules, and
//! ratcheting on an update; in the API server's own words.
//!
//! ```
//! use kube_schema::{Definition, yaml};
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
//! assert_eq!(Definition::faults(&definition), [], "an API server takes the definition");
//! let definition = Definition::parse(&definition)?;
//!
//! let queue = yaml::parse(
//!     "{apiVersion: example.org/v1, kind: Queue, metadata: {name: orders, namespace: shop}, spec: {replicas: 5}}",
//! )?;
//! let judgement = definition.judge("v1", &queue, None)?;
//! assert_eq!(judgement.object["spec"]["partitions"], 3, "defaults are filled in");
//! assert_eq!(
//!     judgement.violations[0].to_string(),
//!     "spec: Invalid value: there are more replicas than partitions",
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`Definition`] is where most begin; [`Schema`] is one version's schema by itself. [`yaml`] reads files as Kubernetes
//! reads them. [`Condition`] and [`ObjectExpression`] evaluate CEL expressions of one's own, with the functions and the
//! bounds that rules have.
//!
//! Everything that arrives here is hostile: schemas and objects are bounded in depth, nodes and bytes, patterns and
//! rules in the work they may ask for. Nothing here does I/O.

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadMe;

mod accessors;
mod correlate;
mod crd;
mod dead_end;
mod defaulting;
mod document;
mod error;
mod faults;
mod format;
#[cfg(test)]
mod hostile;
mod json;
mod judge;
mod lists;
mod metadata;
mod names;
mod net;
mod node;
mod object_meta;
mod parse;
pub mod path;
mod pattern;
mod pruning;
mod rules;
mod scale;
mod validate;
mod violation;
mod warnings;
pub mod yaml;

use serde_json::Value;

pub use crd::{Definition, PrinterColumn, Scale, Scope, Version};
pub use dead_end::DeadEnd;
pub use error::{Limits, ParseError};
pub use faults::Fault;
pub use judge::Judgement;
pub use metadata::{Naming, judge_metadata};
pub use node::{Combinations, Kind, Node};
pub use pattern::example as pattern_example;
pub use rules::{Condition, Doubt, ObjectExpression, Rule};
pub use violation::{Check, Reason, Violation};

/// A structural schema. Immutable; share it by `Arc`.
///
/// ```
/// use kube_schema::Schema;
/// use serde_json::json;
///
/// let schema = Schema::parse(&json!({
///     "type": "object",
///     "properties": {
///         "size": {"type": "integer", "maximum": 10, "default": 1},
///         "name": {"type": "string"},
///     },
/// }))?;
/// assert_eq!(schema.defaulted(&json!({"name": "a"})), json!({"name": "a", "size": 1}));
/// assert_eq!(
///     schema.pruned(&json!({"size": 2, "sise": 3})),
///     (json!({"size": 2}), vec!["sise".to_owned()]),
/// );
/// let violations = schema.validate(&json!({"size": 11}), None);
/// assert_eq!(violations[0].pointer, "/size");
/// assert_eq!(violations[0].detail, "should be less than or equal to 10");
/// // On an update, what was wrong before and has not changed is no violation.
/// assert_eq!(schema.validate(&json!({"size": 11}), Some(&json!({"size": 11}))), []);
/// # Ok::<(), kube_schema::ParseError>(())
/// ```
#[derive(Debug)]
pub struct Schema {
    root: Node,
}

impl Schema {
    /// Reads an `openAPIV3Schema` within the usual limits.
    ///
    /// # Errors
    /// When it is no structural schema, or larger than is held.
    pub fn parse(schema: &Value) -> Result<Self, ParseError> {
        Self::parse_within(schema, Limits::default())
    }

    /// Reads an `openAPIV3Schema`.
    ///
    /// # Errors
    /// When it is no structural schema, or beyond `limits`.
    pub fn parse_within(schema: &Value, limits: Limits) -> Result<Self, ParseError> {
        Ok(Self {
            root: parse::parse(schema, limits)?,
        })
    }

    /// The node for the whole object.
    #[must_use]
    pub fn root(&self) -> &Node {
        &self.root
    }

    /// The node at a path like `spec.storage.size` or `spec.users[].name`.
    #[must_use]
    pub fn at(&self, path: &str) -> Option<&Node> {
        let mut node = &self.root;
        for name in path.split('.').filter(|name| !name.is_empty()) {
            let bare = name.trim_end_matches("[]");
            node = node.child(bare)?;
            for _ in 0..(name.len() - bare.len()) / 2 {
                node = node.items()?;
            }
        }
        Some(node)
    }

    /// The object with defaults filled in and refused nulls dropped, as the API server stores it.
    #[must_use]
    pub fn defaulted(&self, object: &Value) -> Value {
        let mut object = object.clone();
        defaulting::fill(&mut object, &self.root);
        object
    }

    /// The object without fields that the schema does not declare, and where those were.
    #[must_use]
    pub fn pruned(&self, object: &Value) -> (Value, Vec<String>) {
        let mut object = object.clone();
        let pruned = pruning::prune(&mut object, &self.root);
        (object, pruned)
    }

    /// Drops fields that the schema does not declare and that are `null`, as programs print what they leave empty.
    /// Returns where they were.
    pub fn drop_unknown_nulls(&self, object: &mut Value) -> Vec<String> {
        pruning::drop_nulls(object, &self.root)
    }

    /// Everything that is wrong with an object, by its schema: types, bounds, lists, embedded resources, CEL rules.
    ///
    /// `old` is the object before, on an update: then rules on transitions are judged, and what was wrong before and
    /// has not changed is let be. The object should be defaulted first, as the API server does; it is judged as given.
    #[must_use]
    pub fn validate(&self, object: &Value, old: Option<&Value>) -> Vec<Violation> {
        let mut violations = self.validate_values(object, old);
        violations.extend(self.validate_beyond_values(object, old));
        violations
    }

    /// What the schema alone says: the first that an API server looks at.
    fn validate_values(&self, object: &Value, old: Option<&Value>) -> Vec<Violation> {
        validate::validate(&self.root, object, old)
    }

    /// What comes after that: embedded resources, lists, CEL rules.
    fn validate_beyond_values(&self, object: &Value, old: Option<&Value>) -> Vec<Violation> {
        let mut violations = metadata::validate_embedded(&self.root, object);
        violations.extend(self.validate_lists_and_rules(object, old));
        violations
    }

    /// What is wrong after a write to `status` alone: the schema is asked about that, as a document of its own, rules
    /// about the whole object.
    fn validate_status(&self, object: &Value, old: &Value) -> Vec<Violation> {
        let mut violations = match (self.root.child("status"), object.get("status")) {
            (Some(node), Some(status)) => validate::validate_part(node, "status", status, old.get("status")),
            _ => Vec::new(),
        };
        violations.extend(self.validate_lists_and_rules(object, Some(old)));
        violations
    }

    fn validate_lists_and_rules(&self, object: &Value, old: Option<&Value>) -> Vec<Violation> {
        let mut violations = Vec::new();
        if old.is_none_or(|old| lists::validate(&self.root, old).is_empty()) {
            violations.extend(lists::validate(&self.root, object));
        }
        violations.extend(rules::validate(&self.root, object, old));
        violations
    }
}
