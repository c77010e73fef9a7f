//! Which of two errors is told: where both sides of an `||` or an `&&` cannot be evaluated, cel-go tells of the left one,
//! the `cel` crate of the right one. So is it with the items that `all` and `exists` run over.

use cel::ExecutionError;
use cel::common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedExpr, operators};
use cel::common::types::CelList;
use cel::common::value::CowVal;

use super::work::{charge, weight};

/// Turns a range of a comprehension round, where it has an order.
pub(super) const BACKWARDS: &str = "kube_schema_backwards";

/// The same expression, of which the right side of each `||` and `&&`, and the last item of each `all` and `exists`, is
/// evaluated first. Its value is the same, since none of them minds the order; nothing when there are none.
pub(super) fn swapped(expression: &IdedExpr) -> Option<IdedExpr> {
    let mut expression = expression.clone();
    swap(&mut expression).then_some(expression)
}

/// Whether anything was swapped.
fn swap(expression: &mut IdedExpr) -> bool {
    let mut any = false;
    if let Expr::Call(call) = &mut expression.expr
        && matches!(
            call.func_name.as_str(),
            operators::LOGICAL_OR | operators::LOGICAL_AND
        )
        && let [left, right] = call.args.as_mut_slice()
        && !gathers(left)
    {
        std::mem::swap(left, right);
        any = true;
    }
    if let Expr::Comprehension(comprehension) = &mut expression.expr
        && minds_no_order(comprehension)
    {
        let range = std::mem::take(&mut comprehension.iter_range);
        comprehension.iter_range = IdedExpr {
            id: range.id,
            expr: Expr::Call(CallExpr {
                func_name: BACKWARDS.to_owned(),
                target: None,
                args: vec![range],
            }),
        };
        any = true;
    }
    each_part(expression, &mut |part| any |= swap(part));
    any
}

/// Whether it is an `all` or an `exists`.
fn minds_no_order(comprehension: &ComprehensionExpr) -> bool {
    match &comprehension.loop_step.expr {
        Expr::Call(call) => {
            matches!(
                call.func_name.as_str(),
                operators::LOGICAL_OR | operators::LOGICAL_AND
            ) && call.args.first().is_some_and(gathers)
        }
        _ => false,
    }
}

/// The function [`BACKWARDS`].
pub(super) fn backwards<'b, 'v>(mut args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let range = args
        .pop()
        .ok_or_else(ExecutionError::missing_argument_or_target)?;
    let Some(list) = range.downcast_ref::<CelList>() else {
        return Ok(range);
    };
    charge(weight(list))?;
    let copies = list.inner().iter().rev().map(|item| item.clone_as_boxed());
    Ok(CowVal::owned(CelList::from(copies.collect::<Vec<_>>())))
}

/// Whether it is what a comprehension has so far: that stays on the left, by which the crate knows it.
fn gathers(side: &IdedExpr) -> bool {
    matches!(&side.expr, Expr::Ident(name) if name.starts_with('@'))
}

fn each_part(expression: &mut IdedExpr, visit: &mut dyn FnMut(&mut IdedExpr)) {
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
            .for_each(|entry| each_side(&mut entry.expr, visit)),
        Expr::Struct(structure) => structure
            .entries
            .iter_mut()
            .for_each(|entry| each_side(&mut entry.expr, visit)),
        Expr::Select(select) => visit(&mut select.operand),
        _ => {}
    }
}

fn each_side(entry: &mut EntryExpr, visit: &mut dyn FnMut(&mut IdedExpr)) {
    match entry {
        EntryExpr::StructField(field) => visit(&mut field.value),
        EntryExpr::MapEntry(entry) => {
            visit(&mut entry.key);
            visit(&mut entry.value);
        }
    }
}
