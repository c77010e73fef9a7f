//! Paths into an object, as in documents and adapters: `status.binding.name`, `status.listeners[].bootstrapServers`,
//! `status.addresses[0].value`.

use serde_json::Value;

/// Returns all values at `path`. `name[]` visits each item of a list, `name[2]` one item,
/// `metadata.annotations["example.org/host"]` a key with dots. A path that does not exist gives an empty list.
#[must_use]
pub fn all<'v>(object: &'v Value, path: &str) -> Vec<&'v Value> {
    let Some(steps) = steps(path) else {
        return Vec::new();
    };
    let mut here = vec![object];
    for step in steps {
        here = match step {
            Step::Key(key) => here.into_iter().filter_map(|value| value.get(key)).collect(),
            Step::Index(index) => here.into_iter().filter_map(|value| value.get(index)).collect(),
            Step::Each => here.into_iter().filter_map(Value::as_array).flatten().collect(),
        };
    }
    here
}

/// Returns the first value at `path` as text: a non-empty string, a number or a boolean.
#[must_use]
pub fn text(object: &Value, path: &str) -> Option<String> {
    all(object, path).into_iter().find_map(scalar)
}

/// Returns a non-empty string, a number or a boolean as text.
#[must_use]
pub fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

enum Step<'p> {
    Key(&'p str),
    Index(usize),
    Each,
}

fn steps(path: &str) -> Option<Vec<Step<'_>>> {
    let mut steps = Vec::new();
    let mut rest = path.strip_prefix("$.").unwrap_or(path);
    while !rest.is_empty() {
        if let Some(inside) = rest.strip_prefix('[') {
            let (step, after) = bracket(inside)?;
            steps.push(step);
            rest = after;
        } else {
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            steps.push(Step::Key(rest.get(..end).filter(|key| !key.is_empty())?));
            rest = rest.get(end..)?;
        }
        rest = rest.strip_prefix('.').unwrap_or(rest);
    }
    Some(steps)
}

fn bracket(inside: &str) -> Option<(Step<'_>, &str)> {
    if let Some(quoted) = inside.strip_prefix('"') {
        let (key, after) = quoted.split_once("\"]")?;
        return Some((Step::Key(key), after));
    }
    let (index, after) = inside.split_once(']')?;
    let step = if index.is_empty() {
        Step::Each
    } else {
        Step::Index(index.parse().ok()?)
    };
    Some((step, after))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn follows_objects_lists_and_quoted_keys() {
        let object = json!({
            "metadata": { "annotations": { "example.org/host": "db.example.org" } },
            "status": { "listeners": [{ "port": 9092 }, { "port": 9093 }], "binding": { "name": "" } }
        });
        assert_eq!(
            text(&object, r#"metadata.annotations["example.org/host"]"#).as_deref(),
            Some("db.example.org")
        );
        assert_eq!(text(&object, "status.listeners[1].port").as_deref(), Some("9093"));
        assert_eq!(all(&object, "status.listeners[].port").len(), 2);
        assert_eq!(text(&object, "status.binding.name"), None);
    }

    #[test]
    fn an_invalid_or_missing_path_gives_nothing() {
        let object = json!({ "a": [1] });
        for path in ["", "a.b.c", "a[7]", "a[x]", "a[", "..", "a[\"b", "[]"] {
            assert_eq!(text(&object, path), None, "{path}");
        }
    }
}
