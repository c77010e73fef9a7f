//! A field of a kubeconfig, read with its path, so that what is wrong with it can be told by that alone.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::problem::Problem;
use super::yaml::{Node, Value};

/// A field that is there.
#[derive(Clone)]
pub(super) struct Field<'n> {
    node: &'n Node,
    path: String,
}

impl<'n> Field<'n> {
    /// The whole document.
    pub(super) fn root(node: &'n Node) -> Self {
        Self {
            node,
            path: String::new(),
        }
    }

    /// What is wrong with it.
    pub(super) fn wrong(&self, message: impl Into<String>) -> Problem {
        Problem {
            line: self.node.line,
            field: self.path.clone(),
            message: message.into(),
        }
    }

    /// What is wrong with a field of it that is not there.
    pub(super) fn lacks(&self, name: &'static str, message: impl Into<String>) -> Problem {
        Problem {
            line: self.node.line,
            field: self.below(name),
            message: message.into(),
        }
    }

    /// The field of that name. One that is `null` is not there, as for kubectl.
    pub(super) fn get(&self, name: &'static str) -> Result<Option<Self>, Problem> {
        let entries = match &self.node.value {
            Value::Map(entries) => entries,
            Value::Null => return Ok(None),
            _ => return Err(self.wrong("must be fields with values")),
        };
        let found = entries.iter().find(|(key, _)| key.as_str() == name);
        Ok(found
            .filter(|(_, node)| !matches!(node.value, Value::Null))
            .map(|(_, node)| Self {
                node,
                path: self.below(name),
            }))
    }

    /// A text that is there and not empty.
    pub(super) fn text(&self, name: &'static str) -> Result<Option<(Self, &'n str)>, Problem> {
        let Some(field) = self.get(name)? else {
            return Ok(None);
        };
        let text = field.as_text()?;
        Ok((!text.is_empty()).then_some((field, text)))
    }

    /// Its text.
    pub(super) fn as_text(&self) -> Result<&'n str, Problem> {
        match &self.node.value {
            Value::Text(text) => Ok(text),
            Value::Number(_) | Value::Bool(_) => Err(self.wrong("must be a text: put it in quotation marks")),
            _ => Err(self.wrong("must be a text")),
        }
    }

    /// Bytes that the field holds in base64, as Go reads it: line ends do not count.
    pub(super) fn base64(&self, name: &'static str) -> Result<Option<(Self, Vec<u8>)>, Problem> {
        let Some((field, text)) = self.text(name)? else {
            return Ok(None);
        };
        let text: String = text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
        match STANDARD.decode(text) {
            Ok(bytes) => Ok(Some((field, bytes))),
            Err(_) => Err(field.wrong("is not in base64")),
        }
    }

    /// A yes or no. kubectl reads YAML 1.1, where `yes` and `on` say so too.
    pub(super) fn flag(&self, name: &'static str) -> Result<bool, Problem> {
        let Some(field) = self.get(name)? else {
            return Ok(false);
        };
        match &field.node.value {
            Value::Bool(flag) => Ok(*flag),
            Value::Text(text) if matches!(text.to_lowercase().as_str(), "yes" | "y" | "on") => Ok(true),
            Value::Text(text) if matches!(text.to_lowercase().as_str(), "no" | "n" | "off") => Ok(false),
            _ => Err(field.wrong("must be true or false")),
        }
    }

    /// The items of a list; none where it is not there.
    pub(super) fn list(&self, name: &'static str) -> Result<Vec<Self>, Problem> {
        self.get(name)?
            .map_or_else(|| Ok(Vec::new()), |field| field.items())
    }

    /// Its items.
    fn items(&self) -> Result<Vec<Self>, Problem> {
        match &self.node.value {
            Value::List(items) => Ok(items
                .iter()
                .enumerate()
                .map(|(index, node)| Self {
                    node,
                    path: format!("{}[{index}]", self.path),
                })
                .collect()),
            _ => Err(self.wrong("must be a list")),
        }
    }

    /// The texts of a list; none where it is not there.
    pub(super) fn texts(&self, name: &'static str) -> Result<Vec<String>, Problem> {
        self.get(name)?
            .map_or_else(|| Ok(Vec::new()), |field| field.as_texts())
    }

    /// Its texts.
    pub(super) fn as_texts(&self) -> Result<Vec<String>, Problem> {
        let items = self.items()?;
        items
            .iter()
            .map(|item| item.as_text().map(str::to_owned))
            .collect()
    }

    /// Keys and values of a map whose keys anybody may choose.
    pub(super) fn entries(&self) -> Result<Vec<(&'n str, Self)>, Problem> {
        match &self.node.value {
            Value::Map(entries) => Ok(entries
                .iter()
                // A key of somebody's choice has no place in a path that is shown.
                .map(|(key, node)| {
                    (
                        key.as_str(),
                        Self {
                            node,
                            path: format!("{}[…]", self.path),
                        },
                    )
                })
                .collect()),
            _ => Err(self.wrong("must be fields with values")),
        }
    }

    /// As JSON, for what is handed on without being looked at.
    pub(super) fn json(&self) -> serde_json::Value {
        json(self.node)
    }

    fn below(&self, name: &str) -> String {
        if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        }
    }
}

fn json(node: &Node) -> serde_json::Value {
    match &node.value {
        Value::Null => serde_json::Value::Null,
        Value::Number(number) => number.clone(),
        Value::Bool(flag) => (*flag).into(),
        Value::Text(text) => text.clone().into(),
        Value::List(items) => items.iter().map(json).collect(),
        Value::Map(entries) => entries
            .iter()
            .map(|(key, node)| (key.clone(), json(node)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
    }
}
