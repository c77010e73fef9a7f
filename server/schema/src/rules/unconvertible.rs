//! Values that the schema accepts but CEL cannot convert (`k8s.io/apiserver/pkg/cel/common`, `UnstructuredToVal`):
//! whole numbers written with a point, `1.0`, and strings of some formats.

use std::any::Any;
use std::borrow::Cow;

use cel::common::types::{Kind as CelKind, Type};
use cel::common::value::{StaticVal, Val};
use serde_json::Value;

use super::comparison_error::fail_comparison;
use crate::format::{FormatRule, go_timestamp};
use crate::go_format::quote;
use crate::node::Node;
use crate::schema_type::SchemaType;

/// Why a value cannot be converted.
pub(super) type Problem = Cow<'static, str>;

/// The CEL type name of such values.
pub(super) const TYPE_NAME: &str = "error";

/// The error for a float where an integer is declared.
pub(super) const FLOAT_FOR_INTEGER: &str = "invalid data, expected int, got float64";

/// Returns why a value cannot be converted, if it cannot.
pub(super) fn problem(node: &Node, value: &Value) -> Option<Problem> {
    match (node.schema_type, value) {
        (SchemaType::Integer, Value::Number(number)) if number.is_f64() => Some(FLOAT_FOR_INTEGER.into()),
        (SchemaType::IntOrString, Value::Number(number)) if number.is_f64() => {
            Some("invalid data, expected XIntOrString value to be either a string or integer".into())
        }
        (SchemaType::String, Value::String(text)) => match node.format.as_ref()?.rule {
            FormatRule::DateTime => timestamp_problem(text),
            FormatRule::Byte => base64_problem(text),
            _ => None,
        },
        // A format makes the schema accept a list in place of a string.
        (SchemaType::String, Value::Array(_)) => {
            Some("invalid data, expected string, got []interface {}".into())
        }
        _ => None,
    }
}

/// CEL requires capital letters in timestamps, the format does not.
fn timestamp_problem(text: &str) -> Option<Problem> {
    if go_timestamp(text).is_some() {
        return None;
    }
    let problem = match text.find('t') {
        Some(at) => format!(
            " as \"2006-01-02T15:04:05\": cannot parse {} as \"T\"",
            quote(&text[at..])
        ),
        None if text.ends_with('z') => ": extra text: \"z\"".to_owned(),
        None => return None,
    };
    let shown = quote(text);
    Some(format!("Invalid date-time formatted string {text}: parsing time {shown}{problem}").into())
}

/// CEL decodes base64url, the format requires the standard alphabet.
fn base64_problem(text: &str) -> Option<Problem> {
    let at = text.find(['+', '/'])?;
    Some(format!("Invalid byte formatted string {text}: illegal base64 data at input byte {at}").into())
}

/// An unconvertible value within a list or a map: every operation on it fails.
#[derive(Debug, Clone)]
pub(super) struct Unconvertible(pub(super) Problem);

impl Val for Unconvertible {
    fn get_type(&self) -> &Type {
        <Self as Val>::cel_type()
    }

    fn cel_type() -> &'static Type {
        static TYPE: Type = Type::simple_type(CelKind::Error, TYPE_NAME);
        &TYPE
    }

    fn equals(&self, _other: &dyn Val) -> bool {
        fail_comparison(self.0.clone());
        false
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v> {
        Box::new(self.clone())
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }
}

impl StaticVal for Unconvertible {}
