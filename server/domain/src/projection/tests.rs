use kube_schema::yaml;
use portico_form::{FormInput, build};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::manifest::{diff, differences};

fn projection(claim_kind: ClaimKind, settable: &[&str]) -> Projection {
    let settable: Vec<String> = settable.iter().map(|path| (*path).to_owned()).collect();
    Projection::new(claim_kind, &settable, &[], &FormHints::default())
}

fn refused(projection: &Projection, wish: &Value, live: Option<&Value>) -> Vec<String> {
    let manifest = json!({
        "apiVersion": "example.org/v1", "kind": "Database", "metadata": {"name": "orders", "namespace": "payments-dev"},
    });
    let known: Vec<&Value> = live.into_iter().collect();
    let found = projection.forbidden_fields(wish, &known, &manifest, None);
    found.into_iter().map(|found| found.path).collect()
}

#[test]
fn only_machinery_is_refused() {
    for claim_kind in [ClaimKind::LegacyClaim, ClaimKind::Composite] {
        for name in MACHINERY {
            let wish = json!({"spec": {"size": 1, name: {"name": "x", "deep": {"er": 1}}}});
            let named = refused(&projection(claim_kind, &[]), &wish, None);
            let path = format!("spec.{name}");
            assert!(
                !named.is_empty() && named.iter().all(|named| named.starts_with(&path)),
                "{named:?}"
            );
            let kept = projection(claim_kind, &[]).user_fields(&wish);
            assert_eq!(kept, json!({"spec": {"size": 1}}));
        }
    }
    // In a plain kind, all fields of `spec` are user fields.
    let wish = json!({"spec": {"resourceRef": {"name": "x"}}, "data": {"a": 1}});
    assert!(refused(&projection(ClaimKind::Plain, &[]), &wish, None).is_empty());
    assert_eq!(projection(ClaimKind::Plain, &[]).user_fields(&wish), wish);
}

#[test]
fn metadata_and_status_are_refused_for_every_kind() {
    for claim_kind in [ClaimKind::Plain, ClaimKind::LegacyClaim, ClaimKind::Composite] {
        let wish = json!({
            "apiVersion": "v1", "kind": "Secret",
            "metadata": {
                "name": "another", "namespace": "kube-system", "generateName": "x",
                "labels": {"portico.dev/tenant": "research", "team": "a"},
                "annotations": {"crossplane.io/paused": "true"},
                "finalizers": ["x"], "ownerReferences": [{"name": "x"}],
            },
            "status": {"ready": true},
            "spec": {},
        });
        let named = refused(&projection(claim_kind, &[]), &wish, None);
        for path in [
            "apiVersion",
            "kind",
            "metadata.name",
            "metadata.namespace",
            "metadata.generateName",
            "metadata.labels.portico.dev/tenant",
            "metadata.labels.team",
            "metadata.annotations.crossplane.io/paused",
            "metadata.finalizers",
            "metadata.ownerReferences",
            "status",
        ] {
            assert!(
                named.iter().any(|named| named == path),
                "{path} is let pass: {named:?}"
            );
        }
        assert_eq!(
            projection(claim_kind, &[]).user_fields(&wish),
            json!({"spec": {}})
        );
    }
}

#[test]
fn repeating_the_current_object_is_accepted() {
    let live = json!({
        "apiVersion": "example.org/v1", "kind": "Database",
        "metadata": {"name": "orders", "namespace": "payments-dev", "uid": "1", "labels": {"a": "b"}},
        "spec": {"size": 1, "compositionRef": {"name": "x"}},
        "status": {"ready": true},
    });
    let claims = projection(ClaimKind::LegacyClaim, &[]);
    assert!(
        refused(&claims, &live, Some(&live)).is_empty(),
        "kubectl get, pasted"
    );
    let mut other = live.clone();
    other["spec"]["compositionRef"]["name"] = json!("y");
    other["metadata"]["labels"]["a"] = json!("c");
    assert_eq!(
        refused(&claims, &other, Some(&live)),
        ["metadata.labels.a", "spec.compositionRef"]
    );
    let named = json!({"apiVersion": "example.org/v1", "kind": "Database", "metadata": {"name": "orders"}, "spec": {}});
    assert!(
        refused(&claims, &named, None).is_empty(),
        "what it is called anyway"
    );
    assert_eq!(
        refused(&claims, &json!({"spec": {"compositionRef": null}}), Some(&live)),
        ["spec.compositionRef"],
        "nor may it be taken away"
    );
}

#[test]
fn an_offering_opens_only_what_it_lists() {
    let open = projection(
        ClaimKind::Composite,
        &[
            "spec.crossplane.compositionSelector.matchLabels",
            "metadata.labels.app.kubernetes.io/part-of",
        ],
    );
    let wish = json!({
        "metadata": {"labels": {"app.kubernetes.io/part-of": "shop"}},
        "spec": {"size": 1, "crossplane": {"compositionSelector": {"matchLabels": {"tier": "a"}}}},
    });
    assert!(refused(&open, &wish, None).is_empty());
    assert_eq!(open.user_fields(&wish), wish);
    let more = json!({
        "metadata": {"labels": {"app.kubernetes.io/name": "shop"}},
        "spec": {"crossplane": {"compositionSelector": {"matchControllerRef": true}, "compositionRef": {"name": "x"}}},
    });
    assert_eq!(
        refused(&open, &more, None),
        [
            "metadata.labels.app.kubernetes.io/name",
            "spec.crossplane.compositionSelector",
            "spec.crossplane.compositionRef"
        ]
    );
}

#[test]
fn dangerous_machinery_cannot_be_opened() {
    for path in [
        "spec.resourceRef",
        "spec.resourceRef.name",
        "spec.claimRef",
        "spec.writeConnectionSecretToRef",
        "spec.crossplane",
        "spec.crossplane.writeConnectionSecretToRef",
        "spec.crossplane.resourceRefs",
        "metadata.finalizers",
        "metadata.labels",
        "metadata.annotations.portico.dev/requester",
        "status.ready",
        "spec.size",
    ] {
        assert!(check_settable(path).is_err(), "{path}");
        let top = path.split('.').nth(1).unwrap();
        let wish = json!({"spec": {top: {"name": "x"}}});
        let named = refused(&projection(ClaimKind::LegacyClaim, &[path]), &wish, None);
        assert_eq!(named.is_empty(), !MACHINERY.contains(&top), "{path}: {named:?}");
    }
    for path in [
        "spec.compositionSelector",
        "spec.crossplane.compositionRef",
        "metadata.annotations.crossplane.io/external-name",
    ] {
        assert_eq!(check_settable(path), Ok(()), "{path}");
    }
}

#[test]
fn machinery_set_by_a_plan_is_shown() {
    let plan: Plan = serde_json::from_value(json!({
        "name": "large", "values": {"spec": {"size": 3, "compositionSelector": {"matchLabels": {"tier": "large"}}}},
    }))
    .unwrap();
    let planned = Projection::new(ClaimKind::LegacyClaim, &[], &[plan], &FormHints::default());
    let live = json!({"spec": {
        "size": 3,
        "compositionSelector": {"matchLabels": {"tier": "large", "zone": "a"}},
        "compositionRef": {"name": "x"},
    }});
    let shown = json!({"spec": {"size": 3, "compositionSelector": {"matchLabels": {"tier": "large"}}}});
    assert_eq!(planned.user_fields(&live), shown);
    let plan = serde_json::from_value::<Plan>(json!({"name": "large", "values": shown})).unwrap();
    let begins = json!(plan.values);
    assert!(
        planned
            .forbidden_fields(&shown, &[&begins], &json!({}), Some(&plan))
            .is_empty(),
        "as the plan has it"
    );
    let other = json!({"spec": {"compositionSelector": {"matchLabels": {"tier": "small"}}}});
    assert_eq!(
        planned
            .forbidden_fields(&other, &[&begins], &json!({}), Some(&plan))
            .len(),
        1
    );
    assert_eq!(
        planned
            .forbidden_fields(&shown, &[&json!({})], &json!({}), None)
            .len(),
        1,
        "as another plan has it"
    );
    let adjustable = Plan {
        adjustable: vec!["spec.compositionSelector".to_owned()],
        ..plan
    };
    assert!(
        planned
            .forbidden_fields(&other, &[&begins], &json!({}), Some(&adjustable))
            .is_empty()
    );
}

#[test]
fn only_machinery_that_portico_applied_is_sent_again() {
    let object = json!({
        "metadata": {"managedFields": [
            {"manager": "portico", "operation": "Apply", "fieldsV1": {"f:spec": {
                "f:size": {}, "f:compositionSelector": {"f:matchLabels": {"f:tier": {}}},
            }}},
            {"manager": "crossplane", "operation": "Update", "fieldsV1": {"f:spec": {
                "f:compositionRef": {"f:name": {}}, "f:compositionSelector": {"f:matchLabels": {"f:zone": {}}},
            }}},
            {"manager": "portico", "operation": "Update", "subresource": "status", "fieldsV1": {"f:spec": {"f:claimRef": {}}}},
        ]},
        "spec": {
            "size": 1, "claimRef": {"name": "x"}, "compositionRef": {"name": "x"},
            "compositionSelector": {"matchLabels": {"tier": "a", "zone": "b"}},
        },
    });
    let own = Projection::own_machinery(ClaimKind::LegacyClaim, &object);
    assert_eq!(
        own,
        Some(json!({"compositionSelector": {"matchLabels": {"tier": "a"}}}))
    );
    assert_eq!(Projection::own_machinery(ClaimKind::Plain, &object), None);
    let mut manifest = json!({"spec": {"size": 2}});
    let claims = projection(ClaimKind::LegacyClaim, &[]);
    claims.restore_machinery(own.as_ref(), &mut manifest);
    assert_eq!(
        manifest,
        json!({"spec": {"size": 2, "compositionSelector": {"matchLabels": {"tier": "a"}}}})
    );
    // A field that people may set, they may also remove.
    let mut taken = json!({"spec": {"size": 2}});
    projection(ClaimKind::LegacyClaim, &["spec.compositionSelector"])
        .restore_machinery(own.as_ref(), &mut taken);
    assert_eq!(taken, json!({"spec": {"size": 2}}));
}

#[test]
fn plan_and_expiry_are_requested_fields_and_other_labels_are_not() {
    let manifest = |plan: &str, request: &str| {
        json!({
            "apiVersion": "v1", "kind": "Database",
            "metadata": {
                "name": "a", "namespace": "b",
                "labels": {"portico.dev/plan": plan, "portico.dev/request": request, "portico.dev/tenant": "t"},
                "annotations": {"portico.dev/requester": request, "portico.dev/expires": "2027-01-01T00:00:00Z"},
            },
            "spec": {"b": 1, "a": 2},
        })
    };
    assert_eq!(
        requested_fields(&manifest("small", "1")),
        json!({
            "portico.dev/plan": "small", "portico.dev/expires": "2027-01-01T00:00:00Z", "spec": {"a": 2, "b": 1},
        })
    );
    assert_eq!(
        requested_fields(&manifest("small", "1")),
        requested_fields(&manifest("small", "2"))
    );
    assert_ne!(
        requested_fields(&manifest("small", "1")),
        requested_fields(&manifest("large", "1"))
    );
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1000_i32..1000).prop_map(|number| Value::from(f64::from(number) / 8.0 + 0.0625)),
        "[ -~\\n\\t]{0,8}".prop_map(Value::from),
        prop::sample::select(vec![
            "1", "true", "null", "~", "- a", "a: b", "", " ", "1e3", "0x1"
        ])
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("[a-c]{1,2}", inner), 0..4)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

/// Returns the value with all map keys in reverse order.
fn reversed(value: &Value) -> Value {
    match value {
        Value::Object(map) => Value::Object(
            map.iter()
                .rev()
                .map(|(key, value)| (key.clone(), reversed(value)))
                .collect(),
        ),
        Value::Array(items) => Value::Array(items.iter().map(reversed).collect()),
        other => other.clone(),
    }
}

fn any_manifest() -> impl Strategy<Value = Value> {
    (
        any_value(),
        prop::option::of("[a-c]"),
        prop::option::of("[a-c]"),
        "[a-z]{1,3}",
    )
        .prop_map(|(spec, plan, label, request)| {
            json!({
                "apiVersion": "example.org/v1", "kind": "Database",
                "metadata": {
                    "name": "orders",
                    "labels": {"portico.dev/plan": plan, "portico.dev/request": request, "team": label},
                },
                "spec": spec,
            })
        })
}

proptest! {
    /// The diff that an approver reads is empty if and only if nothing is requested.
    #[test]
    fn a_difference_is_empty_exactly_when_nothing_changes(one in any_manifest(), other in any_manifest(), same in any::<bool>()) {
        let mut other = if same { reversed(&one) } else { other };
        // Another request by another person.
        other["metadata"]["labels"]["portico.dev/request"] = json!("another");
        let (one, other) = (requested_fields(&one), requested_fields(&other));
        let lines = diff(&yaml::print(&one), &yaml::print(&other));
        prop_assert_eq!(lines.is_empty(), one == other, "{} and {}", one, other);
        prop_assert_eq!(differences(&one, &other).is_empty(), one == other);
    }

    /// Either everything in the input is kept, or something is refused.
    #[test]
    fn fields_are_kept_or_refused(spec in any_value(), label in prop::option::of("[a-c]"), machinery in prop::sample::select(&MACHINERY[..])) {
        let wish = json!({"metadata": {"labels": {"team": label}}, "spec": {"a": spec.clone(), machinery: spec}});
        let claims = projection(ClaimKind::LegacyClaim, &[]);
        let kept = claims.user_fields(&wish);
        let manifest = json!({"metadata": {}});
        let refused = claims.forbidden_fields(&wish, &[], &manifest, None);
        let passed_over = differences(&kept, &wish).into_iter().filter(|(path, _, new)| {
            // An empty input requests nothing.
            !matches!(new.as_str(), "null" | "{}" | "[]") && !refused.iter().any(|refused| path.starts_with(&refused.path))
        });
        prop_assert_eq!(passed_over.collect::<Vec<_>>(), Vec::new());
    }
}

#[test]
fn forms_hide_machinery_that_is_not_open() {
    let schema = Schema::parse(
        &json!({"type": "object", "properties": {"spec": {"type": "object", "properties": {
            "size": {"type": "string"},
            "compositionRef": {"type": "object", "properties": {"name": {"type": "string"}}},
        }}}}),
    )
    .unwrap();
    let object = json!({"spec": {}});
    let shows = |projection: &Projection| {
        let hints = projection.hints(&schema, &FormHints::default());
        let form = build(&schema, FormInput::new(&hints, &object));
        let mut names = Vec::new();
        for field in form
            .main
            .iter()
            .chain(form.sections.iter().flat_map(|section| &section.fields))
        {
            field.each(&mut |field| names.push(field.name.clone()));
        }
        assert!(names.contains(&"/spec/size".to_owned()));
        names.contains(&"/spec/compositionRef/name".to_owned())
    };
    for claim_kind in [ClaimKind::LegacyClaim, ClaimKind::Composite] {
        assert!(!shows(&projection(claim_kind, &[])));
        assert!(shows(&projection(claim_kind, &["spec.compositionRef"])));
    }
    assert!(shows(&projection(ClaimKind::Plain, &[])));
}
