//! Generates values that fit a schema, or almost do.

use serde_json::{Map, Number, Value, json};

use super::rng::Rng;

/// The maximum depth of a generated value.
const DEPTH: usize = 8;

/// Strings that some format or rule knows.
const TEXTS: [&str; 48] = [
    "",
    " ",
    "a",
    "A",
    "abc",
    "a-b",
    "a_b",
    "a.b",
    "-a",
    "a-",
    "1",
    "0",
    "-1",
    "1.5",
    "1e3",
    "true",
    "null",
    "~",
    "yes",
    "10Gi",
    "500m",
    "1.5Gi",
    "1Ki",
    "0.5",
    "1h",
    "1h30m",
    "90s",
    "1d",
    "3 weeks",
    "1ns",
    "PT1H",
    "2026-01-31",
    "2026-01-31T10:00:00Z",
    "2026-02-30T10:00:00Z",
    "10.0.0.1",
    "10.0.0.0/8",
    "010.0.0.1",
    "::1",
    "fe80::1%eth0",
    "2001:db8::/32",
    "https://example.com/a?b=c#d",
    "example.com",
    "ann@example.com",
    "*.example.com",
    "aGVsbG8=",
    "50%",
    "a/b",
    "${x}",
];

/// Strings that break careless parsers.
const ODD: [&str; 16] = [
    "é",
    "e\u{301}",
    "ß",
    "İ",
    "日本語",
    "🦀",
    "👩‍👩‍👧",
    "\u{200b}",
    "\u{feff}a",
    "\u{202e}abc",
    "a\u{0}b",
    "a\nb",
    "\t",
    "\"'<>&",
    "\u{7f}",
    "\u{fffd}",
];

/// A value that fits a schema, or almost does.
pub(super) fn generate(schema: &Value, rng: &mut Rng, depth: usize) -> Value {
    if let Some(values) = schema["enum"].as_array().filter(|values| !values.is_empty()) {
        return rng.pick(values).clone();
    }
    if !schema["default"].is_null() && rng.percent(40) {
        return schema["default"].clone();
    }
    let int_or_string = schema["x-kubernetes-int-or-string"] == true;
    match schema["type"].as_str() {
        Some("object") => object(schema, rng, depth),
        Some("array") => array(schema, rng, depth),
        Some("boolean") => json!(rng.percent(50)),
        Some("number") if rng.percent(40) => json!(0.5),
        Some("integer" | "number") => number(schema, rng),
        _ if int_or_string && rng.percent(50) => number(schema, rng),
        Some("string") => string(schema, rng),
        _ if int_or_string => json!("25%"),
        _ => any(rng),
    }
}

fn object(schema: &Value, rng: &mut Rng, depth: usize) -> Value {
    let mut map = Map::new();
    let required: Vec<&str> = schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    for (name, below) in schema["properties"].as_object().into_iter().flatten() {
        let wanted = required.contains(&name.as_str());
        let often = if depth == 0 && name == "spec" {
            100
        } else {
            40 / (depth + 1)
        };
        if wanted || (depth < DEPTH && rng.percent(often)) {
            map.insert(name.clone(), generate(below, rng, depth + 1));
        }
    }
    let values = &schema["additionalProperties"];
    if values.is_object() && depth < DEPTH {
        for _ in 0..rng.below(3) {
            let key = *rng.pick(&["a", "b", "example.com/key", "A_b"]);
            map.insert(key.to_owned(), generate(values, rng, depth + 1));
        }
    }
    Value::Object(map)
}

fn array(schema: &Value, rng: &mut Rng, depth: usize) -> Value {
    let least = schema["minItems"].as_u64().unwrap_or_default().min(5);
    let least = usize::try_from(least).unwrap_or_default();
    let more = if depth < DEPTH { rng.below(3) } else { 0 };
    let items = (0..least.max(more)).map(|_| generate(&schema["items"], rng, depth + 1));
    Value::Array(items.collect())
}

fn number(schema: &Value, rng: &mut Rng) -> Value {
    let bound = |name: &str| schema[name].as_f64();
    #[expect(
        clippy::cast_possible_truncation,
        reason = "any number near the bound will do"
    )]
    match (bound("minimum"), bound("maximum")) {
        (Some(least), _) if rng.percent(50) => json!(least as i64),
        (_, Some(most)) if rng.percent(50) => json!(most as i64),
        _ => json!(*rng.pick(&[0, 1, 2, 3, 5, 10, 80, 443, 8080, 65535])),
    }
}

fn string(schema: &Value, rng: &mut Rng) -> Value {
    let fitting: &[&str] = match schema["format"].as_str().unwrap_or_default() {
        "date-time" => &[
            "2026-01-31T10:00:00Z",
            "2026-01-31T10:00:00.123456789+02:00",
            "2026-01-31t10:00:00z",
        ],
        "date" => &["2026-01-31"],
        "duration" => &["1h", "90s", "1h30m", "1ms", "1d"],
        "uri" => &["https://example.com/a", "/a", "urn:x:y"],
        "email" => &["ann@example.com"],
        "ipv4" => &["10.0.0.1"],
        "ipv6" => &["::1", "2001:db8::1"],
        "byte" => &["aGVsbG8=", "AA=="],
        "uuid" => &["123e4567-e89b-42d3-a456-426614174000"],
        _ => &[],
    };
    if !fitting.is_empty() && rng.percent(70) {
        return json!(*rng.pick(fitting));
    }
    json!(*rng.pick(&TEXTS))
}

/// Any value.
pub(super) fn any(rng: &mut Rng) -> Value {
    match rng.below(11) {
        0 => Value::Null,
        1 => json!(rng.percent(50)),
        2 => json!(1),
        3 => json!(-1),
        4 => json!(1.5),
        5 => json!(""),
        6 => json!([]),
        7 => json!({}),
        8 => json!([null]),
        9 => json!({ "a": 1 }),
        _ => text(rng),
    }
}

/// Any string.
pub(super) fn text(rng: &mut Rng) -> Value {
    json!(*rng.pick(&TEXTS))
}

/// An unusual string.
pub(super) fn odd_text(rng: &mut Rng) -> String {
    let odd = *rng.pick(&ODD);
    match rng.below(4) {
        0 => odd.repeat(64),
        1 => format!("a{odd}"),
        _ => odd.to_owned(),
    }
}

/// Numbers at the limits of machine types.
pub(super) fn edge_number(rng: &mut Rng) -> Value {
    const FLOATS: [f64; 12] = [
        1.0,
        -0.0,
        0.1,
        1.5,
        1e-7,
        1e21,
        1e300,
        9_007_199_254_740_993.0,
        9.3e18,
        -9.3e18,
        3.4e39,
        2.0e9,
    ];
    const WHOLES: [i64; 14] = [
        0,
        -1,
        255,
        256,
        65_535,
        65_536,
        2_147_483_647,
        2_147_483_648,
        -2_147_483_649,
        4_294_967_296,
        9_007_199_254_740_993,
        i64::MAX,
        i64::MIN,
        1_000_000_007,
    ];
    match rng.below(5) {
        0 => json!(u64::MAX),
        1 | 2 => Number::from_f64(*rng.pick(&FLOATS)).map_or(Value::Null, Value::Number),
        _ => json!(*rng.pick(&WHOLES)),
    }
}
