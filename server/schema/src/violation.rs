//! What is wrong with an object, in the API server's own wording.

use std::fmt;
use std::sync::LazyLock;

use regex::Regex;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::path::Path;

/// Why a field is refused: the `reason` of a cause in a Kubernetes `Status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Reason {
    /// A value is missing.
    #[serde(rename = "FieldValueRequired")]
    Required,
    /// A value that must be unique is there twice.
    #[serde(rename = "FieldValueDuplicate")]
    Duplicate,
    /// A value breaks a rule.
    #[serde(rename = "FieldValueInvalid")]
    Invalid,
    /// A value has the wrong type.
    #[serde(rename = "FieldValueTypeInvalid")]
    TypeInvalid,
    /// A value is not one of those allowed.
    #[serde(rename = "FieldValueNotSupported")]
    NotSupported,
    /// A value may not be set here.
    #[serde(rename = "FieldValueForbidden")]
    Forbidden,
    /// A text is too long.
    #[serde(rename = "FieldValueTooLong")]
    TooLong,
    /// There are too many items or properties.
    #[serde(rename = "FieldValueTooMany")]
    TooMany,
    /// It cannot be told: the rule is beyond this crate, or beyond its limits. Never means accepted.
    #[serde(rename = "CouldNotJudge")]
    CouldNotJudge,
}

impl Reason {
    /// The word in a Kubernetes `Status`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Required => "FieldValueRequired",
            Self::Duplicate => "FieldValueDuplicate",
            Self::Invalid => "FieldValueInvalid",
            Self::TypeInvalid => "FieldValueTypeInvalid",
            Self::NotSupported => "FieldValueNotSupported",
            Self::Forbidden => "FieldValueForbidden",
            Self::TooLong => "FieldValueTooLong",
            Self::TooMany => "FieldValueTooMany",
            Self::CouldNotJudge => "CouldNotJudge",
        }
    }

    /// The words that open the API server's message.
    fn words(self) -> &'static str {
        match self {
            Self::Required => "Required value",
            Self::Duplicate => "Duplicate value",
            Self::Invalid | Self::TypeInvalid => "Invalid value",
            Self::NotSupported => "Unsupported value",
            Self::Forbidden => "Forbidden",
            Self::TooLong => "Too long",
            Self::TooMany => "Too many",
            Self::CouldNotJudge => "Could not judge",
        }
    }

    /// Whether the API server leaves the CEL rules out once there is a violation of this reason.
    #[must_use]
    pub fn blocks_rules(self) -> bool {
        matches!(
            self,
            Self::NotSupported | Self::Required | Self::TooLong | Self::TooMany | Self::TypeInvalid
        )
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Which check found a violation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Check {
    /// `apiVersion`, `kind` and `metadata`.
    Metadata,
    /// The schema.
    Schema,
    /// The schema, where the API server names no field (`oneOf`, `anyOf`, `allOf`, `not`, number ranges).
    Combination,
    /// Unique items of lists that are sets or maps.
    List,
    /// A CEL rule.
    Rule,
}

/// One thing that is wrong with an object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Violation {
    /// The field, as the API server writes it: `spec.users[0].name`, `spec.labels[app]`; empty for the object itself.
    pub path: String,
    /// The field as a JSON pointer (RFC 6901): `/spec/users/0/name`.
    pub pointer: String,
    /// Why.
    pub reason: Reason,
    /// The API server's message without the field: `Invalid value: 3: spec.x in body should be …`.
    pub message: String,
    /// What a person needs to know, without path and value: `should be less than or equal to 5`.
    pub detail: String,
    /// Which check found it.
    pub check: Check,
    /// Where the document stands that was judged, if it was a part of the object: `status`. Else empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub document: String,
    /// Of a CEL rule about a whole object: the fields that it speaks of, as JSON pointers; where it misses some, those.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub about: Vec<String>,
}

impl Violation {
    /// Whether an object could not even be read, since a field of its own `metadata` has the wrong type: of that the
    /// API server names no field, and answers 400.
    #[must_use]
    pub fn is_unreadable(&self) -> bool {
        self.check == Check::Metadata && self.reason == Reason::TypeInvalid
    }

    /// The field as the API server names it in an error: `<nil>` where it names none.
    #[must_use]
    pub fn field(&self) -> &str {
        let field = match self.check {
            Check::Combination => &self.document,
            _ => &self.path,
        };
        if field.is_empty() { "<nil>" } else { field }
    }

    /// A violation at a place. `value` is what stands there, as the message shows it; `detail` is the rest of the
    /// message.
    #[must_use]
    pub fn new(path: &Path<'_>, check: Check, reason: Reason, value: Option<&str>, detail: String) -> Self {
        let text = if matches!(check, Check::Schema | Check::Combination) {
            path.dotted()
        } else {
            path.field()
        };
        let mut message = String::from(reason.words());
        if let Some(value) = value {
            message.push_str(": ");
            message.push_str(value);
        }
        if !detail.is_empty() {
            message.push_str(": ");
            message.push_str(&detail);
        }
        let detail = plain(reason, &text, detail);
        let document = path.document();
        let is_below = !document.is_empty() && matches!(check, Check::Schema | Check::Combination);
        let text = match (is_below, text.is_empty()) {
            (false, _) => text,
            (true, true) => document.to_owned(),
            (true, false) => format!("{document}.{text}"),
        };
        Self {
            path: text,
            pointer: path.pointer(),
            reason,
            message,
            detail,
            check,
            document: document.to_owned(),
            about: Vec::new(),
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field(), self.message)
    }
}

/// The detail without what the API server repeats in it.
fn plain(reason: Reason, path: &str, detail: String) -> String {
    if detail.is_empty() {
        return match reason {
            Reason::Required => "is required",
            Reason::Duplicate => "is there twice",
            Reason::Forbidden => "may not be set",
            _ => "is not valid",
        }
        .to_owned();
    }
    match detail
        .strip_prefix(path)
        .and_then(|rest| rest.strip_prefix(" in body "))
    {
        Some(rest) => rest.to_owned(),
        None => detail,
    }
}

/// A value as Go's `field.Error` prints it: texts quoted, numbers and booleans bare, all else as JSON.
pub(super) fn bad_value(value: &Value) -> String {
    match value {
        Value::String(text) => quote(text),
        Value::Number(number) => go_number(number),
        Value::Object(_) | Value::Array(_) => shorten(&escaped(&crate::json::canonical_json(&whole(value)))),
        Value::Null | Value::Bool(_) => value.to_string(),
    }
}

/// A value whose floats are written as Go's JSON has them: without a point where they are whole.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a whole float within an integer's range"
)]
fn whole(value: &Value) -> Value {
    match value {
        Value::Object(map) => map
            .iter()
            .map(|(name, value)| (name.clone(), whole(value)))
            .collect(),
        Value::Array(items) => items.iter().map(whole).collect(),
        Value::Number(number) if number.is_f64() => match number.as_f64() {
            Some(float) if float.fract() == 0.0 && float.abs() < 9.2e18 => Value::from(float as i64),
            _ => value.clone(),
        },
        _ => value.clone(),
    }
}

/// JSON as Go prints it: what means something in HTML, and the line breaks that JavaScript has, are escaped. They stand
/// in texts only.
fn escaped(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '<' => out.push_str("\\u003c"),
            '>' => out.push_str("\\u003e"),
            '&' => out.push_str("\\u0026"),
            '\u{2028}' => out.push_str("\\u2028"),
            '\u{2029}' => out.push_str("\\u2029"),
            c => out.push(c),
        }
    }
    out
}

/// JSON of any length is shown; what no person can read is cut.
fn shorten(text: &str) -> String {
    const MOST: usize = 4096;
    if text.len() <= MOST {
        return text.to_owned();
    }
    let mut end = MOST;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}…", &text[..end])
}

/// A number as Go's `%v` prints an int64 or a float64.
pub(super) fn go_number(number: &serde_json::Number) -> String {
    if let Some(int) = number.as_i64() {
        return int.to_string();
    }
    go_float(number.as_f64().unwrap_or(f64::NAN))
}

/// A float as Go's `%v` prints it: `%g` with the shortest digits that round-trip.
pub(super) fn go_float(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return if value.is_nan() {
            "NaN".into()
        } else if value == f64::INFINITY {
            "+Inf".into()
        } else if value == f64::NEG_INFINITY {
            "-Inf".into()
        } else if value.is_sign_negative() {
            "-0".into()
        } else {
            "0".into()
        };
    }
    let scientific = format!("{value:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..6).contains(&exponent) {
        format!("{value}")
    } else {
        let sign = if exponent < 0 { '-' } else { '+' };
        format!("{mantissa}e{sign}{:02}", exponent.abs())
    }
}

/// Whether Go's `strconv.IsPrint` is true of a character: letters, marks, numbers, punctuation, symbols, and the space.
fn is_printed(c: char) -> bool {
    static PRINTED: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$").ok());
    let mut buffer = [0; 4];
    let text: &str = c.encode_utf8(&mut buffer);
    c.is_ascii() || PRINTED.as_ref().is_some_and(|printed| printed.is_match(text))
}

/// A text as Go's `%q` prints it.
pub(super) fn quote(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{b}' => out.push_str("\\v"),
            c if c.is_ascii_control() => {
                let _ = write!(out, "\\x{:02x}", c as u32);
            }
            c if is_printed(c) => out.push(c),
            c if u32::from(c) < 0x1_0000 => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => {
                let _ = write!(out, "\\U{:08x}", u32::from(c));
            }
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_quoted_as_go_quotes_them() {
        assert_eq!(quote("a\"b\\c\n\u{1}é"), r#""a\"b\\c\n\x01é""#);
    }

    #[test]
    fn objects_are_printed_as_go_prints_json() {
        let value = serde_json::json!({"a<b": "x>y & \u{2028}", "n": 1.0});
        assert_eq!(
            bad_value(&value),
            r#"{"a\u003cb":"x\u003ey \u0026 \u2028","n":1}"#
        );
    }

    #[test]
    fn floats_are_printed_as_go_prints_them() {
        assert_eq!(go_float(1.5), "1.5");
        assert_eq!(go_float(5.0), "5");
        assert_eq!(go_float(1e21), "1e+21");
        assert_eq!(go_float(1e-7), "1e-07");
        assert_eq!(go_float(-0.25), "-0.25");
        assert_eq!(go_float(1e20), "1e+20");
        assert_eq!(go_float(65_535.0), "65535");
        assert_eq!(go_float(2_147_483_647.0), "2.147483647e+09");
    }
}
