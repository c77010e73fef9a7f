//! JSON Patch, RFC 6902.

use serde_json::Value;

/// Why a patch cannot be applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum JsonPatchError {
    /// The patch is malformed.
    #[error("error decoding patch: {0}")]
    Malformed(String),
    /// The patch does not fit the object.
    #[error("the server rejected our request due to an error in our request: {0}")]
    Unfit(String),
}

impl JsonPatchError {
    /// The HTTP status: 400, or 422 when a path does not exist, as in Kubernetes.
    #[must_use]
    pub(crate) fn code(&self) -> u16 {
        match self {
            Self::Malformed(_) => 400,
            Self::Unfit(_) => 422,
        }
    }

    /// The reason in the `Status`.
    #[must_use]
    pub(crate) fn reason(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "BadRequest",
            Self::Unfit(_) => "Invalid",
        }
    }
}

/// The limit of operations in Kubernetes.
const MAX_OPERATIONS: usize = 10_000;

/// Applies all operations. On an error `target` is partly changed: pass a copy.
pub(crate) fn apply(target: &mut Value, operations: &Value) -> Result<(), JsonPatchError> {
    let malformed = |why: &str| JsonPatchError::Malformed(why.into());
    let operations = operations
        .as_array()
        .ok_or_else(|| malformed("a JSON patch is a list of operations"))?;
    if operations.len() > MAX_OPERATIONS {
        return Err(malformed("too many operations"));
    }
    for operation in operations {
        let path = pointer(operation, "path")?;
        let value = || {
            operation
                .get("value")
                .cloned()
                .ok_or_else(|| malformed("an operation lacks its value"))
        };
        match operation["op"].as_str() {
            Some("add") => add(target, &path, value()?)?,
            Some("remove") => drop(remove(target, &path)?),
            Some("replace") => {
                let value = value()?;
                *find(target, &path)? = value;
            }
            Some("test") => {
                if *find(target, &path)? != value()? {
                    return Err(JsonPatchError::Unfit(format!(
                        "testing path /{} failed",
                        path.join("/")
                    )));
                }
            }
            Some("move") => {
                let value = remove(target, &pointer(operation, "from")?)?;
                add(target, &path, value)?;
            }
            Some("copy") => {
                let value = find(target, &pointer(operation, "from")?)?.clone();
                add(target, &path, value)?;
            }
            other => {
                return Err(JsonPatchError::Malformed(format!(
                    "unexpected operation {other:?}"
                )));
            }
        }
    }
    Ok(())
}

fn pointer(operation: &Value, field: &str) -> Result<Vec<String>, JsonPatchError> {
    let text = operation[field]
        .as_str()
        .ok_or_else(|| JsonPatchError::Malformed(format!("an operation lacks its {field}")))?;
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let rest = text
        .strip_prefix('/')
        .ok_or_else(|| JsonPatchError::Malformed(format!("{field} {text:?} must begin with /")))?;
    Ok(rest
        .split('/')
        .map(|part| part.replace("~1", "/").replace("~0", "~"))
        .collect())
}

fn find<'a>(target: &'a mut Value, path: &[String]) -> Result<&'a mut Value, JsonPatchError> {
    let missing = || JsonPatchError::Unfit(format!("path /{} does not exist", path.join("/")));
    let mut current = target;
    for part in path {
        current = match current {
            Value::Object(fields) => fields.get_mut(part).ok_or_else(missing)?,
            Value::Array(items) => part
                .parse::<usize>()
                .ok()
                .and_then(|i| items.get_mut(i))
                .ok_or_else(missing)?,
            _ => return Err(missing()),
        };
    }
    Ok(current)
}

fn add(target: &mut Value, path: &[String], value: Value) -> Result<(), JsonPatchError> {
    let Some((last, parent)) = path.split_last() else {
        *target = value;
        return Ok(());
    };
    match find(target, parent)? {
        Value::Object(fields) => {
            fields.insert(last.clone(), value);
            Ok(())
        }
        Value::Array(items) => {
            let index = if last == "-" {
                Some(items.len())
            } else {
                last.parse().ok()
            };
            let index = index.filter(|i| *i <= items.len());
            let index =
                index.ok_or_else(|| JsonPatchError::Unfit(format!("index {last} is out of bounds")))?;
            items.insert(index, value);
            Ok(())
        }
        _ => Err(JsonPatchError::Unfit(format!(
            "path /{} does not exist",
            parent.join("/")
        ))),
    }
}

fn remove(target: &mut Value, path: &[String]) -> Result<Value, JsonPatchError> {
    let missing = || JsonPatchError::Unfit(format!("path /{} does not exist", path.join("/")));
    let (last, parent) = path.split_last().ok_or_else(missing)?;
    match find(target, parent)? {
        Value::Object(fields) => fields.shift_remove(last).ok_or_else(missing),
        Value::Array(items) => {
            let index = last
                .parse()
                .ok()
                .filter(|i| *i < items.len())
                .ok_or_else(missing)?;
            Ok(items.remove(index))
        }
        _ => Err(missing()),
    }
}
