//! Infers types and resolves overloads (`checker/checker.go` of cel-go).

use cel::common::ast::{Expr, IdedExpr, LiteralValue, SelectExpr, SourceInfo};

use super::annotations::Annotations;
use super::issues::Issues;
use super::macros::TOO_LARGE;
use super::names;
use super::types::Type;
use super::unify::Bindings;

/// Limit on the nesting of an expression.
const MAX_DEPTH: usize = 300;
/// Limit on the nodes that are checked.
const MAX_NODES: usize = 20_000;

/// The variables of a rule.
#[derive(Debug)]
pub(super) struct Variables {
    pub(super) this: Type,
    pub(super) old: Type,
    /// True for stored rules, which may use functions that new rules may not.
    pub(super) is_stored: bool,
}

pub(super) struct Checker<'v, 's> {
    pub(super) variables: &'v Variables,
    pub(super) bindings: Bindings,
    pub(super) locals: Vec<(String, Type)>,
    pub(super) found: Annotations,
    pub(super) issues: Issues<'s>,
    depth: usize,
    nodes: usize,
    /// True if the expression has something that this crate does not support.
    pub(super) is_indeterminate: bool,
}

/// The result of checking an expression.
pub(super) struct Outcome<'s> {
    pub(super) found: Annotations,
    pub(super) issues: Issues<'s>,
    /// The steps that checking took.
    pub(super) steps: usize,
}

/// Checks an expression; `None` if it is too large, or has something that this crate does not support.
pub(super) fn check<'s>(
    expression: &IdedExpr,
    source: &'s str,
    info: SourceInfo,
    variables: &Variables,
) -> Option<Outcome<'s>> {
    let mut checker = Checker {
        variables,
        bindings: Bindings::new(),
        locals: Vec::new(),
        found: Annotations::default(),
        issues: Issues::new(source, info),
        depth: 0,
        nodes: 0,
        is_indeterminate: false,
    };
    checker.check(expression);
    let mut found = checker.found;
    for of in found.types.values_mut() {
        *of = checker.bindings.resolved(of, true);
    }
    let is_known = !checker.is_indeterminate && !checker.bindings.is_exhausted();
    is_known.then(|| Outcome {
        found,
        issues: checker.issues,
        steps: checker.nodes + checker.bindings.steps(),
    })
}

impl Checker<'_, '_> {
    pub(super) fn check(&mut self, expression: &IdedExpr) -> Type {
        self.nodes += 1;
        if self.depth > MAX_DEPTH || self.nodes > MAX_NODES || self.bindings.is_exhausted() {
            self.is_indeterminate = true;
            return Type::Dyn;
        }
        self.depth += 1;
        let of = match &expression.expr {
            Expr::Literal(literal) => literal_type(literal),
            Expr::Ident(name) => self.ident(expression.id, name),
            Expr::Select(select) => self.select(expression, select),
            Expr::Call(call) => self.call(expression.id, call),
            Expr::List(list) => self.list(list),
            Expr::Map(map) => self.map(map),
            Expr::Struct(structure) => self.structure(expression.id, structure),
            Expr::Comprehension(comprehension) => self.comprehension(comprehension),
            Expr::Unspecified => {
                self.is_indeterminate = true;
                Type::Error
            }
        };
        self.depth -= 1;
        self.found.types.insert(expression.id, of.clone());
        of
    }

    pub(super) fn undeclared(&mut self, id: u64, name: &str) -> Type {
        let name = format!("undeclared reference to '{name}' (in container '')");
        self.issues.add(id, name);
        Type::Error
    }

    pub(super) fn mismatch(&mut self, id: u64, expected: &Type, found: &Type) {
        let message = format!("expected type '{expected}' but found '{found}'");
        self.issues.add(id, message);
    }

    fn local(&self, name: &str) -> Option<&Type> {
        let mut locals = self.locals.iter().rev();
        locals.find(|(local, _)| local == name).map(|(_, of)| of)
    }

    fn ident(&mut self, id: u64, written: &str) -> Type {
        if let Some(of) = self.local(written) {
            let of = of.clone();
            self.found.uses_old_self |= written == "oldSelf";
            return of;
        }
        let name = written.strip_prefix('.').unwrap_or(written);
        match name {
            "self" => self.variables.this.clone(),
            "oldSelf" => {
                self.found.uses_old_self = true;
                self.variables.old.clone()
            }
            TOO_LARGE => {
                self.is_indeterminate = true;
                Type::Dyn
            }
            name => match names::find(name) {
                Some(named) => self.named(named),
                None => self.undeclared(id, written),
            },
        }
    }

    fn named(&mut self, named: names::Named) -> Type {
        match named {
            names::Named::Type(of) => Type::of_type(of),
            names::Named::Undefined(name, of) => {
                self.found.undefined_type.get_or_insert(name);
                Type::of_type(of)
            }
            names::Named::Unknown => {
                self.is_indeterminate = true;
                Type::Dyn
            }
        }
    }

    fn select(&mut self, expression: &IdedExpr, select: &SelectExpr) -> Type {
        if let Some(name) = qualified(expression)
            && self.local(name.split('.').next().unwrap_or_default()).is_none()
            && let Some(named) = names::find(name.trim_start_matches('.'))
        {
            self.found.names.insert(expression.id, name);
            return self.named(named);
        }
        let of = self.field(expression.id, &select.operand, &select.field, false);
        if select.test {
            Type::Bool
        } else {
            self.bindings.resolved(&of, false)
        }
    }

    /// The type of a field of `operand`; optional if the operand is, or if `optional` is set.
    pub(super) fn field(&mut self, id: u64, operand: &IdedExpr, name: &str, optional: bool) -> Type {
        let of = self.check(operand);
        let of = self.bindings.resolved(&of, false);
        let (target, was_optional) = of.unwrapped();
        let result = match target {
            Type::Map(parts) => parts.1.clone(),
            Type::Object(object) => match object.field(name) {
                Some(field) => field,
                None => self.undefined(id, name),
            },
            Type::Struct(_) => self.undefined(id, name),
            Type::Param(_) => {
                self.bindings.fits(&Type::Dyn, target);
                Type::Dyn
            }
            Type::Dyn | Type::Error => Type::Dyn,
            other => {
                let message = format!("type '{other}' does not support field selection");
                self.issues.add(id, message);
                Type::Dyn
            }
        };
        if was_optional || optional {
            Type::optional(result)
        } else {
            result
        }
    }

    fn undefined(&mut self, id: u64, name: &str) -> Type {
        self.issues.add(id, format!("undefined field '{name}'"));
        Type::Error
    }
}

fn literal_type(literal: &LiteralValue) -> Type {
    match literal {
        LiteralValue::Boolean(_) => Type::Bool,
        LiteralValue::Bytes(_) => Type::Bytes,
        LiteralValue::Double(_) => Type::Double,
        LiteralValue::Int(_) => Type::Int,
        LiteralValue::Null => Type::Null,
        LiteralValue::String(_) => Type::String,
        LiteralValue::UInt(_) => Type::Uint,
    }
}

/// The qualified name that an expression spells: `a`, `a.b.c`.
pub(super) fn qualified(expression: &IdedExpr) -> Option<String> {
    match &expression.expr {
        Expr::Ident(name) => Some(name.clone()),
        Expr::Select(select) if !select.test => {
            let mut name = qualified(&select.operand)?;
            name.push('.');
            name.push_str(&select.field);
            Some(name)
        }
        _ => None,
    }
}
