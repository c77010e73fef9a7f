//! The costs of lists, maps and comprehensions.

use cel::common::ast::{ComprehensionExpr, EntryExpr, Expr, IdedExpr, ListExpr, LiteralValue, MapExpr};

use super::estimator::{Entry, Estimator, Local};
use super::path::Path;
use super::range::Range;
use crate::rules::check::Type;

/// What it costs to make a list and a map.
const LIST: Range = Range::exactly(10);
const MAP: Range = Range::exactly(30);

/// Which part of a range a variable runs over.
#[derive(Clone, Copy)]
enum Part {
    Key,
    Value,
    /// Items of a list, keys of a map.
    Only,
}

impl<'a> Estimator<'a> {
    pub(super) fn list(&mut self, node: &'a IdedExpr, list: &'a ListExpr) -> Range {
        let mut cost = Range::NOTHING;
        let mut item = nothing_yet(list.elements.is_empty());
        for element in &list.elements {
            cost = cost.plus(self.cost(element));
            item = item.or(self.size_or_unknown(element));
        }
        let entry = Entry {
            is_list: true,
            key: Range::exactly(1),
            value: item,
        };
        self.note_entry(node, Some(entry));
        cost.plus(LIST)
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
            key = key.or(self.size_or_unknown(&entry.key));
            value = value.or(self.size_or_unknown(&entry.value));
        }
        let entry = Entry {
            is_list: false,
            key,
            value,
        };
        self.note_entry(node, Some(entry));
        cost.plus(MAP)
    }

    pub(super) fn comprehension(&mut self, node: &'a IdedExpr, it: &'a ComprehensionExpr) -> Range {
        let mut cost = self.cost(&it.iter_range);
        cost = cost.plus(self.cost(&it.accu_init));
        let start = Local {
            path: self.path(&it.accu_init),
            size: self.size(&it.accu_init),
            entry: self.entry(&it.accu_init),
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
                let entry = self.entry(&it.loop_step);
                self.note_entry(node, entry);
            }
            _ => {}
        }
        cost
    }

    /// Lets a variable run over a part of a range.
    fn run_over(&mut self, name: &'a str, range: &'a IdedExpr, part: Part) {
        let entry = self.entry(range);
        let is_list = match entry {
            Some(entry) => entry.is_list,
            None => matches!(self.found.type_of(range), Type::List(_)),
        };
        let (step, is_value) = match (part, is_list) {
            (Part::Key, true) => ("@indices", false),
            (Part::Key | Part::Only, false) => ("@keys", false),
            (Part::Value | Part::Only, true) => ("@items", true),
            (Part::Value, false) => ("@values", true),
        };
        let size = entry.map(|entry| if is_value { entry.value } else { entry.key });
        let path = Path::then(self.path(range).as_ref(), step);
        let local = Local {
            path: Some(path),
            size,
            entry: None,
        };
        self.push(name, local);
    }
}

/// The sizes of no elements: where there are some, a range that each of them replaces.
fn nothing_yet(is_empty: bool) -> Range {
    Range {
        least: if is_empty { 0 } else { u64::MAX },
        most: 0,
    }
}

/// Whether a comprehension runs over nothing and only gives a value a name.
fn is_binding(it: &ComprehensionExpr) -> bool {
    let is_empty = matches!(&it.iter_range.expr, Expr::List(list) if list.elements.is_empty());
    let is_never = matches!(&it.loop_cond.expr, Expr::Literal(LiteralValue::Boolean(flag)) if !*flag.inner());
    is_empty && is_never && it.accu_var != "__result__"
}
