//! Conditions and texts about anything: expressions with the functions that rules have, within the same bounds.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use cel::common::ast::{EntryExpr, Expr, IdedExpr};
use cel::{ExecutionError, Value as CelValue};
use serde_json::Value;

use super::environment::with_context;
use super::evaluate::in_words;
use super::program::Program;
use super::values::untyped;
use super::work::{allow, is_exhausted};

/// Steps that one condition may take.
const STEPS: usize = 1_000_000;

/// A CEL expression that is true or false, with the functions that rules have.
///
/// ```
/// use kube_schema::Condition;
/// use serde_json::json;
///
/// let condition = Condition::compile("size.memory > 8 || quantity(size.disk).isGreaterThan(quantity('1Ti'))")?;
/// let holds = |memory, disk| condition.holds(&[("size", json!({"memory": memory, "disk": disk}))]);
/// assert_eq!(holds(16, "10Gi"), Ok(true));
/// assert_eq!(holds(2, "10Gi"), Ok(false));
/// # Ok::<(), String>(())
/// ```
#[derive(Debug)]
pub struct Condition(Program);

impl Condition {
    /// Compiles an expression.
    ///
    /// # Errors
    /// Why it is none.
    pub fn compile(source: &str) -> Result<Self, String> {
        super::compile(source).map(Self)
    }

    /// Whether it holds of variables.
    ///
    /// # Errors
    /// Why that cannot be told: a sentence without its end.
    pub fn holds(&self, variables: &[(&str, Value)]) -> Result<bool, String> {
        match resolve(&self.0, variables, STEPS) {
            Ok(CelValue::Bool(holds)) => Ok(holds),
            Ok(_) => Err("its condition is neither true nor false".to_owned()),
            Err(Doubt::TooMuch) => Err("its condition takes more work than is allowed".to_owned()),
            Err(Doubt::Missing(why) | Doubt::Other(why)) if !why.is_empty() => {
                Err(format!("its condition could not be evaluated ({why})"))
            }
            Err(_) => Err("its condition could not be evaluated".to_owned()),
        }
    }
}

/// An expression over one object, that operators may not have filled in yet.
#[derive(Debug)]
pub struct ObjectExpression(Program);

/// Why an expression has no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doubt {
    /// It names a field or an item that is not there.
    Missing(String),
    /// It asks for more work than is allowed.
    TooMuch,
    /// Anything else. Empty where there is nothing to say.
    Other(String),
}

impl ObjectExpression {
    /// The name by which the expression knows the object.
    pub const OBJECT: &str = "object";
    /// Steps that one evaluation may take: many objects are judged, again and again.
    const STEPS: usize = 50_000;

    /// Compiles an expression over `object`.
    ///
    /// # Errors
    /// Why it is none, or which name it uses that there is not.
    pub fn compile(source: &str) -> Result<Self, String> {
        let program = super::compile(source)?;
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
            return Err(format!(
                "there is no `{name}` here; the only variable is `{}`",
                Self::OBJECT
            ));
        }
        Ok(Self(program))
    }

    /// Whether it holds of the object.
    ///
    /// # Errors
    /// Why that cannot be told.
    pub fn holds(&self, object: &Value) -> Result<bool, Doubt> {
        match self.resolve(object)? {
            CelValue::Bool(holds) => Ok(holds),
            _ => Err(Doubt::Other("it is neither true nor false".to_owned())),
        }
    }

    /// Its text. A number is written as it is; what is no text is none.
    ///
    /// # Errors
    /// Why that cannot be told.
    pub fn text(&self, object: &Value) -> Result<Option<String>, Doubt> {
        Ok(match self.resolve(object)? {
            CelValue::String(text) => Some(text.to_string()),
            CelValue::Int(number) => Some(number.to_string()),
            CelValue::UInt(number) => Some(number.to_string()),
            CelValue::Bool(flag) => Some(flag.to_string()),
            CelValue::Null => None,
            _ => return Err(Doubt::Other("it is no text".to_owned())),
        })
    }

    fn resolve(&self, object: &Value) -> Result<CelValue, Doubt> {
        resolve(&self.0, &[(Self::OBJECT, object.clone())], Self::STEPS)
    }
}

/// Names of types, which are values too.
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

fn resolve(program: &Program, variables: &[(&str, Value)], steps: usize) -> Result<CelValue, Doubt> {
    with_context(|context| {
        let mut scope = context.new_inner_scope();
        for (name, value) in variables {
            scope.add_variable_as_val(*name, untyped(value));
        }
        allow(steps);
        // What makes a library stumble must not take the process with it.
        let result = catch_unwind(AssertUnwindSafe(|| {
            CelValue::resolve(&program.expression, &scope)
        }));
        match result {
            _ if is_exhausted() => Err(Doubt::TooMuch),
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => {
                let why = in_words(&error);
                Err(match error {
                    ExecutionError::NoSuchKey(_) | ExecutionError::IndexOutOfBounds(_) => Doubt::Missing(why),
                    _ => Doubt::Other(why),
                })
            }
            Err(_) => Err(Doubt::Other(String::new())),
        }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_expression_over_an_object_knows_what_is_missing_from_what_is_wrong() {
        let of = |source: &str| ObjectExpression::compile(source).unwrap();
        let object = json!({ "status": { "phase": "Up", "list": [{ "ok": true }] } });
        assert_eq!(of("object.status.phase == 'Up'").holds(&object), Ok(true));
        assert_eq!(
            of("object.status.list.all(item, item.ok)").holds(&object),
            Ok(true)
        );
        assert!(matches!(
            of("object.status.nothing == 'Up'").holds(&object),
            Err(Doubt::Missing(_))
        ));
        assert!(matches!(
            of("object.status.list[7].ok").holds(&object),
            Err(Doubt::Missing(_))
        ));
        assert!(matches!(
            of("object.status.phase").holds(&object),
            Err(Doubt::Other(_))
        ));
        assert_eq!(of("object.status.phase").text(&object), Ok(Some("Up".to_owned())));
        let endless = "[1,2,3,4,5,6,7,8,9,10].all(a, [1,2,3,4,5,6,7,8,9,10].all(b, [1,2,3,4,5,6,7,8,9,10].all(c, \
                       [1,2,3,4,5,6,7,8,9,10].all(d, [1,2,3,4,5,6,7,8,9,10].all(e, true)))))";
        assert_eq!(of(endless).holds(&object), Err(Doubt::TooMuch));
    }

    #[test]
    fn an_expression_over_an_object_knows_no_other_name() {
        let problem = ObjectExpression::compile("status.phase == 'Up'").unwrap_err();
        assert!(problem.contains("no `status`"), "{problem}");
        assert!(ObjectExpression::compile("object.a.exists(x, x == string(1))").is_ok());
        assert!(ObjectExpression::compile("object.a ==").is_err());
    }
}
