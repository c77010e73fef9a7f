//! Objects with one of several shapes.

use kube_schema::Schema;
use serde_json::{Value, json};

use super::{all, form, pairs, post, setup};
use crate::{Branch, Control, Field, FormHints, build, decode, encode};

#[test]
fn choosing_a_branch_removes_the_others() {
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

/// A schema whose `spec` has a few objects, with `also` merged in.
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
fn mutually_exclusive_shapes_are_offered_as_a_choice() {
    let rule = |rule: &str| json!({"x-kubernetes-validations": [{"rule": rule}]});
    let absent = |name: &str| json!({"not": {"required": [name]}});
    for (also, ids, required) in [
        (
            json!({"oneOf": [{"required": ["a"]}, {"required": ["b"]}]}),
            vec!["a", "b"],
            true,
        ),
        // A branch may refine its fields; fields that all branches require belong to none.
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
        // Choose one branch and fill it in; then choose another, which removes the first.
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
        stays_as_it_is(&schema, &branches, &also);
    }
}

/// The form keeps every object as it is, except that it completes the missing objects of a shape.
fn stays_as_it_is(schema: &Schema, branches: &[Branch], also: &Value) {
    for spec in [
        json!({}),
        json!({"a": {"from": "x"}}),
        json!({"b": {}, "a": {"from": "x"}}),
        json!({"c": "A"}),
    ] {
        let mut object = json!({ "spec": spec });
        let hints = FormHints::default();
        let form = build(schema, setup(&object, &hints));
        let decoded = decode(schema, &object, &encode(&form));
        let is_held_in_part = |branch: &Branch| {
            let mut names = branch.id.split('+');
            let holds = |name: &str| object["spec"].get(name).is_some();
            names.clone().any(holds) && !names.all(holds)
        };
        if branches
            .iter()
            .any(|branch| branch.id.contains('b') && is_held_in_part(branch))
        {
            object["spec"]
                .as_object_mut()
                .unwrap()
                .entry("b")
                .or_insert(json!({}));
        }
        assert_eq!(decoded.object.to_string(), object.to_string(), "{also}");
    }
}

#[test]
fn ambiguous_schemas_offer_no_choice() {
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
fn an_object_with_several_shapes_is_reported() {
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
    // Choosing one shape removes the other.
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
