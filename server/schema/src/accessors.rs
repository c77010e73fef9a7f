//! Read access to a schema node, for uses other than validation: forms, documentation, editors.

use serde_json::Value;

use super::node::{Additional, Combinations, Node};
use super::rule::Rule;
use super::{defaulting, validate};

impl Node {
    /// Whether `null` is allowed.
    #[must_use]
    pub fn is_nullable(&self) -> bool {
        self.nullable
    }

    /// `x-kubernetes-preserve-unknown-fields`
    #[must_use]
    pub fn preserves_unknown_fields(&self) -> bool {
        self.preserve_unknown
    }

    /// `title`, as the schema's author wrote it. Untrusted text: escape it before showing it.
    #[must_use]
    pub fn title(&self) -> Option<&str> {
        self.title.as_deref()
    }

    /// `example`
    #[must_use]
    pub fn example(&self) -> Option<&Value> {
        self.example.as_deref()
    }

    /// `enum`; empty if any value is allowed.
    #[must_use]
    pub fn enum_values(&self) -> &[Value] {
        &self.enum_values
    }

    /// `format`, if the API server checks it for this type.
    #[must_use]
    pub fn format(&self) -> Option<&str> {
        self.format.as_ref().map(|format| &*format.name)
    }

    /// The names of the required properties, in the order of the document.
    #[must_use]
    pub fn required(&self) -> impl ExactSizeIterator<Item = &str> {
        self.required.iter().map(|name| &**name)
    }

    /// `x-kubernetes-list-map-keys`
    #[must_use]
    pub fn list_map_keys(&self) -> impl ExactSizeIterator<Item = &str> {
        self.list_map_keys.iter().map(|name| &**name)
    }

    /// True if `additionalProperties` is set, `false` included.
    #[must_use]
    pub fn sets_additional_properties(&self) -> bool {
        !matches!(self.additional, Additional::Absent)
    }

    /// `allOf`, `anyOf`, `oneOf` and `not`; `None` if there are none.
    #[must_use]
    pub fn combinations(&self) -> Option<&Combinations> {
        self.combinations.as_deref()
    }

    /// `x-kubernetes-validations` of this node.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// True if `value` satisfies the schema here after defaulting: types, bounds and combinations. Does not check list
    /// types, embedded resources or CEL rules.
    #[must_use]
    pub fn accepts(&self, mut value: Value) -> bool {
        defaulting::fill(&mut value, self);
        validate::validate(self, &value, None).is_empty()
    }
}

/// Bounds, as written in the schema.
impl Node {
    /// True if there is any bound: a pattern, a length, a range, or a number of items or properties.
    #[must_use]
    pub fn has_bounds(&self) -> bool {
        self.bounds.is_some()
    }

    /// `pattern`, in RE2's syntax.
    #[must_use]
    pub fn pattern(&self) -> Option<&str> {
        self.bounds
            .as_ref()?
            .pattern
            .as_ref()
            .map(|pattern| pattern.source())
    }

    /// `minLength`
    #[must_use]
    pub fn min_length(&self) -> Option<i64> {
        self.bounds.as_ref()?.min_length
    }

    /// `maxLength`
    #[must_use]
    pub fn max_length(&self) -> Option<i64> {
        self.bounds.as_ref()?.max_length
    }

    /// `minimum`
    #[must_use]
    pub fn minimum(&self) -> Option<f64> {
        self.bounds.as_ref()?.minimum
    }

    /// `maximum`
    #[must_use]
    pub fn maximum(&self) -> Option<f64> {
        self.bounds.as_ref()?.maximum
    }

    /// `minItems`
    #[must_use]
    pub fn min_items(&self) -> Option<i64> {
        self.bounds.as_ref()?.min_items
    }

    /// `maxItems`
    #[must_use]
    pub fn max_items(&self) -> Option<i64> {
        self.bounds.as_ref()?.max_items
    }
}

impl Combinations {
    /// `allOf`
    #[must_use]
    pub fn all_of(&self) -> &[Node] {
        &self.all_of
    }

    /// `anyOf`
    #[must_use]
    pub fn any_of(&self) -> &[Node] {
        &self.any_of
    }

    /// `oneOf`
    #[must_use]
    pub fn one_of(&self) -> &[Node] {
        &self.one_of
    }

    /// `not`
    #[must_use]
    pub fn not(&self) -> Option<&Node> {
        self.not.as_deref()
    }
}
