//! Walks an object along its schema and evaluates the CEL rules.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use cel::common::ast::IdedExpr;
use cel::common::types::CelOptional;
use cel::{Context, ExecutionError, Value as CelValue};
use serde_json::Value;

use super::budget::{is_exhausted, remaining, set_budget};
use super::environment::with_context;
use super::error_order;
use super::eval_error::api_server_message;
use super::field_refs;
use super::unconvertible;
use super::values::to_cel;
use crate::correlate::{OldItems, is_unchanged};
use crate::go_format::{format_value, quote};
use crate::node::Node;
use crate::path::Path;
use crate::rule::{Program, Rule};
use crate::schema_type::SchemaType;
use crate::violation::{Check, Reason, Violation};

/// Step limit for all rules on one object.
const MAX_STEPS_PER_OBJECT: usize = 20_000_000;
/// Size limit for the result of a `messageExpression`, in bytes.
const MAX_MESSAGE_BYTES: usize = 5 * 1024;

/// Validates an object by all rules of its schema.
pub(crate) fn validate(node: &Node, object: &Value, old: Option<&Value>) -> Vec<Violation> {
    let mut violations = Vec::new();
    if node.has_rules {
        with_context(|context| {
            let evaluator = Evaluator {
                context,
                budget: steps_per_rule(object),
                steps_left: Cell::new(MAX_STEPS_PER_OBJECT),
                stopped: Cell::new(false),
            };
            evaluator.node(
                node,
                node,
                object,
                old,
                Ratchet { old, parent: None },
                &Path::ROOT,
                &mut violations,
            );
        });
    }
    violations
}

/// Step limit for one rule: lower for large objects, where each step may do more work.
fn steps_per_rule(object: &Value) -> usize {
    const BYTE_STEPS: usize = 2_000_000_000;
    (BYTE_STEPS / (approximate_size(object) + 1)).clamp(20_000, 1_000_000)
}

/// The approximate size of a value, in bytes.
fn approximate_size(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len() + 8,
        Value::Array(items) => 8 + items.iter().map(approximate_size).sum::<usize>(),
        Value::Object(map) => {
            8 + map
                .iter()
                .map(|(name, value)| name.len() + approximate_size(value))
                .sum::<usize>()
        }
        _ => 8,
    }
}

/// Old value used for validation ratcheting (KEP-4008): errors on unchanged values are suppressed.
#[derive(Clone, Copy, Default)]
struct Ratchet<'a> {
    old: Option<&'a Value>,
    /// The nearest ancestor that has an old value: its schema, new value and old value.
    parent: Option<(&'a Node, &'a Value, &'a Value)>,
}

impl<'a> Ratchet<'a> {
    fn below(self, node: &'a Node, value: &'a Value, old: Option<&'a Value>) -> Self {
        match self.old {
            None => self,
            Some(before) => Self {
                old,
                parent: Some((node, value, before)),
            },
        }
    }

    fn is_unchanged(self, node: &Node, value: &Value) -> bool {
        match (self.old, self.parent) {
            (Some(old), _) => is_unchanged(node, value, old),
            (None, Some((node, now, before))) => is_unchanged(node, now, before),
            (None, None) => false,
        }
    }
}

struct Evaluator<'c> {
    context: &'c Context<'static, 'static>,
    /// Step limit for one rule.
    budget: usize,
    /// Steps left for all rules.
    steps_left: Cell<usize>,
    stopped: Cell<bool>,
}

impl Evaluator<'_> {
    /// `rules` has the rules, `node` the types. They differ within `allOf`.
    #[expect(
        clippy::too_many_arguments,
        reason = "the state of one walk over four trees at once"
    )]
    fn node<'a>(
        &self,
        rules: &'a Node,
        node: &'a Node,
        value: &'a Value,
        old: Option<&'a Value>,
        ratchet: Ratchet<'a>,
        path: &Path<'_>,
        violations: &mut Vec<Violation>,
    ) {
        if !rules.has_rules || value.is_null() || self.stopped.get() {
            return;
        }
        let old = old.filter(|old| !old.is_null());
        if !rules.rules.is_empty() {
            self.rules(&rules.rules, node, value, old, ratchet, path, violations);
        }
        for branch in rules
            .combinations
            .iter()
            .flat_map(|combinations| &combinations.all_of)
        {
            let ratchet = Ratchet {
                old: None,
                parent: ratchet.parent,
            };
            self.node(branch, node, value, old, ratchet, path, violations);
        }
        match value {
            Value::Object(map) => {
                let old = old.and_then(Value::as_object);
                for (name, child) in map {
                    let old = old.and_then(|old| old.get(name));
                    let below = if path.is_root() && matches!(name.as_str(), "apiVersion" | "kind") {
                        // Both are converted to the same version before the comparison.
                        Ratchet::default()
                    } else {
                        ratchet.below(node, value, ratchet.old.and_then(|old| old.get(name)))
                    };
                    if let Some(rules) = rules.properties.get(name.as_str()) {
                        let node = node.properties.get(name.as_str()).unwrap_or(rules);
                        self.node(rules, node, child, old, below, &path.property(name), violations);
                    } else if let Some(rules) = rules.additional_properties() {
                        let node = node.additional_properties().unwrap_or(rules);
                        self.node(rules, node, child, old, below, &path.key(name), violations);
                    }
                }
            }
            Value::Array(items) => {
                let Some(rules) = rules.items() else {
                    return;
                };
                let old_items = OldItems::new(node, old);
                let before = OldItems::new(node, ratchet.old);
                let list = node;
                let node = node.items().unwrap_or(rules);
                for (index, item) in items.iter().enumerate() {
                    let below = ratchet.below(list, value, before.matching(item));
                    self.node(
                        rules,
                        node,
                        item,
                        old_items.matching(item),
                        below,
                        &path.index(index),
                        violations,
                    );
                }
            }
            _ => {}
        }
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "the state of one walk over four trees at once"
    )]
    fn rules(
        &self,
        rules: &[Rule],
        node: &Node,
        value: &Value,
        old: Option<&Value>,
        ratchet: Ratchet<'_>,
        path: &Path<'_>,
        violations: &mut Vec<Violation>,
    ) {
        let applies = |rule: &&Rule| old.is_some() || rule.optional_old_self || !rule.is_transition();
        let mut rules = rules.iter().filter(applies).peekable();
        if rules.peek().is_none() {
            return;
        }
        let mut scope = self.context.new_inner_scope();
        scope.add_variable_as_val("self", to_cel(node, value));
        for rule in rules {
            if self.stopped.get() {
                return;
            }
            if rule.is_transition() {
                let before = old.map(|old| to_cel(node, old));
                match (rule.optional_old_self, before) {
                    (true, Some(before)) => {
                        scope.add_variable_as_val("oldSelf", Box::new(CelOptional::of(before)));
                    }
                    (true, None) => scope.add_variable_as_val("oldSelf", Box::new(CelOptional::none())),
                    (false, Some(before)) => scope.add_variable_as_val("oldSelf", before),
                    (false, None) => {}
                }
            }
            violations.extend(self.rule(rule, node, value, &scope, ratchet, path));
        }
    }

    fn rule(
        &self,
        rule: &Rule,
        node: &Node,
        value: &Value,
        scope: &Context<'_, 'static>,
        ratchet: Ratchet<'_>,
        path: &Path<'_>,
    ) -> Option<Violation> {
        let indeterminate = |why: &str| {
            let detail = format!("{why} (rule: {})", rule.title());
            Some(Violation::new(
                path,
                Check::Rule,
                Reason::Indeterminate,
                None,
                detail,
            ))
        };
        let program = match rule.program() {
            Ok(program) => program,
            Err(problem) => return indeterminate(&format!("the rule does not compile: {problem}")),
        };
        // A rule that does not use `self` does not notice that its value cannot be converted.
        if program.uses_self
            && let Some(reason) = unconvertible::problem(node, value)
        {
            let detail = format!("{reason} evaluating rule: {}", rule.title());
            let kind = quote(node.type_name());
            return Some(Violation::new(
                path,
                Check::Rule,
                Reason::Invalid,
                Some(&kind),
                detail,
            ));
        }
        set_budget(self.budget);
        let Some(result) = resolve(&program.expression, scope) else {
            return indeterminate("the rule could not be evaluated");
        };
        if is_exhausted() {
            self.spend(self.budget);
            return indeterminate("the rule takes more work than is allowed");
        }
        self.spend(self.budget.saturating_sub(remaining()) + program.size);
        if self.steps_left.get() == 0 && !self.stopped.replace(true) {
            return indeterminate("the rules take more work than is allowed; none is judged from here on");
        }
        match result {
            Ok(CelValue::Bool(true)) => None,
            // Ratcheting suppresses violations, but not evaluation errors.
            Ok(CelValue::Bool(false)) if !rule.is_transition() && ratchet.is_unchanged(node, value) => None,
            Ok(CelValue::Bool(false)) => {
                let mut broken = self.violation(rule, node, value, scope, path);
                if rule.field_path.is_empty() {
                    broken.about = field_refs::related_fields(program, node, value, path, &broken.detail);
                }
                Some(broken)
            }
            Ok(_) => indeterminate("the rule does not yield true or false"),
            Err(error) => match api_server_message(&self.first_error(error, program, scope), node, program) {
                Ok(words) => {
                    let detail = if words.starts_with("no such overload") {
                        format!(
                            "'{words}': call arguments did not match a supported operator, function or macro signature \
                             for rule: {}",
                            rule.title()
                        )
                    } else {
                        format!("{words} evaluating rule: {}", rule.title())
                    };
                    let kind = quote(node.type_name());
                    let about = field_refs::related_fields(program, node, value, path, "");
                    Some(Violation {
                        about,
                        ..Violation::new(path, Check::Rule, Reason::Invalid, Some(&kind), detail)
                    })
                }
                Err(why) => indeterminate(&why),
            },
        }
    }

    /// If a rule has several errors, returns the one that the API server reports.
    fn first_error(
        &self,
        error: ExecutionError,
        program: &Program,
        scope: &Context<'_, 'static>,
    ) -> ExecutionError {
        let Some(reversed) = error_order::reversed(&program.expression) else {
            return error;
        };
        set_budget(self.budget);
        let result = resolve(&reversed, scope);
        self.spend(self.budget.saturating_sub(remaining()));
        match result {
            Some(Err(first)) if !is_exhausted() => first,
            _ => error,
        }
    }

    fn spend(&self, steps: usize) {
        self.steps_left.set(self.steps_left.get().saturating_sub(steps));
    }

    /// The error for a rule that evaluates to false.
    fn violation(
        &self,
        rule: &Rule,
        node: &Node,
        value: &Value,
        scope: &Context<'_, 'static>,
        path: &Path<'_>,
    ) -> Violation {
        let said = self.message(rule, scope).unwrap_or_else(|| match &rule.message {
            Some(message) => message.trim().to_owned(),
            None => format!("failed rule: {}", rule.text.trim()),
        });
        let shown = (!matches!(node.schema_type, SchemaType::Object | SchemaType::Array))
            .then(|| format_value(value));
        let (shown, said) = match rule.reason {
            Reason::Required | Reason::Forbidden => (None, said),
            Reason::Duplicate => (shown, String::new()),
            _ => (shown, said),
        };
        at(path, node, &rule.field_path, &|path| {
            Violation::new(path, Check::Rule, rule.reason, shown.as_deref(), said.clone())
        })
    }

    fn message(&self, rule: &Rule, scope: &Context<'_, 'static>) -> Option<String> {
        let program = rule.message_program()?;
        set_budget(self.budget);
        let Some(Ok(CelValue::String(text))) = resolve(&program.expression, scope) else {
            return None;
        };
        let text = text.trim();
        (!text.is_empty() && text.len() <= MAX_MESSAGE_BYTES && !text.contains('\n')).then(|| text.to_owned())
    }
}

/// Evaluates an expression; `None` if the evaluator panicked.
fn resolve(expression: &IdedExpr, scope: &Context<'_, 'static>) -> Option<Result<CelValue, ExecutionError>> {
    // Rules are untrusted: a panic in the `cel` crate must not end the process.
    catch_unwind(AssertUnwindSafe(|| CelValue::resolve(expression, scope))).ok()
}

/// Calls `make` with the path extended by `names`.
fn at(path: &Path<'_>, node: &Node, names: &[Box<str>], make: &dyn Fn(&Path<'_>) -> Violation) -> Violation {
    match names.split_first() {
        None => make(path),
        Some((name, rest)) => match node.property(name) {
            Some(child) => at(&path.property(name), child, rest, make),
            None => match node.additional_properties() {
                Some(child) => at(&path.key(name), child, rest, make),
                None => make(&path.property(name)),
            },
        },
    }
}
