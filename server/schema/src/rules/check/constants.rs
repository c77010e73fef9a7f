//! Errors that the API server finds when it plans an expression whose types are correct: conversions of constants that
//! fail, and invalid patterns (`interpreter/decorators.go` of cel-go).

use cel::common::ast::{Expr, IdedExpr, LiteralValue};
use cel::{ExecutionError, Value as CelValue};

use super::super::compile::rewrite;
use super::super::environment::with_context;
use super::walk::children;
use crate::pattern;

/// Type conversion functions.
const CONVERSIONS: [&str; 10] = [
    "bool",
    "bytes",
    "double",
    "duration",
    "dyn",
    "int",
    "string",
    "timestamp",
    "type",
    "uint",
];

/// The first error in planning an expression.
pub(super) fn first_problem(expression: &IdedExpr) -> Option<String> {
    // cel-go plans inner nodes first, from left to right.
    let mut waiting = vec![(expression, false)];
    while let Some((node, is_open)) = waiting.pop() {
        if !is_open && !is_constant(node) {
            waiting.push((node, true));
            waiting.extend(children(node).into_iter().rev().map(|child| (child, false)));
            continue;
        }
        let problem = if is_open {
            pattern_problem(node)
        } else {
            problem(node)
        };
        if problem.is_some() {
            return problem;
        }
    }
    None
}

/// True for a literal or a conversion of one.
fn is_constant(node: &IdedExpr) -> bool {
    match &node.expr {
        Expr::Literal(_) => true,
        Expr::Call(call) if call.target.is_none() && CONVERSIONS.contains(&call.func_name.as_str()) => {
            matches!(call.args.as_slice(), [only] if is_constant(only))
        }
        _ => false,
    }
}

/// Why converting a literal fails, if it does.
pub(super) fn problem(node: &IdedExpr) -> Option<String> {
    if matches!(node.expr, Expr::Literal(_)) || !is_constant(node) {
        return None;
    }
    let mut expression = node.clone();
    rewrite(&mut expression);
    let result = with_context(|context| CelValue::resolve(&expression, context));
    match result {
        Err(ExecutionError::FunctionError { message, .. }) => Some(message),
        _ => None,
    }
}

/// Why a literal pattern does not compile, if it does not.
fn pattern_problem(node: &IdedExpr) -> Option<String> {
    let Expr::Call(call) = &node.expr else {
        return None;
    };
    if !matches!(call.func_name.as_str(), "matches" | "find" | "findAll") {
        return None;
    }
    let pattern = call.target.as_deref().into_iter().chain(&call.args).nth(1)?;
    match &pattern.expr {
        Expr::Literal(LiteralValue::String(text)) => pattern::syntax_error(text.inner()),
        _ => None,
    }
}
