//! CEL rules (`x-kubernetes-validations`), judged as `k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel` does.
//!
//! The `cel` crate parses and evaluates, [`library`] has Kubernetes' functions; what falls short of the API server is
//! completed here: values by their schema's types, escaped names, lists that are sets or maps, RE2 patterns, macros,
//! and bounds on work. What cannot be judged is said to be so.

pub(crate) mod check;
mod condition;
mod cost;
mod environment;
mod escaping;
mod evaluate;
mod keyed;
mod library;
mod macros;
mod mentions;
mod object;
mod program;
mod sides;
#[cfg(test)]
mod tests;
mod unreadable;
mod values;
mod work;

use std::sync::OnceLock;

use serde_json::Value;

pub use condition::{Condition, Doubt, ObjectExpression};
pub(super) use evaluate::validate;
use program::Program;

use super::violation::Reason;

/// No rule may be longer. The longest known has 800 bytes.
const RULE_LIMIT: usize = 16 * 1024;

/// One rule at a node.
#[derive(Debug)]
pub struct Rule {
    text: Box<str>,
    message: Option<Box<str>>,
    message_expression: Option<Box<str>>,
    reason: Reason,
    field_path: Vec<Box<str>>,
    optional_old_self: bool,
    program: OnceLock<Result<Program, String>>,
    message_program: OnceLock<Result<Program, String>>,
}

impl Rule {
    /// Reads a rule.
    ///
    /// # Errors
    /// What is wrong with its shape. A rule whose text does not compile is read, and reported when it is to be judged.
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
            field_path: text("fieldPath")?.map(field_path).unwrap_or_default(),
            optional_old_self,
            program: OnceLock::new(),
            message_program: OnceLock::new(),
        })
    }

    /// Bytes it takes.
    pub(crate) fn size(&self) -> usize {
        let length = |text: &Option<Box<str>>| text.as_ref().map_or(0, |text| text.len());
        // A compiled rule takes some ten times its text.
        10 * (self.text.len() + length(&self.message_expression)) + length(&self.message)
    }

    /// The rule as it is written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The rule's message, or failing that its text.
    fn title(&self) -> &str {
        self.message.as_deref().unwrap_or(&self.text).trim()
    }

    /// Whether the rule says that the value never changes.
    #[must_use]
    pub fn forbids_change(&self) -> bool {
        let bare: String = self.text.split_whitespace().collect();
        matches!(bare.as_str(), "self==oldSelf" | "oldSelf==self")
    }

    fn program(&self) -> Result<&Program, &str> {
        self.program
            .get_or_init(|| compile(&self.text))
            .as_ref()
            .map_err(String::as_str)
    }

    fn message_program(&self) -> Option<&Program> {
        let source = self.message_expression.as_deref()?;
        self.message_program.get_or_init(|| compile(source)).as_ref().ok()
    }

    /// Whether the rule compares with the object before.
    fn is_transition(&self) -> bool {
        self.program().is_ok_and(|program| program.uses_old_self)
    }
}

/// Whether a rule speaks of `oldSelf`; nothing where the rule is beyond the bounds.
///
/// # Errors
/// Why it cannot be parsed.
pub(crate) fn uses_old_self(source: &str) -> Result<Option<bool>, String> {
    if source.len() > RULE_LIMIT {
        return Ok(None);
    }
    Program::uses_old_self(source)
}

fn compile(source: &str) -> Result<Program, String> {
    if source.len() > RULE_LIMIT {
        return Err(format!("the rule is longer than {RULE_LIMIT} bytes"));
    }
    Program::compile(source)
}

/// The names in a simple JSON path: `.spec.labels['app']`.
fn field_path(text: &str) -> Vec<Box<str>> {
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
