//! A CEL rule (`x-kubernetes-validations`) and its compiled form. Only data: [`crate::rules`] compiles and evaluates.

use std::sync::OnceLock;

use cel::common::ast::IdedExpr;
use serde_json::Value;

use super::violation::Reason;

/// Why a CEL expression does not compile.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct CompileError {
    pub(crate) message: String,
}

impl CompileError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
        }
    }
}

/// A CEL rule of a schema node.
#[derive(Debug)]
pub struct Rule {
    pub(crate) text: Box<str>,
    pub(crate) message: Option<Box<str>>,
    pub(crate) message_expression: Option<Box<str>>,
    pub(crate) reason: Reason,
    pub(crate) field_path: Vec<Box<str>>,
    pub(crate) optional_old_self: bool,
    pub(crate) program: OnceLock<Result<Program, CompileError>>,
    pub(crate) message_program: OnceLock<Result<Program, CompileError>>,
}

impl Rule {
    /// Parses a rule.
    ///
    /// # Errors
    /// What is malformed. An expression that does not compile is no error here, but on validation.
    pub(crate) fn read(rule: &Value) -> Result<Self, String> {
        let text = |key: &str| match rule.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.as_str()).filter(|text| !text.is_empty())),
            Some(_) => Err(format!("{key} must be a string")),
        };
        let reason = match text("reason")? {
            None | Some("FieldValueInvalid") => Reason::Invalid,
            Some("FieldValueForbidden") => Reason::Forbidden,
            Some("FieldValueRequired") => Reason::Required,
            Some("FieldValueDuplicate") => Reason::Duplicate,
            Some(_) => {
                return Err(
                    "reason must be FieldValueInvalid, …Forbidden, …Required or …Duplicate".to_owned(),
                );
            }
        };
        let optional_old_self = match rule.get("optionalOldSelf") {
            None | Some(Value::Null) => false,
            Some(Value::Bool(flag)) => *flag,
            Some(_) => return Err("optionalOldSelf must be true or false".to_owned()),
        };
        let source = text("rule")?.ok_or("rule must be there")?;
        Ok(Self {
            text: source.into(),
            message: text("message")?.map(Into::into),
            message_expression: text("messageExpression")?.map(Into::into),
            reason,
            field_path: text("fieldPath")?.map(parse_field_path).unwrap_or_default(),
            optional_old_self,
            program: OnceLock::new(),
            message_program: OnceLock::new(),
        })
    }

    /// The approximate size in memory, in bytes.
    pub(crate) fn size(&self) -> usize {
        let length = |text: &Option<Box<str>>| text.as_ref().map_or(0, |text| text.len());
        // A compiled rule takes about ten times its text.
        10 * (self.text.len() + length(&self.message_expression)) + length(&self.message)
    }

    /// The rule's expression.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The rule's message, or else its expression.
    pub(crate) fn title(&self) -> &str {
        self.message.as_deref().unwrap_or(&self.text).trim()
    }

    /// True if the rule makes the value immutable: `self == oldSelf`.
    #[must_use]
    pub fn forbids_change(&self) -> bool {
        let bare: String = self.text.split_whitespace().collect();
        matches!(bare.as_str(), "self==oldSelf" | "oldSelf==self")
    }
}

/// A compiled rule.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) expression: IdedExpr,
    pub(crate) uses_old_self: bool,
    pub(crate) uses_self: bool,
    /// The fields of `self` that the rule refers to, as chains of escaped names.
    pub(crate) field_refs: Vec<Vec<String>>,
    /// The approximate number of nodes.
    pub(crate) size: usize,
}

/// Parses a simple JSON path: `.spec.labels['app']`.
fn parse_field_path(text: &str) -> Vec<Box<str>> {
    let mut names = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        if let Some(quoted) = rest.strip_prefix("['") {
            let (name, after) = quoted.split_once("']").unwrap_or((quoted, ""));
            names.push(name.replace("\\'", "'").replace("\\\\", "\\").into());
            rest = after;
        } else {
            let bare = rest.strip_prefix('.').unwrap_or(rest);
            let end = bare.find(['.', '[']).unwrap_or(bare.len());
            if end == 0 {
                break;
            }
            names.push(bare[..end].into());
            rest = &bare[end..];
        }
    }
    names
}
