use kube_schema::{Definition, yaml};
use serde_json::Value;

use crate::corpus;
use crate::kinds::Kinds;

/// Parses an object and names it, as the API server's test harness does.
fn named(text: &Value) -> Value {
    let mut object = yaml::parse(text.as_str().unwrap()).unwrap();
    object["metadata"]["name"] = "test".into();
    object["metadata"]["namespace"] = "test".into();
    object
}

#[test]
fn published_test_suites_of_rules_pass() {
    let Some(root) = corpus() else { return };
    let kinds = Kinds::read(&root);
    let mut wrong = Vec::new();
    let mut cases = 0;
    for entry in std::fs::read_dir(root.join("testsuites")).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        // One of the suites has a duplicate key.
        let twice = || {
            text.rfind("\n  onUpdate:")
                .map(|at| format!("{}\n  onUpdateMore:{}", &text[..at], &text[at + 12..]))
        };
        let suite = yaml::parse(&text)
            .or_else(|_| yaml::parse(&twice().unwrap()))
            .unwrap();
        let version = suite["version"].as_str().unwrap();
        let crd = suite["crdName"].as_str().unwrap();
        let definition = kinds
            .0
            .values()
            .find(|definition| definition.name == crd)
            .unwrap();
        for (on, is_update) in [("onCreate", false), ("onUpdate", true), ("onUpdateMore", true)] {
            for case in suite["tests"][on].as_array().into_iter().flatten() {
                cases += 1;
                let initial = named(&case["initial"]);
                let actual = if is_update && case["updated"].is_string() {
                    errors(definition, version, &named(&case["updated"]), Some(&initial))
                } else {
                    errors(definition, version, &initial, None)
                };
                let expected = case["expectedError"].as_str().unwrap_or_default();
                let passes = if expected.is_empty() {
                    actual.is_empty()
                } else {
                    actual.contains(expected)
                };
                if !passes {
                    let name = case["name"].as_str().unwrap_or_default();
                    wrong.push(format!(
                        "{}: {on} {name}\n  expected {expected:?}\n  got {actual}",
                        path.display()
                    ));
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {cases} differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

fn errors(definition: &Definition, version: &str, object: &Value, old: Option<&Value>) -> String {
    let result = definition.validate(version, object, old).unwrap();
    let messages: Vec<String> = result
        .api_server_violations()
        .iter()
        .map(ToString::to_string)
        .collect();
    messages.join("; ")
}
