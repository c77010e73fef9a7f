//! Mutates an object slightly, so that it may become invalid.

use serde_json::{Value, json};

use super::literals::Literals;
use super::places::{Place, parent, places, step};
use super::rng::Rng;
use super::values::{any, edge_number, generate, odd_text, text};

/// Mutates an object in one to three places. Returns a description.
pub(super) fn mutate(object: &mut Value, schema: &Value, literals: &Literals, rng: &mut Rng) -> String {
    let times = *rng.pick(&[1, 1, 1, 1, 2, 3]);
    let mut done = Vec::new();
    for _ in 0..times {
        if rng.percent(6) {
            done.push(metadata(object, rng));
            continue;
        }
        let places = places(schema, object);
        if places.is_empty() {
            done.push(metadata(object, rng));
            continue;
        }
        // Existing values are changed more often than missing ones are added.
        let wanted = rng.percent(70);
        let some: Vec<&Place<'_>> = places.iter().filter(|place| place.present == wanted).collect();
        let place = if some.is_empty() {
            rng.pick(&places)
        } else {
            *rng.pick(&some)
        };
        done.push(at(object, &place.clone(), literals, rng));
    }
    done.join("; ")
}

/// Mutates the status of an object, or adds one.
pub(super) fn mutate_status(
    object: &mut Value,
    schema: &Value,
    literals: &Literals,
    rng: &mut Rng,
) -> String {
    let schema = &schema["properties"]["status"];
    if rng.percent(5) {
        if let Some(map) = object.as_object_mut() {
            map.shift_remove("status");
        }
        return "removed".to_owned();
    }
    if !object["status"].is_object() || rng.percent(30) {
        object["status"] = generate(schema, rng, 0);
        if !object["status"].is_object() || rng.percent(50) {
            return format!("made up: {}", short(&object["status"]));
        }
    }
    mutate(&mut object["status"], schema, literals, rng)
}

fn at(object: &mut Value, place: &Place<'_>, literals: &Literals, rng: &mut Rng) -> String {
    let pointer = &*place.pointer;
    if !place.present {
        let value = match rng.below(8) {
            0 => any(rng),
            1 => Value::Null,
            2 if !literals.0.is_empty() => rng.pick(&literals.0).clone(),
            _ => generate(place.schema, rng, 1),
        };
        let said = format!("added {pointer} = {}", short(&value));
        put(object, pointer, value);
        return said;
    }
    match rng.below(12) {
        0 | 1 => {
            remove(object, pointer);
            return format!("removed {pointer}");
        }
        2 => rename(object, pointer, rng),
        3 => unknown(object, pointer, rng),
        _ => None,
    }
    .unwrap_or_else(|| {
        let now = object.pointer(pointer).cloned().unwrap_or_default();
        let value = changed(&now, place.schema, literals, rng);
        let said = format!("{pointer} = {}", short(&value));
        put(object, pointer, value);
        said
    })
}

/// A new value for a place.
fn changed(now: &Value, schema: &Value, literals: &Literals, rng: &mut Rng) -> Value {
    match rng.below(15) {
        14 => emptied(now),
        0 | 1 => any(rng),
        2 => Value::Null,
        3 => generate(schema, rng, 1),
        4 if !literals.0.is_empty() => rng.pick(&literals.0).clone(),
        5 => edge_number(rng),
        6 => text(rng),
        7 => json!(odd_text(rng)),
        _ => match now {
            Value::String(text) => string(text, schema, rng),
            // An integer with a decimal point, which JSON allows.
            Value::Number(number) if rng.percent(25) => match number.as_i64() {
                Some(int) if int.unsigned_abs() < 1 << 53 => {
                    #[expect(clippy::cast_precision_loss, reason = "smaller than 2^53")]
                    let float = int as f64;
                    json!(float)
                }
                _ => json!(0.0),
            },
            Value::Number(_) => number(schema, rng),
            Value::Array(items) => array(items, schema, rng),
            Value::Bool(flag) => json!(!flag),
            Value::Object(_) | Value::Null => generate(schema, rng, 1),
        },
    }
}

/// The empty value of the same type.
fn emptied(now: &Value) -> Value {
    match now {
        Value::Array(_) => json!([]),
        Value::Object(_) => json!({}),
        Value::Number(_) => json!(0),
        Value::String(_) | Value::Null | Value::Bool(_) => json!(""),
    }
}

/// Inserts characters that Go's JSON escapes into a string.
fn marked(value: Value, rng: &mut Rng) -> Value {
    match value {
        Value::String(text) => json!(format!(
            "{text}{}",
            rng.pick(&["<", ">", "&", "\u{2028}", "\u{2029}"])
        )),
        Value::Array(items) => items.into_iter().map(|item| marked(item, rng)).collect(),
        Value::Object(map) => map
            .into_iter()
            .map(|(name, value)| (name, marked(value, rng)))
            .collect(),
        other => other,
    }
}

/// A string close to another: one letter changed, at a length bound, or from an enumeration.
fn string(now: &str, schema: &Value, rng: &mut Rng) -> Value {
    /// Longer strings add nothing.
    const MAX_LENGTH: u64 = 70_000;
    let length = |name: &str| schema[name].as_u64().filter(|length| *length <= MAX_LENGTH);
    let bounds: Vec<u64> = ["minLength", "maxLength"]
        .into_iter()
        .filter_map(length)
        .collect();
    if !bounds.is_empty() && rng.percent(40) {
        let length = rng
            .pick(&bounds)
            .saturating_add(rng.number() % 3)
            .saturating_sub(1);
        let letter = *rng.pick(&["a", "a", "é", "🦀"]);
        return json!(letter.repeat(usize::try_from(length).unwrap_or_default()));
    }
    if let Some(values) = schema["enum"]
        .as_array()
        .filter(|values| !values.is_empty() && rng.percent(50))
    {
        return rng.pick(values).clone();
    }
    let letters: Vec<char> = now.chars().collect();
    let spot = rng.below(letters.len() + 1);
    let (before, after) = letters.split_at(spot);
    let (before, after): (String, String) = (before.iter().collect(), after.iter().collect());
    let rest: String = after.chars().skip(1).collect();
    json!(match rng.below(7) {
        0 => format!("{before}{rest}"),
        1 => format!(
            "{before}{}{after}",
            rng.pick(&["-", ".", "/", "a", "A", "0", " ", "_", ":", "é", "%"])
        ),
        2 => format!(
            "{before}{}{rest}",
            rng.pick(&["-", ".", "/", "a", "Z", "9", " ", "$"])
        ),
        3 => now.to_uppercase(),
        4 => format!("{now} "),
        5 => String::new(),
        _ => format!("{now}{now}"),
    })
}

fn number(schema: &Value, rng: &mut Rng) -> Value {
    let names = ["minimum", "maximum", "multipleOf"];
    let bounds: Vec<f64> = names.iter().filter_map(|name| schema[*name].as_f64()).collect();
    if bounds.is_empty() {
        return edge_number(rng);
    }
    let bound = *rng.pick(&bounds) + *rng.pick(&[-1.0, -0.5, 0.0, 0.5, 1.0]);
    #[expect(clippy::cast_possible_truncation, reason = "a number near the bound")]
    if bound.fract() == 0.0 {
        json!(bound as i64)
    } else {
        json!(bound)
    }
}

fn array(items: &[Value], schema: &Value, rng: &mut Rng) -> Value {
    /// More items add nothing.
    const MAX_ITEMS: usize = 300;
    let mut items = items.to_vec();
    let bound = |name: &str| {
        schema[name]
            .as_u64()
            .and_then(|bound| usize::try_from(bound).ok())
    };
    match (rng.below(6), items.is_empty()) {
        (5, _) => {
            let mut item = marked(generate(&schema["items"], rng, 1), rng);
            for name in schema["x-kubernetes-list-map-keys"]
                .as_array()
                .into_iter()
                .flatten()
            {
                if let Some(name) = name.as_str().filter(|_| item.is_object()) {
                    let key = generate(&schema["items"]["properties"][name], rng, 1);
                    item[name] = marked(key, rng);
                }
            }
            items.extend([item.clone(), item]);
        }
        (0, false) => {
            let again = rng.pick(&items).clone();
            items.insert(rng.below(items.len() + 1), again);
        }
        (1, false) => {
            items.remove(rng.below(items.len()));
        }
        (2, false) => items.reverse(),
        (3, false) => {
            let most = bound("maxItems").unwrap_or(items.len() + 1).min(MAX_ITEMS);
            while items.len() <= most {
                let more = rng.pick(&items).clone();
                items.push(more);
            }
        }
        _ => items.push(generate(&schema["items"], rng, 1)),
    }
    Value::Array(items)
}

/// Renames the field at a place.
fn rename(object: &mut Value, pointer: &str, rng: &mut Rng) -> Option<String> {
    let (whole, name) = parent(pointer);
    let map = object.pointer_mut(whole)?.as_object_mut()?;
    let value = map.shift_remove(&name)?;
    let new = match rng.below(5) {
        0 => format!("{name}x"),
        1 => name.to_uppercase(),
        2 => odd_text(rng),
        3 => String::new(),
        _ => format!("{name}.example.com/x"),
    };
    let said = format!("{pointer} renamed to {new:?}");
    map.insert(new, value);
    Some(said)
}

/// Adds an undeclared field.
fn unknown(object: &mut Value, pointer: &str, rng: &mut Rng) -> Option<String> {
    let map = object.pointer_mut(pointer)?.as_object_mut()?;
    let name = *rng.pick(&["undeclared", "apiVersion", "metadata", "a-b", "__proto__", "x.y"]);
    let value = any(rng);
    let said = format!("added undeclared {} = {}", step(pointer, name), short(&value));
    map.insert(name.to_owned(), value);
    Some(said)
}

fn metadata(object: &mut Value, rng: &mut Rng) -> String {
    let (field, value) = match rng.below(16) {
        0 => (
            "name",
            json!(*rng.pick(&["Big", "a_b", "a..b", "-a", "a.b-c", "", "x y", "ä"])),
        ),
        1 => ("name", json!("a".repeat(*rng.pick(&[63, 64, 253, 254])))),
        2 => ("labels", json!({ "a": *rng.pick(&["", "-", "a b", "ok", "ü"]) })),
        3 => (
            "labels",
            json!({ *rng.pick(&["a/b", "a/b/c", "/a", "A.B/c", "a b", "é", "-"]): "x" }),
        ),
        4 => ("labels", json!({ "a": any(rng) })),
        5 => (
            "annotations",
            json!({ *rng.pick(&["a/b", "A/b", "a/b/c", "a b", "-"]): "anything goes" }),
        ),
        6 => ("annotations", json!({ "a": any(rng) })),
        7 => (
            "annotations",
            json!({ "a": "x".repeat(*rng.pick(&[262_143, 262_144])) }),
        ),
        8 => (
            "finalizers",
            json!([*rng.pick(&["a/b", "a", "x y", "kubernetes", "foregroundDeletion"])]),
        ),
        9 => ("finalizers", any(rng)),
        10 => ("undeclared", any(rng)),
        11 => ("labels", any(rng)),
        12 => (
            "ownerReferences",
            json!([{
                "apiVersion": *rng.pick(&["v1", "", "a/b/c"]), "kind": *rng.pick(&["ConfigMap", ""]),
                "name": *rng.pick(&["x", ""]), "uid": *rng.pick(&["1", ""]),
                "controller": rng.percent(50),
            }]),
        ),
        13 => ("generateName", json!(*rng.pick(&["a-", "A", "", "a."]))),
        // A namespace other than the request's is refused before validation.
        14 => (
            "namespace",
            rng.pick(&[Value::Null, json!(""), json!(1), json!([])]).clone(),
        ),
        _ => {
            let field = *rng.pick(&["name", "annotations", "generation", "deletionGracePeriodSeconds"]);
            (field, any(rng))
        }
    };
    let said = format!("metadata.{field} = {}", short(&value));
    object["metadata"][field] = value;
    said
}

/// Sets a value at a place whose parent exists.
fn put(object: &mut Value, pointer: &str, value: Value) {
    if let Some(there) = object.pointer_mut(pointer) {
        *there = value;
        return;
    }
    let (whole, name) = parent(pointer);
    if let Some(map) = object.pointer_mut(whole).and_then(Value::as_object_mut) {
        map.insert(name, value);
    }
}

fn remove(object: &mut Value, pointer: &str) {
    let (whole, name) = parent(pointer);
    match object.pointer_mut(whole) {
        Some(Value::Object(map)) => {
            map.shift_remove(&name);
        }
        Some(Value::Array(items)) => {
            if let Some(index) = name.parse().ok().filter(|index| *index < items.len()) {
                items.remove(index);
            }
        }
        _ => {}
    }
}

/// A value, shortened for a description.
pub(super) fn short(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(160) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
