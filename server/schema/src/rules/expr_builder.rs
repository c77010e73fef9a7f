//! Builds the expressions that macros expand to.

use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue};
use cel::parser::MacroExprHelper;

/// The accumulator of a comprehension.
pub(super) const RESULT: &str = "@result";

/// Builds expression nodes. The modules of the macros add what they need.
pub(super) struct ExprBuilder<'h, 'p> {
    pub(super) helper: &'h mut MacroExprHelper<'p>,
}

impl ExprBuilder<'_, '_> {
    pub(super) fn node(&mut self, expr: Expr) -> IdedExpr {
        self.helper.next_expr(expr)
    }

    pub(super) fn flag(&mut self, flag: bool) -> IdedExpr {
        self.node(Expr::Literal(LiteralValue::Boolean(flag.into())))
    }

    pub(super) fn number(&mut self, number: i64) -> IdedExpr {
        self.node(Expr::Literal(LiteralValue::Int(number.into())))
    }

    pub(super) fn ident(&mut self, name: &str) -> IdedExpr {
        self.node(Expr::Ident(name.to_owned()))
    }

    /// The accumulator.
    pub(super) fn result(&mut self) -> IdedExpr {
        self.ident(RESULT)
    }

    /// A call of a global function.
    pub(super) fn call(&mut self, name: &str, args: Vec<IdedExpr>) -> IdedExpr {
        self.node(Expr::Call(CallExpr {
            func_name: name.to_owned(),
            target: None,
            args,
        }))
    }
}
