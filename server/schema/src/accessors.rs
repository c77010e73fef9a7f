//! What a schema says at a node, for whoever makes something of it besides validating: a form, documentation, an editor.

use serde_json::Value;

use super::node::{Additional, Combinations, Node};
use super::rules::Rule;
use super::{defaulting, validate};

impl Node {
    /// Whether `null` is allowed.
    #[must_use]
    pub fn is_nullable(&self) -> bool {
        self.nullable
    }

    /// `x-kubernetes-preserve-unknown-fields`
    #[must_use]
    pub fn preserves_unknown(&self) -> bool {
        self.preserve_unknown
    }

    /// `title`, as the schema's author wrote it: hostile until made safe.
    #[must_use]
    pub fn title(&self) -> Option<&str> {
        self.title.as_deref()
    }

    /// `example`
    #[must_use]
    pub fn example(&self) -> Option<&Value> {
        self.example.as_deref()
    }

    /// `enum`; empty where any value is allowed.
    #[must_use]
    pub fn allowed_values(&self) -> &[Value] {
        &self.one_of_values
    }

    /// `format`, where the API server checks it for this type.
    #[must_use]
    pub fn format(&self) -> Option<&str> {
        self.format.as_ref().map(|format| &*format.name)
    }

    /// The names of the properties that must be there, in the order of the document.
    #[must_use]
    pub fn required(&self) -> impl ExactSizeIterator<Item = &str> {
        self.required.iter().map(|name| &**name)
    }

    /// `x-kubernetes-list-map-keys`
    #[must_use]
    pub fn list_keys(&self) -> impl ExactSizeIterator<Item = &str> {
        self.list_keys.iter().map(|name| &**name)
    }

    /// Whether `additionalProperties` is there, `false` included.
    #[must_use]
    pub fn declares_additional(&self) -> bool {
        !matches!(self.additional, Additional::Absent)
    }

    /// `allOf`, `anyOf`, `oneOf` and `not`; nothing where none of them is there.
    #[must_use]
    pub fn combinations(&self) -> Option<&Combinations> {
        self.combinations.as_deref()
    }

    /// `x-kubernetes-validations` of this node itself.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Whether the schema takes `value` here once its defaults are filled in: types, bounds and combinations. Lists
    /// that are sets or maps, embedded resources and rules are not asked.
    #[must_use]
    pub fn accepts(&self, mut value: Value) -> bool {
        defaulting::fill(&mut value, self);
        validate::validate(self, &value, None).is_empty()
    }
}

/// Bounds, as the schema has them.
impl Node {
    /// Whether there is any bound: a pattern, a length, a range, a number of items or of properties.
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
