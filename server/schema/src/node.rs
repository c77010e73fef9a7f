//! One node of a structural schema: what may stand at one place of an object.

use std::collections::HashSet;
use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::Value;

use super::format::Format;
use super::pattern::Pattern;
use super::rules::Rule;

/// The type at a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kind {
    /// None is named: anything goes.
    #[default]
    Any,
    /// `object`
    Object,
    /// `array`
    Array,
    /// `string`
    String,
    /// `integer`
    Integer,
    /// `number`
    Number,
    /// `boolean`
    Boolean,
    /// `x-kubernetes-int-or-string`
    IntOrString,
}

impl Kind {
    /// The name in a schema, as the API server's messages write it; empty where none is named.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Any => "",
            Self::Object => "object",
            Self::Array => "array",
            Self::String => "string",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::IntOrString => "integer,string",
        }
    }
}

/// What a node allows beside its declared properties.
#[derive(Debug, Default)]
pub(crate) enum Additional {
    /// `additionalProperties` is not there.
    #[default]
    Absent,
    /// `additionalProperties: true` or `{}`.
    Any,
    /// `additionalProperties: false`.
    Forbidden,
    /// Values of this schema.
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

/// Bounds on a value. All optional, few nodes have any.
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

/// One node of a structural schema.
#[derive(Debug, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "as the schema has them, each on its own"
)]
pub struct Node {
    pub(crate) kind: Kind,
    pub(crate) nullable: bool,
    /// `x-kubernetes-preserve-unknown-fields`
    pub(crate) preserve_unknown: bool,
    /// `x-kubernetes-embedded-resource`
    pub(crate) embedded_resource: bool,
    /// The format, where the API server knows it and checks it for this type.
    pub(crate) format: Option<Format>,
    pub(crate) title: Option<Box<str>>,
    pub(crate) description: Option<Box<str>>,
    pub(crate) default: Option<Box<Value>>,
    pub(crate) example: Option<Box<Value>>,
    pub(crate) properties: IndexMap<Box<str>, Node>,
    pub(crate) additional: Additional,
    pub(crate) items: Option<Box<Node>>,
    pub(crate) list_type: ListType,
    pub(crate) list_keys: Vec<Box<str>>,
    pub(crate) required: Vec<Box<str>>,
    pub(crate) one_of_values: Vec<Value>,
    /// The texts among [`Self::one_of_values`], where they are many.
    pub(crate) many_texts: Option<HashSet<Box<str>>>,
    pub(crate) bounds: Option<Box<Bounds>>,
    pub(crate) combinations: Option<Box<Combinations>>,
    pub(crate) rules: Vec<Rule>,
    /// Whether this node or one below it has rules.
    pub(crate) has_rules: bool,
    /// Whether this node or one below it is an embedded resource.
    pub(crate) has_embedded: bool,
    /// Whether this node or one below it is a list that is a set or a map.
    pub(crate) has_keyed_lists: bool,
}

impl Node {
    /// The type.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The description, as the schema's author wrote it: hostile until made safe.
    #[must_use]
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// The default.
    #[must_use]
    pub fn default_value(&self) -> Option<&Value> {
        self.default.as_deref()
    }

    /// Whether fields that it does not declare are kept.
    #[must_use]
    pub fn keeps_unknown(&self) -> bool {
        self.preserve_unknown || self.has_additional()
    }

    /// The declared property of that name.
    #[must_use]
    pub fn property(&self, name: &str) -> Option<&Node> {
        self.properties.get(name)
    }

    /// The declared properties, in the order of the document.
    #[must_use]
    pub fn properties(&self) -> impl ExactSizeIterator<Item = (&str, &Node)> {
        self.properties.iter().map(|(name, node)| (&**name, node))
    }

    /// Whether the property must be there.
    #[must_use]
    pub fn requires(&self, name: &str) -> bool {
        self.required.iter().any(|required| &**required == name)
    }

    /// What the items of a list must be.
    #[must_use]
    pub fn items(&self) -> Option<&Node> {
        self.items.as_deref()
    }

    /// What the values of a map must be.
    #[must_use]
    pub fn values(&self) -> Option<&Node> {
        match &self.additional {
            Additional::Of(node) => Some(node),
            _ => None,
        }
    }

    /// What stands below `name`: a declared property, else the values of a map.
    #[must_use]
    pub fn child(&self, name: &str) -> Option<&Node> {
        self.properties.get(name).or_else(|| self.values())
    }

    /// Whether a map of any values is meant (`additionalProperties` beside no declared name).
    pub(crate) fn has_additional(&self) -> bool {
        matches!(self.additional, Additional::Any | Additional::Of(_))
    }
}

impl Node {
    /// The type as messages name it.
    pub(crate) fn kind_for_messages(&self) -> &'static str {
        if self.kind == Kind::IntOrString {
            ""
        } else {
            self.kind.name()
        }
    }

    /// Whether there is a value without a fixed type here or at most so many levels below.
    pub(crate) fn is_dynamic(&self, levels: usize) -> bool {
        matches!(self.kind, Kind::Any | Kind::IntOrString)
            || (levels > 0
                && self
                    .properties
                    .values()
                    .chain(self.values())
                    .chain(self.items())
                    .any(|child| child.is_dynamic(levels - 1)))
    }
}
