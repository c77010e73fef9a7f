//! The form itself: fields under headings, each with its control. What a page shows and what the API answers with.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What [`Field::problems`] says of a field that is required and empty: nothing is wrong yet with what was filled in.
pub const MISSING: &str = "Must be filled in";

/// A form made from a schema. Input names are JSON pointers into the object (`/spec/storage/size`),
/// so that a form posts without scripts; how each control encodes its value is said there.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Form {
    /// What must be filled in or is usually wanted, without a heading.
    pub main: Vec<Field>,
    /// The rest, folded under headings.
    pub sections: Vec<Section>,
    /// Problems of the object as a whole, that belong beside no field.
    pub problems: Vec<String>,
    /// How many problems there are in all, those beside fields included.
    pub problem_count: usize,
    /// How many fields there are; from some forty on, a search within the form is shown.
    pub field_count: usize,
}

/// Fields under a heading, folded unless `open`.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Section {
    /// An id unique in the page.
    pub id: String,
    /// The heading.
    pub title: String,
    /// Whether it opens by itself: something in it is set, or has a problem.
    pub open: bool,
    /// What is wrong with the whole that its fields are part of, each a sentence.
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
    /// The schema's description or the offering's help; plain text.
    pub help: Option<String>,
    /// Must be filled in.
    pub required: bool,
    /// Fixed by the plan, or not changeable after creation: shown, not editable. Its value still posts (hidden).
    pub locked: bool,
    /// Why it is locked, in words.
    pub locked_by: Option<String>,
    /// The default, in words; shown as a hint when the field is empty.
    pub default: Option<String>,
    /// Whether its value differs from the default and the plan's.
    pub changed: bool,
    /// What is wrong with it, each a sentence.
    pub problems: Vec<String>,
    /// What the field means while nothing is filled in, where that can be more than one thing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when_empty: Option<WhenEmpty>,
    /// How it is filled in.
    #[cfg_attr(feature = "openapi", schema(no_recursion))]
    pub control: Control,
}

/// What a field means while nothing is filled in: a select or a check box, posted as `{name}/@empty`. It counts only
/// when the input is empty.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WhenEmpty {
    /// The one chosen; one of `choices`.
    pub chosen: EmptyMeans,
    /// What it can mean.
    pub choices: Vec<EmptyMeans>,
}

/// What an empty input stands for.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum EmptyMeans {
    /// The field is left out; where there is a default, the control plane fills it in.
    Unset,
    /// An empty text, list, map or object.
    Empty,
    /// `null`
    Null,
}

impl EmptyMeans {
    /// What is posted.
    #[must_use]
    pub fn slug(self) -> &'static str {
        match self {
            Self::Unset => "unset",
            Self::Empty => "empty",
            Self::Null => "null",
        }
    }

    /// What was posted; `None` for anything else.
    #[must_use]
    pub fn read(slug: &str) -> Option<Self> {
        [Self::Unset, Self::Empty, Self::Null]
            .into_iter()
            .find(|means| means.slug() == slug)
    }
}

impl Field {
    /// Whether it is an object of which nothing is shown: all of it is hidden, or stands under a heading of its own.
    #[must_use]
    pub fn is_empty_group(&self) -> bool {
        match &self.control {
            Control::Object { fields } | Control::Secret { fields } => {
                fields.is_empty() && self.when_empty.is_none()
            }
            _ => false,
        }
    }

    /// Visits the field and every field within it.
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

/// How a field is filled in.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "type")]
#[non_exhaustive]
pub enum Control {
    /// `<input type=text>`, or a text area when `multiline`. Posts its text; an empty one means what
    /// [`Field::when_empty`] says, and where that is not there that the field is left out.
    #[serde(rename_all = "camelCase")]
    Text {
        /// What is in it, also when that is wrong.
        text: String,
        /// Wants several lines.
        multiline: bool,
        /// At most so many characters.
        max_length: Option<u64>,
        /// What it should look like: `10Gi`, `30m`, `2026-01-31T00:00:00Z`.
        placeholder: Option<String>,
        /// `quantity`, `duration`, `intOrString`, `date-time`, `uri`, `email`, `byte`, `password` …: for keyboards and checks.
        format: Option<String>,
    },
    /// `<input inputmode=numeric>`. Posts its text.
    #[serde(rename_all = "camelCase")]
    Number {
        /// What is in it, also when that is wrong.
        text: String,
        /// Takes whole numbers only.
        integer: bool,
        /// At least.
        min: Option<f64>,
        /// At most.
        max: Option<f64>,
    },
    /// A check box. Posts `true`, and beside it a hidden `false` under the same name before it.
    Toggle {
        /// Whether it is on.
        on: bool,
    },
    /// Yes, no, or not set: for optional booleans without a default. Posts `true`, `false` or nothing, as a choice.
    OptionalToggle {
        /// What is chosen.
        on: Option<bool>,
    },
    /// Radio buttons (up to five choices) or a select. Posts the choice's `value`.
    Choice {
        /// The `value` of the one chosen; empty for none.
        chosen: String,
        /// The choices; when not required an empty one is added by the view.
        choices: Vec<Choice>,
    },
    /// Fields of a nested object, indented under the label.
    Object {
        /// The fields.
        fields: Vec<Field>,
    },
    /// A reference to a secret of the control plane: its name, and where there are such fields its key and its
    /// namespace, side by side. Portico keeps the reference, never what it refers to.
    Secret {
        /// The fields.
        fields: Vec<Field>,
    },
    /// A list. Each row is an item, a blank one too. Items are posted under `{name}/0`, `{name}/1` …; `_do=add:{name}`, `_do=remove:{name}/1`,
    /// `_do=up:{name}/1` and `_do=down:{name}/1` change it. A hidden `{name}` = `[]` says that it is there.
    #[serde(rename_all = "camelCase")]
    List {
        /// The items, each a field whose name is `{name}/{index}`.
        items: Vec<Field>,
        /// What one item is called: `user`.
        item_label: String,
        /// May not have fewer.
        min_items: Option<u64>,
        /// May not have more.
        max_items: Option<u64>,
    },
    /// Key and value pairs: `{name}/@0/key` and `{name}/@0/value…`; `_do` as for lists. A hidden `{name}` = `{}`.
    Map {
        /// The pairs.
        entries: Vec<Entry>,
    },
    /// One of several: posts the branch's `id` as `{name}/@branch`, and the fields of that branch.
    /// Changing the branch without scripts: `_do=branch:{name}`.
    Union {
        /// The branches.
        branches: Vec<Branch>,
        /// The `id` of the one chosen; empty for none.
        chosen: String,
    },
    /// Anything: a text area of YAML, posted under `{name}/@yaml`.
    Yaml {
        /// The text.
        text: String,
    },
}

/// One of several values.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Choice {
    /// What is posted: a JSON text for values that are not strings, the string itself for strings.
    pub value: String,
    /// The words.
    pub label: String,
}

/// A pair of a map.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// The name of the key's input: `{name}/@0/key`.
    pub key_name: String,
    /// The key.
    pub key: String,
    /// What is wrong with the key, each a sentence.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub key_problems: Vec<String>,
    /// The value, whose name is `{name}/@0/value`.
    pub value: Field,
}

/// One of several shapes.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Branch {
    /// What is posted.
    pub id: String,
    /// The words.
    pub label: String,
    /// The fields that it has.
    pub fields: Vec<Field>,
}

/// A value, in words, for a hint.
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
