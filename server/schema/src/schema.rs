//! A structural schema: defaults, prunes and validates objects.

use serde_json::Value;

use super::error::{Limits, ParseError};
use super::node::Node;
use super::violation::Violation;
use super::{defaulting, list_type, metadata, parse, pruning, rules, validate};

/// A structural schema. Immutable; share it in an `Arc`.
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
/// // On an update, unchanged values are not reported again (ratcheting).
/// assert_eq!(schema.validate(&json!({"size": 11}), Some(&json!({"size": 11}))), []);
/// # Ok::<(), kube_schema::ParseError>(())
/// ```
#[derive(Debug)]
pub struct Schema {
    root: Node,
}

impl Schema {
    /// Parses an `openAPIV3Schema` with the default [`Limits`].
    ///
    /// # Errors
    /// If the schema is not structural, or exceeds the limits.
    pub fn parse(schema: &Value) -> Result<Self, ParseError> {
        Self::parse_with_limits(schema, Limits::default())
    }

    /// Parses an `openAPIV3Schema` with the given limits.
    ///
    /// # Errors
    /// If the schema is not structural, or exceeds `limits`.
    pub fn parse_with_limits(schema: &Value, limits: Limits) -> Result<Self, ParseError> {
        Ok(Self {
            root: parse::parse(schema, limits)?,
        })
    }

    /// The node of the whole object.
    #[must_use]
    pub fn root(&self) -> &Node {
        &self.root
    }

    /// The node at a path such as `spec.storage.size` or `spec.users[].name`.
    #[must_use]
    pub fn node_at(&self, path: &str) -> Option<&Node> {
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

    /// Returns the object with defaults applied and disallowed nulls dropped, as the API server stores it.
    #[must_use]
    pub fn defaulted(&self, object: &Value) -> Value {
        let mut object = object.clone();
        defaulting::fill(&mut object, &self.root);
        object
    }

    /// Returns the object without undeclared fields, and the paths of those.
    #[must_use]
    pub fn pruned(&self, object: &Value) -> (Value, Vec<String>) {
        let mut object = object.clone();
        let pruned = pruning::prune(&mut object, &self.root);
        (object, pruned)
    }

    /// Drops undeclared fields whose value is null, which some programs print for empty fields. Returns their paths.
    pub fn drop_unknown_nulls(&self, object: &mut Value) -> Vec<String> {
        pruning::drop_nulls(object, &self.root)
    }

    /// Validates an object by its schema: types, bounds, list types, embedded resources, CEL rules.
    ///
    /// `old` is the stored object on an update: it enables transition rules and ratcheting. The object should already
    /// be defaulted; it is validated as given.
    #[must_use]
    pub fn validate(&self, object: &Value, old: Option<&Value>) -> Vec<Violation> {
        let mut violations = self.validate_values(object, old);
        violations.extend(self.validate_beyond_values(object, old));
        violations
    }

    /// The checks by the schema alone, which the API server runs first.
    pub(crate) fn validate_values(&self, object: &Value, old: Option<&Value>) -> Vec<Violation> {
        validate::validate(&self.root, object, old)
    }

    /// The checks that follow: embedded resources, list types, CEL rules.
    pub(crate) fn validate_beyond_values(&self, object: &Value, old: Option<&Value>) -> Vec<Violation> {
        let mut violations = metadata::validate_embedded(&self.root, object);
        violations.extend(self.validate_lists_and_rules(object, old));
        violations
    }

    /// The checks of a write to `status`: the schema applies to `status` as a separate document, rules to the whole
    /// object.
    pub(crate) fn validate_status(&self, object: &Value, old: &Value) -> Vec<Violation> {
        let mut violations = match (self.root.child("status"), object.get("status")) {
            (Some(node), Some(status)) => validate::validate_part(node, "status", status, old.get("status")),
            _ => Vec::new(),
        };
        violations.extend(self.validate_lists_and_rules(object, Some(old)));
        violations
    }

    fn validate_lists_and_rules(&self, object: &Value, old: Option<&Value>) -> Vec<Violation> {
        let mut violations = Vec::new();
        if old.is_none_or(|old| list_type::validate(&self.root, old).is_empty()) {
            violations.extend(list_type::validate(&self.root, object));
        }
        violations.extend(rules::validate(&self.root, object, old));
        violations
    }
}
