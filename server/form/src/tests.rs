mod amounts;
mod empties;
mod generated;
mod hostile;
mod maps;
mod unions;

use std::collections::BTreeMap;

use kube_schema::Schema;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Decoded, FormInput, apply_item_presets, build, decode, encode, initial_object};
use crate::{Control, Field, Form, FormHints, PlanValues};

fn schema() -> Schema {
    Schema::parse(&json!({
        "type": "object",
        "properties": {
            "apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"type": "object"},
            "status": {"type": "object", "properties": {"phase": {"type": "string"}}},
            "spec": {
                "type": "object",
                "required": ["version", "storage"],
                "oneOf": [{"required": ["backup"]}, {"required": ["restore"]}],
                "properties": {
                    "version": {"type": "string", "enum": ["16", "17"], "description": "Which PostgreSQL."},
                    "replicas": {"type": "integer", "minimum": 1, "maximum": 5, "default": 1},
                    "ratio": {"type": "number"},
                    "port": {"x-kubernetes-int-or-string": true},
                    "public": {"type": "boolean"},
                    "paused": {"type": "boolean", "default": false},
                    "note": {"type": "string", "nullable": true},
                    "storage": {
                        "type": "object", "required": ["size"],
                        "properties": {"size": {"type": "string"}, "class": {"type": "string"}},
                    },
                    "tags": {"type": "array", "items": {"type": "string"}},
                    "labels": {"type": "object", "additionalProperties": {"type": "string"}},
                    "limits": {"type": "object", "additionalProperties": {
                        "type": "object", "properties": {"soft": {"type": "integer"}, "hard": {"type": "integer"}},
                    }},
                    "users": {"type": "array", "items": {
                        "type": "object", "required": ["name", "roles"],
                        "properties": {
                            "name": {"type": "string", "minLength": 2},
                            "admin": {"type": "boolean"},
                            "roles": {"type": "array", "items": {"type": "string"}},
                        },
                    }},
                    "parameters": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
                    "backup": {"type": "object", "properties": {"schedule": {"type": "string"}}},
                    "restore": {"type": "object", "properties": {"from": {"type": "string"}}},
                },
            },
        },
    }))
    .unwrap()
}

fn setup<'a>(object: &'a Value, hints: &'a FormHints) -> FormInput<'a> {
    FormInput::new(hints, object)
}

fn form(object: &Value) -> Form {
    build(&schema(), setup(object, &FormHints::default()))
}

fn all(form: &Form) -> BTreeMap<String, Field> {
    let mut found = BTreeMap::new();
    for field in form
        .main
        .iter()
        .chain(form.sections.iter().flat_map(|section| &section.fields))
    {
        field.each(&mut |field| {
            found.insert(field.name.clone(), field.clone());
        });
    }
    found
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
        .collect()
}

fn post(base: &Value, posted: &[(&str, &str)]) -> Decoded {
    decode(&schema(), base, &pairs(posted))
}

#[test]
fn required_fields_come_first_and_identity_is_hidden() {
    let form = form(&json!({"spec": {}}));
    let main: Vec<&str> = form.main.iter().map(|field| field.name.as_str()).collect();
    assert_eq!(main, ["/spec/version", "/spec/storage", "/spec"]);
    let fields = all(&form);
    assert!(fields.contains_key("/spec/replicas"));
    for hidden in ["/status", "/metadata", "/apiVersion"] {
        assert!(!fields.keys().any(|name| name.starts_with(hidden)), "{hidden}");
    }
    assert_eq!(fields["/spec/version"].help.as_deref(), Some("Which PostgreSQL."));
    assert!(fields["/spec/storage/size"].required);
    assert_eq!(fields["/spec/replicas"].default.as_deref(), Some("1"));
}

#[test]
fn required_fields_with_a_default_are_shown_open() {
    let many: serde_json::Map<String, Value> = (0..12)
        .map(|number| (format!("more{number}"), json!({"type": "string"})))
        .collect();
    let mut large = json!({"type": "object", "required": ["zone"], "properties": many});
    large["properties"]["zone"] = json!({"type": "string", "default": "a"});
    let schema = Schema::parse(&json!({"type": "object", "properties": {"spec": {
        "type": "object", "required": ["storageGB", "network"],
        "properties": {
            "storageGB": {"type": "integer", "default": 20},
            "network": large,
            "note": {"type": "string"},
        },
    }}}))
    .unwrap();
    let object = initial_object(&schema, &FormHints::default(), None, &json!({}));
    let form = build(&schema, FormInput::new(&FormHints::default(), &object));
    let main: Vec<&str> = form.main.iter().map(|field| field.name.as_str()).collect();
    assert_eq!(main, ["/spec/storageGB", "/spec/network/zone"]);
    assert!(
        !all(&form)["/spec/storageGB"].required,
        "the default puts it there"
    );
}

#[test]
fn an_empty_form_decodes_to_an_empty_object() {
    let object = json!({"apiVersion": "demo.dev/v1", "kind": "Db", "metadata": {"name": "a"}, "spec": {}});
    let decoded = decode(&schema(), &object, &encode(&form(&object)));
    assert_eq!(
        decoded.object,
        json!({
            "apiVersion": "demo.dev/v1", "kind": "Db", "metadata": {"name": "a"}, "spec": {"storage": {}},
        })
    );
}

#[test]
fn invalid_input_is_kept_and_explained() {
    let decoded = post(
        &json!({}),
        &[("/spec/replicas", "many"), ("/spec/parameters/@yaml", "a: [")],
    );
    assert_eq!(decoded.object["spec"]["replicas"], "many");
    assert_eq!(decoded.problems.len(), 1);
    let mut violations = schema().validate(&decoded.object, None);
    violations.extend(decoded.problems.clone());
    let hints = FormHints::default();
    let again = build(
        &schema(),
        FormInput {
            violations: &violations,
            typed: Some(&decoded.typed),
            ..setup(&decoded.object, &hints)
        },
    );
    let fields = all(&again);
    let Control::Number { text, .. } = &fields["/spec/replicas"].control else {
        panic!()
    };
    assert_eq!(text, "many");
    assert_eq!(fields["/spec/replicas"].problems, ["Must be a whole number"]);
    let Control::Yaml { text } = &fields["/spec/parameters"].control else {
        panic!()
    };
    assert_eq!(text, "a: [");
    assert!(fields["/spec/parameters"].problems[0].starts_with("Is not YAML: line"));
    assert_eq!(fields["/spec/version"].problems, ["Must be filled in"]);
    assert!(again.sections.iter().any(|section| section.open));
}

#[test]
fn buttons_add_remove_and_move() {
    let base = json!({"spec": {"tags": ["a", "b"], "labels": {"k": "v"}}});
    let form = encode(&form(&base));
    let press = |command: &str| {
        let mut posted = form.clone();
        posted.push(("_do".to_owned(), command.to_owned()));
        decode(&schema(), &base, &posted).object["spec"].clone()
    };
    assert_eq!(press("add:/spec/tags")["tags"], json!(["a", "b", ""]));
    assert_eq!(press("remove:/spec/tags/0")["tags"], json!(["b"]));
    assert_eq!(press("up:/spec/tags/1")["tags"], json!(["b", "a"]));
    assert_eq!(press("down:/spec/tags/0")["tags"], json!(["b", "a"]));
    assert_eq!(press("down:/spec/tags/1")["tags"], json!(["a", "b"]));
    assert_eq!(press("add:/spec/users")["users"], json!([{}]));
    assert_eq!(press("add:/spec/labels")["labels"], json!({"k": "v"}));
    assert_eq!(press("remove:/spec/labels/@0").get("labels"), Some(&json!({})));
    assert_eq!(press("add:/spec/limits")["limits"], json!({}));
    assert_eq!(press("remove:/spec/nothing/9")["tags"], json!(["a", "b"]));
}

#[test]
fn hidden_fields_of_a_removed_item_are_not_given_to_the_next() {
    let base = json!({"spec": {"users": [
        {"name": "ann", "roles": [], "secret": "hers"}, {"name": "bob", "roles": []},
    ]}});
    // After the first item was removed, the second has index 0.
    let decoded = post(
        &base,
        &[
            ("/spec/users", "[]"),
            ("/spec/users/0/name", "bob"),
            ("/spec/users/0/roles", "[]"),
        ],
    );
    assert_eq!(
        decoded.object["spec"]["users"],
        json!([{"name": "bob", "roles": []}])
    );
}

#[test]
fn identity_and_status_cannot_be_posted() {
    let base = json!({"metadata": {"name": "a", "namespace": "team"}});
    let decoded = post(
        &base,
        &[
            ("/metadata/@yaml", "{namespace: other}"),
            ("/metadata/namespace", "other"),
            ("/kind", "Other"),
            ("/status/phase", "Ready"),
        ],
    );
    assert_eq!(decoded.object, base);
}

#[test]
fn plans_and_hints_shape_the_form() {
    let values = json!({"spec": {"replicas": 2, "storage": {"size": "10Gi", "class": "fast"}}});
    let plan = PlanValues {
        title: "Small",
        values: values.as_object().unwrap(),
        adjustable: &["spec.storage.size".to_owned()],
    };
    let hints: FormHints = serde_json::from_value(json!({
        "fields": {
            "spec.version": {"label": "PostgreSQL", "preset": "17"},
            "spec.ratio": {"hidden": true},
            "spec.port": {"section": "Network"},
            "spec.public": {"advanced": false},
        },
        "order": ["spec.public", "spec.version"],
    }))
    .unwrap();
    let schema = schema();
    let object = initial_object(&schema, &hints, Some(plan), &json!({"metadata": {"name": "a"}}));
    assert_eq!(
        object,
        json!({
            "metadata": {"name": "a"},
            "spec": {
                "replicas": 2, "storage": {"size": "10Gi", "class": "fast"}, "version": "17", "paused": false,
            },
        })
    );
    let form = build(
        &schema,
        FormInput {
            plan: Some(plan),
            ..setup(&object, &hints)
        },
    );
    let fields = all(&form);
    assert_eq!(form.main[0].name, "/spec/public");
    assert_eq!(form.main[1].label, "PostgreSQL");
    assert_eq!(
        fields["/spec/replicas"].locked_by.as_deref(),
        Some("Set by the plan Small")
    );
    assert!(!fields["/spec/storage/size"].locked);
    assert!(fields["/spec/storage/class"].is_set_by_plan());
    assert!(fields["/spec/storage/class"].locked);
    assert!(!fields.contains_key("/spec/ratio"));
    assert!(form.sections.iter().any(|section| section.title == "Network"));
}

#[test]
fn immutable_fields_are_locked_in_a_change() {
    let schema = Schema::parse(
        &json!({"type": "object", "properties": {"spec": {"type": "object", "properties": {
            "zone": {"type": "string", "x-kubernetes-validations": [{"rule": "self == oldSelf"}]},
        }}}}),
    )
    .unwrap();
    let object = json!({"spec": {"zone": "a"}});
    let hints = FormHints::default();
    let form = build(
        &schema,
        FormInput {
            is_change: true,
            ..setup(&object, &hints)
        },
    );
    assert!(all(&form)["/spec/zone"].locked);
}

fn texts() -> impl Strategy<Value = Value> {
    "(|5|\"5\"|true|yes| a |[a-z]{1,6}|two\nlines)".prop_map(Value::from)
}

fn objects() -> impl Strategy<Value = Value> {
    let user = (
        "[a-z]{2,5}",
        any::<Option<bool>>(),
        prop::collection::vec(texts(), 0..3),
    )
        .prop_map(|(name, admin, roles)| {
            let mut user = json!({"name": name, "roles": roles});
            if let Some(admin) = admin {
                user["admin"] = admin.into();
            }
            user
        });
    let optional = |strategy: BoxedStrategy<Value>| prop::option::of(strategy);
    let port = prop_oneof![texts(), any::<i64>().prop_map(Value::from)].boxed();
    let limits = prop::collection::btree_map("[a-z]{1,4}", prop::option::of(any::<i64>()), 0..3)
        .prop_map(|map| {
            map.into_iter()
                .map(|(key, soft)| (key, soft.map_or(json!({}), |soft| json!({"soft": soft}))))
                .collect()
        })
        .boxed();
    (
        prop_oneof![Just("16"), Just("17")],
        (optional(port), optional((1..6_i64).prop_map(Value::from).boxed())),
        (
            optional((-1e6..1e6).prop_map(Value::from).boxed()),
            optional(any::<bool>().prop_map(Value::from).boxed()),
        ),
        optional(prop_oneof![texts(), Just(Value::Null)].boxed()),
        optional(prop::collection::vec(texts(), 0..4).prop_map(Value::from).boxed()),
        optional(
            prop::collection::btree_map("[a-z./~]{1,4}", texts(), 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect()))
                .boxed(),
        ),
        optional(prop::collection::vec(user, 0..3).prop_map(Value::from).boxed()),
        (
            optional(limits),
            any::<bool>(),
            optional(
                texts()
                    .prop_map(|text| json!({"any": {"thing": text}, "list": [1, null]}))
                    .boxed(),
            ),
        ),
    )
        .prop_map(
            |(
                version,
                (port, replicas),
                (ratio, public),
                note,
                tags,
                labels,
                users,
                (limits, restore, free),
            )| {
                let mut spec = json!({"version": version, "storage": {"size": "1Gi"}});
                let rest = [
                    ("port", port),
                    ("replicas", replicas),
                    ("ratio", ratio),
                    ("public", public),
                    ("note", note),
                    ("tags", tags),
                    ("labels", labels),
                    ("users", users),
                    ("limits", limits),
                    ("parameters", free),
                ];
                for (name, value) in rest {
                    if let Some(value) = value {
                        spec[name] = value;
                    }
                }
                spec[if restore { "restore" } else { "backup" }] = json!({});
                json!({"apiVersion": "demo.dev/v1", "kind": "Db", "metadata": {"name": "a"}, "spec": spec,
                   "status": {"phase": "Ready"}})
            },
        )
}

proptest! {
    #[test]
    fn encoding_and_decoding_a_form_returns_the_object(object in objects()) {
        prop_assert_eq!(schema().validate(&object, None), vec![]);
        let decoded = decode(&schema(), &object, &encode(&form(&object)));
        prop_assert_eq!(decoded.problems, vec![]);
        prop_assert_eq!(decoded.object.to_string(), object.to_string());
    }

    #[test]
    fn no_post_is_too_odd(names in prop::collection::vec(("(/(spec|users|labels|limits|tags|[0-9]|@[0-9]|@yaml|@branch|key|value|storage)){0,6}", "\\PC{0,8}"), 0..20), command in "(add|remove|up|down|branch|x):(/[a-z0-9@]{0,8}){0,4}") {
        let mut posted = names;
        posted.push(("_do".to_owned(), command));
        let decoded = decode(&schema(), &json!({}), &posted);
        let hints = FormHints::default();
        let violations = schema().validate(&decoded.object, None);
        let _ = build(&schema(), FormInput { typed: Some(&decoded.typed), violations: &violations, ..setup(&decoded.object, &hints) });
    }
}

#[test]
fn secret_references_have_a_control_of_their_own() {
    let schema = Schema::parse(
        &json!({"type": "object", "properties": {"spec": {"type": "object", "properties": {
            "passwordSecretRef": {"type": "object", "required": ["name"], "properties": {
                "name": {"type": "string"}, "key": {"type": "string"},
            }},
            "secretStore": {"type": "object", "properties": {
                "name": {"type": "string"}, "server": {"type": "string"},
            }},
        }}}}),
    )
    .unwrap();
    let object = json!({"spec": {"passwordSecretRef": {"name": "db", "key": "password"}}});
    let (hints, reference) = (FormHints::default(), "/spec/passwordSecretRef");
    let form = build(&schema, FormInput::new(&hints, &object));
    let mut found = Vec::new();
    let mut note = |field: &Field| {
        if let Control::Secret { fields } = &field.control {
            let labels: Vec<String> = fields.iter().map(|field| field.label.clone()).collect();
            assert_eq!(field.label, "Password secret");
            found.push((field.name.clone(), labels));
        }
    };
    let sections = form.sections.iter().flat_map(|section| &section.fields);
    form.main
        .iter()
        .chain(sections)
        .for_each(|field| field.each(&mut note));
    let labels = vec!["Name of the secret".to_owned(), "Key in it".to_owned()];
    assert_eq!(found, [(reference.to_owned(), labels)]);
}

#[test]
fn hints_apply_to_nested_fields_and_lists() {
    let schema = Schema::parse(&json!({"type": "object", "properties": {"spec": {"type": "object", "properties": {
        "storage": {"type": "object", "properties": {"size": {"type": "string"}, "class": {"type": "string"}}},
        "cache": {"type": "object", "properties": {"class": {"type": "string"}}},
        "users": {"type": "array", "items": {"type": "object", "properties": {
            "name": {"type": "string"}, "role": {"type": "string"},
        }}},
    }}}}))
    .unwrap();
    let hints: FormHints = serde_json::from_value(json!({"fields": {
        "spec.storage.class": {"section": "Disks"},
        "spec.cache.class": {"section": "Disks"},
        "spec.users[].role": {"preset": "reader"},
    }}))
    .unwrap();
    let object = initial_object(
        &schema,
        &hints,
        None,
        &json!({"spec": {"users": [{"name": "ann"}, {"role": "owner"}]}}),
    );
    assert_eq!(
        object["spec"]["users"],
        json!([{"name": "ann", "role": "reader"}, {"role": "owner"}])
    );
    let posted = pairs(&[
        ("/spec/users", "[]"),
        ("/spec/users/0/name", "ann"),
        ("_do", "add:/spec/users"),
    ]);
    let mut decoded = decode(&schema, &json!({"spec": {}}), &posted);
    apply_item_presets(&hints, &mut decoded);
    // An emptied field stays empty.
    assert_eq!(
        decoded.object["spec"]["users"],
        json!([{"name": "ann"}, {"role": "reader"}])
    );
    let form = build(&schema, FormInput::new(&hints, &object));
    let disks = form
        .sections
        .iter()
        .find(|section| section.title == "Disks")
        .unwrap();
    let names: Vec<&str> = disks.fields.iter().map(|field| field.name.as_str()).collect();
    assert_eq!(names, ["/spec/storage/class", "/spec/cache/class"]);
    // An object whose fields were all moved is not shown as an empty group.
    let shown = all(&form);
    assert!(shown.contains_key("/spec/storage"));
    assert!(!shown.contains_key("/spec/cache"));
}
