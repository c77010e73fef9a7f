//! The API server's messages for evaluation errors.

use cel::{ExecutionError, Value as CelValue};

use super::unconvertible;
use crate::go_format::go_float;
use crate::node::Node;
use crate::rule::Program;

/// The API server's message for an evaluation error; `Err` if the error may be due to a limitation of this crate.
pub(super) fn api_server_message(
    error: &ExecutionError,
    node: &Node,
    program: &Program,
) -> Result<String, String> {
    match error {
        ExecutionError::NoSuchKey(key) => Ok(format!("no such key: {key}")),
        ExecutionError::IndexOutOfBounds(CelValue::Int(index)) => Ok(format!("index out of bounds: {index}")),
        ExecutionError::DivisionByZero(_) => Ok("division by zero".to_owned()),
        ExecutionError::RemainderByZero(_) => Ok("modulus by zero".to_owned()),
        ExecutionError::Overflow(_, CelValue::UInt(_), _) => Ok("unsigned integer overflow".to_owned()),
        ExecutionError::Overflow(..) => Ok("integer overflow".to_owned()),
        ExecutionError::FunctionError { message, .. } => Ok(message.clone()),
        ExecutionError::UndeclaredReference(name) => {
            let references = program.expression.references();
            let what = if references.has_function(name.as_str()) {
                "function"
            } else {
                "name"
            };
            Err(format!("the {what} {name} is not known"))
        }
        ExecutionError::UnsupportedIndex(CelValue::Float(index), _) if node.is_dynamic(8) => {
            Ok(format!("unsupported index value {} in list", go_float(*index)))
        }
        // The API server checks types when a definition is created, so only values without a fixed type can cause type
        // errors later. The reason is that of the value's type: lists and maps hold integers only, or strings beside
        // them.
        ExecutionError::NoSuchOverload(error)
            if error
                .argument_types()
                .iter()
                .any(|of| of == unconvertible::TYPE_NAME) =>
        {
            Ok(unconvertible::FLOAT_FOR_INTEGER.to_owned())
        }
        ExecutionError::NoSuchOverload(error) if node.is_dynamic(8) => {
            Ok(no_such_overload(error.function(), error.argument_types()))
        }
        ExecutionError::UnexpectedType { .. }
        | ExecutionError::UnsupportedBinaryOperator(..)
        | ExecutionError::ValuesNotComparable(..)
            if node.is_dynamic(8) =>
        {
            Ok("no such overload".to_owned())
        }
        other => Err(format!("the rule could not be evaluated: {}", in_words(other))),
    }
}

/// Formats an evaluation error, without this crate's internal function names.
pub(super) fn in_words(error: &ExecutionError) -> String {
    match error {
        ExecutionError::FunctionError { message, .. } => message.clone(),
        other => other.to_string().replace("kube_schema_", ""),
    }
}

/// The message for a call without a matching overload. Operators and member functions are not named.
fn no_such_overload(function: &str, types: &[String]) -> String {
    let name = function.strip_prefix("kube_schema_").unwrap_or(function);
    match name {
        "_._" | "_[_]" if types.first().is_some_and(|of| of == "list") => {
            let index = types.get(1).map_or("", String::as_str);
            format!("unsupported index type '{index}' in list")
        }
        "startsWith" | "endsWith" | "contains" | "matches" => "no such overload".to_owned(),
        "size" => "no such overload: size".to_owned(),
        name if name.starts_with(|c: char| c.is_ascii_alphabetic())
            && !matches!(name, "add" | "subtract") =>
        {
            format!("no such overload: {name}({})", types.join(", "))
        }
        _ => "no such overload".to_owned(),
    }
}
