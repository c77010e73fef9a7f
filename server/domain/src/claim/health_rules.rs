//! The health expressions of an offering, compiled.

use kube_schema::{EvalError, ObjectExpression};
use serde_json::Value;

use crate::documents::HealthExpressions;

/// A health expression that does not compile.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`health.{field}` is not a CEL expression over `object`: {message}")]
pub struct HealthRuleError {
    /// The field: `ready`, `failed` or `message`.
    pub field: &'static str,
    /// The compiler's message.
    pub message: String,
}

/// The health expressions of an offering, compiled.
#[derive(Debug, Default)]
pub struct HealthRules {
    ready: Option<ObjectExpression>,
    failed: Option<ObjectExpression>,
    message: Option<ObjectExpression>,
}

/// The result of the expressions for an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ruled {
    Failed,
    Ready,
    /// `ready` is set and false.
    NotReady,
    /// An expression could not be evaluated; holds the reason.
    Doubtful(String),
    /// The expressions do not decide.
    Silent,
}

impl HealthRules {
    /// Compiles the expressions.
    ///
    /// # Errors
    /// Every expression that does not compile or refers to an unknown variable.
    pub fn compile(expressions: &HealthExpressions) -> Result<Self, Vec<HealthRuleError>> {
        let mut errors = Vec::new();
        let mut compile = |field: &'static str, source: Option<&str>, is_condition: bool| {
            let compiled = ObjectExpression::compile(source?)
                .map_err(|error| error.to_string())
                .and_then(|expression| {
                    // On an empty object a condition is false or fails on a missing field; any other error is a mistake.
                    match expression.holds(&Value::Object(serde_json::Map::new())) {
                        Err(error @ (EvalError::Other(_) | EvalError::NotABoolean)) if is_condition => {
                            Err(error.to_string())
                        }
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

    /// True if there are no expressions.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ready.is_none() && self.failed.is_none() && self.message.is_none()
    }

    /// Evaluates `failed` and `ready`.
    pub(super) fn rule(&self, object: &Value) -> Ruled {
        let holds = |field: &str, rule: Option<&ObjectExpression>| match rule?.holds(object) {
            Ok(holds) => Some(Ok(holds)),
            Err(EvalError::Missing(_)) => Some(Ok(false)),
            Err(EvalError::BudgetExceeded) => Some(Err(format!(
                "The offering's health.{field} takes more work than is allowed"
            ))),
            Err(why) => Some(Err(format!(
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

    /// Evaluates `message`.
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
    fn invalid_expressions_are_reported_by_field() {
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
    fn a_missing_field_means_not_ready_and_not_failed() {
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
