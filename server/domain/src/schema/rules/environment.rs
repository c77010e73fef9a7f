//! The CEL environment that rules are compiled and evaluated in.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use cel::common::types::{CelBool, CelString, DYN_TYPE, STRING_TYPE, Type};
use cel::common::value::CowVal;
use cel::{Context, Env, ExecutionError};
use regex::Regex;

use super::{keyed, object, work};
use crate::schema::pattern;

/// `matches` with RE2's semantics and compiled patterns kept.
pub(super) const MATCHES: &str = "portico_matches";

/// What a function of rules is to the `cel` crate.
type Function = for<'b, 'v> fn(Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError>;

pub(super) static ENV: LazyLock<Arc<Env>> = LazyLock::new(|| {
    let mut env = Env::stdlib();
    let unary = || vec![DYN_TYPE];
    let binary = || vec![DYN_TYPE, DYN_TYPE];
    let functions: [(&str, &str, Vec<Type>, Function); 8] = [
        (work::COUNT, "portico_count_dyn", unary(), work::count),
        (work::HOLD, "portico_hold_dyn", unary(), work::hold),
        (work::ADD, "portico_add_dyn", binary(), work::add),
        (keyed::EQUAL, "portico_equal_dyn", binary(), keyed::equal),
        (keyed::UNEQUAL, "portico_unequal_dyn", binary(), keyed::unequal),
        (keyed::WITHIN, "portico_within_dyn", binary(), keyed::within),
        (object::HAS, "portico_has_dyn", binary(), object::has),
        (
            MATCHES,
            "portico_matches_string",
            vec![STRING_TYPE, STRING_TYPE],
            matches,
        ),
    ];
    let declared = functions
        .into_iter()
        .try_for_each(|(name, id, arguments, function)| env.add_overload(name, id, arguments, function))
        .and_then(|()| env.add_extension(cel::extensions::lists))
        .and_then(|()| super::program::add_macros(&mut env));
    debug_assert!(declared.is_ok(), "{declared:?}");
    Arc::new(env)
});

thread_local! {
    /// Registering some hundred functions takes longer than most rules.
    static CONTEXT: Context<'static, 'static> = {
        let mut context = Context::with_env(Arc::clone(&ENV));
        super::kubernetes::add_functions(&mut context);
        context
    };
    static PATTERNS: RefCell<HashMap<String, Result<Regex, String>>> = RefCell::new(HashMap::new());
}

/// Runs `work` with a context that has all functions.
pub(super) fn with_context<T>(work: impl FnOnce(&Context<'static, 'static>) -> T) -> T {
    CONTEXT.with(work)
}

#[expect(clippy::needless_pass_by_value, reason = "the shape of an overload")]
fn matches<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    /// More distinct patterns on one thread are not worth keeping.
    const KEPT: usize = 256;
    let [text, source] = args.as_slice() else {
        return Err(ExecutionError::invalid_argument_count(2, args.len()));
    };
    let (Some(text), Some(source)) = (
        text.downcast_ref::<CelString>(),
        source.downcast_ref::<CelString>(),
    ) else {
        return Err(ExecutionError::function_error("matches", "no such overload"));
    };
    // Long texts are work, too.
    work::charge(work::of_bytes(text.inner().len()))?;
    let found = PATTERNS.with_borrow_mut(|patterns| {
        if !patterns.contains_key(source.inner()) {
            if patterns.len() >= KEPT {
                patterns.clear();
            }
            patterns.insert(source.inner().to_owned(), pattern::compile(source.inner()));
        }
        match patterns.get(source.inner()) {
            Some(Ok(regex)) => Ok(regex.is_match(text.inner())),
            Some(Err(problem)) => Err(problem.clone()),
            None => Err(String::new()),
        }
    });
    match found {
        Ok(found) => Ok(CowVal::owned(CelBool::from(found))),
        Err(problem) => Err(ExecutionError::function_error("matches", problem)),
    }
}
