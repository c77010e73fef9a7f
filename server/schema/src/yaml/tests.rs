use std::fmt::Write as _;

use proptest::prelude::*;
use serde_json::json;

use super::*;

#[test]
fn documents_are_parsed_like_kubernetes() {
    let text = "a: 1\nb: yes\nc: 'yes'\nd: [1.5, null]\ne:\n- x: |\n    two\n    lines\n";
    assert_eq!(
        parse(text).unwrap(),
        json!({"a": 1, "b": true, "c": "yes", "d": [1.5, null], "e": [{"x": "two\nlines\n"}]})
    );
    assert_eq!(parse("# nothing\n").unwrap(), Value::Null);
    assert!(parse("a: 1\n---\nb: 2\n").is_err());
    assert_eq!(
        parse_all("a: 1\n---\n---\nb: 2\n").unwrap(),
        [json!({"a": 1}), json!({"b": 2})]
    );
}

#[test]
fn errors_name_their_line() {
    assert_eq!(
        parse("a: 1\nb: [\n").unwrap_err().line.map(|line| line >= 2),
        Some(true)
    );
    assert!(parse("a: 1\na: 2\n").is_err());
}

#[test]
fn alias_bombs_are_rejected() {
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let before = format!("*a{}", level - 1);
        let items = [before.as_str(); 9].join(", ");
        let _ = writeln!(bomb, "a{level}: &a{level} [{items}]");
    }
    assert!(parse(&bomb).is_err());
    let long = format!("a: &a {}\nb: [{}]\n", "x".repeat(1_000_000), "*a, ".repeat(1_000));
    assert!(parse(&long).is_err());
    assert!(parse(&"[".repeat(100_000)).is_err());
    assert!(parse(&"- ".repeat(100_000)).is_err());
    assert!(parse(&"a".repeat(MAX_BYTES + 1)).is_err());
    assert!(parse_file(&bomb).unwrap()[0].is_err());
    assert!(parse(&format!("{}0{}", "{\"a\":".repeat(110), "}".repeat(110))).is_err());
    assert!(parse_file(&"a: b\n".repeat(MAX_FILE_BYTES / 5 + 1)).is_err());
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e9..1e9).prop_map(Value::from),
        "\\PC{0,20}".prop_map(Value::from),
        "(yes|no|on|y|N|off|~|null|017|1_0|0o7|1e3|1\\.|\\.5|0x1|: |- |#|\\?|[ \n]{0,3}a[ \n]{0,3}|2020-01-01|=|<<|---)"
            .prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map("([a-zA-Z0-9./~ -]{0,8}|y|no|On|1_0|0x1|<<|---|1e3)", inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

#[test]
fn scalars_are_resolved_like_kubernetes() {
    for (text, value) in [
        ("y", json!(true)),
        ("oN", json!("oN")),
        ("tRUE", json!("tRUE")),
        ("yES", json!("yES")),
        ("NO", json!(false)),
        ("nUll", json!("nUll")),
        ("~", json!(null)),
        ("0644", json!(420)),
        ("0o644", json!(420)),
        ("-0x1F", json!(-31)),
        ("0b101", json!(5)),
        ("0888", json!(888)),
        ("08.5", json!(8.5)),
        ("1_000", json!(1000)),
        ("1_", json!(1)),
        ("1_0.5", json!(10.5)),
        (".5_0", json!(0.5)),
        (".5_", json!(".5_")),
        ("_1", json!("_1")),
        ("1.0", json!(1)),
        ("1e3", json!(1000)),
        ("5.", json!(5)),
        ("1e400", json!("1e400")),
        ("12:30", json!("12:30")),
        ("2024-01-31", json!("2024-01-31")),
        ("9223372036854775808", json!(9_223_372_036_854_775_808_f64)),
        ("0x1ffffffffffffffff", json!("0x1ffffffffffffffff")),
        ("!!str 1", json!("1")),
        ("!!int '1'", json!(1)),
        ("!!float 1", json!(1)),
        ("!!binary aGk=", json!("hi")),
        ("! 12", json!("12")),
        ("=", json!("=")),
    ] {
        let read = parse(&format!("a: {text}")).map(|mut read| read["a"].take());
        assert_eq!(read, Ok(value), "{text}");
    }
    for text in [
        ".inf",
        "!!int x",
        "!!bool 1",
        "!!float 18446744073709551615",
        "!!null 0",
    ] {
        assert!(parse(&format!("a: {text}")).is_err(), "{text}");
    }
}

#[test]
fn keys_become_strings() {
    assert_eq!(
        parse("1: a\n1.5: b\non: c\n0x10: d\n1e10: e\n2024-01-31: f\n").unwrap(),
        json!({"1": "a", "1.5": "b", "true": "c", "16": "d", "1e+10": "e", "2024-01-31": "f"})
    );
    for text in ["~: a", "[1]: a", "{a: 1}: a", "18446744073709551615: a"] {
        assert!(parse(text).is_err(), "{text}");
    }
}

#[test]
fn merges_take_effect_where_they_occur() {
    let base = "base: &base {a: 1, b: 2}\nother: &other {b: 5}\n";
    for (more, expected) in [
        ("{<<: *base, b: 3}", json!({"a": 1, "b": 3})),
        ("{b: 3, <<: *base}", json!({"b": 2, "a": 1})),
        ("{<<: [*other, *base]}", json!({"a": 1, "b": 5})),
        ("{'<<': x}", json!({"<<": "x"})),
    ] {
        assert_eq!(
            parse(&format!("{base}more: {more}")).unwrap()["more"],
            expected,
            "{more}"
        );
    }
    assert!(parse("a: &a 1\nb: {<<: *a}").is_err());
}

#[test]
fn an_invalid_document_does_not_affect_the_others() {
    let read = parse_file("a: 1\na: 2\n---\nb: [\n--- # the next\nc: .inf\n---\nd: 1\n--- e: 1\n").unwrap();
    let said: Vec<Result<&Value, String>> = read
        .iter()
        .map(|read| read.as_ref().map(|read| &read.value).map_err(ToString::to_string))
        .collect();
    assert_eq!(said.len(), 5, "{said:?}");
    assert_eq!(said[0], Ok(&json!({"a": 2})));
    assert_eq!(read[0].as_ref().unwrap().duplicate_keys[0].line, 2);
    assert!(
        said[1].as_ref().is_err_and(|why| why.starts_with("line ")),
        "{said:?}"
    );
    assert!(
        said[2].as_ref().is_err_and(|why| why.starts_with("line 6: ")),
        "{said:?}"
    );
    assert_eq!(said[3], Ok(&json!({"d": 1})));
    assert!(
        said[4].as_ref().is_err_and(|why| why.starts_with("line 9: ")),
        "{said:?}"
    );
}

/// The value after a round trip through YAML: whole floats become integers.
fn round_tripped(value: &Value) -> Value {
    match value {
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| (key.clone(), round_tripped(value)))
            .collect(),
        Value::Array(items) => items.iter().map(round_tripped).collect(),
        Value::Number(number) if number.is_f64() => float_value(number.as_f64().unwrap()),
        other => other.clone(),
    }
}

proptest! {
    #[test]
    fn printed_values_parse_back(value in values()) {
        let text = print(&value);
        prop_assert_eq!(parse(&text).map_err(|error| error.to_string()), Ok(round_tripped(&value)), "{}", text);
    }
}
