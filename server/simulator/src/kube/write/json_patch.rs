//! Applies JSON Patch as the API server's library does (`gopkg.in/evanphx/json-patch.v4`). It departs from RFC 6902:
//! replacing a missing field adds it, copying one adds null, and negative indices count from the end of a list.

use serde_json::{Map, Value};

/// An operation does not apply. The API server does not say which, or why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DoesNotApply;

/// One operation: `op`, `path`, `from`, `value`.
pub(super) type Operation = Map<String, Value>;

/// The fields of an operation. All but the last are text.
const FIELDS: [&str; 4] = ["op", "path", "from", "value"];

/// Reads a JSON Patch, with the errors of the API server's decoder. Returns a warning for each unknown field.
pub(super) fn decode(patch: Value) -> Result<(Vec<Operation>, Vec<String>), String> {
    let items = match patch {
        Value::Array(items) => items,
        Value::Null => Vec::new(),
        other => return Err(of_wrong_type(&other, "value of type []handlers.jsonPatchOp")),
    };
    let mut unknown = Vec::new();
    let mut operations = Vec::with_capacity(items.len());
    for (at, item) in items.into_iter().enumerate() {
        let operation = match item {
            Value::Object(fields) => fields,
            Value::Null => Operation::new(),
            other => return Err(of_wrong_type(&other, "value of type handlers.jsonPatchOp")),
        };
        for (field, value) in &operation {
            if !FIELDS.contains(&field.as_str()) {
                unknown.push(format!("json patch unknown field \"[{at}].{field}\""));
            } else if field != "value" && !value.is_string() && !value.is_null() {
                let place = format!("struct field jsonPatchOp.{field} of type string");
                return Err(of_wrong_type(value, &place));
            }
        }
        operations.push(operation);
    }
    Ok((operations, unknown))
}

fn of_wrong_type(value: &Value, place: &str) -> String {
    let found = match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    format!("json: cannot unmarshal {found} into Go {place}")
}

/// Applies the operations in order. If one does not apply, `document` is left in between.
pub(super) fn apply(document: &mut Value, operations: &[Operation]) -> Result<(), DoesNotApply> {
    for operation in operations {
        apply_one(document, operation)?;
    }
    Ok(())
}

fn apply_one(document: &mut Value, operation: &Operation) -> Result<(), DoesNotApply> {
    let text = |field: &str| operation.get(field).and_then(Value::as_str).ok_or(DoesNotApply);
    // A missing value is null.
    let value = || operation.get("value").cloned().unwrap_or_default();
    let path = text("path")?;
    match text("op")? {
        "add" => Place::find(document, path)?.add(value()),
        "remove" => Place::find(document, path)?.remove(),
        "replace" if path.is_empty() => match value() {
            whole @ (Value::Object(_) | Value::Array(_)) => {
                *document = whole;
                Ok(())
            }
            _ => Err(DoesNotApply),
        },
        "replace" => Place::find(document, path)?.replace(value()),
        "move" => {
            let from = text("from")?;
            let moved = Place::find(document, from)?.get()?;
            Place::find(document, from)?.remove()?;
            Place::find(document, path)?.add(moved)
        }
        "copy" => {
            let copied = Place::find(document, text("from")?)?.get()?;
            Place::find(document, path)?.add(copied)
        }
        "test" => {
            let found = match path {
                "" => document.clone(),
                path => Place::find(document, path)?.get()?,
            };
            if found == value() {
                Ok(())
            } else {
                Err(DoesNotApply)
            }
        }
        _ => Err(DoesNotApply),
    }
}

/// Where a pointer leads: a map or list that exists, and a key that may not.
enum Place<'d> {
    Field(&'d mut Map<String, Value>, String),
    Item(&'d mut Vec<Value>, String),
}

impl<'d> Place<'d> {
    fn find(document: &'d mut Value, pointer: &str) -> Result<Self, DoesNotApply> {
        // What is before the first slash does not count.
        let mut steps = pointer.split('/').skip(1).map(decoded);
        let mut key = steps.next().ok_or(DoesNotApply)?;
        let mut at = document;
        for next in steps {
            at = match at {
                Value::Object(fields) => fields.get_mut(&key),
                Value::Array(items) => match index(&key, items.len()) {
                    Some(index) => items.get_mut(index),
                    None => None,
                },
                _ => None,
            }
            .ok_or(DoesNotApply)?;
            key = next;
        }
        match at {
            Value::Object(fields) => Ok(Self::Field(fields, key)),
            Value::Array(items) => Ok(Self::Item(items, key)),
            _ => Err(DoesNotApply),
        }
    }

    /// The value; null if a map has none.
    fn get(&self) -> Result<Value, DoesNotApply> {
        match self {
            Self::Field(fields, key) => Ok(fields.get(key).cloned().unwrap_or_default()),
            Self::Item(items, key) => {
                let index = index(key, items.len()).ok_or(DoesNotApply)?;
                items.get(index).cloned().ok_or(DoesNotApply)
            }
        }
    }

    fn add(self, value: Value) -> Result<(), DoesNotApply> {
        match self {
            Self::Field(fields, key) => drop(fields.insert(key, value)),
            Self::Item(items, key) if key == "-" => items.push(value),
            Self::Item(items, key) => {
                let index = index(&key, items.len() + 1).ok_or(DoesNotApply)?;
                items.insert(index, value);
            }
        }
        Ok(())
    }

    fn replace(self, value: Value) -> Result<(), DoesNotApply> {
        match self {
            Self::Field(fields, key) => drop(fields.insert(key, value)),
            Self::Item(items, key) => {
                let index = index(&key, items.len()).ok_or(DoesNotApply)?;
                items[index] = value;
            }
        }
        Ok(())
    }

    fn remove(self) -> Result<(), DoesNotApply> {
        match self {
            Self::Field(fields, key) => fields.shift_remove(&key).map(drop).ok_or(DoesNotApply),
            Self::Item(items, key) => {
                let index = index(&key, items.len()).ok_or(DoesNotApply)?;
                items.remove(index);
                Ok(())
            }
        }
    }
}

/// The index into a list of this length, in Go's spelling of numbers: `1`, `01`, `+1`, and `-1` for the last one.
fn index(key: &str, length: usize) -> Option<usize> {
    let number: isize = key.parse().ok()?;
    let index = if number < 0 {
        length.checked_sub(number.unsigned_abs())?
    } else {
        number.unsigned_abs()
    };
    (index < length).then_some(index)
}

fn decoded(step: &str) -> String {
    // One pass: `~01` is `~1`.
    let mut plain = String::with_capacity(step.len());
    let mut rest = step;
    while let Some(at) = rest.find('~') {
        plain.push_str(&rest[..at]);
        let (letter, length) = match &rest.as_bytes()[at..] {
            [_, b'0', ..] => ('~', 2),
            [_, b'1', ..] => ('/', 2),
            _ => ('~', 1),
        };
        plain.push(letter);
        rest = &rest[at + length..];
    }
    plain + rest
}
