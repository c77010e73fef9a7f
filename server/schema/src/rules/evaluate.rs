//! Walking an object and its schema, evaluating the rules on the way.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use cel::common::ast::IdedExpr;
use cel::common::types::CelOptional;
use cel::{Context, ExecutionError, Value as CelValue};
use serde_json::Value;

use super::Rule;
use super::environment::with_context;
use super::mentions;
use super::program::Program;
use super::sides;
use super::unreadable;
use super::values::to_cel;
use super::work::{allow, is_exhausted, remaining};
use crate::correlate::{OldItems, is_unchanged};
use crate::node::{Kind, Node};
use crate::path::Path;
use crate::violation::{Check, Reason, Violation, bad_value, go_float, quote};

/// Steps that all rules together may take on one object.
const TOTAL: usize = 20_000_000;
/// The longest message that a `messageExpression` may make.
const MESSAGE_LIMIT: usize = 5 * 1024;

/// Judges an object by all rules of its schema.
pub(crate) fn validate(node: &Node, object: &Value, old: Option<&Value>) -> Vec<Violation> {
    let mut violations = Vec::new();
    if node.has_rules {
        with_context(|context| {
            let walk = Walk {
                context,
                budget: budget(object),
                left: Cell::new(TOTAL),
                stopped: Cell::new(false),
            };
            walk.node(
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

/// Steps of comprehensions that one rule may take: fewer when each may handle more.
fn budget(object: &Value) -> usize {
    const WORK: usize = 2_000_000_000;
    (WORK / (size(object) + 1)).clamp(20_000, 1_000_000)
}

/// Roughly the bytes of a value.
fn size(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len() + 8,
        Value::Array(items) => 8 + items.iter().map(size).sum::<usize>(),
        Value::Object(map) => {
            8 + map
                .iter()
                .map(|(name, value)| name.len() + size(value))
                .sum::<usize>()
        }
        _ => 8,
    }
}

/// What a value was before, to let be what has not changed.
#[derive(Clone, Copy, Default)]
struct Ratchet<'a> {
    old: Option<&'a Value>,
    /// The nearest value above that can be told what it was: now and before.
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

struct Walk<'c> {
    context: &'c Context<'static, 'static>,
    /// Steps for one rule.
    budget: usize,
    /// Steps left for all rules.
    left: Cell<usize>,
    stopped: Cell<bool>,
}

impl Walk<'_> {
    /// `rules` holds the rules, `node` the types: they differ below `allOf`.
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
                        // Both are converted to the same version before they are compared.
                        Ratchet::default()
                    } else {
                        ratchet.below(node, value, ratchet.old.and_then(|old| old.get(name)))
                    };
                    if let Some(rules) = rules.properties.get(name.as_str()) {
                        let node = node.properties.get(name.as_str()).unwrap_or(rules);
                        self.node(rules, node, child, old, below, &path.property(name), violations);
                    } else if let Some(rules) = rules.values() {
                        let node = node.values().unwrap_or(rules);
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
                    let below = ratchet.below(list, value, before.like(item));
                    self.node(
                        rules,
                        node,
                        item,
                        old_items.like(item),
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
        let could_not = |why: &str| {
            let detail = format!("{why} (rule: {})", rule.title());
            Some(Violation::new(
                path,
                Check::Rule,
                Reason::CouldNotJudge,
                None,
                detail,
            ))
        };
        let program = match rule.program() {
            Ok(program) => program,
            Err(problem) => return could_not(&format!("the rule does not compile: {problem}")),
        };
        // A rule that does not look at the value does not find that it cannot be read.
        if program.uses_self
            && let Some(reason) = unreadable::reason(node, value)
        {
            let detail = format!("{reason} evaluating rule: {}", rule.title());
            let kind = quote(node.kind_for_messages());
            return Some(Violation::new(
                path,
                Check::Rule,
                Reason::Invalid,
                Some(&kind),
                detail,
            ));
        }
        allow(self.budget);
        let Some(result) = resolve(&program.expression, scope) else {
            return could_not("the rule could not be evaluated");
        };
        if is_exhausted() {
            self.spend(self.budget);
            return could_not("the rule takes more work than is allowed");
        }
        self.spend(self.budget.saturating_sub(remaining()) + program.size);
        if self.left.get() == 0 && !self.stopped.replace(true) {
            return could_not("the rules take more work than is allowed; none is judged from here on");
        }
        match result {
            Ok(CelValue::Bool(true)) => None,
            // Only what is broken is let be, not what cannot be evaluated.
            Ok(CelValue::Bool(false)) if !rule.is_transition() && ratchet.is_unchanged(node, value) => None,
            Ok(CelValue::Bool(false)) => {
                let mut broken = self.broken(rule, node, value, scope, path);
                if rule.field_path.is_empty() {
                    broken.about = mentions::about(program, node, value, path, &broken.detail);
                }
                Some(broken)
            }
            Ok(_) => could_not("the rule does not yield true or false"),
            Err(error) => match refusal(&self.first_error(error, program, scope), node, program) {
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
                    let kind = quote(node.kind_for_messages());
                    let about = mentions::about(program, node, value, path, "");
                    Some(Violation {
                        about,
                        ..Violation::new(path, Check::Rule, Reason::Invalid, Some(&kind), detail)
                    })
                }
                Err(why) => could_not(&why),
            },
        }
    }

    /// The error that the API server tells of where a rule has more than one.
    fn first_error(
        &self,
        error: ExecutionError,
        program: &Program,
        scope: &Context<'_, 'static>,
    ) -> ExecutionError {
        let Some(swapped) = sides::swapped(&program.expression) else {
            return error;
        };
        allow(self.budget);
        let result = resolve(&swapped, scope);
        self.spend(self.budget.saturating_sub(remaining()));
        match result {
            Some(Err(first)) if !is_exhausted() => first,
            _ => error,
        }
    }

    fn spend(&self, steps: usize) {
        self.left.set(self.left.get().saturating_sub(steps));
    }

    /// What to say of a rule that yields false.
    fn broken(
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
        let shown = (!matches!(node.kind, Kind::Object | Kind::Array)).then(|| bad_value(value));
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
        allow(self.budget);
        let Some(Ok(CelValue::String(text))) = resolve(&program.expression, scope) else {
            return None;
        };
        let text = text.trim();
        (!text.is_empty() && text.len() <= MESSAGE_LIMIT && !text.contains('\n')).then(|| text.to_owned())
    }
}

/// Evaluates a rule; nothing when an evaluator that is not ours gave up on it.
fn resolve(expression: &IdedExpr, scope: &Context<'_, 'static>) -> Option<Result<CelValue, ExecutionError>> {
    // A rule is anybody's: what it makes a library stumble over must not take the process with it.
    catch_unwind(AssertUnwindSafe(|| CelValue::resolve(expression, scope))).ok()
}

/// Calls `make` with the path that `names` lead to.
fn at(path: &Path<'_>, node: &Node, names: &[Box<str>], make: &dyn Fn(&Path<'_>) -> Violation) -> Violation {
    match names.split_first() {
        None => make(path),
        Some((name, rest)) => match node.property(name) {
            Some(child) => at(&path.property(name), child, rest, make),
            None => match node.values() {
                Some(child) => at(&path.key(name), child, rest, make),
                None => make(&path.property(name)),
            },
        },
    }
}

/// An error of evaluation in the API server's words; `Err` when the shortcoming may be this crate's.
fn refusal(error: &ExecutionError, node: &Node, program: &Program) -> Result<String, String> {
    match error {
        ExecutionError::NoSuchKey(key) => Ok(format!("no such key: {key}")),
        ExecutionError::IndexOutOfBounds(CelValue::Int(index)) => Ok(format!("index out of bounds: {index}")),
        ExecutionError::DivisionByZero(_) => Ok("division by zero".to_owned()),
        ExecutionError::RemainderByZero(_) => Ok("modulus by zero".to_owned()),
        ExecutionError::Overflow(_, CelValue::UInt(_), _) => Ok("unsigned integer overflow".to_owned()),
        ExecutionError::Overflow(..) => Ok("integer overflow".to_owned()),
        ExecutionError::FunctionError { message, .. } => Ok(message.clone()),
        ExecutionError::UndeclaredReference(name) => {
            let references = program.expression.references();
            let what = if references.has_function(name.as_str()) {
                "function"
            } else {
                "name"
            };
            Err(format!("the {what} {name} is not known"))
        }
        ExecutionError::UnsupportedIndex(CelValue::Float(index), _) if node.is_dynamic(8) => {
            Ok(format!("unsupported index value {} in list", go_float(*index)))
        }
        // Types are checked when a rule is made; only what has no fixed type can fail later.
        // The reason is its type's: in a list or a map there are integers only, or texts beside them.
        ExecutionError::NoSuchOverload(error)
            if error
                .argument_types()
                .iter()
                .any(|of| of == unreadable::TYPE_NAME) =>
        {
            Ok(unreadable::OF_INTEGERS.to_owned())
        }
        ExecutionError::NoSuchOverload(error) if node.is_dynamic(8) => {
            Ok(no_such_overload(error.function(), error.argument_types()))
        }
        ExecutionError::UnexpectedType { .. }
        | ExecutionError::UnsupportedBinaryOperator(..)
        | ExecutionError::ValuesNotComparable(..)
            if node.is_dynamic(8) =>
        {
            Ok("no such overload".to_owned())
        }
        other => Err(format!("the rule could not be evaluated: {}", in_words(other))),
    }
}

/// An error of evaluation for people, who do not know by which names functions go here.
pub(super) fn in_words(error: &ExecutionError) -> String {
    match error {
        ExecutionError::FunctionError { message, .. } => message.clone(),
        other => other.to_string().replace("kube_schema_", ""),
    }
}

/// The words for a function without an overload for its arguments. Operators, and functions of the arguments' own, go
/// without a name.
fn no_such_overload(function: &str, types: &[String]) -> String {
    let name = function.strip_prefix("kube_schema_").unwrap_or(function);
    match name {
        "_._" | "_[_]" if types.first().is_some_and(|of| of == "list") => {
            let index = types.get(1).map_or("", String::as_str);
            format!("unsupported index type '{index}' in list")
        }
        "startsWith" | "endsWith" | "contains" | "matches" => "no such overload".to_owned(),
        "size" => "no such overload: size".to_owned(),
        name if name.starts_with(|c: char| c.is_ascii_alphabetic())
            && !matches!(name, "add" | "subtract") =>
        {
            format!("no such overload: {name}({})", types.join(", "))
        }
        _ => "no such overload".to_owned(),
    }
}
