//! Types of lists, maps and comprehensions.

use cel::common::ast::{ComprehensionExpr, EntryExpr, IdedExpr, ListExpr, MapExpr, StructExpr};

use super::checker::Checker;
use super::names;
use super::types::Type;

impl Checker<'_, '_> {
    pub(super) fn list(&mut self, list: &ListExpr) -> Type {
        let mut all: Option<Type> = None;
        for (index, element) in list.elements.iter().enumerate() {
            let mut of = self.check(element);
            if list.optional_indices.contains(&index) {
                of = self.optional_part(element.id, &of);
            }
            all = Some(self.joined(all, of));
        }
        let item = all.unwrap_or_else(|| self.bindings.fresh());
        Type::list(item)
    }

    pub(super) fn map(&mut self, map: &MapExpr) -> Type {
        let mut keys: Option<Type> = None;
        let mut values: Option<Type> = None;
        for entry in &map.entries {
            let EntryExpr::MapEntry(entry) = &entry.expr else {
                continue;
            };
            let key = self.check(&entry.key);
            keys = Some(self.joined(keys, key));
            let mut value = self.check(&entry.value);
            if entry.optional {
                value = self.optional_part(entry.value.id, &value);
            }
            values = Some(self.joined(values, value));
        }
        let key = keys.unwrap_or_else(|| self.bindings.fresh());
        let value = values.unwrap_or_else(|| self.bindings.fresh());
        Type::map(key, value)
    }

    /// The type of an optional element or value.
    fn optional_part(&mut self, id: u64, of: &Type) -> Type {
        let (inner, is_optional) = of.unwrapped();
        if !is_optional && !matches!(of, Type::Dyn) {
            self.mismatch(id, &Type::optional(of.clone()), of);
        }
        inner.clone()
    }

    /// The common type of the elements so far and the next one; `dyn` if they differ. Such lists are reported later,
    /// except as arguments of `format`.
    fn joined(&mut self, before: Option<Type>, next: Type) -> Type {
        match before {
            None => next,
            Some(before) if self.bindings.fits(&before, &next) => self.bindings.more_general(&before, &next),
            Some(_) => Type::Dyn,
        }
    }

    pub(super) fn structure(&mut self, id: u64, structure: &StructExpr) -> Type {
        let name = structure.type_name.trim_start_matches('.');
        if names::find(name).is_none() {
            return self.undeclared(id, &structure.type_name);
        }
        // Protocol buffer messages are not useful in rules and not supported.
        self.is_indeterminate = true;
        Type::Dyn
    }

    pub(super) fn comprehension(&mut self, comprehension: &ComprehensionExpr) -> Type {
        let range = self.check(&comprehension.iter_range);
        let accumulated = self.check(&comprehension.accu_init);
        let range = self.bindings.resolved(&range, false);
        let outside = self.locals.len();
        self.locals
            .push((comprehension.accu_var.clone(), accumulated.clone()));
        let has_two = comprehension.iter_var2.is_some();
        let (first, second) = match &range {
            Type::List(item) if has_two => (Type::Int, (**item).clone()),
            Type::List(item) => ((**item).clone(), Type::Error),
            Type::Map(parts) => (parts.0.clone(), parts.1.clone()),
            Type::Dyn | Type::Error | Type::Param(_) => {
                self.bindings.fits(&Type::Dyn, &range);
                (Type::Dyn, Type::Dyn)
            }
            other => {
                let message = format!(
                    "expression of type '{other}' cannot be range of a comprehension (must be list, map, or dynamic)"
                );
                self.issues.add(comprehension.iter_range.id, message);
                (Type::Error, Type::Error)
            }
        };
        let inside = self.locals.len();
        self.locals.push((comprehension.iter_var.clone(), first));
        if let Some(name) = &comprehension.iter_var2 {
            self.locals.push((name.clone(), second));
        }
        self.must_be(&comprehension.loop_cond, &Type::Bool);
        self.must_be(&comprehension.loop_step, &accumulated);
        self.locals.truncate(inside);
        let result = self.check(&comprehension.result);
        self.locals.truncate(outside);
        self.bindings.resolved(&result, false)
    }

    fn must_be(&mut self, expression: &IdedExpr, wanted: &Type) {
        let of = self.check(expression);
        if !self.bindings.fits(wanted, &of) {
            self.mismatch(expression.id, wanted, &of);
        }
    }
}
