use serde_json::json;

use super::*;

fn problems(object: &Value) -> Vec<String> {
    let expected = ExpectedIdentity {
        api_version: "demo.dev/v1",
        kind: "Thing",
        namespaced: true,
    };
    validate(object, None, expected)
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[test]
fn names_of_roles_are_path_segments() {
    for (name, problem) in [
        ("portico:edit", ""),
        ("A b", ""),
        ("..", "metadata.name: Invalid value: \"..\": may not be '..'"),
        (
            "a/b",
            "metadata.name: Invalid value: \"a/b\": may not contain '/'",
        ),
    ] {
        let object = json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
            "metadata": { "name": name, "namespace": "team" },
        });
        let found = validate_metadata(&object, None, true, NameFormat::PathSegment);
        let found: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(found.join("\n"), problem);
    }
}

#[test]
fn names_labels_and_annotations_are_validated() {
    let good = json!({
        "apiVersion": "demo.dev/v1", "kind": "Thing",
        "metadata": {"name": "a.b-1", "namespace": "team", "labels": {"example.com/app": "x_1", "b": ""}},
    });
    assert_eq!(problems(&good), Vec::<String>::new());
    let bad = json!({
        "apiVersion": "demo.dev/v1", "kind": "Thing",
        "metadata": {"name": "Über", "labels": {"a b": "x/"}, "annotations": {"/a": 3}},
    });
    let found = problems(&bad).join("\n");
    assert!(
        found.contains("metadata.name: Invalid value: \"Über\": a lowercase RFC 1123 subdomain must"),
        "{found}"
    );
    assert!(
        found.contains("metadata.labels: Invalid value: \"a b\": name part must consist of"),
        "{found}"
    );
    assert!(
        found.contains("metadata.labels: Invalid value: \"x/\": a valid label must be"),
        "{found}"
    );
    assert!(
        found.contains("metadata.annotations[/a]: Invalid value: 3: must be a string"),
        "{found}"
    );
}

#[test]
fn owner_references_must_be_complete_and_have_one_controller() {
    let object = json!({
        "apiVersion": "demo.dev/v1", "kind": "Thing",
        "metadata": {"name": "a", "namespace": "team", "generation": "1", "ownerReferences": [
            {"apiVersion": "a/b/c", "kind": "K", "name": "x", "uid": "", "controller": true},
            {"apiVersion": "v1", "kind": "K", "name": "y", "uid": "1", "controller": true},
        ]},
    });
    let found = problems(&object);
    assert_eq!(found.len(), 4, "{found:#?}");
    assert_eq!(
        found[0],
        "metadata.generation: Invalid value: \"1\": must be an integer"
    );
    assert_eq!(
        found[1],
        "metadata.ownerReferences[0].uid: Required value: must not be empty"
    );
    assert_eq!(
        found[2],
        "metadata.ownerReferences[0].apiVersion: Invalid value: \"a/b/c\": must be <group>/<version> or <version>"
    );
    assert!(found[3].contains("for K/x and K/y"), "{}", found[3]);
}

#[test]
fn another_kind_is_rejected() {
    assert_eq!(
        problems(&json!({"apiVersion": "demo.dev/v2", "kind": "Thing"})),
        ["apiVersion: Invalid value: \"demo.dev/v2\": must be demo.dev/v1"]
    );
}
