//! The form: fields in sections, each with its control. Pages render it and the API returns it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The entry in [`Field::problems`] for a required field that is empty. The value itself is not wrong.
pub const MISSING: &str = "Must be filled in";

/// A form for an object. Input names are JSON pointers into the object (`/spec/storage/size`), and the form can be
/// posted without scripts; [`Control`] documents how values are encoded.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Form {
    /// Required and frequently used fields, without a heading.
    pub main: Vec<Field>,
    /// The other fields, folded under headings.
    pub sections: Vec<Section>,
    /// Problems of the object as a whole, which belong to no field.
    pub problems: Vec<String>,
    /// The number of all problems, including those of fields.
    pub problem_count: usize,
    /// The number of fields. Large forms get a search.
    pub field_count: usize,
}

/// Fields under a heading. Folded unless `open`.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Section {
    /// An id unique in the page.
    pub id: String,
    /// The heading.
    pub title: String,
    /// Whether the section is open at first: one of its fields is set or has a problem.
    pub open: bool,
    /// Problems of the object that the section shows, as sentences.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<String>,
    /// The fields.
    pub fields: Vec<Field>,
}

/// One field.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Field {
    /// The input's name: a JSON pointer into the object.
    pub name: String,
    /// The label, in words: `Storage size`.
    pub label: String,
    /// The help text: plain text from the hints or the schema's description.
    pub help: Option<String>,
    /// Whether the field must be filled in.
    pub required: bool,
    /// Whether the field is shown but not editable, because the plan sets it or it is immutable. Its value is posted
    /// by a hidden input.
    pub locked: bool,
    /// Why the field is locked, as text.
    pub locked_by: Option<String>,
    /// What locks it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock: Option<FieldLock>,
    /// The default, as text. Shown while the field is empty.
    pub default: Option<String>,
    /// Whether the value differs from the default and from the plan.
    pub changed: bool,
    /// The problems of the field, as sentences.
    pub problems: Vec<String>,
    /// What an empty input means, if there is more than one possibility.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when_empty: Option<WhenEmpty>,
    /// The control.
    #[cfg_attr(feature = "openapi", schema(no_recursion))]
    pub control: Control,
}

/// What an empty input means: a select or check box, posted as `{name}/@empty`. Ignored if the input is not empty.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WhenEmpty {
    /// The current choice, one of `choices`.
    pub chosen: EmptyMeans,
    /// The possible meanings.
    pub choices: Vec<EmptyMeans>,
}

/// The meaning of an empty input.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum EmptyMeans {
    /// The field is unset; the control plane applies the default, if there is one.
    Unset,
    /// The field is an empty string, list, map or object.
    Empty,
    /// `null`
    Null,
}

impl EmptyMeans {
    /// The posted value.
    #[must_use]
    pub fn slug(self) -> &'static str {
        match self {
            Self::Unset => "unset",
            Self::Empty => "empty",
            Self::Null => "null",
        }
    }

    /// Parses a posted value; `None` if it is none of these.
    #[must_use]
    pub fn read(slug: &str) -> Option<Self> {
        [Self::Unset, Self::Empty, Self::Null]
            .into_iter()
            .find(|means| means.slug() == slug)
    }
}

/// What locks a field.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum FieldLock {
    /// The plan sets it, so that there is nothing to decide.
    Plan,
    /// A rule of the schema forbids to change it after creation.
    Immutable,
}

impl Field {
    /// True if the plan sets it.
    #[must_use]
    pub fn is_set_by_plan(&self) -> bool {
        self.lock == Some(FieldLock::Plan)
    }

    /// True for an object with nothing to show: all its fields are hidden or moved to another section.
    #[must_use]
    pub fn is_empty_group(&self) -> bool {
        match &self.control {
            Control::Object { fields } | Control::Secret { fields } => {
                fields.is_empty() && self.when_empty.is_none()
            }
            _ => false,
        }
    }

    /// Calls `visit` for this field and all fields within it.
    pub fn each(&self, visit: &mut dyn FnMut(&Self)) {
        visit(self);
        match &self.control {
            Control::Object { fields } | Control::Secret { fields } => {
                for field in fields {
                    field.each(visit);
                }
            }
            Control::List { items, .. } => items.iter().for_each(|field| field.each(visit)),
            Control::Map { entries } => entries.iter().for_each(|entry| entry.value.each(visit)),
            Control::Union { branches, .. } => {
                branches
                    .iter()
                    .flat_map(|branch| &branch.fields)
                    .for_each(|field| field.each(visit));
            }
            _ => {}
        }
    }
}

/// The control of a field, and how it posts its value.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "type")]
#[non_exhaustive]
pub enum Control {
    /// `<input type=text>`, or a text area if `multiline`. Posts its text. [`Field::when_empty`] says what an empty
    /// input means; without it, the field is unset. With a `unit`, the number may be posted alone, and the unit as
    /// `{name}/@unit`.
    #[serde(rename_all = "camelCase")]
    Text {
        /// The text, valid or not.
        text: String,
        /// Whether it has several lines.
        multiline: bool,
        /// The maximum length in characters.
        max_length: Option<u64>,
        /// An example value: `10Gi`, `30m`, `2026-01-31T00:00:00Z`.
        placeholder: Option<String>,
        /// `quantity`, `duration`, `intOrString`, `date-time`, `uri`, `email`, `byte`, `password` …
        format: Option<String>,
        /// The unit of an amount, to choose beside its number.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unit: Option<AmountUnit>,
    },
    /// `<input inputmode=numeric>`. Posts its text.
    #[serde(rename_all = "camelCase")]
    Number {
        /// The text, valid or not.
        text: String,
        /// Whether it accepts only whole numbers.
        integer: bool,
        /// The minimum.
        min: Option<f64>,
        /// The maximum.
        max: Option<f64>,
    },
    /// A check box. Posts `true` if checked, after a hidden input of the same name that posts `false`.
    Toggle {
        /// Whether it is checked.
        on: bool,
    },
    /// Yes, no, or unset, for optional booleans without a default. Posts `true`, `false` or the empty string, as a
    /// choice.
    OptionalToggle {
        /// The current value.
        on: Option<bool>,
    },
    /// Radio buttons (up to five choices) or a select. Posts the choice's `value`.
    Choice {
        /// The `value` of the current choice; empty if there is none.
        chosen: String,
        /// The choices. If the field is not required, the view adds an empty one.
        choices: Vec<Choice>,
    },
    /// The fields of a nested object.
    Object {
        /// The fields.
        fields: Vec<Field>,
    },
    /// A reference to a secret in the control plane: its name and, if the schema has them, key and namespace, side by
    /// side.
    Secret {
        /// The fields.
        fields: Vec<Field>,
    },
    /// A list, with a row for each item, blank ones included. Items are posted as `{name}/0`, `{name}/1` …;
    /// `_do=add:{name}`, `_do=remove:{name}/1`, `_do=up:{name}/1` and `_do=down:{name}/1` change the list. A hidden
    /// input `{name}` = `[]` marks it as present.
    #[serde(rename_all = "camelCase")]
    List {
        /// The items, each a field called `{name}/{index}`.
        items: Vec<Field>,
        /// What one item is called: `user`.
        item_label: String,
        /// The minimum number of items.
        min_items: Option<u64>,
        /// The maximum number of items.
        max_items: Option<u64>,
    },
    /// Key-value pairs: `{name}/@0/key` and `{name}/@0/value…`; `_do` as for lists. A hidden input `{name}` = `{}`
    /// marks the map as present.
    Map {
        /// The pairs.
        entries: Vec<Entry>,
    },
    /// One of several shapes of an object: posts the branch's `id` as `{name}/@branch`, and the fields of that branch.
    /// `_do=branch:{name}` changes the branch without scripts.
    Union {
        /// The branches.
        branches: Vec<Branch>,
        /// The `id` of the current branch; empty if there is none.
        chosen: String,
    },
    /// Any value, as YAML in a text area. Posted as `{name}/@yaml`.
    Yaml {
        /// The text.
        text: String,
    },
}

/// The unit of an amount: `Gi` of `20Gi`. It applies to a number that is posted without a unit.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AmountUnit {
    /// The unit, one of `choices`; empty for none.
    pub chosen: String,
    /// The units that the field accepts, from small to large.
    pub choices: Vec<String>,
}

/// A choice.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Choice {
    /// The posted value: a string as it is, any other value as JSON.
    pub value: String,
    /// The text to show.
    pub label: String,
}

/// A key-value pair of a map.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// The name of the key's input: `{name}/@0/key`.
    pub key_name: String,
    /// The key.
    pub key: String,
    /// The problems of the key, as sentences.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub key_problems: Vec<String>,
    /// The value's field, called `{name}/@0/value`.
    pub value: Field,
}

/// One of the shapes of an object.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Branch {
    /// The posted value.
    pub id: String,
    /// The text to show.
    pub label: String,
    /// The fields of this shape.
    pub fields: Vec<Field>,
}

/// Formats a value for a hint.
#[must_use]
pub fn in_words(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Null => "nothing".to_owned(),
        other => other.to_string(),
    }
}
