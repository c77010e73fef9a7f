use kube_schema::{Definition, yaml};
use serde_json::Value;

use crate::corpus;
use crate::kinds::Kinds;

/// The suites' objects have no name; the API server's test harness gives them one.
fn named(text: &Value) -> Value {
    let mut object = yaml::parse(text.as_str().unwrap()).unwrap();
    object["metadata"]["name"] = "test".into();
    object["metadata"]["namespace"] = "test".into();
    object
}

#[test]
fn the_suites_of_rules_come_out_as_expected() {
    let Some(root) = corpus() else { return };
    let kinds = Kinds::read(&root);
    let mut wrong = Vec::new();
    let mut cases = 0;
    for entry in std::fs::read_dir(root.join("testsuites")).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        // One of the suites has this key twice.
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
                let said = if is_update && case["updated"].is_string() {
                    say(definition, version, &named(&case["updated"]), Some(&initial))
                } else {
                    say(definition, version, &initial, None)
                };
                let expected = case["expectedError"].as_str().unwrap_or_default();
                let fine = if expected.is_empty() {
                    said.is_empty()
                } else {
                    said.contains(expected)
                };
                if !fine {
                    let name = case["name"].as_str().unwrap_or_default();
                    wrong.push(format!(
                        "{}: {on} {name}\n  expected {expected:?}\n  said {said}",
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

fn say(definition: &Definition, version: &str, object: &Value, old: Option<&Value>) -> String {
    let judgement = definition.judge(version, object, old).unwrap();
    let said: Vec<String> = judgement
        .as_api_server()
        .iter()
        .map(ToString::to_string)
        .collect();
    said.join("; ")
}
