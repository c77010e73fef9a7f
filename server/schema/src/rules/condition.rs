//! CEL expressions outside of CRDs: conditions and strings, with the functions and limits of validation rules.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use cel::common::ast::{EntryExpr, Expr, IdedExpr};
use cel::{ExecutionError, Value as CelValue};
use serde_json::Value;

use super::budget::{is_exhausted, set_budget};
use super::environment::with_context;
use super::eval_error::in_words;
use super::values::untyped;
use crate::rule::{CompileError, Program};

/// Step limit of one evaluation of a [`Condition`].
const MAX_STEPS: usize = 1_000_000;

/// A CEL expression that yields a boolean.
///
/// ```
/// use kube_schema::Condition;
/// use serde_json::json;
///
/// let condition = Condition::compile("size.memory > 8 || quantity(size.disk).isGreaterThan(quantity('1Ti'))")?;
/// let holds = |memory, disk| condition.holds(&[("size", json!({"memory": memory, "disk": disk}))]);
/// assert_eq!(holds(16, "10Gi"), Ok(true));
/// assert_eq!(holds(2, "10Gi"), Ok(false));
/// # Ok::<(), kube_schema::CompileError>(())
/// ```
#[derive(Debug)]
pub struct Condition(Program);

impl Condition {
    /// Compiles an expression.
    ///
    /// # Errors
    /// Why the expression does not compile.
    pub fn compile(source: &str) -> Result<Self, CompileError> {
        Program::compile(source).map(Self)
    }

    /// Evaluates the condition with the given variables.
    ///
    /// # Errors
    /// Why it has no boolean value.
    pub fn holds(&self, variables: &[(&str, Value)]) -> Result<bool, EvalError> {
        match evaluate(&self.0, variables, MAX_STEPS)? {
            CelValue::Bool(holds) => Ok(holds),
            _ => Err(EvalError::NotABoolean),
        }
    }
}

/// A CEL expression over one object, whose fields may not be set yet.
#[derive(Debug)]
pub struct ObjectExpression(Program);

/// Why evaluating an expression failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EvalError {
    /// A field or list item does not exist.
    #[error("{0}")]
    Missing(String),
    /// The evaluation exceeds the step limit.
    #[error("it takes more work than is allowed")]
    BudgetExceeded,
    /// The value is not a boolean.
    #[error("it is neither true nor false")]
    NotABoolean,
    /// The value is neither a string nor a number nor a boolean.
    #[error("it is not a string")]
    NotAString,
    /// Any other error, with its message; empty if there is none.
    #[error("{0}")]
    Other(String),
}

impl ObjectExpression {
    /// The variable that holds the object.
    pub const OBJECT: &str = "object";
    /// Step limit of one evaluation. Lower than for conditions, because many objects are evaluated often.
    const MAX_STEPS: usize = 50_000;

    /// Compiles an expression over the variable [`Self::OBJECT`].
    ///
    /// # Errors
    /// Why the expression does not compile, or which unknown name it uses.
    pub fn compile(source: &str) -> Result<Self, CompileError> {
        let program = Program::compile(source)?;
        let mut own = BTreeSet::from([Self::OBJECT]);
        bound_names(&program.expression, &mut own);
        let references = program.expression.references();
        let mut unknown: Vec<&str> = references
            .variables()
            .into_iter()
            .filter(|name| !own.contains(name) && !name.starts_with('@') && !name.starts_with("__"))
            .filter(|name| !TYPES.contains(name))
            .collect();
        unknown.sort_unstable();
        if let Some(name) = unknown.first() {
            return Err(CompileError::new(format!(
                "there is no `{name}` here; the only variable is `{}`",
                Self::OBJECT
            )));
        }
        Ok(Self(program))
    }

    /// Evaluates the expression to a boolean.
    ///
    /// # Errors
    /// Why it has no boolean value.
    pub fn holds(&self, object: &Value) -> Result<bool, EvalError> {
        match self.evaluate(object)? {
            CelValue::Bool(holds) => Ok(holds),
            _ => Err(EvalError::NotABoolean),
        }
    }

    /// Evaluates the expression to a string. Numbers are formatted; any other type gives `None`.
    ///
    /// # Errors
    /// Why it has no value.
    pub fn text(&self, object: &Value) -> Result<Option<String>, EvalError> {
        Ok(match self.evaluate(object)? {
            CelValue::String(text) => Some(text.to_string()),
            CelValue::Int(number) => Some(number.to_string()),
            CelValue::UInt(number) => Some(number.to_string()),
            CelValue::Bool(flag) => Some(flag.to_string()),
            CelValue::Null => None,
            _ => return Err(EvalError::NotAString),
        })
    }

    fn evaluate(&self, object: &Value) -> Result<CelValue, EvalError> {
        evaluate(&self.0, &[(Self::OBJECT, object.clone())], Self::MAX_STEPS)
    }
}

/// Type names, which are values in CEL.
const TYPES: &[&str] = &[
    "bool",
    "bytes",
    "double",
    "duration",
    "dyn",
    "int",
    "list",
    "lists",
    "map",
    "math",
    "null_type",
    "optional",
    "string",
    "timestamp",
    "type",
    "uint",
    "format",
    "quantity",
];

/// Adds the names that comprehensions bind.
fn bound_names<'e>(expression: &'e IdedExpr, names: &mut BTreeSet<&'e str>) {
    let entry = |entry: &'e EntryExpr, names: &mut BTreeSet<&'e str>| match entry {
        EntryExpr::StructField(field) => bound_names(&field.value, names),
        EntryExpr::MapEntry(entry) => {
            bound_names(&entry.key, names);
            bound_names(&entry.value, names);
        }
    };
    match &expression.expr {
        Expr::Call(call) => {
            for inner in call.target.as_deref().into_iter().chain(&call.args) {
                bound_names(inner, names);
            }
        }
        Expr::Comprehension(comprehension) => {
            names.insert(&comprehension.iter_var);
            names.extend(comprehension.iter_var2.as_deref());
            names.insert(&comprehension.accu_var);
            for inner in [
                &comprehension.iter_range,
                &comprehension.accu_init,
                &comprehension.loop_cond,
                &comprehension.loop_step,
                &comprehension.result,
            ] {
                bound_names(inner, names);
            }
        }
        Expr::List(list) => list.elements.iter().for_each(|inner| bound_names(inner, names)),
        Expr::Map(map) => map.entries.iter().for_each(|inner| entry(&inner.expr, names)),
        Expr::Struct(structure) => structure
            .entries
            .iter()
            .for_each(|inner| entry(&inner.expr, names)),
        Expr::Select(select) => bound_names(&select.operand, names),
        _ => {}
    }
}

fn evaluate(program: &Program, variables: &[(&str, Value)], steps: usize) -> Result<CelValue, EvalError> {
    with_context(|context| {
        let mut scope = context.new_inner_scope();
        for (name, value) in variables {
            scope.add_variable_as_val(*name, untyped(value));
        }
        set_budget(steps);
        // A panic in a library must not end the process.
        let result = catch_unwind(AssertUnwindSafe(|| {
            CelValue::resolve(&program.expression, &scope)
        }));
        match result {
            _ if is_exhausted() => Err(EvalError::BudgetExceeded),
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => {
                let why = in_words(&error);
                Err(match error {
                    ExecutionError::NoSuchKey(_) | ExecutionError::IndexOutOfBounds(_) => {
                        EvalError::Missing(why)
                    }
                    _ => EvalError::Other(why),
                })
            }
            Err(_) => Err(EvalError::Other(String::new())),
        }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_object_expression_distinguishes_missing_fields_from_errors() {
        let of = |source: &str| ObjectExpression::compile(source).unwrap();
        let object = json!({ "status": { "phase": "Up", "list": [{ "ok": true }] } });
        assert_eq!(of("object.status.phase == 'Up'").holds(&object), Ok(true));
        assert_eq!(
            of("object.status.list.all(item, item.ok)").holds(&object),
            Ok(true)
        );
        assert!(matches!(
            of("object.status.nothing == 'Up'").holds(&object),
            Err(EvalError::Missing(_))
        ));
        assert!(matches!(
            of("object.status.list[7].ok").holds(&object),
            Err(EvalError::Missing(_))
        ));
        assert!(matches!(
            of("object.status.phase").holds(&object),
            Err(EvalError::NotABoolean)
        ));
        assert_eq!(of("object.status.phase").text(&object), Ok(Some("Up".to_owned())));
        let endless = "[1,2,3,4,5,6,7,8,9,10].all(a, [1,2,3,4,5,6,7,8,9,10].all(b, [1,2,3,4,5,6,7,8,9,10].all(c, \
                       [1,2,3,4,5,6,7,8,9,10].all(d, [1,2,3,4,5,6,7,8,9,10].all(e, true)))))";
        assert_eq!(of(endless).holds(&object), Err(EvalError::BudgetExceeded));
    }

    #[test]
    fn an_object_expression_knows_no_other_variable() {
        let problem = ObjectExpression::compile("status.phase == 'Up'").unwrap_err();
        assert!(problem.to_string().contains("no `status`"), "{problem}");
        assert!(ObjectExpression::compile("object.a.exists(x, x == string(1))").is_ok());
        assert!(ObjectExpression::compile("object.a ==").is_err());
    }
}
