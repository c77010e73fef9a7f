//! A node of a structural schema.

use std::collections::HashSet;
use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::Value;

use super::format::Format;
use super::pattern::Pattern;
use super::rule::Rule;
use super::schema_type::SchemaType;

/// `additionalProperties`
#[derive(Debug, Default)]
pub(crate) enum Additional {
    /// Not set.
    #[default]
    Absent,
    /// `true` or `{}`
    Any,
    /// `false`
    Forbidden,
    /// A schema for the values.
    Of(Box<Node>),
}

/// `x-kubernetes-list-type`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum ListType {
    #[default]
    Atomic,
    Set,
    Map,
}

/// Bounds on a value. Boxed in [`Node`], because few nodes have any.
#[derive(Debug, Default)]
pub(crate) struct Bounds {
    pub(crate) pattern: Option<Arc<Pattern>>,
    pub(crate) min_length: Option<i64>,
    pub(crate) max_length: Option<i64>,
    pub(crate) minimum: Option<f64>,
    pub(crate) maximum: Option<f64>,
    pub(crate) exclusive_minimum: bool,
    pub(crate) exclusive_maximum: bool,
    pub(crate) multiple_of: Option<f64>,
    pub(crate) min_items: Option<i64>,
    pub(crate) max_items: Option<i64>,
    pub(crate) unique_items: bool,
    pub(crate) min_properties: Option<i64>,
    pub(crate) max_properties: Option<i64>,
}

/// `allOf`, `anyOf`, `oneOf` and `not`.
#[derive(Debug, Default)]
pub struct Combinations {
    pub(crate) all_of: Vec<Node>,
    pub(crate) any_of: Vec<Node>,
    pub(crate) one_of: Vec<Node>,
    pub(crate) not: Option<Box<Node>>,
}

/// A node of a structural schema: one field, list item or map value, with everything below it.
#[derive(Debug, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "as the schema has them, each on its own"
)]
pub struct Node {
    pub(crate) schema_type: SchemaType,
    pub(crate) nullable: bool,
    /// `x-kubernetes-preserve-unknown-fields`
    pub(crate) preserve_unknown: bool,
    /// `x-kubernetes-embedded-resource`
    pub(crate) embedded_resource: bool,
    /// The format, if the API server checks it for this type.
    pub(crate) format: Option<Format>,
    pub(crate) title: Option<Box<str>>,
    pub(crate) description: Option<Box<str>>,
    pub(crate) default: Option<Box<Value>>,
    pub(crate) example: Option<Box<Value>>,
    pub(crate) properties: IndexMap<Box<str>, Node>,
    pub(crate) additional: Additional,
    pub(crate) items: Option<Box<Node>>,
    pub(crate) list_type: ListType,
    pub(crate) list_map_keys: Vec<Box<str>>,
    pub(crate) required: Vec<Box<str>>,
    pub(crate) enum_values: Vec<Value>,
    /// The strings in `enum`, if there are too many for a linear search.
    pub(crate) enum_strings: Option<HashSet<Box<str>>>,
    pub(crate) bounds: Option<Box<Bounds>>,
    pub(crate) combinations: Option<Box<Combinations>>,
    pub(crate) rules: Vec<Rule>,
    /// True if this node or a descendant has CEL rules.
    pub(crate) has_rules: bool,
    /// True if this node or a descendant is an embedded resource.
    pub(crate) has_embedded: bool,
    /// True if this node or a descendant is a list of type `set` or `map`.
    pub(crate) has_keyed_lists: bool,
}

impl Node {
    /// `type`
    #[must_use]
    pub fn schema_type(&self) -> SchemaType {
        self.schema_type
    }

    /// `description`, as the schema's author wrote it. Untrusted text: escape it before showing it.
    #[must_use]
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// `default`
    #[must_use]
    pub fn default_value(&self) -> Option<&Value> {
        self.default.as_deref()
    }

    /// True if undeclared fields are kept: `x-kubernetes-preserve-unknown-fields` or `additionalProperties`.
    #[must_use]
    pub fn allows_undeclared(&self) -> bool {
        self.preserve_unknown || self.allows_additional_properties()
    }

    /// The property called `name`, not counting `additionalProperties`.
    #[must_use]
    pub fn property(&self, name: &str) -> Option<&Node> {
        self.properties.get(name)
    }

    /// `properties`, in the order of the document.
    #[must_use]
    pub fn properties(&self) -> impl ExactSizeIterator<Item = (&str, &Node)> {
        self.properties.iter().map(|(name, node)| (&**name, node))
    }

    /// True if the property called `name` is required.
    #[must_use]
    pub fn requires(&self, name: &str) -> bool {
        self.required.iter().any(|required| &**required == name)
    }

    /// `items`
    #[must_use]
    pub fn items(&self) -> Option<&Node> {
        self.items.as_deref()
    }

    /// The schema in `additionalProperties`.
    #[must_use]
    pub fn additional_properties(&self) -> Option<&Node> {
        match &self.additional {
            Additional::Of(node) => Some(node),
            _ => None,
        }
    }

    /// The schema of the field `name`: the property if it is declared, else that of `additionalProperties`.
    #[must_use]
    pub fn child(&self, name: &str) -> Option<&Node> {
        self.properties.get(name).or_else(|| self.additional_properties())
    }

    /// True if `additionalProperties` allows undeclared fields.
    pub(crate) fn allows_additional_properties(&self) -> bool {
        matches!(self.additional, Additional::Any | Additional::Of(_))
    }
}

impl Node {
    /// The type as written in error messages.
    pub(crate) fn type_name(&self) -> &'static str {
        if self.schema_type == SchemaType::IntOrString {
            ""
        } else {
            self.schema_type.name()
        }
    }

    /// True if a value at this node or at most `levels` below it has no fixed type.
    pub(crate) fn is_dynamic(&self, levels: usize) -> bool {
        matches!(self.schema_type, SchemaType::Any | SchemaType::IntOrString)
            || (levels > 0
                && self
                    .properties
                    .values()
                    .chain(self.additional_properties())
                    .chain(self.items())
                    .any(|child| child.is_dynamic(levels - 1)))
    }
}
