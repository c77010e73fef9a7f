//! Kubernetes' functions, as `kube-cel` has them.
//!
//! `kube-cel` is built on an older release of the `cel` crate, whose evaluator departs from CEL in ways that matter
//! here (sizes of texts, errors within `&&` and `all`, panics on structs). So rules are evaluated by the newer one, and
//! calls of these functions are handed over to the older.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use cel::common::value::{CowVal, Val};
use cel::objects::{Key, Map, Opaque, OptionalValue};
use cel::{Context, ExecutionError, FunctionContext, Value};
use kube_cel::KubeCelExt as _;
use kube_cel::cel as old;

use super::cost;
use crate::schema::names;

/// The functions that are handed over.
const FUNCTIONS: [&str; 104] = [
    "add",
    "asApproximateFloat",
    "asInteger",
    "base64.decode",
    "base64.encode",
    "charAt",
    "cidr",
    "compareTo",
    "containsCIDR",
    "containsIP",
    "family",
    "find",
    "findAll",
    "first",
    "format",
    "format.byte",
    "format.date",
    "format.datetime",
    "format.dns1035Label",
    "format.dns1035LabelPrefix",
    "format.dns1123Label",
    "format.dns1123LabelPrefix",
    "format.dns1123Subdomain",
    "format.dns1123SubdomainPrefix",
    "format.labelValue",
    "format.named",
    "format.qualifiedName",
    "format.uri",
    "format.uuid",
    "getEscapedPath",
    "getHost",
    "getHostname",
    "getPort",
    "getQuery",
    "getScheme",
    "indexOf",
    "ip",
    "ip.isCanonical",
    "isCIDR",
    "isCIDRv4",
    "isCIDRv6",
    "isGlobalUnicast",
    "isGreaterThan",
    "isIP",
    "isIPv4",
    "isIPv6",
    "isInteger",
    "isLessThan",
    "isLinkLocalMulticast",
    "isLinkLocalUnicast",
    "isLoopback",
    "isQuantity",
    "isSemver",
    "isSorted",
    "isURL",
    "isUnspecified",
    "join",
    "jsonpatch.escapeKey",
    "last",
    "lastIndexOf",
    "lowerAscii",
    "major",
    "masked",
    "math.abs",
    "math.bitAnd",
    "math.bitNot",
    "math.bitOr",
    "math.bitShiftLeft",
    "math.bitShiftRight",
    "math.bitXor",
    "math.ceil",
    "math.floor",
    "math.greatest",
    "math.isFinite",
    "math.isInf",
    "math.isNaN",
    "math.least",
    "math.round",
    "math.sign",
    "math.sqrt",
    "math.trunc",
    "max",
    "min",
    "minor",
    "patch",
    "prefixLength",
    "quantity",
    "replace",
    "semver",
    "sets.contains",
    "sets.equivalent",
    "sets.intersects",
    "sign",
    "split",
    "strings.quote",
    "sub",
    "substring",
    "sum",
    "trim",
    "upperAscii",
    "url",
    "validate",
    "format.json",
    "isQualifiedName",
];

/// A function of the newer `cel` crate, unwrapped.
type Function = Box<
    dyn for<'context, 'call> Fn(
            &mut FunctionContext<'context, 'call>,
        ) -> Result<CowVal<'context, 'call>, ExecutionError>
        + Send
        + Sync,
>;

/// Calls as programs, by name, number of arguments and whether there is a target.
type Calls = HashMap<(&'static str, usize, bool), Arc<old::Program>>;

thread_local! {
    static CONTEXT: old::Context<'static> = old::Context::default().with_all();
    static CALLS: RefCell<Calls> = RefCell::new(HashMap::new());
}

/// Adds the functions to a context.
pub(super) fn add_functions(context: &mut Context<'_, '_>) {
    for name in FUNCTIONS {
        if let Some(format) = name
            .strip_prefix("format.")
            .filter(|format| rule_of(format).is_some())
        {
            let function: Function = Box::new(move |_| give(Value::Opaque(Arc::new(NameFormat(format)))));
            let _ = context.add_function::<Function, Function>(name, function);
            continue;
        }
        let function: Function = Box::new(move |call| {
            if name == "validate"
                && let Some(verdict) = validate_name(call)?
            {
                return give(Value::Opaque(Arc::new(verdict)));
            }
            cost::charge(name, call)?;
            let this = call.this.as_ref().map(|this| hand_over(this)).transpose()?;
            let args = call
                .args
                .iter()
                .map(|arg| hand_over(arg))
                .collect::<Result<Vec<_>, _>>()?;
            take_back(evaluate(name, this, args)?)
        });
        // Names that the standard library declares itself are left to it.
        let _ = context.add_function::<Function, Function>(name, function);
    }
}

/// A format of names: `kube-cel` departs from Kubernetes' rules for these (labels of subdomains may be longer).
#[derive(Debug, PartialEq, Eq)]
struct NameFormat(&'static str);

impl Opaque for NameFormat {
    fn runtime_type_name(&self) -> &'static str {
        "kubernetes.NamedFormat"
    }
}

/// What is wrong with a name.
type NameRule = fn(&str) -> Vec<String>;

fn rule_of(format: &str) -> Option<NameRule> {
    Some(match format {
        "dns1035Label" => names::dns1035_label,
        "dns1123Label" => names::label,
        "dns1123Subdomain" => |name| names::subdomain(name, false),
        "dns1123SubdomainPrefix" => |name| names::subdomain(name, true),
        "labelValue" => names::label_value,
        "qualifiedName" => names::qualified,
        _ => return None,
    })
}

/// `format.dns1123Label().validate(name)`; nothing for formats of other kinds.
fn validate_name(call: &FunctionContext<'_, '_>) -> Result<Option<OptionalValue>, ExecutionError> {
    let Some(this) = &call.this else {
        return Ok(None);
    };
    let Value::Opaque(opaque) = Value::try_from(this.as_ref())? else {
        return Ok(None);
    };
    let (Some(NameFormat(format)), [name]) = (opaque.downcast_ref::<NameFormat>(), &call.args[..]) else {
        return Ok(None);
    };
    let (Some(rule), Value::String(name)) = (rule_of(format), Value::try_from(name.as_ref())?) else {
        return Err(ExecutionError::function_error("validate", "no such overload"));
    };
    let problems: Vec<Value> = rule(&name)
        .into_iter()
        .map(|problem| Value::String(Arc::new(problem)))
        .collect();
    Ok(Some(if problems.is_empty() {
        OptionalValue::none()
    } else {
        OptionalValue::of(Value::List(Arc::new(problems)))
    }))
}

fn evaluate(
    name: &'static str,
    this: Option<old::Value>,
    args: Vec<old::Value>,
) -> Result<old::Value, ExecutionError> {
    let program = program(name, args.len(), this.is_some())?;
    CONTEXT.with(|context| {
        let mut context = context.new_inner_scope();
        if let Some(this) = this {
            context.add_variable_from_value("this", this);
        }
        for (index, arg) in args.into_iter().enumerate() {
            context.add_variable_from_value(format!("a{index}"), arg);
        }
        program.execute(&context).map_err(|error| explain(name, &error))
    })
}

/// The call itself as a program, kept.
fn program(name: &'static str, arity: usize, member: bool) -> Result<Arc<old::Program>, ExecutionError> {
    CALLS.with_borrow_mut(|calls| {
        if let Some(program) = calls.get(&(name, arity, member)) {
            return Ok(Arc::clone(program));
        }
        let args: Vec<String> = (0..arity).map(|index| format!("a{index}")).collect();
        let target = if member { "this." } else { "" };
        let program = old::Program::compile(&format!("{target}{name}({})", args.join(", ")))
            .map_err(|error| ExecutionError::function_error(name, error))?;
        let program = Arc::new(program);
        calls.insert((name, arity, member), Arc::clone(&program));
        Ok(program)
    })
}

fn explain(name: &str, error: &old::ExecutionError) -> ExecutionError {
    match error {
        old::ExecutionError::FunctionError { message, .. } => ExecutionError::function_error(name, message),
        old::ExecutionError::UndeclaredReference(name) => ExecutionError::undeclared_reference(name),
        other => ExecutionError::no_such_overload(name, vec![other.to_string()]),
    }
}

/// A value of the older crate, opaque to the newer.
#[derive(Debug, PartialEq)]
struct Foreign(old::Value);

impl Eq for Foreign {}

impl Opaque for Foreign {
    fn runtime_type_name(&self) -> &'static str {
        "kubernetes"
    }
}

fn hand_over(value: &CowVal<'_, '_>) -> Result<old::Value, ExecutionError> {
    to_old(&Value::try_from(value.as_ref())?)
}

fn to_old(value: &Value) -> Result<old::Value, ExecutionError> {
    Ok(match value {
        Value::Null => old::Value::Null,
        Value::Bool(flag) => old::Value::Bool(*flag),
        Value::Int(int) => old::Value::Int(*int),
        Value::UInt(int) => old::Value::UInt(*int),
        Value::Float(float) => old::Value::Float(*float),
        Value::String(text) => old::Value::String(Arc::clone(text)),
        Value::Bytes(bytes) => old::Value::Bytes(Arc::clone(bytes)),
        Value::Duration(duration) => old::Value::Duration(*duration),
        Value::Timestamp(time) => old::Value::Timestamp(*time),
        Value::List(items) => old::Value::List(Arc::new(items.iter().map(to_old).collect::<Result<_, _>>()?)),
        Value::Map(map) => {
            let entries = map
                .map
                .iter()
                .map(|(key, value)| Ok((key_to_old(key), to_old(value)?)));
            old::Value::Map(old::objects::Map {
                map: Arc::new(entries.collect::<Result<_, ExecutionError>>()?),
            })
        }
        Value::Opaque(opaque) => match opaque.downcast_ref::<Foreign>() {
            Some(Foreign(value)) => value.clone(),
            None => return Err(ExecutionError::unsupported_target_type(value.clone())),
        },
        other => return Err(ExecutionError::unsupported_target_type(other.clone())),
    })
}

fn key_to_old(key: &Key) -> old::objects::Key {
    match key {
        Key::Int(int) => old::objects::Key::Int(*int),
        Key::Uint(int) => old::objects::Key::Uint(*int),
        Key::Bool(flag) => old::objects::Key::Bool(*flag),
        Key::String(text) => old::objects::Key::String(Arc::clone(text)),
    }
}

fn take_back<'b, 'v>(value: old::Value) -> Result<CowVal<'b, 'v>, ExecutionError> {
    give(from_old(value)?)
}

fn give<'b, 'v>(value: Value) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let value: Box<dyn Val> = value.try_into()?;
    Ok(CowVal::Owned(value))
}

fn from_old(value: old::Value) -> Result<Value, ExecutionError> {
    Ok(match value {
        old::Value::Null => Value::Null,
        old::Value::Bool(flag) => Value::Bool(flag),
        old::Value::Int(int) => Value::Int(int),
        old::Value::UInt(int) => Value::UInt(int),
        old::Value::Float(float) => Value::Float(float),
        old::Value::String(text) => Value::String(text),
        old::Value::Bytes(bytes) => Value::Bytes(bytes),
        old::Value::Duration(duration) => Value::Duration(duration),
        old::Value::Timestamp(time) => Value::Timestamp(time),
        old::Value::List(items) => Value::List(Arc::new(
            items.iter().cloned().map(from_old).collect::<Result<_, _>>()?,
        )),
        old::Value::Map(map) => {
            let entries = map
                .map
                .iter()
                .map(|(key, value)| Ok((key_from_old(key), from_old(value.clone())?)));
            Value::Map(Map {
                map: Arc::new(entries.collect::<Result<_, ExecutionError>>()?),
            })
        }
        old::Value::Opaque(opaque) => match opaque.downcast_ref::<old::objects::OptionalValue>() {
            Some(optional) => Value::Opaque(Arc::new(match optional.value() {
                Some(value) => OptionalValue::of(from_old(value.clone())?),
                None => OptionalValue::none(),
            })),
            None => Value::Opaque(Arc::new(Foreign(old::Value::Opaque(opaque)))),
        },
        other @ old::Value::Function(..) => {
            return Err(ExecutionError::function_error(
                "kubernetes",
                format!("unexpected value {other:?}"),
            ));
        }
    })
}

fn key_from_old(key: &old::objects::Key) -> Key {
    match key {
        old::objects::Key::Int(int) => Key::Int(*int),
        old::objects::Key::Uint(int) => Key::Uint(*int),
        old::objects::Key::Bool(flag) => Key::Bool(*flag),
        old::objects::Key::String(text) => Key::String(Arc::clone(text)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::schema::Schema;

    #[test]
    fn names_are_judged_by_kubernetes_own_rules() {
        let accepts = |rule: &str, name: &str| {
            let schema = Schema::parse(&json!({"type": "object", "properties": {"name": {
                "type": "string",
                "x-kubernetes-validations": [{"rule": rule}],
            }}}))
            .unwrap();
            schema.validate(&json!({ "name": name }), None).is_empty()
        };
        let subdomain = "!format.dns1123Subdomain().validate(self).hasValue()";
        assert!(accepts(subdomain, "a.b-1"));
        assert!(accepts(subdomain, &"a".repeat(253)), "no bound on one label");
        assert!(!accepts(subdomain, &"a".repeat(254)));
        assert!(!accepts(subdomain, "a..b"));
        let label = "!format.dns1123Label().validate(self).hasValue()";
        assert!(accepts(label, "a-b"));
        assert!(!accepts(label, "a.b"));
        assert!(!accepts(label, ""));
        let size = "format.labelValue().validate(self).orValue([]).size() == 1";
        assert!(accepts(size, "a b"));
        assert!(!accepts(size, "a_b"));
        let handed_over = "!format.uuid().validate(self).hasValue()";
        assert!(accepts(handed_over, "123e4567-e89b-42d3-a456-426614174000"));
        assert!(!accepts(handed_over, "123"));
    }
}
