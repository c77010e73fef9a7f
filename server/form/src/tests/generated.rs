//! Generated objects with generated schemas: the unchanged form posts the object that it shows.

use kube_schema::{Schema, yaml};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::{FormHints, FormInput, build, decode, encode};

/// Random choices from a seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    fn percent(&mut self, share: u64) -> bool {
        self.below(100) < share
    }

    fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[usize::try_from(self.below(from.len() as u64)).unwrap()].clone()
    }
}

const NAMES: [&str; 6] = ["a", "b", "c", "secretRef", "size", "x/y~z"];

fn schema(chance: &mut Chance, depth: u64) -> Value {
    let mut node = match chance.below(if depth == 0 { 8 } else { 14 }) {
        0 => json!({"type": "string"}),
        1 => json!({"type": "string", "enum": chance.pick(&[
            json!(["", "a"]), json!(["1", "null", "x"]), json!(["\"q\"", "b", "c", "d", "e", "f"]),
        ])}),
        2 => json!({"type": "integer"}),
        3 => json!({"type": "number"}),
        4 => json!({"type": "boolean"}),
        5 => json!({"x-kubernetes-int-or-string": true}),
        6 => json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true}),
        7 => json!({"type": "string", "minLength": 1}),
        8 | 9 => json!({"type": "array", "items": schema(chance, depth - 1)}),
        10 => json!({"type": "object", "additionalProperties": schema(chance, depth - 1)}),
        11 => json!({"type": "array", "minItems": 1, "items": schema(chance, depth - 1)}),
        _ => object_schema(chance, depth),
    };
    if chance.percent(25) {
        node["nullable"] = json!(true);
    }
    if chance.percent(25) {
        let default = value(chance, &node.clone(), 2);
        if !default.is_null() {
            node["default"] = default;
        }
    }
    if chance.percent(10) {
        node["description"] = json!("Empty means none.");
    }
    node
}

fn object_schema(chance: &mut Chance, depth: u64) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for name in NAMES {
        if chance.percent(50) {
            properties.insert(name.to_owned(), schema(chance, depth.saturating_sub(1)));
            if chance.percent(30) {
                required.push(name);
            }
        }
    }
    let mut node = json!({"type": "object", "properties": properties, "required": required});
    if chance.percent(30) {
        for name in ["one", "two"] {
            node["properties"][name] = schema(chance, depth.saturating_sub(1));
        }
        node["oneOf"] = json!([{"required": ["one"]}, {"required": ["two"]}]);
    }
    if chance.percent(15) {
        node["x-kubernetes-preserve-unknown-fields"] = json!(true);
    }
    node
}

/// A value for a schema, mostly a valid one.
fn value(chance: &mut Chance, schema: &Value, depth: u64) -> Value {
    if chance.percent(if schema["nullable"] == true { 20 } else { 2 }) {
        return Value::Null;
    }
    if chance.percent(2) {
        return chance.pick(&[
            json!("text"),
            json!(5),
            json!(true),
            json!([]),
            json!({}),
            json!(""),
            json!(1.5),
        ]);
    }
    if let Some(allowed) = schema["enum"].as_array() {
        return chance.pick(allowed);
    }
    if schema["x-kubernetes-int-or-string"] == true {
        return chance.pick(&[
            json!(80),
            json!("80"),
            json!("http"),
            json!(""),
            json!("\"x\""),
            json!(-1),
        ]);
    }
    match schema["type"].as_str() {
        Some("string") => chance.pick(&[
            json!(""),
            json!("x"),
            json!(" a "),
            json!("two\nlines\n"),
            json!("\nfirst"),
            json!("null"),
            json!("1"),
            json!("a\r\nb"),
            json!("\u{7}"),
            json!("é\u{2028}"),
            json!("\"q\""),
        ]),
        Some("integer") => chance.pick(&[json!(0), json!(-5), json!(i64::MAX)]),
        Some("number") => chance.pick(&[json!(0), json!(1.5), json!(1e30), json!(7)]),
        Some("boolean") => json!(chance.percent(50)),
        Some("array") => {
            let most = if depth == 0 { 1 } else { 3 };
            let items = (0..chance.below(most)).map(|_| value(chance, &schema["items"], depth - 1));
            items.collect()
        }
        _ => object(chance, schema, depth),
    }
}

fn object(chance: &mut Chance, schema: &Value, depth: u64) -> Value {
    let mut map = Map::new();
    if schema["additionalProperties"].is_object() {
        for key in ["k", "", "a/b", "l\nm"] {
            if depth > 0 && chance.percent(25) {
                let value = value(chance, &schema["additionalProperties"], depth - 1);
                map.insert(key.to_owned(), value);
            }
        }
        return Value::Object(map);
    }
    let required: Vec<&str> = schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let branch = chance.pick(&["one", "two"]);
    for (name, child) in schema["properties"].as_object().into_iter().flatten() {
        let share = match name.as_str() {
            "one" | "two" => {
                if name == branch {
                    95
                } else {
                    3
                }
            }
            name if required.contains(&name) => 95,
            _ => 50,
        };
        if chance.percent(share) {
            map.insert(name.clone(), value(chance, child, depth.saturating_sub(1)));
        }
    }
    if schema["x-kubernetes-preserve-unknown-fields"] == true && chance.percent(40) {
        map.insert("free".to_owned(), json!({"any": [1, null, {}]}));
    }
    Value::Object(map)
}

/// The object that the form of `object` posts.
fn posted(schema: &Schema, object: &Value) -> Value {
    let hints = FormHints::default();
    let form = build(schema, FormInput::new(&hints, object));
    let decoded = decode(schema, object, &encode(&form));
    assert_eq!(decoded.problems, [], "{object}");
    decoded.object
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn a_form_posts_what_it_shows(seed in any::<u64>()) {
        let mut chance = Chance(seed);
        let spec = object_schema(&mut chance, 3);
        let document = json!({"type": "object", "properties": {"spec": spec}});
        let schema = Schema::parse(&document).unwrap();
        let object = json!({"spec": object(&mut chance, &document["properties"]["spec"], 4)});
        // As the YAML tab shows it.
        let object = yaml::parse(&yaml::print(&object)).unwrap();
        let came = posted(&schema, &object);
        if schema.validate(&object, None).is_empty() {
            prop_assert_eq!(&came, &object, "{}", document);
        }
        // Invalid values may be completed, one level per round; then the form posts what it shows.
        let mut came = came;
        for _ in 0..5 {
            came = posted(&schema, &came);
        }
        prop_assert_eq!(&posted(&schema, &came), &came, "{} {}", document, object);
    }
}
