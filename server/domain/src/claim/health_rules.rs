//! What an offering's document says of where a claim's health stands, compiled.

use kube_schema::{Doubt, ObjectExpression};
use serde_json::Value;

use crate::documents::HealthExpressions;

/// An expression of a document's `health` that is of no use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`health.{field}` is not a CEL expression over `object`: {message}")]
pub struct HealthRuleError {
    /// Which: `ready`, `failed` or `message`.
    pub field: &'static str,
    /// What is wrong with it.
    pub message: String,
}

/// The expressions of an offering's `health`, compiled.
#[derive(Debug, Default)]
pub struct HealthRules {
    ready: Option<ObjectExpression>,
    failed: Option<ObjectExpression>,
    message: Option<ObjectExpression>,
}

/// What the rules say of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ruled {
    Failed,
    Ready,
    /// There is a rule for when it is ready, and it does not hold.
    NotReady,
    /// A rule cannot be evaluated; why.
    Doubtful(String),
    /// The rules do not say.
    Silent,
}

impl HealthRules {
    /// Compiles the expressions of a document.
    ///
    /// # Errors
    /// All that are not expressions, or name something that there is not.
    pub fn compile(expressions: &HealthExpressions) -> Result<Self, Vec<HealthRuleError>> {
        let mut errors = Vec::new();
        let mut compile = |field: &'static str, source: Option<&str>, is_condition: bool| {
            let compiled = ObjectExpression::compile(source?).and_then(|expression| {
                // On an object without anything a condition is false, or stumbles over what is not there.
                match expression.holds(&Value::Object(serde_json::Map::new())) {
                    Err(Doubt::Other(why)) if is_condition => Err(why),
                    _ => Ok(expression),
                }
            });
            compiled
                .map_err(|message| errors.push(HealthRuleError { field, message }))
                .ok()
        };
        let rules = Self {
            ready: compile("ready", expressions.ready.as_deref(), true),
            failed: compile("failed", expressions.failed.as_deref(), true),
            message: compile("message", expressions.message.as_deref(), false),
        };
        if errors.is_empty() { Ok(rules) } else { Err(errors) }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ready.is_none() && self.failed.is_none() && self.message.is_none()
    }

    /// What they say of an object.
    pub(super) fn rule(&self, object: &Value) -> Ruled {
        let holds = |field: &str, rule: Option<&ObjectExpression>| match rule?.holds(object) {
            Ok(holds) => Some(Ok(holds)),
            Err(Doubt::Missing(_)) => Some(Ok(false)),
            Err(Doubt::TooMuch) => Some(Err(format!(
                "The offering's health.{field} takes more work than is allowed"
            ))),
            Err(Doubt::Other(why)) => Some(Err(format!(
                "The offering's health.{field} could not be evaluated: {why}"
            ))),
        };
        match (
            holds("failed", self.failed.as_ref()),
            holds("ready", self.ready.as_ref()),
        ) {
            (Some(Ok(true)), _) => Ruled::Failed,
            (Some(Err(doubt)), _) | (_, Some(Err(doubt))) => Ruled::Doubtful(doubt),
            (_, Some(Ok(true))) => Ruled::Ready,
            (_, Some(Ok(false))) => Ruled::NotReady,
            (_, None) => Ruled::Silent,
        }
    }

    /// Its explanation of why an object does not work.
    pub(super) fn message(&self, object: &Value) -> Option<String> {
        let text = self.message.as_ref()?.text(object).ok()??;
        Some(text).filter(|text| !text.trim().is_empty())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn expressions(ready: &str, failed: &str, message: &str) -> HealthExpressions {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        HealthExpressions {
            ready: some(ready),
            failed: some(failed),
            message: some(message),
        }
    }

    #[test]
    fn what_is_no_expression_over_the_object_is_refused_by_name() {
        let errors = HealthRules::compile(&expressions(
            "status.phase == 'Up'",
            "object.status.",
            "'a' + 1 +",
        ))
        .unwrap_err();
        let fields: Vec<_> = errors.iter().map(|error| error.field).collect();
        assert_eq!(fields, ["ready", "failed", "message"]);
        assert!(
            errors[0].to_string().contains("no `status` here"),
            "{}",
            errors[0]
        );
        assert!(HealthRules::compile(&expressions("'yes'", "", "")).is_err());
        assert!(HealthRules::compile(&expressions("", "", "")).unwrap().is_empty());
    }

    #[test]
    fn what_is_not_there_yet_is_not_ready_and_not_failed() {
        let rules = HealthRules::compile(&expressions(
            "object.status.phase == 'Up'",
            "object.status.phase == 'Down'",
            "object.status.why",
        ))
        .unwrap();
        assert_eq!(rules.rule(&json!({})), Ruled::NotReady);
        assert_eq!(rules.rule(&json!({ "status": { "phase": "Up" } })), Ruled::Ready);
        let down = json!({ "status": { "phase": "Down", "why": "no room" } });
        assert_eq!(rules.rule(&down), Ruled::Failed);
        assert_eq!(rules.message(&down).as_deref(), Some("no room"));
        assert_eq!(rules.message(&json!({})), None);
    }
}
