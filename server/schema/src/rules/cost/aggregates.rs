//! Costs of lists, maps and comprehensions.

use cel::common::ast::{ComprehensionExpr, EntryExpr, Expr, IdedExpr, ListExpr, LiteralValue, MapExpr};

use super::estimator::{ElementSizes, Estimator, LoopVariable};
use super::path::Path;
use super::range::Range;
use crate::rules::check::types::Type;

/// The cost of creating a list.
const LIST_COST: Range = Range::exactly(10);
/// The cost of creating a map.
const MAP_COST: Range = Range::exactly(30);

/// The part of a range that a variable iterates over.
#[derive(Clone, Copy)]
enum Part {
    Key,
    Value,
    /// The items of a list, the keys of a map.
    Only,
}

impl<'a> Estimator<'a> {
    pub(super) fn list(&mut self, node: &'a IdedExpr, list: &'a ListExpr) -> Range {
        let mut cost = Range::NOTHING;
        let mut item = nothing_yet(list.elements.is_empty());
        for element in &list.elements {
            cost = cost.plus(self.cost(element));
            item = item.union(self.size_or_unknown(element));
        }
        let elements = ElementSizes {
            is_list: true,
            key: Range::exactly(1),
            value: item,
        };
        self.note_elements(node, Some(elements));
        cost.plus(LIST_COST)
    }

    pub(super) fn map(&mut self, node: &'a IdedExpr, map: &'a MapExpr) -> Range {
        let mut cost = Range::NOTHING;
        let mut key = nothing_yet(map.entries.is_empty());
        let mut value = key;
        for entry in &map.entries {
            let EntryExpr::MapEntry(entry) = &entry.expr else {
                continue;
            };
            cost = cost.plus(self.cost(&entry.key));
            cost = cost.plus(self.cost(&entry.value));
            key = key.union(self.size_or_unknown(&entry.key));
            value = value.union(self.size_or_unknown(&entry.value));
        }
        let elements = ElementSizes {
            is_list: false,
            key,
            value,
        };
        self.note_elements(node, Some(elements));
        cost.plus(MAP_COST)
    }

    pub(super) fn comprehension(&mut self, node: &'a IdedExpr, it: &'a ComprehensionExpr) -> Range {
        let mut cost = self.cost(&it.iter_range);
        cost = cost.plus(self.cost(&it.accu_init));
        let start = LoopVariable {
            path: self.path(&it.accu_init),
            size: self.size(&it.accu_init),
            elements: self.elements(&it.accu_init),
        };
        self.push(&it.accu_var, start);
        if is_binding(it) {
            cost = cost.plus(self.cost(&it.result));
            self.pop(&it.accu_var);
            self.copy_sizes(node, &it.result);
            return cost;
        }
        match &it.iter_var2 {
            Some(second) => {
                self.run_over(&it.iter_var, &it.iter_range, Part::Key);
                self.run_over(second, &it.iter_range, Part::Value);
            }
            None => self.run_over(&it.iter_var, &it.iter_range, Part::Only),
        }
        let each = self.cost(&it.loop_cond).plus(self.cost(&it.loop_step));
        self.pop(&it.iter_var);
        if let Some(second) = &it.iter_var2 {
            self.pop(second);
        }
        cost = cost.plus(self.cost(&it.result));
        self.pop(&it.accu_var);
        let times = self.size_or_unknown(&it.iter_range);
        cost = cost.plus(times.times(each));
        match &it.accu_init.expr {
            Expr::Literal(_) => {
                let size = self.size(&it.accu_init);
                self.note_size(node, size);
            }
            Expr::List(_) | Expr::Map(_) => {
                self.note_size(node, Some(times));
                let elements = self.elements(&it.loop_step);
                self.note_elements(node, elements);
            }
            _ => {}
        }
        cost
    }

    /// Binds a variable to a part of a range.
    fn run_over(&mut self, name: &'a str, range: &'a IdedExpr, part: Part) {
        let elements = self.elements(range);
        let is_list = match elements {
            Some(elements) => elements.is_list,
            None => matches!(self.found.type_of(range), Type::List(_)),
        };
        let (step, is_value) = match (part, is_list) {
            (Part::Key, true) => ("@indices", false),
            (Part::Key | Part::Only, false) => ("@keys", false),
            (Part::Value | Part::Only, true) => ("@items", true),
            (Part::Value, false) => ("@values", true),
        };
        let size = elements.map(|elements| if is_value { elements.value } else { elements.key });
        let path = Path::then(self.path(range).as_ref(), step);
        let local = LoopVariable {
            path: Some(path),
            size,
            elements: None,
        };
        self.push(name, local);
    }
}

/// The element sizes of an empty literal: a range that any element replaces.
fn nothing_yet(is_empty: bool) -> Range {
    Range {
        min: if is_empty { 0 } else { u64::MAX },
        max: 0,
    }
}

/// True if a comprehension over an empty list only binds a variable.
fn is_binding(it: &ComprehensionExpr) -> bool {
    let is_empty = matches!(&it.iter_range.expr, Expr::List(list) if list.elements.is_empty());
    let is_never = matches!(&it.loop_cond.expr, Expr::Literal(LiteralValue::Boolean(flag)) if !*flag.inner());
    is_empty && is_never && it.accu_var != "__result__"
}
