//! Formats values like Go, as the API server does in its messages.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use crate::canonical_json;

/// Formats a value like Go's `field.Error`: strings quoted, numbers and booleans plain, everything else as JSON.
pub(crate) fn format_value(value: &Value) -> String {
    match value {
        Value::String(text) => quote(text),
        Value::Number(number) => go_number(number),
        Value::Object(_) | Value::Array(_) => {
            truncate(&escape_html(&canonical_json(&floats_to_integers(value))))
        }
        Value::Null | Value::Bool(_) => value.to_string(),
    }
}

/// Converts floats that are whole numbers to integers, as Go's JSON encoder prints them.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a whole float within an integer's range"
)]
fn floats_to_integers(value: &Value) -> Value {
    match value {
        Value::Object(map) => map
            .iter()
            .map(|(name, value)| (name.clone(), floats_to_integers(value)))
            .collect(),
        Value::Array(items) => items.iter().map(floats_to_integers).collect(),
        Value::Number(number) if number.is_f64() => match number.as_f64() {
            Some(float) if float.fract() == 0.0 && float.abs() < 9.2e18 => Value::from(float as i64),
            _ => value.clone(),
        },
        _ => value.clone(),
    }
}

/// Escapes the characters that Go's JSON encoder escapes: those special in HTML, and JavaScript's line separators.
/// They occur only inside strings.
fn escape_html(json: &str) -> String {
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

/// Truncates long JSON.
fn truncate(text: &str) -> String {
    const MAX_JSON_BYTES: usize = 4096;
    if text.len() <= MAX_JSON_BYTES {
        return text.to_owned();
    }
    let mut end = MAX_JSON_BYTES;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}…", &text[..end])
}

/// Formats a number like Go's `%v` for int64 or float64.
pub(crate) fn go_number(number: &serde_json::Number) -> String {
    if let Some(int) = number.as_i64() {
        return int.to_string();
    }
    go_float(number.as_f64().unwrap_or(f64::NAN))
}

/// Formats a float like Go's `%v`: `%g` with the shortest digits that round-trip.
pub(crate) fn go_float(value: f64) -> String {
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

/// Go's `strconv.IsPrint`: letters, marks, numbers, punctuation, symbols, and the ASCII space.
fn is_printed(c: char) -> bool {
    static PRINTED: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$").ok());
    let mut buffer = [0; 4];
    let text: &str = c.encode_utf8(&mut buffer);
    c.is_ascii() || PRINTED.as_ref().is_some_and(|printed| printed.is_match(text))
}

/// Quotes a string like Go's `%q`.
pub(crate) fn quote(text: &str) -> String {
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
    fn strings_are_quoted_like_go() {
        assert_eq!(quote("a\"b\\c\n\u{1}é"), r#""a\"b\\c\n\x01é""#);
    }

    #[test]
    fn objects_are_printed_like_go_json() {
        let value = serde_json::json!({"a<b": "x>y & \u{2028}", "n": 1.0});
        assert_eq!(
            format_value(&value),
            r#"{"a\u003cb":"x\u003ey \u0026 \u2028","n":1}"#
        );
    }

    #[test]
    fn floats_are_printed_like_go() {
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
