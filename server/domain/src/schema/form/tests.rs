use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::encode::encode;
use super::{Decoded, Setup, build, decode, start};
use crate::documents::{FormHints, Plan};
use crate::schema::Schema;
use crate::view::{Branch, Control, Field, Form};

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
                    "compositionRef": {"type": "object", "properties": {"name": {"type": "string"}}},
                },
            },
        },
    }))
    .unwrap()
}

fn setup<'a>(object: &'a Value, hints: &'a FormHints) -> Setup<'a> {
    Setup {
        is_composite: true,
        ..Setup::new(hints, object)
    }
}

fn form(object: &Value) -> Form {
    build(&schema(), setup(object, &FormHints::default()))
}

fn all(form: &Form) -> BTreeMap<String, Field> {
    fn walk(field: &Field, found: &mut BTreeMap<String, Field>) {
        match &field.control {
            Control::Object { fields } => fields.iter().for_each(|field| walk(field, found)),
            Control::List { items, .. } => items.iter().for_each(|field| walk(field, found)),
            Control::Map { entries } => entries.iter().for_each(|entry| walk(&entry.value, found)),
            Control::Union { branches, .. } => {
                branches
                    .iter()
                    .flat_map(|branch| &branch.fields)
                    .for_each(|field| walk(field, found));
            }
            _ => {}
        }
        found.insert(field.name.clone(), field.clone());
    }
    let mut found = BTreeMap::new();
    for field in form
        .main
        .iter()
        .chain(form.sections.iter().flat_map(|section| &section.fields))
    {
        walk(field, &mut found);
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
fn what_must_be_decided_comes_first_and_machinery_is_hidden() {
    let form = form(&json!({"spec": {}}));
    let main: Vec<&str> = form.main.iter().map(|field| field.name.as_str()).collect();
    assert_eq!(main, ["/spec/version", "/spec/storage", "/spec"]);
    let fields = all(&form);
    assert!(fields.contains_key("/spec/replicas"));
    for hidden in ["/spec/compositionRef", "/status", "/metadata", "/apiVersion"] {
        assert!(!fields.keys().any(|name| name.starts_with(hidden)), "{hidden}");
    }
    assert_eq!(fields["/spec/version"].help.as_deref(), Some("Which PostgreSQL."));
    assert!(fields["/spec/storage/size"].required);
    assert_eq!(fields["/spec/replicas"].default.as_deref(), Some("1"));
}

#[test]
fn an_empty_form_comes_to_nothing() {
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
fn what_was_typed_wrongly_is_kept_and_explained() {
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
        Setup {
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
    assert_eq!(press("add:/spec/labels")["labels"], json!({"k": "v", "": ""}));
    assert_eq!(press("remove:/spec/labels/@0").get("labels"), Some(&json!({})));
    assert_eq!(press("add:/spec/limits")["limits"], json!({"": {}}));
    assert_eq!(press("remove:/spec/nothing/9")["tags"], json!(["a", "b"]));
}

#[test]
fn nothing_of_a_removed_item_falls_to_the_next() {
    let base = json!({"spec": {"users": [
        {"name": "ann", "roles": [], "secret": "hers"}, {"name": "bob", "roles": []},
    ]}});
    // After the first was removed, the second stands in its place.
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
fn a_branch_leaves_the_others_out() {
    let base = json!({"spec": {"backup": {"schedule": "daily"}}});
    let decoded = post(
        &base,
        &[
            ("/spec/@branch", "restore"),
            ("/spec/backup/schedule", "daily"),
            ("/spec/restore/from", "old"),
        ],
    );
    assert_eq!(decoded.object, json!({"spec": {"restore": {"from": "old"}}}));
    let fields = all(&form(&base));
    let Control::Union { chosen, branches } = &fields["/spec"].control else {
        panic!()
    };
    assert_eq!((chosen.as_str(), branches.len()), ("backup", 2));
}

/// A schema whose `spec` has a few objects, and `also` beside them.
fn schema_of_some(also: &Value) -> Schema {
    let mut spec = json!({
        "type": "object",
        "properties": {
            "size": {"type": "string"},
            "a": {"type": "object", "properties": {"from": {"type": "string"}}},
            "b": {"type": "object", "properties": {"from": {"type": "string"}}},
            "c": {"type": "string"},
        },
    });
    spec.as_object_mut()
        .unwrap()
        .extend(also.as_object().unwrap().clone());
    Schema::parse(&json!({"type": "object", "properties": {"spec": spec}})).unwrap()
}

fn choice(schema: &Schema, object: &Value) -> Option<(Field, Vec<Branch>, String)> {
    let hints = FormHints::default();
    let field = all(&build(schema, setup(object, &hints))).remove("/spec")?;
    match field.control.clone() {
        Control::Union { branches, chosen } => Some((field, branches, chosen)),
        _ => None,
    }
}

#[test]
fn what_says_that_shapes_exclude_each_other_is_a_choice() {
    let rule = |rule: &str| json!({"x-kubernetes-validations": [{"rule": rule}]});
    let absent = |name: &str| json!({"not": {"required": [name]}});
    for (also, ids, required) in [
        (
            json!({"oneOf": [{"required": ["a"]}, {"required": ["b"]}]}),
            vec!["a", "b"],
            true,
        ),
        // A branch may say what its fields must be; what all require belongs to none.
        (
            json!({"oneOf": [
                {"required": ["c", "a"], "properties": {"c": {"enum": ["A"]}}},
                {"required": ["c", "b"], "properties": {"c": {"enum": ["B"]}, "b": {"required": ["from"]}}},
            ]}),
            vec!["a", "b"],
            true,
        ),
        (
            json!({"oneOf": [
                {"required": ["a"], "not": {"required": ["b"]}}, {"required": ["b"], "not": {"required": ["a"]}},
            ]}),
            vec!["a", "b"],
            true,
        ),
        (
            json!({"oneOf": [{"required": ["a"]}, {"required": ["b"]},
                {"not": {"anyOf": [{"required": ["a"]}, {"required": ["b"]}]}}]}),
            vec!["a", "b"],
            false,
        ),
        (
            json!({"oneOf": [{"required": ["a"]}, {"required": ["b"]}, {"allOf": [absent("a"), absent("b")]}]}),
            vec!["a", "b"],
            false,
        ),
        (
            json!({"oneOf": [{"required": ["a", "b"]}, {"allOf": [absent("a"), absent("b")]}]}),
            vec!["a+b"],
            false,
        ),
        (
            json!({"anyOf": [{"required": ["a"]}, {"required": ["b", "c"]}]}),
            vec!["a", "b+c", "@several"],
            true,
        ),
        (json!({"not": {"required": ["a", "b"]}}), vec!["a", "b"], false),
        (
            rule("[has(self.a), has(self.b), has(self.c)].exists_one(x, x)"),
            vec!["a", "b", "c"],
            true,
        ),
        (
            rule("(has(self.a) ? 1 : 0) + (has(self.b) ? 1 : 0) == 1"),
            vec!["a", "b"],
            true,
        ),
        (rule("has(self.a) != has(self.b)"), vec!["a", "b"], true),
        (rule("!(has(self.a) && has(self.b))"), vec!["a", "b"], false),
    ] {
        let schema = schema_of_some(&also);
        let empty = json!({"spec": {}});
        let (field, branches, chosen) = choice(&schema, &empty).unwrap_or_else(|| panic!("{also}"));
        let found: Vec<&str> = branches.iter().map(|branch| branch.id.as_str()).collect();
        assert_eq!(
            (found, field.required, chosen.as_str()),
            (ids, required, ""),
            "{also}"
        );
        // One is chosen, its fields are shown and filled in; another is chosen, and the first goes.
        let posted = pairs(&[
            ("/spec/@branch", "a"),
            ("/spec/a/from", "here"),
            ("/spec/b/from", "there"),
        ]);
        let decoded = decode(&schema, &empty, &posted);
        if branches.iter().any(|branch| branch.id == "a") {
            assert_eq!(decoded.object, json!({"spec": {"a": {"from": "here"}}}), "{also}");
            let (_, _, chosen) = choice(&schema, &decoded.object).unwrap();
            assert_eq!(chosen, "a");
        }
        // Whatever an object holds stays as it is.
        for spec in [
            json!({}),
            json!({"a": {"from": "x"}}),
            json!({"b": {}, "a": {"from": "x"}}),
            json!({"c": "A"}),
        ] {
            let object = json!({ "spec": spec });
            let hints = FormHints::default();
            let form = build(&schema, setup(&object, &hints));
            let decoded = decode(&schema, &object, &encode(&form));
            assert_eq!(decoded.object.to_string(), object.to_string(), "{also}");
        }
    }
}

#[test]
fn what_is_not_surely_a_choice_is_none() {
    for also in [
        json!({"oneOf": [{"required": ["a"]}]}),
        json!({"oneOf": [{"required": ["a"]}, {"required": ["elsewhere"]}]}),
        json!({"oneOf": [{"required": ["a"]}, {"required": ["a", "b"]}]}),
        json!({"oneOf": [{"required": ["a", "c"]}, {"required": ["b", "c"]}, {"required": ["a", "b"]}]}),
        json!({"oneOf": [{"properties": {"c": {"enum": ["A"]}}}, {"properties": {"c": {"enum": ["B"]}}}]}),
        json!({"oneOf": [{"required": ["a"]}, {"required": ["b"]}, {"not": {"required": ["a"]}}]}),
        json!({"oneOf": [{"required": ["a"]}, {"required": ["b"]}, {"not": {"required": ["a", "b"]}}]}),
        json!({"required": ["a"], "oneOf": [{"required": ["a"]}, {"required": ["b"]}]}),
        json!({"anyOf": [{"required": ["a"]}, {"minProperties": 2}]}),
        json!({"not": {"required": ["a", "b", "c"]}}),
        json!({"not": {"required": ["a", "b"], "properties": {"c": {"enum": ["A"]}}}}),
        json!({"x-kubernetes-validations": [{"rule": "has(self.a) != has(self.elsewhere)"}]}),
        json!({"x-kubernetes-validations": [{"rule": "has(self.a) || has(self.b)"}]}),
    ] {
        assert_eq!(
            choice(&schema_of_some(&also), &json!({"spec": {}})),
            None,
            "{also}"
        );
    }
}

#[test]
fn an_object_of_several_shapes_is_said_to_be_so() {
    let schema = schema_of_some(&json!({"oneOf": [{"required": ["a"]}, {"required": ["b"]}]}));
    let object = json!({"spec": {"a": {"from": "x"}, "b": {"from": "y"}}});
    let (field, branches, chosen) = choice(&schema, &object).unwrap();
    assert_eq!(chosen, "@several");
    assert!(field.help.unwrap().contains("only one may be there"));
    let shown = branches.iter().find(|branch| branch.id == chosen).unwrap();
    assert_eq!(
        (shown.label.as_str(), shown.fields.len()),
        ("As it is, several of these", 2)
    );
    // The choice of one leaves the other out, as ever.
    let posted = pairs(&[
        ("/spec/@branch", "b"),
        ("/spec/a/from", "x"),
        ("/spec/b/from", "y"),
    ]);
    assert_eq!(
        decode(&schema, &object, &posted).object,
        json!({"spec": {"b": {"from": "y"}}})
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
fn maps_explain_missing_and_doubled_keys() {
    let decoded = post(
        &json!({}),
        &[
            ("/spec/labels", "{}"),
            ("/spec/labels/@0/key", "a"),
            ("/spec/labels/@0/value", "1"),
            ("/spec/labels/@1/key", "a"),
            ("/spec/labels/@1/value", "2"),
            ("/spec/labels/@2/key", ""),
            ("/spec/labels/@2/value", "3"),
        ],
    );
    let problems: Vec<&str> = decoded
        .problems
        .iter()
        .map(|problem| problem.detail.as_str())
        .collect();
    assert_eq!(
        problems,
        ["has this key twice", "has a value without a key: \"3\""]
    );
    assert_eq!(decoded.object["spec"]["labels"], json!({"a": "1"}));
    let shown = all(&again(&decoded))["/spec/labels"].clone();
    assert_eq!(
        rows(&shown),
        [
            ("a", "1", vec![]),
            ("a", "2", vec!["Has this key twice"]),
            ("", "3", vec!["Has a value without a key: \"3\""]),
        ]
    );
}

/// The form that is shown after what was posted.
fn again(decoded: &Decoded) -> Form {
    let hints = FormHints::default();
    build(
        &schema(),
        Setup {
            violations: &decoded.problems,
            typed: Some(&decoded.typed),
            ..setup(&decoded.object, &hints)
        },
    )
}

/// Key, value and problems of each row of a map of texts.
fn rows(map: &Field) -> Vec<(&str, &str, Vec<&str>)> {
    let Control::Map { entries } = &map.control else {
        panic!("{map:?}")
    };
    entries
        .iter()
        .map(|entry| {
            let text: &str = match &entry.value.control {
                Control::Text { text, .. } => text,
                other => panic!("{other:?}"),
            };
            let problems = entry.key_problems.iter().map(String::as_str).collect();
            (entry.key.as_str(), text, problems)
        })
        .collect()
}

#[test]
fn buttons_beside_a_doubled_key_mean_the_rows_that_are_shown() {
    let typed = [
        ("/spec/labels", "{}"),
        ("/spec/labels/@0/key", "a"),
        ("/spec/labels/@0/value", "1"),
        ("/spec/labels/@1/key", "a"),
        ("/spec/labels/@1/value", "2"),
        ("/spec/labels/@2/key", "b"),
        ("/spec/labels/@2/value", "3"),
    ];
    let press = |command| post(&json!({}), &[&typed[..], &[("_do", command)]].concat());
    let decoded = press("remove:/spec/labels/@2");
    let shown = all(&again(&decoded))["/spec/labels"].clone();
    assert_eq!(
        rows(&shown),
        [("a", "1", vec![]), ("a", "2", vec!["Has this key twice"])]
    );
    let decoded = press("remove:/spec/labels/@0");
    assert_eq!(decoded.object["spec"]["labels"], json!({"a": "2", "b": "3"}));
    assert_eq!(decoded.problems, []);
    let decoded = press("remove:/spec/labels/@1");
    assert_eq!(decoded.object["spec"]["labels"], json!({"a": "1", "b": "3"}));
    let decoded = press("add:/spec/labels");
    let shown = all(&again(&decoded))["/spec/labels"].clone();
    assert_eq!(
        rows(&shown),
        [
            ("a", "1", vec![]),
            ("a", "2", vec!["Has this key twice"]),
            ("b", "3", vec![]),
            ("", "", vec![]),
        ]
    );
}

#[test]
fn plans_and_hints_shape_the_form() {
    let plan: Plan = serde_json::from_value(json!({
        "name": "small", "title": "Small",
        "values": {"spec": {"replicas": 2, "storage": {"size": "10Gi", "class": "fast"}}},
        "adjustable": ["spec.storage.size"],
    }))
    .unwrap();
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
    let object = start(&schema, &hints, Some(&plan), &json!({"metadata": {"name": "a"}}));
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
        Setup {
            plan: Some(&plan),
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
    assert!(fields["/spec/storage/class"].locked);
    assert!(!fields.contains_key("/spec/ratio"));
    assert!(form.sections.iter().any(|section| section.title == "Network"));
}

#[test]
fn what_may_not_change_is_locked_in_a_change() {
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
        Setup {
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
    fn what_goes_into_a_form_comes_out(object in objects()) {
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
        let _ = build(&schema(), Setup { typed: Some(&decoded.typed), violations: &violations, ..setup(&decoded.object, &hints) });
    }
}
