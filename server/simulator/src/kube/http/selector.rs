//! Label selectors and field selectors.

use serde_json::Value;

use crate::kube::types::error::ApiError;
use crate::kube::types::kind::{Kind, Version};

/// Label and field requirements.
#[derive(Debug, Clone, Default)]
pub(in crate::kube) struct Selector {
    labels: Vec<Requirement>,
    fields: Vec<(String, String, bool)>,
}

#[derive(Debug, Clone)]
enum Requirement {
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    Exists(String),
    Missing(String),
}

impl Selector {
    /// Parses the parameters `labelSelector` and `fieldSelector`.
    pub(in crate::kube) fn parse(
        kind: &Kind,
        version: &Version,
        labels: &str,
        fields: &str,
    ) -> Result<Self, ApiError> {
        let mut selector = Self::default();
        for part in split(labels) {
            selector.labels.push(requirement(part).ok_or_else(|| {
                ApiError::bad_request(format!("unable to parse requirement: {part:?} in labelSelector"))
            })?);
        }
        for part in fields.split(',').filter(|part| !part.trim().is_empty()) {
            let (field, value, equal) = if let Some((field, value)) = part.split_once("!=") {
                (field, value, false)
            } else if let Some((field, value)) = part.split_once("==").or_else(|| part.split_once('=')) {
                (field, value, true)
            } else {
                return Err(ApiError::bad_request(format!("invalid field selector: {part:?}")));
            };
            let field = field.trim();
            let known = field == "metadata.name"
                || field == "metadata.namespace" && kind.namespaced
                || version.selectable.iter().any(|known| known == field);
            if !known {
                return Err(ApiError::bad_request(format!(
                    "field label not supported: {field}"
                )));
            }
            selector
                .fields
                .push((field.into(), value.replace("\\,", ",").replace("\\=", "="), equal));
        }
        Ok(selector)
    }

    /// Whether it selects everything.
    pub(in crate::kube) fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    /// Whether it selects this object.
    pub(in crate::kube) fn matches(&self, object: &Value) -> bool {
        self.labels.iter().all(|requirement| requirement.matches(object))
            && self.fields.iter().all(|(field, value, equal)| {
                let found = field.split('.').fold(object, |value, part| &value[part]);
                let found = match found {
                    Value::String(text) => text.clone(),
                    Value::Null => String::new(),
                    other => other.to_string(),
                };
                (found == *value) == *equal
            })
    }
}

impl Requirement {
    fn matches(&self, object: &Value) -> bool {
        let label = |key: &str| object["metadata"]["labels"].get(key).and_then(Value::as_str);
        match self {
            Self::In(key, values) => label(key).is_some_and(|value| values.iter().any(|v| v == value)),
            Self::NotIn(key, values) => label(key).is_none_or(|value| values.iter().all(|v| v != value)),
            Self::Exists(key) => label(key).is_some(),
            Self::Missing(key) => label(key).is_none(),
        }
    }
}

/// Splits at commas outside brackets.
fn split(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut depth, mut start) = (0_usize, 0);
    for (i, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(&text[start..i]);
                start = i + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
        .into_iter()
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect()
}

fn requirement(text: &str) -> Option<Requirement> {
    let is_key = |key: &str| {
        !key.is_empty()
            && key
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'/'))
    };
    if let Some(key) = text.strip_prefix('!') {
        let key = key.trim();
        return is_key(key).then(|| Requirement::Missing(key.into()));
    }
    if let Some(open) = text.find('(') {
        let values = text[open + 1..].strip_suffix(')')?;
        let values: Vec<String> = values.split(',').map(|v| v.trim().to_owned()).collect();
        let mut words = text[..open].split_whitespace();
        let (key, operator) = (words.next()?, words.next()?);
        if words.next().is_some() || !is_key(key) {
            return None;
        }
        return match operator {
            "in" => Some(Requirement::In(key.into(), values)),
            "notin" => Some(Requirement::NotIn(key.into(), values)),
            _ => None,
        };
    }
    if let Some((key, value)) = text.split_once("!=") {
        let key = key.trim();
        return is_key(key).then(|| Requirement::NotIn(key.into(), vec![value.trim().into()]));
    }
    if let Some((key, value)) = text.split_once("==").or_else(|| text.split_once('=')) {
        let key = key.trim();
        return is_key(key).then(|| Requirement::In(key.into(), vec![value.trim().into()]));
    }
    is_key(text).then(|| Requirement::Exists(text.into()))
}
