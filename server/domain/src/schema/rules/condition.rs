//! Conditions on anything: expressions with the functions that rules have, within the same bounds.

use std::panic::{AssertUnwindSafe, catch_unwind};

use cel::Value as CelValue;
use serde_json::Value;

use super::environment::with_context;
use super::evaluate::in_words;
use super::program::Program;
use super::values::untyped;
use super::work::{allow, is_exhausted};

/// Steps that one condition may take.
const STEPS: usize = 1_000_000;

/// An expression that is true or false.
#[derive(Debug)]
pub(crate) struct Condition(Program);

impl Condition {
    /// Compiles an expression.
    ///
    /// # Errors
    /// Why it is none.
    pub(crate) fn compile(source: &str) -> Result<Self, String> {
        super::compile(source).map(Self)
    }

    /// Whether it holds of variables.
    ///
    /// # Errors
    /// Why that cannot be told: a sentence without its end.
    pub(crate) fn holds(&self, variables: &[(&str, Value)]) -> Result<bool, String> {
        with_context(|context| {
            let mut scope = context.new_inner_scope();
            for (name, value) in variables {
                scope.add_variable_as_val(*name, untyped(value));
            }
            allow(STEPS);
            // What makes a library stumble must not take the portal with it.
            let result = catch_unwind(AssertUnwindSafe(|| CelValue::resolve(&self.0.expression, &scope)));
            match result {
                _ if is_exhausted() => Err("its condition takes more work than is allowed".to_owned()),
                Ok(Ok(CelValue::Bool(holds))) => Ok(holds),
                Ok(Ok(_)) => Err("its condition is neither true nor false".to_owned()),
                Ok(Err(error)) => Err(format!(
                    "its condition could not be evaluated ({})",
                    in_words(&error)
                )),
                Err(_) => Err("its condition could not be evaluated".to_owned()),
            }
        })
    }
}
