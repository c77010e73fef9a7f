//! Error precedence: if both operands of `||` or `&&` fail, cel-go reports the left error and the `cel` crate the
//! right one. The same holds for the items of `all` and `exists`.

use cel::ExecutionError;
use cel::common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedExpr, operators};
use cel::common::types::CelList;
use cel::common::value::CowVal;

use super::budget::{charge, copy_cost};

/// Reverses the range of a comprehension, if it is a list.
pub(super) const REVERSE: &str = "kube_schema_reverse";

/// The expression with the operands of each `||` and `&&`, and the ranges of each `all` and `exists`, in reverse
/// order. That changes which error is reported, but not the value. `None` if there are none.
pub(super) fn reversed(expression: &IdedExpr) -> Option<IdedExpr> {
    let mut expression = expression.clone();
    reverse_operands(&mut expression).then_some(expression)
}

/// Returns true if anything was reversed.
fn reverse_operands(expression: &mut IdedExpr) -> bool {
    let mut any = false;
    if let Expr::Call(call) = &mut expression.expr
        && matches!(
            call.func_name.as_str(),
            operators::LOGICAL_OR | operators::LOGICAL_AND
        )
        && let [left, right] = call.args.as_mut_slice()
        && !is_accumulator(left)
    {
        std::mem::swap(left, right);
        any = true;
    }
    if let Expr::Comprehension(comprehension) = &mut expression.expr
        && is_unordered(comprehension)
    {
        let range = std::mem::take(&mut comprehension.iter_range);
        comprehension.iter_range = IdedExpr {
            id: range.id,
            expr: Expr::Call(CallExpr {
                func_name: REVERSE.to_owned(),
                target: None,
                args: vec![range],
            }),
        };
        any = true;
    }
    for_each_child(expression, &mut |part| any |= reverse_operands(part));
    any
}

/// True for `all` and `exists`.
fn is_unordered(comprehension: &ComprehensionExpr) -> bool {
    match &comprehension.loop_step.expr {
        Expr::Call(call) => {
            matches!(
                call.func_name.as_str(),
                operators::LOGICAL_OR | operators::LOGICAL_AND
            ) && call.args.first().is_some_and(is_accumulator)
        }
        _ => false,
    }
}

/// Implements [`REVERSE`].
pub(super) fn reverse<'b, 'v>(mut args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let range = args
        .pop()
        .ok_or_else(ExecutionError::missing_argument_or_target)?;
    let Some(list) = range.downcast_ref::<CelList>() else {
        return Ok(range);
    };
    charge(copy_cost(list))?;
    let copies = list.inner().iter().rev().map(|item| item.clone_as_boxed());
    Ok(CowVal::owned(CelList::from(copies.collect::<Vec<_>>())))
}

/// True for the accumulator, which must stay on the left, where the `cel` crate expects it.
fn is_accumulator(side: &IdedExpr) -> bool {
    matches!(&side.expr, Expr::Ident(name) if name.starts_with('@'))
}

fn for_each_child(expression: &mut IdedExpr, visit: &mut dyn FnMut(&mut IdedExpr)) {
    match &mut expression.expr {
        Expr::Call(call) => {
            call.target.as_deref_mut().into_iter().for_each(&mut *visit);
            call.args.iter_mut().for_each(visit);
        }
        Expr::Comprehension(comprehension) => {
            visit(&mut comprehension.iter_range);
            visit(&mut comprehension.loop_step);
            visit(&mut comprehension.result);
        }
        Expr::List(list) => list.elements.iter_mut().for_each(visit),
        Expr::Map(map) => map
            .entries
            .iter_mut()
            .for_each(|entry| for_each_entry_child(&mut entry.expr, visit)),
        Expr::Struct(structure) => structure
            .entries
            .iter_mut()
            .for_each(|entry| for_each_entry_child(&mut entry.expr, visit)),
        Expr::Select(select) => visit(&mut select.operand),
        _ => {}
    }
}

fn for_each_entry_child(entry: &mut EntryExpr, visit: &mut dyn FnMut(&mut IdedExpr)) {
    match entry {
        EntryExpr::StructField(field) => visit(&mut field.value),
        EntryExpr::MapEntry(entry) => {
            visit(&mut entry.key);
            visit(&mut entry.value);
        }
    }
}
