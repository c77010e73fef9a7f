//! Structure-aware mutations of a document.

use arbitrary::{Result, Unstructured};
use serde_json::{Map, Value, json};

/// Limit on the mutations at once.
const MAX_CHANGES: usize = 6;

/// Schema keywords and values, used as names and values.
const WORDS: [&str; 40] = [
    "type",
    "object",
    "array",
    "string",
    "integer",
    "number",
    "boolean",
    "properties",
    "items",
    "required",
    "default",
    "additionalProperties",
    "nullable",
    "pattern",
    "^(a+)+$",
    "format",
    "date-time",
    "quantity",
    "enum",
    "oneOf",
    "anyOf",
    "allOf",
    "not",
    "minimum",
    "maximum",
    "multipleOf",
    "minLength",
    "maxItems",
    "uniqueItems",
    "x-kubernetes-int-or-string",
    "x-kubernetes-preserve-unknown-fields",
    "x-kubernetes-embedded-resource",
    "x-kubernetes-list-type",
    "x-kubernetes-list-map-keys",
    "x-kubernetes-validations",
    "rule",
    "self.all(x, self.all(y, x == y))",
    "messageExpression",
    "oldSelf == self",
    "<script>alert(1)</script>",
];

/// Applies a few mutations.
pub fn mutate(document: &mut Value, choices: &mut Unstructured<'_>) -> Result<()> {
    for _ in 0..choices.int_in_range(0..=MAX_CHANGES)? {
        let place = place(document, choices)?;
        change(place, choices)?;
    }
    Ok(())
}

/// A random value in the document; all depths are equally likely.
fn place<'v>(value: &'v mut Value, choices: &mut Unstructured<'_>) -> Result<&'v mut Value> {
    let here = match value {
        Value::Object(map) => map.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => true,
    };
    if here || choices.ratio(1_u8, 8_u8)? {
        return Ok(value);
    }
    match value {
        Value::Object(map) => {
            let index = choices.choose_index(map.len())?;
            let below = map.values_mut().nth(index).expect("the index is within the map");
            place(below, choices)
        }
        Value::Array(items) => {
            let index = choices.choose_index(items.len())?;
            place(&mut items[index], choices)
        }
        _ => unreachable!("what holds nothing was taken above"),
    }
}

fn change(value: &mut Value, choices: &mut Unstructured<'_>) -> Result<()> {
    match choices.int_in_range(0..=7_u8)? {
        0 => *value = any(choices)?,
        1 => *value = json!({"a": std::mem::take(value)}),
        2 => *value = json!([std::mem::take(value)]),
        3 => match value {
            Value::Object(map) => {
                let name = word(choices)?;
                map.insert(name, any(choices)?);
            }
            Value::Array(items) => items.push(any(choices)?),
            Value::String(text) => text.push_str(&word(choices)?),
            other => *other = any(choices)?,
        },
        4 => match value {
            Value::Object(map) if !map.is_empty() => {
                let index = choices.choose_index(map.len())?;
                let name = map
                    .keys()
                    .nth(index)
                    .expect("the index is within the map")
                    .clone();
                map.shift_remove(&name);
            }
            Value::Array(items) if !items.is_empty() => {
                items.remove(choices.choose_index(items.len())?);
            }
            other => *other = Value::Null,
        },
        5 => match value {
            Value::Array(items) if !items.is_empty() => {
                let item = items[choices.choose_index(items.len())?].clone();
                items.push(item);
            }
            Value::Object(map) if !map.is_empty() => {
                let index = choices.choose_index(map.len())?;
                let copy = map
                    .values()
                    .nth(index)
                    .expect("the index is within the map")
                    .clone();
                map.insert(word(choices)?, copy);
            }
            _ => {}
        },
        6 => {
            // Nest the value in itself.
            let copy = value.clone();
            if let Value::Object(map) = value {
                map.insert(word(choices)?, copy);
            }
        }
        _ => *value = Value::String(String::from_utf8_lossy(choices.bytes(8)?).into_owned()),
    }
    Ok(())
}

fn word(choices: &mut Unstructured<'_>) -> Result<String> {
    if choices.ratio(1_u8, 6_u8)? {
        return Ok(choices.arbitrary::<&str>()?.chars().take(40).collect());
    }
    Ok((*choices.choose(&WORDS)?).to_owned())
}

fn any(choices: &mut Unstructured<'_>) -> Result<Value> {
    Ok(match choices.int_in_range(0..=11_u8)? {
        0 => Value::Null,
        1 => Value::Bool(choices.arbitrary()?),
        2 => json!(choices.arbitrary::<i64>()?),
        3 => json!(choices.arbitrary::<i8>()?),
        4 => json!(choices.arbitrary::<f64>()?),
        5 => json!(u64::MAX),
        6 => Value::String(word(choices)?),
        7 => Value::String(String::new()),
        8 => json!([word(choices)?, word(choices)?]),
        9 => Value::Object(Map::from_iter([(word(choices)?, Value::String(word(choices)?))])),
        10 => json!({}),
        _ => json!([]),
    })
}
