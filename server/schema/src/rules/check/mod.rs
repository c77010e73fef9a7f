//! The types of rules, judged as the API server does when a definition is made
//! (`k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel`, `Compile`).
//!
//! [`declaration`] says what a schema declares, [`functions`] what can be called; [`checker`] finds the types of an
//! expression ([`types`], compared by [`unify`]), [`literals`] and [`constants`] what is wrong beyond types. Work is
//! bounded: what takes too much of it, and messages of protocol buffers, are not judged.

mod aggregates;
mod annotations;
mod calls;
mod checker;
mod constants;
mod declaration;
mod format_strings;
mod functions;
mod issues;
mod literals;
mod macros;
mod names;
#[cfg(test)]
mod tests;
mod types;
mod unify;
mod walk;

use std::sync::{Arc, LazyLock};

use cel::Env;
use cel::common::ast::{IdedExpr, SourceInfo};

pub(super) use annotations::Annotations;
use checker::Variables;
pub(crate) use declaration::{Declaration, Declared};
pub(super) use types::Type;

use super::RULE_LIMIT;
use super::cost;
use super::program::bounded;

/// Knows the macros as the API server does.
static ENV: LazyLock<Env> = LazyLock::new(|| {
    let mut env = Env::default();
    let added = cel::extensions::lists(&mut env).and_then(|()| macros::add(&mut env));
    debug_assert!(added.is_ok(), "{added:?}");
    env
});

/// What an expression must yield.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Goal {
    /// A rule: true or false.
    Rule,
    /// The message of a rule: a text.
    Message,
}

/// What a rule stands at.
#[derive(Debug)]
pub(crate) struct Scope {
    declaration: Arc<Declaration>,
    plain: Variables,
    optional: Variables,
}

impl Scope {
    /// The values that rules at a schema speak of. A rule that is stored already may use functions that are new.
    pub(crate) fn new(declaration: Arc<Declaration>, is_stored: bool) -> Self {
        let this = Type::declared(&declaration, "selfType");
        let with = |old: Type| Variables {
            this: this.clone(),
            old,
            is_stored,
        };
        Self {
            plain: with(this.clone()),
            optional: with(Type::optional(this.clone())),
            declaration,
        }
    }
}

/// What the API server says of an expression.
#[derive(Debug)]
pub(crate) struct Verdict {
    /// Why it refuses it.
    pub(crate) problem: Option<String>,
    pub(crate) uses_old_self: bool,
    /// What it costs at most.
    pub(crate) cost: u64,
    /// What judging it took.
    pub(crate) steps: usize,
}

/// Judges an expression; nothing where it cannot be judged. `optional_old` where the value before need not be there.
pub(crate) fn judge(source: &str, goal: Goal, scope: &Scope, optional_old: bool) -> Option<Verdict> {
    if source.len() > RULE_LIMIT || bounded(source).is_err() {
        return None;
    }
    let mut verdict = Verdict {
        problem: None,
        uses_old_self: false,
        cost: 0,
        steps: source.len(),
    };
    let prefix = match goal {
        Goal::Rule => "",
        Goal::Message => "messageExpression ",
    };
    let (expression, info) = match parse(source) {
        Ok(parsed) => parsed,
        Err(problem) => {
            verdict.problem = Some(format!("{prefix}compilation failed: {problem}"));
            return Some(verdict);
        }
    };
    let variables = if optional_old {
        &scope.optional
    } else {
        &scope.plain
    };
    let mut outcome = checker::check(&expression, source, info, variables)?;
    verdict.steps += outcome.steps;
    if outcome.issues.is_empty() {
        literals::check(&expression, &outcome.found, &mut outcome.issues);
    }
    if !outcome.issues.is_empty() {
        verdict.problem = Some(format!("{prefix}compilation failed: {}", outcome.issues.text()));
        return Some(verdict);
    }
    let found = outcome.found;
    verdict.problem = match (goal, found.type_of(&expression)) {
        (Goal::Rule, Type::Bool) | (Goal::Message, Type::String) => None,
        (Goal::Rule, _) => Some("cel expression must evaluate to a bool".to_owned()),
        (Goal::Message, _) => Some("messageExpression must evaluate to a string".to_owned()),
    };
    if verdict.problem.is_some() {
        return Some(verdict);
    }
    verdict.uses_old_self = found.uses_old_self;
    let undefined = found
        .undefined_type
        .map(|name| format!("reference to undefined type: {name}"));
    if let Some(problem) = constants::first_problem(&expression).or(undefined) {
        let what = match goal {
            Goal::Rule => "program",
            Goal::Message => "messageExpression",
        };
        verdict.problem = Some(format!("{what} instantiation failed: {problem}"));
        return Some(verdict);
    }
    verdict.cost = cost::estimate(&expression, &found, &scope.declaration);
    Some(verdict)
}

fn parse(source: &str) -> Result<(IdedExpr, SourceInfo), String> {
    // Names between backticks are of fields, too.
    let parser = ENV.parser().enable_ident_escape_syntax(true);
    parser.parse_with_source_info(source).map_err(|errors| {
        let text = errors.to_string();
        text.lines().next().unwrap_or_default().trim().to_owned()
    })
}
