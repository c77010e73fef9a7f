//! The CEL environment that rules are compiled and evaluated in.

use std::sync::{Arc, LazyLock};

use cel::common::types::{DYN_TYPE, Type};
use cel::common::value::CowVal;
use cel::{Context, Env, ExecutionError};

use super::{keyed, library, macros, object, sides, work};

/// What a function of rules is to the `cel` crate.
type Function = for<'b, 'v> fn(Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError>;

pub(super) static ENV: LazyLock<Arc<Env>> = LazyLock::new(|| {
    let mut env = Env::stdlib();
    let unary = || vec![DYN_TYPE];
    let binary = || vec![DYN_TYPE, DYN_TYPE];
    let functions: [(&str, &str, Vec<Type>, Function); 8] = [
        (work::COUNT, "kube_schema_count_dyn", unary(), work::count),
        (work::HOLD, "kube_schema_hold_dyn", unary(), work::hold),
        (work::ADD, "kube_schema_add_dyn", binary(), work::add),
        (keyed::EQUAL, "kube_schema_equal_dyn", binary(), keyed::equal),
        (
            keyed::UNEQUAL,
            "kube_schema_unequal_dyn",
            binary(),
            keyed::unequal,
        ),
        (keyed::WITHIN, "kube_schema_within_dyn", binary(), keyed::within),
        (
            sides::BACKWARDS,
            "kube_schema_backwards_dyn",
            unary(),
            sides::backwards,
        ),
        (object::HAS, "kube_schema_has_dyn", binary(), object::has),
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
