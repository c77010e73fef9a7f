//! Compiles an expression like the API server: parses it, checks types and literals, and estimates its cost.

use std::sync::{Arc, LazyLock};

use cel::Env;
use cel::common::ast::{IdedExpr, SourceInfo};

use super::super::compile::{MAX_RULE_BYTES, check_limits};
use super::super::cost;
use super::checker::{self, Variables};
use super::decl_type::DeclType;
use super::types::Type;
use super::{constants, literals, macros};

/// Has the macros of the API server.
static ENV: LazyLock<Env> = LazyLock::new(|| {
    let mut env = Env::default();
    let added = cel::extensions::lists(&mut env).and_then(|()| macros::add(&mut env));
    debug_assert!(added.is_ok(), "{added:?}");
    env
});

/// The kind of an expression, which determines the type that it must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExpressionKind {
    /// A rule, of type bool.
    Rule,
    /// The message of a rule, of type string.
    Message,
}

/// The variables and types that rules at a schema node can use.
#[derive(Debug)]
pub(crate) struct Scope {
    decl_type: Arc<DeclType>,
    plain: Variables,
    optional: Variables,
}

impl Scope {
    /// The scope of rules at a schema. Rules that are already stored may use functions that new rules may not.
    pub(crate) fn new(decl_type: Arc<DeclType>, is_stored: bool) -> Self {
        let this = Type::declared(&decl_type, "selfType");
        let with = |old: Type| Variables {
            this: this.clone(),
            old,
            is_stored,
        };
        Self {
            plain: with(this.clone()),
            optional: with(Type::optional(this.clone())),
            decl_type,
        }
    }
}

/// The result of compiling an expression.
#[derive(Debug)]
pub(crate) struct Compiled {
    /// The API server's error message, if it rejects the expression.
    pub(crate) problem: Option<String>,
    pub(crate) uses_old_self: bool,
    /// The estimated maximum cost.
    pub(crate) cost: u64,
    /// The steps that checking took.
    pub(crate) steps: usize,
}

/// Compiles an expression; `None` if it exceeds a limit. `optional_old` makes `oldSelf` an optional value.
pub(crate) fn compile(
    source: &str,
    kind: ExpressionKind,
    scope: &Scope,
    optional_old: bool,
) -> Option<Compiled> {
    if source.len() > MAX_RULE_BYTES || check_limits(source).is_err() {
        return None;
    }
    let mut compiled = Compiled {
        problem: None,
        uses_old_self: false,
        cost: 0,
        steps: source.len(),
    };
    let prefix = match kind {
        ExpressionKind::Rule => "",
        ExpressionKind::Message => "messageExpression ",
    };
    let (expression, info) = match parse(source) {
        Ok(parsed) => parsed,
        Err(problem) => {
            compiled.problem = Some(format!("{prefix}compilation failed: {problem}"));
            return Some(compiled);
        }
    };
    let variables = if optional_old {
        &scope.optional
    } else {
        &scope.plain
    };
    let mut outcome = checker::check(&expression, source, info, variables)?;
    compiled.steps += outcome.steps;
    if outcome.issues.is_empty() {
        literals::check(&expression, &outcome.found, &mut outcome.issues);
    }
    if !outcome.issues.is_empty() {
        compiled.problem = Some(format!("{prefix}compilation failed: {}", outcome.issues.text()));
        return Some(compiled);
    }
    let found = outcome.found;
    compiled.problem = match (kind, found.type_of(&expression)) {
        (ExpressionKind::Rule, Type::Bool) | (ExpressionKind::Message, Type::String) => None,
        (ExpressionKind::Rule, _) => Some("cel expression must evaluate to a bool".to_owned()),
        (ExpressionKind::Message, _) => Some("messageExpression must evaluate to a string".to_owned()),
    };
    if compiled.problem.is_some() {
        return Some(compiled);
    }
    compiled.uses_old_self = found.uses_old_self;
    let undefined = found
        .undefined_type
        .map(|name| format!("reference to undefined type: {name}"));
    if let Some(problem) = constants::first_problem(&expression).or(undefined) {
        let what = match kind {
            ExpressionKind::Rule => "program",
            ExpressionKind::Message => "messageExpression",
        };
        compiled.problem = Some(format!("{what} instantiation failed: {problem}"));
        return Some(compiled);
    }
    compiled.cost = cost::estimate(&expression, &found, &scope.decl_type);
    Some(compiled)
}

fn parse(source: &str) -> Result<(IdedExpr, SourceInfo), String> {
    // Field names may be quoted with backticks.
    let parser = ENV.parser().enable_ident_escape_syntax(true);
    parser.parse_with_source_info(source).map_err(|errors| {
        let text = errors.to_string();
        text.lines().next().unwrap_or_default().trim().to_owned()
    })
}
