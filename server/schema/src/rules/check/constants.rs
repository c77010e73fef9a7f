//! What the API server finds wrong when it makes a program of an expression whose types are right: conversions of
//! constants that fail, and patterns that are none (`interpreter/decorators.go` of cel-go).

use cel::common::ast::{Expr, IdedExpr, LiteralValue};
use cel::{ExecutionError, Value as CelValue};

use super::super::environment::with_context;
use super::super::program::rewrite;
use super::walk::children;
use crate::pattern;

/// Functions that convert a value.
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

/// The first reason why no program can be made of an expression.
pub(super) fn first_problem(expression: &IdedExpr) -> Option<String> {
    // Nodes are planned from within, each after those before it.
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

/// Whether a node is a literal, or converts one.
fn is_constant(node: &IdedExpr) -> bool {
    match &node.expr {
        Expr::Literal(_) => true,
        Expr::Call(call) if call.target.is_none() && CONVERSIONS.contains(&call.func_name.as_str()) => {
            matches!(call.args.as_slice(), [only] if is_constant(only))
        }
        _ => false,
    }
}

/// Why the conversion of a literal fails, if it does.
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

/// Why a pattern that is written as it is cannot be compiled.
fn pattern_problem(node: &IdedExpr) -> Option<String> {
    let Expr::Call(call) = &node.expr else {
        return None;
    };
    if !matches!(call.func_name.as_str(), "matches" | "find" | "findAll") {
        return None;
    }
    let pattern = call.target.as_deref().into_iter().chain(&call.args).nth(1)?;
    match &pattern.expr {
        Expr::Literal(LiteralValue::String(text)) => pattern::problem(text.inner()),
        _ => None,
    }
}
