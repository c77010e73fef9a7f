//! Cases found by the differential test against the real API server.

use serde_json::{Value, json};

use crate::Schema;

/// The errors for a `spec` with one rule, whose message is `broken`.
fn said(properties: &Value, rule: &str, old: Option<&Value>, new: &Value) -> Vec<String> {
    let schema = Schema::parse(&json!({"type": "object", "properties": {"spec": {
        "type": "object", "properties": properties,
        "x-kubernetes-validations": [{"rule": rule, "message": "broken"}],
    }}}))
    .unwrap();
    let old = old.map(|old| json!({ "spec": old }));
    schema
        .validate(&json!({ "spec": new }), old.as_ref())
        .iter()
        .map(ToString::to_string)
        .collect()
}

const ACCEPTED: [&str; 0] = [];
const BROKEN: [&str; 1] = ["spec: Invalid value: broken"];

fn failed(problem: &str) -> [String; 1] {
    [format!(
        "spec: Invalid value: \"object\": {problem} evaluating rule: broken"
    )]
}

#[test]
fn a_null_field_is_not_set() {
    let of = |rule: &str| {
        let number = json!({"type": "integer", "nullable": true});
        let properties = json!({
            "x": number,
            "map": {"type": "object", "additionalProperties": number},
            "list": {"type": "array", "items": number},
            "a": {"type": "object", "properties": {"p": number, "q": number}},
            "b": {"type": "object", "properties": {"p": number, "q": number}},
            "c": {"type": "object", "properties": {"p": number, "q": number}},
        });
        let spec =
            json!({"x": null, "map": {"k": null}, "list": [null], "a": {"p": null}, "b": {"q": 1}, "c": {}});
        said(&properties, rule, None, &spec)
    };
    assert_eq!(of("!has(self.x) && !self.?x.hasValue()"), ACCEPTED);
    assert_eq!(of("self.x != 1"), failed("no such key: x"));
    assert_eq!(of("has(self.map.k) && 'k' in self.map"), ACCEPTED);
    assert_eq!(of("self.map.k == 1"), BROKEN);
    assert_eq!(of("self.list.size() == 1 && !(1 in self.list)"), ACCEPTED);
    // Null fields count in the size, and fields that only the other object has are not compared.
    assert_eq!(of("self.a == self.c"), BROKEN);
    assert_eq!(of("self.a == self.b"), ACCEPTED);
    assert_eq!(of("self.b == self.a"), BROKEN);
}

#[test]
fn field_names_may_be_plain_escaped_or_in_backticks() {
    let of = |rule: &str| {
        let number = json!({"type": "integer"});
        let properties = json!({"namespace": number, "if": number, "x-y": number, "a.b": number});
        let spec = json!({"namespace": 1, "if": 1, "x-y": 1, "a.b": 1});
        said(&properties, rule, None, &spec)
    };
    for rule in [
        "self.namespace == 1 && has(self.namespace)",
        "self.__namespace__ == 1 && has(self.__namespace__)",
        "self.if == 1 && self.`if` == 1",
        "self.?namespace.hasValue()",
        "self.x__dash__y == 1 && self.a__dot__b == 1",
    ] {
        assert_eq!(of(rule), ACCEPTED, "{rule}");
    }
    assert_eq!(of("self.namespace == 2"), BROKEN);
}

fn lists() -> Value {
    let set = json!({"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"});
    let map = |key: &str| {
        json!({
            "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [key],
            "items": {"type": "object", "properties": {key: {"type": "string"}, "v": {"type": "integer"}}},
        })
    };
    let objects = json!({
        "type": "array", "x-kubernetes-list-type": "set",
        "items": {"type": "object", "x-kubernetes-map-type": "atomic", "properties": {"k": {"type": "string"}}},
    });
    json!({
        "s": set, "t": set, "m": map("k"), "n": map("k"), "d": map("x-y"), "e": map("x-y"),
        "a": objects, "b": objects,
    })
}

#[test]
fn lists_of_type_set_and_map_are_equal_in_any_order() {
    let spec = json!({
        "s": ["a", "b"], "t": ["b", "a"],
        "m": [{"k": "a", "v": 1}, {"k": "b", "v": 2}], "n": [{"k": "b", "v": 2}, {"k": "a", "v": 1}],
        "d": [{"x-y": "a"}, {"x-y": "b"}], "e": [{"x-y": "a"}, {"x-y": "b"}],
        "a": [{"k": "a"}], "b": [{"k": "a"}],
    });
    let of = |rule: &str| said(&lists(), rule, None, &spec);
    for rule in [
        "self.s == self.t && self.m == self.n",
        "self.s == ['b', 'a'] && !(['b', 'a'] == self.s)",
        "self.s in [['b', 'a']]",
        "self.m == self.m.filter(x, true)",
        // The API server does not find keys with escaped names in comparisons.
        "self.d != self.e",
        "self.a == self.b || true",
    ] {
        assert_eq!(of(rule), ACCEPTED, "{rule}");
    }
    let scalars = "listSet operations are only supported on lists of scalar values";
    assert_eq!(of("self.a == self.b"), failed(scalars));
    assert_eq!(of("self.a != self.b"), failed(scalars));
    let old = json!({"s": ["b", "a"]});
    let new = json!({"s": ["a", "b"]});
    assert_eq!(said(&lists(), "self == oldSelf", Some(&old), &new), ACCEPTED);
}

#[test]
fn lists_of_type_set_and_map_are_merged_when_added() {
    let spec = json!({
        "s": ["a"], "t": ["a", "b"], "m": [{"k": "a", "v": 1}], "n": [{"k": "b", "v": 2}, {"k": "a", "v": 9}],
    });
    let of = |rule: &str| said(&lists(), rule, None, &spec);
    for rule in [
        "(self.s + self.t).size() == 2 && self.s + self.t == ['b', 'a']",
        "(self.s + ['c', 'c']).size() == 2",
        "(self.m + self.n).size() == 2 && (self.m + self.n)[0].v == 9",
        "self.m + self.n == self.n",
        "['a'] + self.s == ['a', 'a']",
    ] {
        assert_eq!(of(rule), ACCEPTED, "{rule}");
    }
}

#[test]
fn evaluation_errors_are_reported_even_if_nothing_changed() {
    let properties = json!({"x": {"type": "integer"}, "y": {"type": "integer"}});
    let spec = json!({"y": 1});
    assert_eq!(said(&properties, "self.y == 2", Some(&spec), &spec), ACCEPTED);
    assert_eq!(
        said(&properties, "self.x == 2", Some(&spec), &spec),
        failed("no such key: x")
    );
}

#[test]
fn errors_on_unchanged_values_are_suppressed() {
    let item = json!({"type": "object", "properties": {"k": {"type": "string"}}});
    let keys = json!(["k"]);
    let rules = json!([{"rule": "self.size() > 9", "message": "broken"}]);
    let list = |kind: &str| {
        let mut list =
            json!({"type": "array", "minItems": 5, "items": item, "x-kubernetes-validations": rules});
        list["x-kubernetes-list-type"] = json!(kind);
        if kind == "map" {
            list["x-kubernetes-list-map-keys"] = keys.clone();
        }
        list
    };
    let open = json!({
        "type": "object", "x-kubernetes-preserve-unknown-fields": true, "properties": {"a": {"type": "integer"}},
        "minProperties": 5, "x-kubernetes-validations": [{"rule": "self.a > 9", "message": "broken"}],
    });
    let properties = json!({"map": list("map"), "atomic": list("atomic"), "open": open});
    let of = |name: &str, old: Value, new: Value| {
        said(
            &properties,
            "true",
            Some(&json!({ name: old })),
            &json!({ name: new }),
        )
    };
    let (list, turned) = (json!([{"k": "a"}, {"k": "b"}]), json!([{"k": "b"}, {"k": "a"}]));
    assert_eq!(of("map", list.clone(), turned.clone()), ACCEPTED);
    assert_eq!(of("atomic", list.clone(), list.clone()), ACCEPTED);
    assert_eq!(of("atomic", list, turned).len(), 2);
    assert_eq!(of("open", json!({"a": 1}), json!({"a": 1})), ACCEPTED);
    // Objects with undeclared fields always count as changed.
    assert_eq!(
        of("open", json!({"a": 1, "b": 1}), json!({"a": 1, "b": 1})).len(),
        2
    );
}

#[test]
fn a_whole_number_with_a_point_is_not_an_integer() {
    let number = json!({"type": "integer"});
    let inner = json!({"type": "object", "properties": {"n": number}});
    let properties = json!({"n": number, "f": {"type": "object"}, "a": inner, "b": inner});
    let of = |rule: &str, text: &str| {
        let spec: Value = serde_json::from_str(text).unwrap();
        said(&properties, rule, None, &spec)
    };
    let unconvertible = failed("invalid data, expected int, got float64");
    assert_eq!(of("self.n > 0", r#"{"n": 1}"#), ACCEPTED);
    for text in [r#"{"n": 1.0}"#, r#"{"n": -0.0}"#] {
        assert_eq!(of("self.n > 0", text), unconvertible, "{text}");
        // `has` fails as well: the API server converts the field that it tests.
        assert_eq!(of("has(self.n)", text), unconvertible, "{text}");
        assert_eq!(of("'a' == 'b' ? has(self.n) : true", text), ACCEPTED, "{text}");
        assert_eq!(
            of("'a' == 'a' ? has(self.n) : true", text),
            unconvertible,
            "{text}"
        );
        // Values that are never evaluated do not matter.
        assert_eq!(of("!has(self.f) || self.n > 0", text), ACCEPTED, "{text}");
        assert_eq!(of("self.n > 0 || !has(self.f)", text), ACCEPTED, "{text}");
    }
    assert_eq!(of("self.a.n == 1", r#"{"a": {"n": 1.0}}"#), unconvertible);
    let on_the_number = |rule: &str| {
        let number =
            json!({"type": "integer", "x-kubernetes-validations": [{"rule": rule, "message": "never"}]});
        said(&json!({"n": number}), "true", None, &json!({"n": 1.0}))
    };
    assert!(on_the_number("1 == 2")[0].contains("never"));
    assert!(on_the_number("self == 1")[0].contains("expected int, got float64"));
    assert_eq!(
        of("self.a == self.b", r#"{"a": {"n": 1.0}, "b": {"n": 1.0}}"#),
        unconvertible
    );
}

#[test]
fn function_errors_have_the_messages_of_the_api_server() {
    let of = |rule: &str| said(&json!({"s": {"type": "string"}}), rule, None, &json!({"s": "x"}));
    assert_eq!(
        of("[9223372036854775807, 1].sum() > 0"),
        failed("integer overflow")
    );
    assert_eq!(
        of("ip(self.s).family() == 4"),
        failed(
            "IP Address \"x\" parse error during conversion from string: ParseAddr(\"x\"): unable to parse IP"
        )
    );
    assert_eq!(
        of("int(self.s) == 1"),
        failed("type conversion error from 'string' to 'int'")
    );
    assert_eq!(
        of("self.s.matches(self.s + '(')"),
        failed("error parsing regexp: missing closing ): `x(`")
    );
    assert_eq!(of("'%d'.format([1]) == '1'"), ACCEPTED);
    assert_eq!(
        of("{'a': 1, 'b': 2}.transformMap(k, v, v > 1, v * 2) == {'b': 4}"),
        ACCEPTED
    );
    assert_eq!(of("[1, 2].all(i, v, v == i + 1)"), ACCEPTED);
}

#[test]
fn of_two_failing_operands_the_left_error_is_reported() {
    let number = json!({"type": "integer"});
    let properties = json!({"a": number, "b": number, "zero": number});
    let of = |rule: &str| said(&properties, rule, None, &json!({"zero": 0}));
    for rule in [
        "self.a == 1 || self.b == 1",
        "self.a == 1 && self.b == 1",
        "self.a == 1 || 1 / self.zero == 1",
        "(self.a == 1 || self.b == 1) && self.b == 1",
        "[self.a == 1 || self.b == 1] == [true]",
        "{'k': self.a == 1 && self.b == 1}['k']",
    ] {
        assert_eq!(of(rule), failed("no such key: a"), "{rule}");
    }
    for rule in [
        "[1, 2].all(n, n == 1 ? self.a == 1 : self.b == 1)",
        "[1, 2].exists(n, n == 1 ? self.a == 1 : self.b == 1)",
        "[1, 2].all(i, n, i == 0 ? self.a == 1 : self.b == 1)",
    ] {
        assert_eq!(of(rule), failed("no such key: a"), "{rule}");
    }
    assert_eq!(of("self.a == 1 || self.zero == 0"), ACCEPTED);
    assert_eq!(of("self.a == 1 && self.zero == 1"), BROKEN);
}
