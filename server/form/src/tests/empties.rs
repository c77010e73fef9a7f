//! Empty values are values: an emptied list, an empty string, `null`, a branch without fields.

use kube_schema::Schema;
use serde_json::{Value, json};

use super::{all, pairs};
use crate::{
    Control, Decoded, EmptyMeans, Field, FormHints, FormInput, build, decode, encode, initial_object,
};

fn of_spec(properties: &Value) -> Schema {
    Schema::parse(
        &json!({"type": "object", "properties": {"spec": {"type": "object", "properties": properties}}}),
    )
    .unwrap()
}

fn field(schema: &Schema, object: &Value, name: &str) -> Field {
    let hints = FormHints::default();
    all(&build(schema, FormInput::new(&hints, object)))
        .remove(name)
        .unwrap()
}

/// Posts the form of an object with changed texts in some inputs.
fn sent(schema: &Schema, object: &Value, typed: &[(&str, &str)]) -> Decoded {
    let hints = FormHints::default();
    let base = initial_object(schema, &hints, None, &json!({}));
    let mut posted = encode(&build(schema, FormInput::new(&hints, object)));
    posted.extend(pairs(typed));
    decode(schema, &base, &posted)
}

fn choices(field: &Field) -> Option<(EmptyMeans, Vec<EmptyMeans>)> {
    let when_empty = field.when_empty.as_ref()?;
    Some((when_empty.chosen, when_empty.choices.clone()))
}

fn with_defaults() -> Schema {
    of_spec(&json!({
        "protocols": {"type": "array", "default": ["http"], "items": {"type": "string"}},
        "prefix": {"type": "string", "default": "team-"},
        "labels": {"type": "object", "default": {"tier": "gold"}, "additionalProperties": {"type": "string"}},
        "routes": {"type": "array", "items": {"type": "object", "properties": {
            "path": {"type": "string"},
            "methods": {"type": "array", "default": ["GET"], "items": {"type": "string"}},
        }}},
    }))
}

#[test]
fn a_field_with_a_default_can_be_emptied_and_stays_empty() {
    let schema = with_defaults();
    let begun = initial_object(
        &schema,
        &FormHints::default(),
        None,
        &json!({"spec": {"routes": [{"path": "/"}]}}),
    );
    assert_eq!(begun["spec"]["protocols"], json!(["http"]));
    let mut object = begun;
    for command in [
        "remove:/spec/protocols/0",
        "remove:/spec/labels/@0",
        "remove:/spec/routes/0/methods/0",
    ] {
        object = sent(&schema, &object, &[("_do", command)]).object;
    }
    let emptied = json!({"spec": {
        "protocols": [], "prefix": "", "labels": {}, "routes": [{"path": "/a", "methods": []}],
    }});
    // Clear the text and submit.
    let typed = [("/spec/prefix", ""), ("/spec/routes/0/path", "/a")];
    object = sent(&schema, &object, &typed).object;
    assert_eq!(object, emptied);
    // The form shows the empty value and posts it again.
    assert_eq!(sent(&schema, &object, &[]).object, emptied);
    assert_eq!(
        choices(&field(&schema, &object, "/spec/protocols")),
        Some((EmptyMeans::Empty, vec![EmptyMeans::Unset, EmptyMeans::Empty]))
    );
    // Choosing the default restores it.
    let again = sent(
        &schema,
        &object,
        &[
            ("/spec/protocols/@empty", "unset"),
            ("/spec/prefix/@empty", "unset"),
        ],
    );
    assert_eq!(
        again.object,
        json!({"spec": {"labels": {}, "routes": [{"path": "/a", "methods": []}]}})
    );
}

#[test]
fn an_object_that_is_null_stays_null_despite_required_fields() {
    let wide: serde_json::Map<_, _> = (0..12)
        .map(|index| (format!("wide{index}"), json!({"type": "string"})))
        .chain([("on".to_owned(), json!({"type": "boolean"}))])
        .collect();
    let schema = of_spec(&json!({
        "rows": {"type": "array", "minItems": 1, "items": {
            "type": "object", "nullable": true, "required": ["on"], "properties": {"on": {"type": "boolean"}},
        }},
        "small": {
            "type": "object", "nullable": true, "required": ["on"], "properties": {"on": {"type": "boolean"}},
        },
        "large": {"type": "object", "nullable": true, "required": ["on"], "properties": wide},
    }));
    let object = json!({"spec": {"rows": [null], "small": null, "large": null}});
    assert_eq!(sent(&schema, &object, &[]).object, object);
    let switched = sent(&schema, &object, &[("/spec/rows/0/on", "true")]);
    assert_eq!(switched.object["spec"]["rows"], json!([{"on": true}]));
}

#[test]
fn strings_can_be_empty_null_or_unset() {
    let schema = of_spec(&json!({
        "ttl": {"type": "string", "default": "5s", "description": "Empty means for ever."},
        "format": {"type": "string", "enum": ["", "logfmt"]},
        "class": {"type": "string", "nullable": true},
        "code": {"type": "string", "default": "abc", "minLength": 1},
        "plain": {"type": "string"},
        "flag": {"type": "boolean", "nullable": true},
        "count": {"type": "integer", "nullable": true},
    }));
    let nothing = json!({"spec": {}});
    assert_eq!(
        choices(&field(&schema, &nothing, "/spec/ttl")),
        Some((EmptyMeans::Unset, vec![EmptyMeans::Unset, EmptyMeans::Empty]))
    );
    assert_eq!(
        choices(&field(&schema, &nothing, "/spec/class")),
        Some((
            EmptyMeans::Unset,
            vec![EmptyMeans::Unset, EmptyMeans::Empty, EmptyMeans::Null]
        ))
    );
    // Fields for which the alternatives make no difference offer no choice.
    for name in ["/spec/code", "/spec/plain", "/spec/format"] {
        assert_eq!(choices(&field(&schema, &nothing, name)), None, "{name}");
    }
    let chosen = sent(
        &schema,
        &nothing,
        &[
            ("/spec/ttl/@empty", "empty"),
            ("/spec/format", "\"\""),
            ("/spec/class/@empty", "null"),
            ("/spec/flag", "null"),
            ("/spec/count/@empty", "null"),
        ],
    );
    let told = json!({"spec": {"ttl": "", "format": "", "class": null, "flag": null, "count": null}});
    assert_eq!(chosen.object, told);
    assert_eq!(sent(&schema, &told, &[]).object, told);
    // A filled-in value wins.
    let filled = sent(&schema, &told, &[("/spec/class", "fast"), ("/spec/count", "3")]);
    assert_eq!(
        (&filled.object["spec"]["class"], &filled.object["spec"]["count"]),
        (&json!("fast"), &json!(3))
    );
}

#[test]
fn an_object_can_exist_without_fields() {
    let schema = of_spec(&json!({
        "backup": {"type": "object", "properties": {"schedule": {"type": "string"}}},
        "cache": {"type": "object", "default": {}, "properties": {"size": {"type": "string"}}},
        "disk": {"type": "object", "required": ["size"], "properties": {"size": {"type": "string"}}},
    }));
    let nothing = json!({"spec": {}});
    assert_eq!(
        choices(&field(&schema, &nothing, "/spec/backup")),
        Some((EmptyMeans::Unset, vec![EmptyMeans::Unset, EmptyMeans::Empty]))
    );
    assert_eq!(choices(&field(&schema, &nothing, "/spec/disk")), None);
    let there = sent(&schema, &nothing, &[("/spec/backup/@empty", "empty")]).object;
    assert_eq!(there, json!({"spec": {"backup": {}}}));
    assert_eq!(sent(&schema, &there, &[]).object, there);
    let filled = sent(&schema, &there, &[("/spec/backup/schedule", "daily")]).object;
    assert_eq!(filled, json!({"spec": {"backup": {"schedule": "daily"}}}));
}

#[test]
fn a_chosen_branch_exists_without_fields() {
    let schema = Schema::parse(&json!({"type": "object", "properties": {"spec": {"type": "object",
        "required": ["tls"], "properties": {"tls": {
            "type": "object",
            "properties": {
                "disabled": {"type": "object", "properties": {"reason": {"type": "string", "default": "none"}}},
                "anything": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
                "verify": {"type": "object", "required": ["secret"], "properties": {"secret": {"type": "string"}}},
            },
            "oneOf": [{"required": ["disabled"]}, {"required": ["anything"]}, {"required": ["verify"]}],
        }},
    }}}))
    .unwrap();
    let nothing = json!({"spec": {}});
    for (chosen, branch) in [
        ("disabled", json!({})),
        ("anything", json!({})),
        ("verify", json!({})),
    ] {
        // Only the radio button: without scripts, the branch's fields are not in the form yet.
        let object = sent(&schema, &nothing, &[("/spec/tls/@branch", chosen)]).object;
        assert_eq!(object, json!({"spec": {"tls": {chosen: branch}}}));
        assert_eq!(sent(&schema, &object, &[]).object, object, "and so it stays");
    }
    let other = json!({"spec": {"tls": {"verify": {"secret": "ca"}}}});
    let switched = sent(&schema, &other, &[("/spec/tls/@branch", "disabled")]).object;
    assert_eq!(switched, json!({"spec": {"tls": {"disabled": {}}}}));
}

#[test]
fn numbers_and_strings_of_digits_are_distinguished() {
    let schema = of_spec(&json!({
        "port": {"x-kubernetes-int-or-string": true},
        "version": {"type": "string"},
        "choice": {"enum": ["1", 1, "null"], "nullable": true, "x-kubernetes-preserve-unknown-fields": true},
    }));
    for spec in [
        json!({"port": 80}),
        json!({"port": "80"}),
        json!({"port": 1.5}),
        json!({"choice": 1}),
        json!({"choice": "1"}),
        json!({"choice": null}),
        json!({"choice": "null"}),
        // Values that the control cannot represent are edited as YAML; a number never becomes a string.
        json!({"version": 1.5}),
        json!({"version": "a\r\nb"}),
    ] {
        let object = json!({ "spec": spec });
        assert_eq!(sent(&schema, &object, &[]).object, object);
    }
    assert!(matches!(
        field(&schema, &json!({"spec": {"version": 1.5}}), "/spec/version").control,
        Control::Yaml { .. }
    ));
    assert_eq!(
        sent(&schema, &json!({"spec": {}}), &[("/spec/port", "\"80\"")]).object,
        json!({"spec": {"port": "80"}})
    );
}

#[test]
fn a_required_string_can_be_empty_after_it_was_reported_missing() {
    let schema = Schema::parse(
        &json!({"type": "object", "properties": {"spec": {"type": "object",
            "required": ["text"], "properties": {"text": {"type": "string"}},
        }}}),
    )
    .unwrap();
    let object = json!({"spec": {}});
    let violations = schema.validate(&object, None);
    let hints = FormHints::default();
    let shown = |is_checked: bool| {
        let setup = FormInput {
            violations: &violations,
            is_checked,
            ..FormInput::new(&hints, &object)
        };
        choices(&all(&build(&schema, setup))["/spec/text"])
    };
    assert_eq!(shown(false), None);
    assert_eq!(
        shown(true),
        Some((EmptyMeans::Unset, vec![EmptyMeans::Unset, EmptyMeans::Empty]))
    );
    let sent = sent(&schema, &object, &[("/spec/text/@empty", "empty")]);
    assert_eq!(sent.object, json!({"spec": {"text": ""}}));
}
