//! Quantities (`library.Quantity`), with the arithmetic of `k8s.io/apimachinery/pkg/api/resource`.

use std::cmp::Ordering;

use cel::common::types::{CelBool, CelDouble, CelInt, CelString};
use cel::common::value::Val;
use cel::{DeclarationError, Env, ExecutionError};
use num_bigint::{BigInt, Sign};

use super::super::budget;
use super::overload::{failed, value_type};

/// Limit on digits before and after the point.
const MAX_DIGITS: u32 = 400;
/// The smallest power of ten that is kept.
const NANO: i32 = -9;
/// Limit on the decimal digits of a number that Go keeps as an `int64`.
const SMALL_DIGITS: i32 = 18;

const WRONG_FORMAT: &str =
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const WRONG_SUFFIX: &str = "unable to parse quantity's suffix";
const WRONG_NUMBER: &str = "unable to parse numeric part of quantity";

/// A number times a power of ten.
#[derive(Debug, Clone)]
struct Quantity {
    value: BigInt,
    scale: i32,
    /// True if Go keeps it as an `int64`; only then it can be an integer.
    small: bool,
}

value_type!(Quantity, "kubernetes.Quantity");

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.compare(other).is_eq()
    }
}

pub(super) fn declare(env: &mut Env) -> Result<(), DeclarationError> {
    env.add_type(Quantity::cel_type().to_owned())?;
    cel::add_overload!(env, fn quantity: (CelString) -> Result<Quantity>)?;
    cel::add_overload!(env, fn is_quantity: (CelString) -> Result<CelBool>)?;
    cel::add_overload!(env, fn sign: (Quantity) -> CelInt)?;
    cel::add_member_overload!(env, fn is_greater_than: (Quantity, Quantity) -> CelBool)?;
    cel::add_member_overload!(env, fn is_less_than: (Quantity, Quantity) -> CelBool)?;
    cel::add_member_overload!(env, fn compare_to: (Quantity, Quantity) -> CelInt)?;
    cel::add_member_overload!(env, fn as_approximate_float: (Quantity) -> CelDouble)?;
    cel::add_member_overload!(env, fn as_integer: (Quantity) -> Result<CelInt>)?;
    cel::add_member_overload!(env, fn is_integer: (Quantity) -> CelBool)?;
    cel::add_member_overload!(env, fn add: (Quantity, Quantity) -> Quantity)?;
    cel::add_member_overload!(env, fn add_int: (Quantity, CelInt) -> Quantity, name = "add")?;
    cel::add_member_overload!(env, fn sub: (Quantity, Quantity) -> Quantity)?;
    cel::add_member_overload!(env, fn sub_int: (Quantity, CelInt) -> Quantity, name = "sub")
}

fn quantity(text: &CelString<'_>) -> Result<Quantity, ExecutionError> {
    parse(text.inner())?.map_err(failed)
}

fn is_quantity(text: &CelString<'_>) -> Result<CelBool, ExecutionError> {
    Ok(parse(text.inner())?.is_ok().into())
}

fn sign(quantity: &Quantity) -> CelInt {
    CelInt::from(match quantity.value.sign() {
        Sign::Minus => -1,
        Sign::NoSign => 0,
        Sign::Plus => 1,
    })
}

fn is_greater_than(quantity: &Quantity, other: &Quantity) -> CelBool {
    quantity.compare(other).is_gt().into()
}

fn is_less_than(quantity: &Quantity, other: &Quantity) -> CelBool {
    quantity.compare(other).is_lt().into()
}

fn compare_to(quantity: &Quantity, other: &Quantity) -> CelInt {
    CelInt::from(quantity.compare(other) as i64)
}

fn as_approximate_float(quantity: &Quantity) -> CelDouble {
    // Parsing decimal digits rounds to the nearest float, like `big.Float`.
    let base: f64 = quantity.value.to_string().parse().unwrap_or(f64::NAN);
    CelDouble::from(if quantity.scale == 0 {
        base
    } else {
        base * 10_f64.powi(quantity.scale)
    })
}

fn as_integer(quantity: &Quantity) -> Result<CelInt, ExecutionError> {
    let whole = quantity.whole().map(CelInt::from);
    whole.ok_or_else(|| failed("cannot convert value to integer"))
}

fn is_integer(quantity: &Quantity) -> CelBool {
    quantity.whole().is_some().into()
}

fn add(quantity: &Quantity, other: &Quantity) -> Quantity {
    quantity.plus(other)
}

fn add_int(quantity: &Quantity, other: &CelInt) -> Quantity {
    quantity.plus(&Quantity::of(*other.inner()))
}

fn sub(quantity: &Quantity, other: &Quantity) -> Quantity {
    quantity.plus(&other.negative())
}

fn sub_int(quantity: &Quantity, other: &CelInt) -> Quantity {
    quantity.plus(&Quantity::of(*other.inner()).negative())
}

impl Quantity {
    fn of(whole: i64) -> Self {
        Self {
            value: whole.into(),
            scale: 0,
            small: true,
        }
    }

    fn negative(&self) -> Self {
        Self {
            value: -&self.value,
            ..self.clone()
        }
    }

    /// The value at a scale that is not greater than its own.
    fn at(&self, scale: i32) -> BigInt {
        &self.value * BigInt::from(10).pow(self.scale.abs_diff(scale))
    }

    fn compare(&self, other: &Self) -> Ordering {
        let scale = self.scale.min(other.scale);
        self.at(scale).cmp(&other.at(scale))
    }

    /// Go's `AsInt64`.
    fn whole(&self) -> Option<i64> {
        let scaled = (self.small && self.scale >= 0).then(|| self.at(0))?;
        scaled.try_into().ok()
    }

    fn plus(&self, other: &Self) -> Self {
        let is_small = self.small && other.small;
        if is_small && other.value.sign() == Sign::NoSign {
            return self.clone();
        }
        if is_small && self.value.sign() == Sign::NoSign {
            return other.clone();
        }
        let scale = self.scale.min(other.scale);
        let (left, right) = (self.at(scale), other.at(scale));
        let fits = |value: &BigInt| i64::try_from(value).is_ok();
        let value = &left + &right;
        Self {
            small: is_small && fits(&left) && fits(&right) && fits(&value),
            value,
            scale,
        }
    }
}

/// The unit of a quantity's suffix.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unit {
    /// A power of ten.
    Decimal(i32),
    /// A power of two.
    Binary(u32),
}

/// The parts of a quantity's text.
struct Parts<'a> {
    negative: bool,
    whole: &'a str,
    fraction: &'a str,
    suffix: &'a str,
}

/// Go's `ParseQuantity`.
///
/// # Errors
/// If the arithmetic would exceed the budget.
fn parse(text: &str) -> Result<Result<Quantity, &'static str>, ExecutionError> {
    budget::charge(budget::text_cost(text.len().saturating_mul(8)))?;
    let read = parts(text).and_then(|parts| {
        let unit = unit(parts.suffix).ok_or(WRONG_SUFFIX)?;
        Ok((parts, unit))
    });
    let (parts, unit) = match read {
        Ok(read) => read,
        Err(problem) => return Ok(Err(problem)),
    };
    let digits = u32::try_from(parts.whole.len() + parts.fraction.len()).unwrap_or(u32::MAX);
    let exponent = match unit {
        Unit::Decimal(exponent) => exponent.unsigned_abs(),
        Unit::Binary(_) => 0,
    };
    if digits > MAX_DIGITS || exponent > MAX_DIGITS {
        budget::charge(usize::MAX)?;
    }
    Ok(number(&parts, unit))
}

fn number(parts: &Parts<'_>, unit: Unit) -> Result<Quantity, &'static str> {
    let digits = i32::try_from(parts.whole.len() + parts.fraction.len()).unwrap_or(i32::MAX);
    let places = i32::try_from(parts.fraction.len()).unwrap_or(i32::MAX);
    let read = format!("{}{}", parts.whole, parts.fraction);
    let value: BigInt = if read.is_empty() {
        return Err(WRONG_NUMBER);
    } else {
        read.parse().map_err(|_| WRONG_NUMBER)?
    };
    let signed = |value: BigInt| if parts.negative { -value } else { value };
    let is_small = match unit {
        Unit::Decimal(exponent) => SMALL_DIGITS - digits >= 0 && exponent - places >= NANO,
        Unit::Binary(exponent) => {
            let tenths = i32::try_from(exponent * 3 / 10).unwrap_or(i32::MAX);
            parts.fraction.is_empty() && 15 - digits - tenths > 0
        }
    };
    let (value, scale) = match unit {
        Unit::Decimal(exponent) => (value, exponent - places),
        Unit::Binary(exponent) => (value << exponent, -places),
    };
    if is_small {
        return Ok(Quantity {
            value: signed(value),
            scale,
            small: true,
        });
    }
    let (mut value, mut scale) = (value, scale);
    if scale < NANO {
        // Positive requests never become zero: round up.
        let divisor = BigInt::from(10).pow(scale.abs_diff(NANO));
        let rest = &value % &divisor;
        value /= &divisor;
        if rest.sign() != Sign::NoSign {
            value += 1;
        }
        scale = NANO;
    }
    let most = Quantity::of(i64::MAX);
    let found = Quantity {
        value,
        scale,
        small: false,
    };
    let capped = matches!(unit, Unit::Binary(_)) && found.compare(&most).is_gt();
    let found = if capped {
        Quantity { small: false, ..most }
    } else {
        found
    };
    Ok(Quantity {
        value: signed(found.value),
        ..found
    })
}

/// Go's `parseQuantityString`.
fn parts(text: &str) -> Result<Parts<'_>, &'static str> {
    if text.is_empty() {
        return Err(WRONG_FORMAT);
    }
    let (negative, rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let bare = rest.trim_start_matches('0');
    let (whole, rest) = digits(bare);
    let whole = if whole.is_empty() { "0" } else { whole };
    let (fraction, rest) = match rest.strip_prefix('.') {
        Some(rest) => digits(rest),
        None => ("", rest),
    };
    let letters = rest
        .find(|c: char| !"eEinumkKMGTP".contains(c))
        .unwrap_or(rest.len());
    let after = rest[letters..]
        .strip_prefix(['+', '-'])
        .unwrap_or(&rest[letters..]);
    if !digits(after).1.is_empty() {
        return Err(WRONG_FORMAT);
    }
    Ok(Parts {
        negative,
        whole,
        fraction,
        suffix: rest,
    })
}

/// Splits off the leading digits.
fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

fn unit(suffix: &str) -> Option<Unit> {
    Some(match suffix {
        "n" => Unit::Decimal(-9),
        "u" => Unit::Decimal(-6),
        "m" => Unit::Decimal(-3),
        "" => Unit::Decimal(0),
        "k" => Unit::Decimal(3),
        "M" => Unit::Decimal(6),
        "G" => Unit::Decimal(9),
        "T" => Unit::Decimal(12),
        "P" => Unit::Decimal(15),
        "E" => Unit::Decimal(18),
        "Ki" => Unit::Binary(10),
        "Mi" => Unit::Binary(20),
        "Gi" => Unit::Binary(30),
        "Ti" => Unit::Binary(40),
        "Pi" => Unit::Binary(50),
        "Ei" => Unit::Binary(60),
        other => {
            let exponent: i64 = other.strip_prefix(['e', 'E'])?.parse().ok()?;
            // Out of range in any case.
            let most = i64::from(i32::MAX / 2);
            Unit::Decimal(i32::try_from(exponent.clamp(-most, most)).ok()?)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Quantity {
        budget::set_budget(100_000);
        parse(text).unwrap().unwrap()
    }

    #[test]
    fn quantities_are_compared_across_units() {
        assert_eq!(read("1Gi"), read("1024Mi"));
        assert_eq!(read("0.1").plus(&read("0.2")), read("0.3"));
        assert_eq!(read("1e3"), read("1k"));
        assert!(read("1.5").compare(&read("1500m")).is_eq());
        assert!(read("-1").compare(&read("1n")).is_lt());
    }

    #[test]
    fn too_small_quantities_are_rounded_up_and_too_large_ones_capped() {
        assert_eq!(read("0.0000000001"), read("1n"));
        assert_eq!(read("100Ei"), read("9223372036854775807"));
    }

    #[test]
    fn only_quantities_that_go_keeps_as_int64_are_integers() {
        assert_eq!(read("1Gi").whole(), Some(1 << 30));
        assert_eq!(read("9223372036854775807").whole(), None);
        assert_eq!(read("2000m").whole(), None);
        assert_eq!(read("1e3").whole(), Some(1000));
    }

    #[test]
    fn a_huge_exponent_exceeds_the_budget() {
        budget::set_budget(100_000);
        assert!(parse("1e999999999999").is_err());
        budget::set_budget(100_000);
        assert!(parse(&format!("0.{}1", "0".repeat(100_000))).is_err());
        budget::set_budget(100_000);
        assert_eq!(parse("1GI").unwrap().unwrap_err(), WRONG_FORMAT);
        assert_eq!(parse("1ki").unwrap().unwrap_err(), WRONG_SUFFIX);
    }
}
