//! Values that the API server's schema takes and its rules cannot read (`k8s.io/apiserver/pkg/cel/common`,
//! `UnstructuredToVal`): whole numbers that are written with a point, `1.0`, and texts of formats that only the schema
//! reads.

use std::any::Any;
use std::borrow::Cow;

use cel::common::types::{Kind as CelKind, Type};
use cel::common::value::{StaticVal, Val};
use serde_json::Value;

use super::keyed::cannot_compare;
use super::library::read_time;
use crate::format::FormatRule;
use crate::node::{Kind, Node};
use crate::violation::quote;

/// Why a value cannot be read.
pub(super) type Reason = Cow<'static, str>;

/// The name of their type.
pub(super) const TYPE_NAME: &str = "error";

/// What reading an integer fails with.
pub(super) const OF_INTEGERS: &str = "invalid data, expected int, got float64";

/// Why a value cannot be read, if it cannot.
pub(super) fn reason(node: &Node, value: &Value) -> Option<Reason> {
    match (node.kind, value) {
        (Kind::Integer, Value::Number(number)) if number.is_f64() => Some(OF_INTEGERS.into()),
        (Kind::IntOrString, Value::Number(number)) if number.is_f64() => {
            Some("invalid data, expected XIntOrString value to be either a string or integer".into())
        }
        (Kind::String, Value::String(text)) => match node.format.as_ref()?.rule {
            FormatRule::DateTime => of_time(text),
            FormatRule::Byte => of_base64(text),
            _ => None,
        },
        // A format lets a list pass for a text.
        (Kind::String, Value::Array(_)) => Some("invalid data, expected string, got []interface {}".into()),
        _ => None,
    }
}

/// Letters of times are capital to rules, and either to the format.
fn of_time(text: &str) -> Option<Reason> {
    if read_time(text).is_some() {
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

/// Rules read the alphabet of URLs, the format has the standard one.
fn of_base64(text: &str) -> Option<Reason> {
    let at = text.find(['+', '/'])?;
    Some(format!("Invalid byte formatted string {text}: illegal base64 data at input byte {at}").into())
}

/// A value within a list or a map that cannot be read: whatever touches it fails.
#[derive(Debug, Clone)]
pub(super) struct Unreadable(pub(super) Reason);

impl Val for Unreadable {
    fn get_type(&self) -> &Type {
        <Self as Val>::cel_type()
    }

    fn cel_type() -> &'static Type {
        static TYPE: Type = Type::simple_type(CelKind::Error, TYPE_NAME);
        &TYPE
    }

    fn equals(&self, _other: &dyn Val) -> bool {
        cannot_compare(self.0.clone());
        false
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v> {
        Box::new(self.clone())
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }
}

impl StaticVal for Unreadable {}
