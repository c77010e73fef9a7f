use std::collections::BTreeSet;

use kube_schema::Definition;
use serde_json::Value;

use crate::corpus;
use crate::kinds::{Kinds, documents};

/// What is said of an object, apart from its identity: violations, pruned, whether defaults were filled in.
struct Said {
    violations: BTreeSet<String>,
    pruned: Vec<String>,
    defaulted: bool,
}

fn say(definition: &Definition, version: &str, object: &Value) -> Said {
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
    Said {
        violations,
        pruned,
        defaulted: stored != object,
    }
}

fn texts(value: &Value) -> BTreeSet<String> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|text| text.as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn every_definition_is_read() {
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
fn objects_are_judged_as_the_api_server_judges_them() {
    let Some(root) = corpus() else { return };
    let kinds = Kinds::read(&root);
    let verdicts: Value =
        serde_json::from_str(&std::fs::read_to_string(root.join("verdicts.json")).unwrap()).unwrap();
    let mut wrong = Vec::new();
    let mut judged = 0;
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
            let said = say(definition, &version, &object);
            judged += 1;
            let mut expected = texts(&verdict["schemaErrors"]);
            expected.extend(texts(&verdict["celErrors"]));
            if said.violations != expected {
                let more: Vec<_> = said.violations.difference(&expected).collect();
                let less: Vec<_> = expected.difference(&said.violations).collect();
                wrong.push(format!(
                    "{name}: said alone: {more:#?}, the API server alone: {less:#?}"
                ));
            }
            if said.defaulted != verdict["defaulted"].as_bool().unwrap_or_default() {
                wrong.push(format!("{name}: defaulted {}", said.defaulted));
            }
            let pruned: BTreeSet<String> = said.pruned.into_iter().collect();
            if pruned != texts(&verdict["unknownFields"]) {
                wrong.push(format!(
                    "{name}: pruned {pruned:?} instead of {}",
                    verdict["unknownFields"]
                ));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {judged} differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
