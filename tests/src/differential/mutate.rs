//! Changing an object a little, so that it is wrong, or right in another way.

use serde_json::{Value, json};

use super::chance::Chance;
use super::places::{Place, parent, places, step};
use super::values::{any, edge_number, generate, odd_text, text};

/// Changes an object in one to three places; says how.
pub(super) fn mutate(object: &mut Value, schema: &Value, words: &Words, chance: &mut Chance) -> String {
    let times = *chance.pick(&[1, 1, 1, 1, 2, 3]);
    let mut done = Vec::new();
    for _ in 0..times {
        if chance.percent(6) {
            done.push(metadata(object, chance));
            continue;
        }
        let places = places(schema, object);
        if places.is_empty() {
            done.push(metadata(object, chance));
            continue;
        }
        // What is there is changed more often than what is not there is added.
        let wanted = chance.percent(70);
        let some: Vec<&Place<'_>> = places.iter().filter(|place| place.present == wanted).collect();
        let place = if some.is_empty() {
            chance.pick(&places)
        } else {
            *chance.pick(&some)
        };
        done.push(at(object, &place.clone(), words, chance));
    }
    done.join("; ")
}

/// Changes the status of an object, which gets one if it has none.
pub(super) fn mutate_status(
    object: &mut Value,
    schema: &Value,
    words: &Words,
    chance: &mut Chance,
) -> String {
    let schema = &schema["properties"]["status"];
    if chance.percent(5) {
        if let Some(map) = object.as_object_mut() {
            map.shift_remove("status");
        }
        return "removed".to_owned();
    }
    if !object["status"].is_object() || chance.percent(30) {
        object["status"] = generate(schema, chance, 0);
        if !object["status"].is_object() || chance.percent(50) {
            return format!("made up: {}", short(&object["status"]));
        }
    }
    mutate(&mut object["status"], schema, words, chance)
}

/// Literals that the rules of a schema compare with.
#[derive(Debug, Default)]
pub(super) struct Words(Vec<Value>);

impl Words {
    /// All of a schema's.
    pub(super) fn of(schema: &Value) -> Self {
        let mut words = Vec::new();
        collect(schema, &mut words);
        Self(words)
    }
}

fn collect(schema: &Value, words: &mut Vec<Value>) {
    const MOST: usize = 2_000;
    match schema {
        Value::Object(map) => {
            for rule in map
                .get("x-kubernetes-validations")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
            {
                if words.len() < MOST {
                    literals(rule["rule"].as_str().unwrap_or_default(), words);
                }
            }
            map.values().for_each(|below| collect(below, words));
        }
        Value::Array(items) => items.iter().for_each(|below| collect(below, words)),
        _ => {}
    }
}

fn literals(rule: &str, words: &mut Vec<Value>) {
    for quote in ['\'', '"'] {
        let texts = rule.split(quote).skip(1).step_by(2);
        words.extend(texts.map(|text| json!(text)));
    }
    let numbers = rule.split(|c: char| !c.is_ascii_alphanumeric());
    for number in numbers.filter_map(|word| word.parse::<i64>().ok()) {
        words.extend([
            json!(number),
            json!(number.saturating_add(1)),
            json!(number.saturating_sub(1)),
        ]);
    }
}

fn at(object: &mut Value, place: &Place<'_>, words: &Words, chance: &mut Chance) -> String {
    let pointer = &*place.pointer;
    if !place.present {
        let value = match chance.below(8) {
            0 => any(chance),
            1 => Value::Null,
            2 if !words.0.is_empty() => chance.pick(&words.0).clone(),
            _ => generate(place.schema, chance, 1),
        };
        let said = format!("added {pointer} = {}", short(&value));
        put(object, pointer, value);
        return said;
    }
    match chance.below(12) {
        0 | 1 => {
            remove(object, pointer);
            return format!("removed {pointer}");
        }
        2 => rename(object, pointer, chance),
        3 => unknown(object, pointer, chance),
        _ => None,
    }
    .unwrap_or_else(|| {
        let now = object.pointer(pointer).cloned().unwrap_or_default();
        let value = changed(&now, place.schema, words, chance);
        let said = format!("{pointer} = {}", short(&value));
        put(object, pointer, value);
        said
    })
}

/// Another value for a place.
fn changed(now: &Value, schema: &Value, words: &Words, chance: &mut Chance) -> Value {
    match chance.below(15) {
        14 => emptied(now),
        0 | 1 => any(chance),
        2 => Value::Null,
        3 => generate(schema, chance, 1),
        4 if !words.0.is_empty() => chance.pick(&words.0).clone(),
        5 => edge_number(chance),
        6 => text(chance),
        7 => json!(odd_text(chance)),
        _ => match now {
            Value::String(text) => string(text, schema, chance),
            // A whole number with a point, as JSON may have it.
            Value::Number(number) if chance.percent(25) => match number.as_i64() {
                Some(int) if int.unsigned_abs() < 1 << 53 => {
                    #[expect(clippy::cast_precision_loss, reason = "smaller than 2^53")]
                    let float = int as f64;
                    json!(float)
                }
                _ => json!(0.0),
            },
            Value::Number(_) => number(schema, chance),
            Value::Array(items) => array(items, schema, chance),
            Value::Bool(flag) => json!(!flag),
            Value::Object(_) | Value::Null => generate(schema, chance, 1),
        },
    }
}

/// The same with nothing in it.
fn emptied(now: &Value) -> Value {
    match now {
        Value::Array(_) => json!([]),
        Value::Object(_) => json!({}),
        Value::Number(_) => json!(0),
        Value::String(_) | Value::Null | Value::Bool(_) => json!(""),
    }
}

/// A text in it, and all below it, with what JSON of Go escapes.
fn marked(value: Value, chance: &mut Chance) -> Value {
    match value {
        Value::String(text) => json!(format!(
            "{text}{}",
            chance.pick(&["<", ">", "&", "\u{2028}", "\u{2029}"])
        )),
        Value::Array(items) => items.into_iter().map(|item| marked(item, chance)).collect(),
        Value::Object(map) => map
            .into_iter()
            .map(|(name, value)| (name, marked(value, chance)))
            .collect(),
        other => other,
    }
}

/// A neighbour of a text: one letter other, at a bound, or of an enumeration.
fn string(now: &str, schema: &Value, chance: &mut Chance) -> Value {
    /// Longer texts say no more.
    const LONGEST: u64 = 70_000;
    let length = |name: &str| schema[name].as_u64().filter(|length| *length <= LONGEST);
    let bounds: Vec<u64> = ["minLength", "maxLength"]
        .into_iter()
        .filter_map(length)
        .collect();
    if !bounds.is_empty() && chance.percent(40) {
        let length = chance
            .pick(&bounds)
            .saturating_add(chance.number() % 3)
            .saturating_sub(1);
        let letter = *chance.pick(&["a", "a", "é", "🦀"]);
        return json!(letter.repeat(usize::try_from(length).unwrap_or_default()));
    }
    if let Some(values) = schema["enum"]
        .as_array()
        .filter(|values| !values.is_empty() && chance.percent(50))
    {
        return chance.pick(values).clone();
    }
    let letters: Vec<char> = now.chars().collect();
    let spot = chance.below(letters.len() + 1);
    let (before, after) = letters.split_at(spot);
    let (before, after): (String, String) = (before.iter().collect(), after.iter().collect());
    let rest: String = after.chars().skip(1).collect();
    json!(match chance.below(7) {
        0 => format!("{before}{rest}"),
        1 => format!(
            "{before}{}{after}",
            chance.pick(&["-", ".", "/", "a", "A", "0", " ", "_", ":", "é", "%"])
        ),
        2 => format!(
            "{before}{}{rest}",
            chance.pick(&["-", ".", "/", "a", "Z", "9", " ", "$"])
        ),
        3 => now.to_uppercase(),
        4 => format!("{now} "),
        5 => String::new(),
        _ => format!("{now}{now}"),
    })
}

fn number(schema: &Value, chance: &mut Chance) -> Value {
    let names = ["minimum", "maximum", "multipleOf"];
    let bounds: Vec<f64> = names.iter().filter_map(|name| schema[*name].as_f64()).collect();
    if bounds.is_empty() {
        return edge_number(chance);
    }
    let bound = *chance.pick(&bounds) + *chance.pick(&[-1.0, -0.5, 0.0, 0.5, 1.0]);
    #[expect(clippy::cast_possible_truncation, reason = "a number near the bound")]
    if bound.fract() == 0.0 {
        json!(bound as i64)
    } else {
        json!(bound)
    }
}

fn array(items: &[Value], schema: &Value, chance: &mut Chance) -> Value {
    /// More items say no more.
    const MOST: usize = 300;
    let mut items = items.to_vec();
    let bound = |name: &str| {
        schema[name]
            .as_u64()
            .and_then(|bound| usize::try_from(bound).ok())
    };
    match (chance.below(6), items.is_empty()) {
        (5, _) => {
            let mut item = marked(generate(&schema["items"], chance, 1), chance);
            for name in schema["x-kubernetes-list-map-keys"]
                .as_array()
                .into_iter()
                .flatten()
            {
                if let Some(name) = name.as_str().filter(|_| item.is_object()) {
                    let key = generate(&schema["items"]["properties"][name], chance, 1);
                    item[name] = marked(key, chance);
                }
            }
            items.extend([item.clone(), item]);
        }
        (0, false) => {
            let again = chance.pick(&items).clone();
            items.insert(chance.below(items.len() + 1), again);
        }
        (1, false) => {
            items.remove(chance.below(items.len()));
        }
        (2, false) => items.reverse(),
        (3, false) => {
            let most = bound("maxItems").unwrap_or(items.len() + 1).min(MOST);
            while items.len() <= most {
                let more = chance.pick(&items).clone();
                items.push(more);
            }
        }
        _ => items.push(generate(&schema["items"], chance, 1)),
    }
    Value::Array(items)
}

/// Gives what is at a place another name.
fn rename(object: &mut Value, pointer: &str, chance: &mut Chance) -> Option<String> {
    let (whole, name) = parent(pointer);
    let map = object.pointer_mut(whole)?.as_object_mut()?;
    let value = map.shift_remove(&name)?;
    let new = match chance.below(5) {
        0 => format!("{name}x"),
        1 => name.to_uppercase(),
        2 => odd_text(chance),
        3 => String::new(),
        _ => format!("{name}.example.com/x"),
    };
    let said = format!("{pointer} renamed to {new:?}");
    map.insert(new, value);
    Some(said)
}

/// Adds something that is not declared.
fn unknown(object: &mut Value, pointer: &str, chance: &mut Chance) -> Option<String> {
    let map = object.pointer_mut(pointer)?.as_object_mut()?;
    let name = *chance.pick(&["undeclared", "apiVersion", "metadata", "a-b", "__proto__", "x.y"]);
    let value = any(chance);
    let said = format!("added undeclared {} = {}", step(pointer, name), short(&value));
    map.insert(name.to_owned(), value);
    Some(said)
}

fn metadata(object: &mut Value, chance: &mut Chance) -> String {
    let (field, value) = match chance.below(16) {
        0 => (
            "name",
            json!(*chance.pick(&["Big", "a_b", "a..b", "-a", "a.b-c", "", "x y", "ä"])),
        ),
        1 => ("name", json!("a".repeat(*chance.pick(&[63, 64, 253, 254])))),
        2 => (
            "labels",
            json!({ "a": *chance.pick(&["", "-", "a b", "ok", "ü"]) }),
        ),
        3 => (
            "labels",
            json!({ *chance.pick(&["a/b", "a/b/c", "/a", "A.B/c", "a b", "é", "-"]): "x" }),
        ),
        4 => ("labels", json!({ "a": any(chance) })),
        5 => (
            "annotations",
            json!({ *chance.pick(&["a/b", "A/b", "a/b/c", "a b", "-"]): "anything goes" }),
        ),
        6 => ("annotations", json!({ "a": any(chance) })),
        7 => (
            "annotations",
            json!({ "a": "x".repeat(*chance.pick(&[262_143, 262_144])) }),
        ),
        8 => (
            "finalizers",
            json!([*chance.pick(&["a/b", "a", "x y", "kubernetes", "foregroundDeletion"])]),
        ),
        9 => ("finalizers", any(chance)),
        10 => ("undeclared", any(chance)),
        11 => ("labels", any(chance)),
        12 => (
            "ownerReferences",
            json!([{
                "apiVersion": *chance.pick(&["v1", "", "a/b/c"]), "kind": *chance.pick(&["ConfigMap", ""]),
                "name": *chance.pick(&["x", ""]), "uid": *chance.pick(&["1", ""]),
                "controller": chance.percent(50),
            }]),
        ),
        13 => ("generateName", json!(*chance.pick(&["a-", "A", "", "a."]))),
        // Another namespace than the one it is asked in is refused before anybody looks at the object.
        14 => (
            "namespace",
            chance
                .pick(&[Value::Null, json!(""), json!(1), json!([])])
                .clone(),
        ),
        _ => {
            let field = *chance.pick(&["name", "annotations", "generation", "deletionGracePeriodSeconds"]);
            (field, any(chance))
        }
    };
    let said = format!("metadata.{field} = {}", short(&value));
    object["metadata"][field] = value;
    said
}

/// Puts a value to a place whose whole is there.
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

/// A value, as far as anybody wants to read it.
pub(super) fn short(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(160) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
