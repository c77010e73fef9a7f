//! Resolves scalars by the rules of `go.yaml.in/yaml/v2`, which Kubernetes uses: YAML 1.1 with some additions.

use std::sync::LazyLock;

use regex::Regex;

/// A resolved scalar.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Scalar {
    Null,
    Bool(bool),
    Int(i64),
    /// Greater than `i64::MAX`.
    Unsigned(u64),
    Float(f64),
    Text(String),
}

/// The type that a tag asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TagType {
    Text,
    Bool,
    Int,
    Float,
    Null,
    Timestamp,
}

/// Resolves a plain scalar without a tag.
pub(super) fn resolve(text: &str) -> Scalar {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Scalar::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            return Scalar::Bool(true);
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return Scalar::Bool(false);
        }
        ".nan" | ".NaN" | ".NAN" => return Scalar::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => return Scalar::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => return Scalar::Float(f64::NEG_INFINITY),
        _ => {}
    }
    let number = match text.as_bytes().first() {
        Some(b'.') => float_from_the_point(text),
        Some(b'+' | b'-' | b'0'..=b'9') => number(&text.replace('_', "")),
        _ => None,
    };
    number.unwrap_or_else(|| Scalar::Text(text.to_owned()))
}

/// Resolves a scalar with a tag, quoted or not; `None` if the scalar does not have the tag's type.
pub(super) fn resolve_as(tag_type: TagType, text: &str) -> Option<Scalar> {
    let found = resolve(text);
    match (tag_type, &found) {
        (TagType::Text, _) => Some(Scalar::Text(text.to_owned())),
        (TagType::Bool, Scalar::Bool(_))
        | (TagType::Int, Scalar::Int(_) | Scalar::Unsigned(_))
        | (TagType::Float, Scalar::Float(_))
        | (TagType::Null, Scalar::Null) => Some(found),
        #[expect(clippy::cast_precision_loss, reason = "as Go converts it")]
        (TagType::Float, Scalar::Int(int)) => Some(Scalar::Float(*int as f64)),
        (TagType::Timestamp, Scalar::Text(_)) if is_timestamp(text) => Some(found),
        _ => None,
    }
}

/// Parses a number that starts with a digit or sign; underscores are already removed.
fn number(plain: &str) -> Option<Scalar> {
    static FLOAT: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$").ok());
    if let Some(int) = integer(plain) {
        return Some(int);
    }
    if FLOAT.as_ref()?.is_match(plain) {
        return finite(plain).map(Scalar::Float);
    }
    None
}

/// Go's `strconv.ParseInt` with base 0: `0x1F`, `0b101`, `0o17`, and `017`, which is octal too.
fn integer(plain: &str) -> Option<Scalar> {
    let (sign, digits) = match plain.as_bytes().first()? {
        b'-' => ("-", &plain[1..]),
        b'+' => ("+", &plain[1..]),
        _ => ("", plain),
    };
    let lower = digits.to_ascii_lowercase();
    let (radix, digits) = match lower.as_bytes() {
        [b'0', b'x', ..] => (16, &lower[2..]),
        [b'0', b'b', ..] => (2, &lower[2..]),
        [b'0', b'o', ..] => (8, &lower[2..]),
        [b'0', _, ..] => (8, &lower[1..]),
        _ => (10, &*lower),
    };
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    let signed = if sign == "-" {
        format!("-{digits}")
    } else {
        digits.to_owned()
    };
    if let Ok(int) = i64::from_str_radix(&signed, radix) {
        return Some(Scalar::Int(int));
    }
    // Go's unsigned integers have no sign.
    let unsigned = u64::from_str_radix(digits, radix)
        .ok()
        .filter(|_| sign.is_empty());
    unsigned.map(Scalar::Unsigned)
}

/// Parses a float that starts with a dot. Digits may be separated by underscores.
fn float_from_the_point(text: &str) -> Option<Scalar> {
    static SHAPE: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"^\.[0-9]+(_[0-9]+)*([eE][-+]?[0-9]+(_[0-9]+)*)?$").ok());
    if !SHAPE.as_ref()?.is_match(text) {
        return None;
    }
    finite(&text.replace('_', "")).map(Scalar::Float)
}

/// Parses a float; `None` if it is out of range.
fn finite(text: &str) -> Option<f64> {
    text.parse().ok().filter(|float: &f64| float.is_finite())
}

fn is_timestamp(text: &str) -> bool {
    static TIME: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(
            r"^[0-9]{4}-(0?[1-9]|1[0-2])-(0?[1-9]|[12][0-9]|3[01])([Tt][0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}(\.[0-9]+)?(Z|[-+][0-9]{2}:[0-9]{2})| [0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}(\.[0-9]+)?)?$",
        )
        .ok()
    });
    TIME.as_ref().is_some_and(|time| time.is_match(text))
}

/// The map key for a scalar; `None` if Kubernetes does not allow its type.
pub(super) fn key(scalar: &Scalar) -> Option<String> {
    match scalar {
        Scalar::Text(text) => Some(text.clone()),
        Scalar::Int(int) => Some(int.to_string()),
        Scalar::Bool(is) => Some(is.to_string()),
        Scalar::Float(float) => Some(float_key(*float)),
        Scalar::Null | Scalar::Unsigned(_) => None,
    }
}

/// Formats a float like Go's `%g` with 32 bits.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a key has 32 bits of a float, as Go's has"
)]
fn float_key(float: f64) -> String {
    let float = float as f32;
    if float.is_nan() {
        return ".nan".to_owned();
    }
    if float.is_infinite() {
        return if float > 0.0 { ".inf" } else { "-.inf" }.to_owned();
    }
    let scientific = format!("{float:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..6).contains(&exponent) || float == 0.0 {
        return format!("{float}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}
