//! `format` (`ext/formatting.go` of cel-go, in the older version that the API server uses).

use cel::common::types::{
    CelBool, CelBytes, CelDouble, CelDuration, CelInt, CelList, CelNull, CelString, CelTimestamp, CelUInt,
    Kind,
};
use cel::common::value::Val;
use cel::{DeclarationError, Env, ExecutionError};

use super::super::budget::{self, copy_cost, text_cost};
use super::conversions;
use super::datetime::{duration_text, printed as time_text};
use super::overload::{entries, failed};
use crate::go_format::{go_float, quote};

/// `format`, with the behavior of the API server.
pub(in super::super) const FORMAT: &str = "kube_schema_format";

/// Limit on the requested digits of a number.
const MAX_DIGITS: usize = 400;
/// Digits after the point by default.
const DEFAULT_DIGITS: usize = 6;

pub(super) fn declare(env: &mut Env) -> Result<(), DeclarationError> {
    cel::add_member_overload!(env, fn format: (CelString, CelList) -> Result<CelString>, name = FORMAT)
}

fn format(template: &CelString<'_>, args: &CelList<'_>) -> Result<CelString<'static>, ExecutionError> {
    let (mut rest, args) = (template.inner(), args.inner());
    let mut used = 0;
    let mut text = String::with_capacity(rest.len());
    while let Some((before, after)) = rest.split_once('%') {
        text.push_str(before);
        if let Some(after) = after.strip_prefix('%') {
            text.push('%');
            rest = after;
            continue;
        }
        let arg = args
            .get(used)
            .ok_or_else(|| failed(format!("index {used} out of range")))?;
        used += 1;
        if after.is_empty() {
            return Err(failed("unexpected end of string"));
        }
        let (clause, after) = Clause::read(after)
            .map_err(|problem| failed(format!("could not parse formatting clause: {problem}")))?;
        // Too many digits would take too much time.
        let digits = if clause.digits > MAX_DIGITS { usize::MAX } else { 0 };
        budget::charge(copy_cost(&**arg).saturating_add(digits))?;
        let piece = clause
            .apply(&**arg)
            .map_err(|problem| failed(format!("error during formatting: {problem}")))?;
        budget::charge(text_cost(piece.len()))?;
        text.push_str(&piece);
        rest = after;
    }
    text.push_str(rest);
    Ok(text.into())
}

/// A formatting clause: `%.3f`.
struct Clause {
    verb: char,
    digits: usize,
}

impl Clause {
    fn read(text: &str) -> Result<(Self, &str), String> {
        let (digits, rest) = match text.strip_prefix('.') {
            None => (DEFAULT_DIGITS, text),
            Some(after) => {
                let end = after
                    .find(|c: char| !c.is_ascii_digit())
                    .ok_or("error while parsing precision: could not find end of precision specifier")?;
                let digits = after[..end].parse().map_err(|_| {
                    let reason = if end == 0 { "invalid syntax" } else { "value out of range" };
                    format!(
                        "error while parsing precision: error while converting precision to integer: strconv.Atoi: \
                         parsing {}: {reason}",
                        quote(&after[..end])
                    )
                })?;
                (digits, &after[end..])
            }
        };
        let verb = rest.chars().next().unwrap_or_default();
        if !"sdfebxXo".contains(verb) {
            return Err(format!("unrecognized formatting clause \"{verb}\""));
        }
        Ok((Self { verb, digits }, &rest[1..]))
    }

    fn apply(&self, value: &dyn Val) -> Result<String, String> {
        let refused = |words: &str| Err(format!("{words}, was given {}", type_name(value)));
        match self.verb {
            's' => string(value),
            'd' => match (value.downcast_ref::<CelInt>(), value.downcast_ref::<CelUInt>()) {
                (Some(int), _) => Ok(int.inner().to_string()),
                (_, Some(int)) => Ok(int.inner().to_string()),
                _ => refused("decimal clause can only be used on integers"),
            },
            'f' => match float(value) {
                Some(number) => Ok(fixed(number, self.digits)),
                None => refused("fixed-point clause can only be used on doubles"),
            },
            'e' => match float(value) {
                Some(number) => Ok(scientific(number, self.digits)),
                None => refused("scientific clause can only be used on doubles"),
            },
            'b' => match (integer(value), value.downcast_ref::<CelBool>()) {
                (Some((sign, int)), _) => Ok(format!("{sign}{int:b}")),
                (_, Some(flag)) => Ok(if *flag.inner() { "1" } else { "0" }.to_owned()),
                _ => refused("only integers and bools can be formatted as binary"),
            },
            'o' => match integer(value) {
                Some((sign, int)) => Ok(format!("{sign}{int:o}")),
                None => refused("octal clause can only be used on integers"),
            },
            verb => {
                let text = value
                    .downcast_ref::<CelString>()
                    .map(|text| text.inner().as_bytes());
                let bytes = text.or_else(|| value.downcast_ref::<CelBytes>().map(CelBytes::inner));
                let shown = match (integer(value), bytes) {
                    (Some((sign, int)), _) => format!("{sign}{int:x}"),
                    (_, Some(bytes)) => hex::encode(bytes),
                    _ => return refused("only integers, byte buffers, and strings can be formatted as hex"),
                };
                Ok(if verb == 'X' {
                    shown.to_ascii_uppercase()
                } else {
                    shown
                })
            }
        }
    }
}

/// An integer as sign and magnitude.
fn integer(value: &dyn Val) -> Option<(&'static str, u64)> {
    if let Some(int) = value.downcast_ref::<CelInt>() {
        let sign = if *int.inner() < 0 { "-" } else { "" };
        return Some((sign, int.inner().unsigned_abs()));
    }
    value.downcast_ref::<CelUInt>().map(|int| ("", *int.inner()))
}

/// A double, or one of the three strings for values without a literal.
fn float(value: &dyn Val) -> Option<f64> {
    if let Some(number) = value.downcast_ref::<CelDouble>() {
        return Some(*number.inner());
    }
    match value.downcast_ref::<CelString>()?.inner() {
        "NaN" => Some(f64::NAN),
        "Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        _ => None,
    }
}

/// NaN and infinities, as Go's English printer formats them.
fn endless(number: f64) -> Option<String> {
    if number.is_nan() {
        return Some("NaN".to_owned());
    }
    number
        .is_infinite()
        .then(|| if number > 0.0 { "∞" } else { "-∞" }.to_owned())
}

/// Formats digits in groups of three, as in English.
fn fixed(number: f64, digits: usize) -> String {
    if let Some(text) = endless(number) {
        return text;
    }
    // Zero has no sign.
    let plain = format!("{:.digits$}", if number == 0.0 { 0.0 } else { number });
    let (sign, plain) = plain
        .strip_prefix('-')
        .map_or(("", plain.as_str()), |rest| ("-", rest));
    let (whole, fraction) = plain.split_at(plain.find('.').unwrap_or(plain.len()));
    let mut grouped = String::with_capacity(plain.len() + whole.len() / 3);
    for (index, digit) in whole.char_indices() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{sign}{grouped}{fraction}")
}

/// Formats like `1.234568×10⁰⁴`. The precision only pads to a width; there are always six digits.
fn scientific(number: f64, width: usize) -> String {
    const RAISED: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    if let Some(text) = endless(number) {
        return format!("{text:>width$}");
    }
    let plain = format!("{number:.DEFAULT_DIGITS$e}");
    let (mantissa, exponent) = plain.split_once('e').unwrap_or((&plain, "0"));
    let (sign, exponent) = exponent
        .strip_prefix('-')
        .map_or(("", exponent), |rest| ("⁻", rest));
    let raised: String = format!("{exponent:0>2}")
        .bytes()
        .map(|digit| RAISED[usize::from(digit.wrapping_sub(b'0')) % 10])
        .collect();
    format!("{:>width$}", format!("{mantissa}×10{sign}{raised}"))
}

/// `FormatString`
fn string(value: &dyn Val) -> Result<String, String> {
    if value.as_iterable().is_some() && value.get_type().kind() == Kind::List {
        return list(value);
    }
    if value.get_type().kind() == Kind::Map {
        return map(value);
    }
    if value.downcast_ref::<CelNull>().is_some() {
        return Ok("null".to_owned());
    }
    conversions::text_of(value)?.ok_or_else(|| {
        format!(
            "string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and \
             timestamps, was given {}",
            type_name(value)
        )
    })
}

/// Formats a value within a list or map, as a CEL literal.
fn literal(value: &dyn Val) -> Result<String, String> {
    if let Some(number) = value.downcast_ref::<CelDouble>() {
        let number = *number.inner();
        return Ok(if number.is_finite() {
            format!("{number:.DEFAULT_DIGITS$}")
        } else {
            quote(&go_float(number))
        });
    }
    if let Some(time) = value.downcast_ref::<CelTimestamp>() {
        return Ok(format!("timestamp({})", quote(&time_text(time))));
    }
    if let Some(duration) = value.downcast_ref::<CelDuration>() {
        return Ok(format!("duration({})", quote(&duration_text(*duration.inner()))));
    }
    match value.get_type().kind() {
        Kind::List => list(value),
        Kind::Map => map(value),
        Kind::String => Ok(quote(&string(value)?)),
        Kind::Bytes => Ok(format!("b{}", quote(&string(value)?))),
        Kind::Int | Kind::UInt | Kind::Boolean | Kind::NullType | Kind::Type => string(value),
        _ => Err(format!("no formatting function for {}", type_name(value))),
    }
}

fn list(value: &dyn Val) -> Result<String, String> {
    let mut items = Vec::new();
    if let Some(iterable) = value.as_iterable() {
        let mut iterator = iterable.iter();
        while let Some(item) = iterator.next() {
            items.push(literal(item)?);
        }
    }
    Ok(format!("[{}]", items.join(", ")))
}

fn map(value: &dyn Val) -> Result<String, String> {
    let mut pairs = Vec::new();
    for (key, value) in entries(value) {
        let shown = match key.get_type().kind() {
            Kind::String => quote(&string(&*key)?),
            Kind::Boolean | Kind::Int | Kind::UInt => string(&*key)?,
            _ => {
                return Err(format!(
                    "no formatting function for map key of type {}",
                    type_name(&*key)
                ));
            }
        };
        pairs.push((shown, literal(&*value)?));
    }
    pairs.sort_by(|left, right| left.0.cmp(&right.0));
    let shown: Vec<String> = pairs
        .into_iter()
        .map(|(key, value)| format!("{key}:{value}"))
        .collect();
    Ok(format!("{{{}}}", shown.join(", ")))
}

fn type_name(value: &dyn Val) -> &str {
    value.get_type().name()
}

/// Formats a value like Go's `%v`.
pub(super) fn go_printed(value: &dyn Val) -> String {
    string(value).unwrap_or_else(|_| type_name(value).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_as_in_english() {
        assert_eq!(fixed(1_234_567.0, 6), "1,234,567.000000");
        assert_eq!(fixed(-123.456, 1), "-123.5");
        assert_eq!(scientific(12_345.678, 2), "1.234568×10⁰⁴");
        assert_eq!(scientific(0.00012, 20), "      1.200000×10⁻⁰⁴");
    }
}
