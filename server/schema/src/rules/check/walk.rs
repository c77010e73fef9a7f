//! Traverses expressions.

use cel::common::ast::{EntryExpr, Expr, IdedExpr};

/// Calls `visit` with each node, parents first, and whether it is inside a call of `format`.
pub(super) fn walk<'e>(expression: &'e IdedExpr, visit: &mut dyn FnMut(&'e IdedExpr, bool)) {
    let mut waiting = vec![(expression, false)];
    while let Some((node, within_format)) = waiting.pop() {
        visit(node, within_format);
        let within_format =
            within_format || matches!(&node.expr, Expr::Call(call) if call.func_name == "format");
        waiting.extend(
            children(node)
                .into_iter()
                .rev()
                .map(|child| (child, within_format)),
        );
    }
}

/// The direct children of a node, in the order in which cel-go plans them.
pub(super) fn children(node: &IdedExpr) -> Vec<&IdedExpr> {
    match &node.expr {
        Expr::Call(call) => call.target.as_deref().into_iter().chain(&call.args).collect(),
        Expr::Comprehension(comprehension) => vec![
            &comprehension.iter_range,
            &comprehension.accu_init,
            &comprehension.loop_cond,
            &comprehension.loop_step,
            &comprehension.result,
        ],
        Expr::List(list) => list.elements.iter().collect(),
        Expr::Map(map) => map
            .entries
            .iter()
            .flat_map(|entry| entries(&entry.expr))
            .collect(),
        Expr::Struct(structure) => {
            let all = structure.entries.iter();
            all.flat_map(|entry| entries(&entry.expr)).collect()
        }
        Expr::Select(select) => vec![&select.operand],
        Expr::Unspecified | Expr::Ident(_) | Expr::Literal(_) => Vec::new(),
    }
}

fn entries(entry: &EntryExpr) -> Vec<&IdedExpr> {
    match entry {
        EntryExpr::StructField(field) => vec![&field.value],
        EntryExpr::MapEntry(entry) => vec![&entry.key, &entry.value],
    }
}
