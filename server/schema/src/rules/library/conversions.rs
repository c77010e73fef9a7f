//! Type conversions, with the behavior of cel-go (`common/types`, `ConvertToType`).

use cel::common::types::{
    CelBool, CelBytes, CelDouble, CelDuration, CelInt, CelString, CelTimestamp, CelType, CelUInt, DYN_TYPE,
};
use cel::common::value::{CowVal, Val};
use cel::{DeclarationError, Env, ExecutionError};

use super::datetime::{self, duration_text, printed};
use super::overload::{Args, Returned, failed};
use crate::format::{go_duration, go_timestamp};
use crate::go_format::go_float;

/// `string`, also for IP addresses and networks.
pub(super) const STRING: &str = "kube_schema_string";

/// Conversions that differ from the `cel` crate's, with their internal names.
pub(in super::super) const RENAMED: [(&str, &str); 7] = [
    ("string", STRING),
    ("int", "kube_schema_int"),
    ("uint", "kube_schema_uint"),
    ("double", "kube_schema_double"),
    ("bool", "kube_schema_bool"),
    ("timestamp", "kube_schema_timestamp"),
    ("duration", "kube_schema_duration"),
];

pub(super) fn declare(env: &mut Env) -> Result<(), DeclarationError> {
    let any = || vec![DYN_TYPE];
    env.add_overload("kube_schema_int", "kube_schema_int(dyn)", any(), int)?;
    env.add_overload("kube_schema_uint", "kube_schema_uint(dyn)", any(), uint)?;
    env.add_overload("kube_schema_double", "kube_schema_double(dyn)", any(), double)?;
    env.add_overload("kube_schema_bool", "kube_schema_bool(dyn)", any(), boolean)?;
    env.add_overload(
        "kube_schema_timestamp",
        "kube_schema_timestamp(dyn)",
        any(),
        timestamp,
    )?;
    env.add_overload(
        "kube_schema_duration",
        "kube_schema_duration(dyn)",
        any(),
        duration,
    )
}

/// Declares `string` for values of any type. Must come last, because overloads are tried in order.
pub(super) fn declare_string(env: &mut Env) -> Result<(), DeclarationError> {
    env.add_overload(STRING, "kube_schema_string(dyn)", vec![DYN_TYPE], string)
}

fn one<'a, 'b, 'v>(args: &'a [CowVal<'b, 'v>]) -> Result<&'a (dyn Val + 'v), ExecutionError> {
    match args {
        [value] => Ok(value.as_ref()),
        _ => Err(failed("no such overload")),
    }
}

fn wrong(from: &str, to: &str) -> ExecutionError {
    failed(format!("type conversion error from '{from}' to '{to}'"))
}

fn unknown(value: &dyn Val, function: &str) -> ExecutionError {
    ExecutionError::no_such_overload(function, vec![value.get_type().name().to_owned()])
}

/// Converts a value to a string; `None` for types that have no conversion.
///
/// # Errors
/// If bytes are not valid UTF-8.
pub(super) fn text_of(value: &dyn Val) -> Result<Option<String>, String> {
    Ok(Some(if let Some(text) = value.downcast_ref::<CelString>() {
        text.inner().to_owned()
    } else if let Some(flag) = value.downcast_ref::<CelBool>() {
        flag.inner().to_string()
    } else if let Some(int) = value.downcast_ref::<CelInt>() {
        int.inner().to_string()
    } else if let Some(int) = value.downcast_ref::<CelUInt>() {
        int.inner().to_string()
    } else if let Some(number) = value.downcast_ref::<CelDouble>() {
        go_float(*number.inner())
    } else if let Some(bytes) = value.downcast_ref::<CelBytes>() {
        String::from_utf8(bytes.inner().to_vec())
            .map_err(|_| "invalid UTF-8 in bytes, cannot convert to string".to_owned())?
    } else if let Some(time) = value.downcast_ref::<CelTimestamp>() {
        printed(time)
    } else if let Some(span) = value.downcast_ref::<CelDuration>() {
        duration_text(*span.inner())
    } else if let Some(name) = value.downcast_ref::<CelType>() {
        name.name().to_owned()
    } else {
        return Ok(None);
    }))
}

fn string<'b, 'v>(args: Args<'b, 'v>) -> Returned<'b, 'v> {
    let value = one(&args)?;
    match text_of(value).map_err(failed)? {
        Some(text) => Ok(CowVal::owned(CelString::from(text))),
        None => Err(unknown(value, "string")),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "what does not fit is refused before"
)]
fn int<'b, 'v>(args: Args<'b, 'v>) -> Returned<'b, 'v> {
    let value = one(&args)?;
    let overflow = || failed("integer overflow");
    let int = if let Some(int) = value.downcast_ref::<CelInt>() {
        *int.inner()
    } else if let Some(int) = value.downcast_ref::<CelUInt>() {
        i64::try_from(*int.inner()).map_err(|_| overflow())?
    } else if let Some(number) = value.downcast_ref::<CelDouble>() {
        let number = *number.inner();
        // NaN is out of range, too.
        if !(number > -9_223_372_036_854_775_808.0 && number < 9_223_372_036_854_775_808.0) {
            return Err(overflow());
        }
        number as i64
    } else if let Some(text) = value.downcast_ref::<CelString>() {
        text.inner().parse().map_err(|_| wrong("string", "int"))?
    } else if let Some(time) = value.downcast_ref::<CelTimestamp>() {
        time.inner().timestamp()
    } else {
        return Err(unknown(value, "int"));
    };
    Ok(CowVal::owned(CelInt::from(int)))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "what does not fit is refused before"
)]
fn uint<'b, 'v>(args: Args<'b, 'v>) -> Returned<'b, 'v> {
    let value = one(&args)?;
    let overflow = || failed("unsigned integer overflow");
    let int = if let Some(int) = value.downcast_ref::<CelUInt>() {
        *int.inner()
    } else if let Some(int) = value.downcast_ref::<CelInt>() {
        u64::try_from(*int.inner()).map_err(|_| overflow())?
    } else if let Some(number) = value.downcast_ref::<CelDouble>() {
        let number = *number.inner();
        if !(0.0..18_446_744_073_709_551_616.0).contains(&number) {
            return Err(overflow());
        }
        number as u64
    } else if let Some(text) = value.downcast_ref::<CelString>() {
        let text = text.inner();
        let digits = Some(text).filter(|text| !text.starts_with('+'));
        let read = digits.and_then(|text| text.parse().ok());
        read.ok_or_else(|| wrong("string", "uint"))?
    } else {
        return Err(unknown(value, "uint"));
    };
    Ok(CowVal::owned(CelUInt::from(int)))
}

#[expect(clippy::cast_precision_loss, reason = "as in every conversion to a double")]
fn double<'b, 'v>(args: Args<'b, 'v>) -> Returned<'b, 'v> {
    let value = one(&args)?;
    let number = if let Some(number) = value.downcast_ref::<CelDouble>() {
        *number.inner()
    } else if let Some(int) = value.downcast_ref::<CelInt>() {
        *int.inner() as f64
    } else if let Some(int) = value.downcast_ref::<CelUInt>() {
        *int.inner() as f64
    } else if let Some(text) = value.downcast_ref::<CelString>() {
        let text = text.inner();
        let read = text.parse::<f64>().ok();
        // Numbers out of range are an error, but the word `Infinity` is allowed.
        let fits = |number: &f64| number.is_finite() || !text.bytes().any(|byte| byte.is_ascii_digit());
        read.filter(fits).ok_or_else(|| wrong("string", "double"))?
    } else {
        return Err(unknown(value, "double"));
    };
    Ok(CowVal::owned(CelDouble::from(number)))
}

fn boolean<'b, 'v>(args: Args<'b, 'v>) -> Returned<'b, 'v> {
    let value = one(&args)?;
    let flag = if let Some(flag) = value.downcast_ref::<CelBool>() {
        *flag.inner()
    } else if let Some(text) = value.downcast_ref::<CelString>() {
        match text.inner() {
            "1" | "t" | "T" | "true" | "TRUE" | "True" => true,
            "0" | "f" | "F" | "false" | "FALSE" | "False" => false,
            _ => return Err(wrong("string", "bool")),
        }
    } else {
        return Err(unknown(value, "bool"));
    };
    Ok(CowVal::owned(CelBool::from(flag)))
}

fn timestamp<'b, 'v>(args: Args<'b, 'v>) -> Returned<'b, 'v> {
    const NAME: &str = "google.protobuf.Timestamp";
    let value = one(&args)?;
    let time = if let Some(time) = value.downcast_ref::<CelTimestamp>() {
        *time.inner()
    } else if let Some(seconds) = value.downcast_ref::<CelInt>() {
        datetime::of_seconds(*seconds.inner())?
    } else if let Some(text) = value.downcast_ref::<CelString>() {
        go_timestamp(text.inner()).ok_or_else(|| wrong("string", NAME))?
    } else {
        return Err(unknown(value, "timestamp"));
    };
    Ok(CowVal::owned(CelTimestamp::from(time)))
}

fn duration<'b, 'v>(args: Args<'b, 'v>) -> Returned<'b, 'v> {
    const NAME: &str = "google.protobuf.Duration";
    let value = one(&args)?;
    let span = if let Some(span) = value.downcast_ref::<CelDuration>() {
        *span.inner()
    } else if let Some(text) = value.downcast_ref::<CelString>() {
        go_duration(text.inner()).ok_or_else(|| wrong("string", NAME))?
    } else {
        return Err(unknown(value, "duration"));
    };
    Ok(CowVal::owned(CelDuration::from(span)))
}
