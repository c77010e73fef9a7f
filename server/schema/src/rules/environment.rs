//! The CEL environment in which rules are compiled and evaluated.

use std::sync::{Arc, LazyLock};

use cel::common::types::{DYN_TYPE, Type};
use cel::common::value::CowVal;
use cel::{Context, Env, ExecutionError};

use super::{budget, error_order, library, macros, operators};

/// The signature of an overload in the `cel` crate.
type Function = for<'b, 'v> fn(Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError>;

pub(super) static ENV: LazyLock<Arc<Env>> = LazyLock::new(|| {
    let mut env = Env::stdlib();
    let unary = || vec![DYN_TYPE];
    let binary = || vec![DYN_TYPE, DYN_TYPE];
    let functions: [(&str, &str, Vec<Type>, Function); 8] = [
        (
            budget::CHARGE_RANGE,
            "kube_schema_charge_range_dyn",
            unary(),
            budget::charge_range,
        ),
        (
            budget::CHARGE_ELEMENT,
            "kube_schema_charge_element_dyn",
            unary(),
            budget::charge_element,
        ),
        (
            operators::METERED_ADD,
            "kube_schema_add_dyn",
            binary(),
            operators::metered_add,
        ),
        (
            operators::EQUAL,
            "kube_schema_equal_dyn",
            binary(),
            operators::equals_operator,
        ),
        (
            operators::UNEQUAL,
            "kube_schema_unequal_dyn",
            binary(),
            operators::not_equals_operator,
        ),
        (
            operators::IN,
            "kube_schema_in_dyn",
            binary(),
            operators::in_operator,
        ),
        (
            error_order::REVERSE,
            "kube_schema_reverse_dyn",
            unary(),
            error_order::reverse,
        ),
        (operators::HAS, "kube_schema_has_dyn", binary(), operators::has),
    ];
    let declared = functions
        .into_iter()
        .try_for_each(|(name, id, arguments, function)| env.add_overload(name, id, arguments, function))
        .and_then(|()| library::declare(&mut env))
        .and_then(|()| macros::add(&mut env));
    debug_assert!(declared.is_ok(), "{declared:?}");
    Arc::new(env)
});

thread_local! {
    static CONTEXT: Context<'static, 'static> = Context::with_env(Arc::clone(&ENV));
}

/// Runs `work` with a context that has all functions.
pub(super) fn with_context<T>(work: impl FnOnce(&Context<'static, 'static>) -> T) -> T {
    CONTEXT.with(work)
}
