//! Overload resolution.

use cel::common::ast::{CallExpr, Expr, LiteralValue, operators};

use super::annotations::Call;
use super::checker::{Checker, qualified};
use super::functions::{Overload, overloads};
use super::types::Type;
use super::unify::Bindings;

impl Checker<'_, '_> {
    pub(super) fn call(&mut self, id: u64, call: &CallExpr) -> Type {
        if call.func_name == operators::OPT_SELECT {
            return self.optional_field(id, call);
        }
        let mut types: Vec<Type> = call.args.iter().map(|arg| self.check(arg)).collect();
        let stored = self.variables.is_stored;
        let Some(target) = &call.target else {
            let name = call.func_name.strip_prefix('.').unwrap_or(&call.func_name);
            return match overloads(name, stored) {
                Some(all) => self.resolve(id, name, false, all, call, &types),
                None => self.undeclared(id, &call.func_name),
            };
        };
        if let Some(space) = qualified(target) {
            let name = format!("{}.{}", space.trim_start_matches('.'), call.func_name);
            if let Some(all) = overloads(&name, stored) {
                return self.resolve(id, &name, false, all, call, &types);
            }
        }
        types.insert(0, self.check(target));
        match overloads(&call.func_name, stored) {
            Some(all) => self.resolve(id, &call.func_name, true, all, call, &types),
            None => self.undeclared(id, &call.func_name),
        }
    }

    /// `a.?b`
    fn optional_field(&mut self, id: u64, call: &CallExpr) -> Type {
        let [operand, field] = call.args.as_slice() else {
            self.is_indeterminate = true;
            return Type::Error;
        };
        let Expr::Literal(LiteralValue::String(name)) = &field.expr else {
            self.is_indeterminate = true;
            return Type::Error;
        };
        let of = self.field(id, operand, name.inner(), true);
        let call = Call {
            function: call.func_name.clone(),
            is_member: false,
            overloads: vec!["select_optional_field"],
        };
        self.found.calls.insert(id, call);
        self.bindings.resolved(&of, false)
    }

    fn resolve(
        &mut self,
        id: u64,
        name: &str,
        is_member: bool,
        all: impl Iterator<Item = &'static Overload>,
        call: &CallExpr,
        types: &[Type],
    ) -> Type {
        let mut result: Option<Type> = None;
        let mut ids = Vec::new();
        for overload in all.filter(|overload| overload.is_member == is_member) {
            if matches!(name, operators::LOGICAL_AND | operators::LOGICAL_OR) {
                ids.push(overload.id);
                result = self.flags(call, types);
                break;
            }
            let parameters: Vec<Type> = (0..overload.parameters).map(|_| self.bindings.fresh()).collect();
            let instantiate = |of: &Type| Bindings::instantiated(of, &parameters);
            let arguments: Vec<Type> = overload.arguments.iter().map(instantiate).collect();
            if !self.bindings.fit(types, &arguments) {
                continue;
            }
            ids.push(overload.id);
            let of = self.bindings.resolved(&instantiate(&overload.result), false);
            result = Some(match result {
                None => of,
                Some(Type::Dyn) => Type::Dyn,
                Some(before) if self.bindings.same(&before, &of) => before,
                Some(_) => Type::Dyn,
            });
        }
        let Some(result) = result else {
            if !ids.is_empty() {
                return Type::Error;
            }
            let types: Vec<String> = types
                .iter()
                .map(|of| self.bindings.resolved(of, true).to_string())
                .collect();
            let (target, arguments) = types.split_at(usize::from(is_member));
            let target = match target {
                [of] => format!("{of}."),
                _ => String::new(),
            };
            let signature = format!("{target}({})", arguments.join(", "));
            let message = format!("found no matching overload for '{name}' applied to '{signature}'");
            self.issues.add(id, message);
            return Type::Error;
        };
        let call = Call {
            function: name.to_owned(),
            is_member,
            overloads: ids,
        };
        self.found.calls.insert(id, call);
        result
    }

    /// The operands of `&&` and `||` must be booleans.
    fn flags(&mut self, call: &CallExpr, types: &[Type]) -> Option<Type> {
        let mut all = true;
        for (arg, of) in call.args.iter().zip(types) {
            if !self.bindings.fits(of, &Type::Bool) {
                self.mismatch(arg.id, &Type::Bool, of);
                all = false;
            }
        }
        all.then_some(Type::Bool)
    }
}
