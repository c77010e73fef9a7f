use std::collections::BTreeSet;

use kube_schema::Definition;
use serde_json::Value;

use crate::corpus;
use crate::kinds::{Kinds, documents};

/// The result for an object, without checks of its metadata.
struct Outcome {
    violations: BTreeSet<String>,
    pruned: Vec<String>,
    defaulted: bool,
}

fn validate(definition: &Definition, version: &str, object: &Value) -> Outcome {
    let version = definition.version(version).unwrap();
    let schema = version.schema().unwrap();
    let (mut object, pruned) = schema.pruned(object);
    if version.has_status {
        object.as_object_mut().unwrap().shift_remove("status");
    }
    let stored = schema.defaulted(&object);
    let violations = schema
        .validate(&stored, None)
        .iter()
        .map(ToString::to_string)
        .collect();
    Outcome {
        violations,
        pruned,
        defaulted: stored != object,
    }
}

fn strings(value: &Value) -> BTreeSet<String> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|text| text.as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn every_definition_can_be_parsed() {
    let Some(root) = corpus() else { return };
    let kinds = Kinds::read(&root);
    assert!(kinds.0.len() >= 100, "{}", kinds.0.len());
    for definition in kinds.0.values() {
        for version in &definition.versions {
            assert!(
                version.schema.is_ok(),
                "{} {}: {:?}",
                definition.name,
                version.name,
                version.schema.as_ref().err()
            );
        }
    }
}

#[test]
fn results_are_those_of_the_api_server() {
    let Some(root) = corpus() else { return };
    let kinds = Kinds::read(&root);
    let verdicts: Value =
        serde_json::from_str(&std::fs::read_to_string(root.join("verdicts.json")).unwrap()).unwrap();
    let mut wrong = Vec::new();
    let mut count = 0;
    for folder in ["samples", "invalid"] {
        for (file, object) in documents(&root.join(folder)) {
            let name = format!("{folder}/{file}");
            let verdict = &verdicts[&name];
            let Some((definition, version)) = kinds.of(&object) else {
                wrong.push(format!("{name}: no definition"));
                continue;
            };
            if definition.version(&version).is_none() {
                assert!(!verdict["valid"].as_bool().unwrap());
                continue;
            }
            let actual = validate(definition, &version, &object);
            count += 1;
            let mut expected = strings(&verdict["schemaErrors"]);
            expected.extend(strings(&verdict["celErrors"]));
            if actual.violations != expected {
                let more: Vec<_> = actual.violations.difference(&expected).collect();
                let less: Vec<_> = expected.difference(&actual.violations).collect();
                wrong.push(format!(
                    "{name}: only here: {more:#?}, only in the API server: {less:#?}"
                ));
            }
            if actual.defaulted != verdict["defaulted"].as_bool().unwrap_or_default() {
                wrong.push(format!("{name}: defaulted {}", actual.defaulted));
            }
            let pruned: BTreeSet<String> = actual.pruned.into_iter().collect();
            if pruned != strings(&verdict["unknownFields"]) {
                wrong.push(format!(
                    "{name}: pruned {pruned:?} instead of {}",
                    verdict["unknownFields"]
                ));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {count} differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
