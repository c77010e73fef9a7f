use kube_schema::{Definition, Schema, yaml};
use portico_form::{FormHints, FormInput, build, decode, encode};
use serde_json::{Value, json};

use crate::corpus;
use crate::kinds::{Kinds, documents};

fn schema<'d>(definition: &'d Definition, version: &str) -> Option<&'d Schema> {
    definition.version(version)?.schema().ok().map(|schema| &**schema)
}

#[test]
fn every_definition_has_a_form_within_bounds() {
    let Some(root) = corpus() else { return };
    let hints = FormHints::default();
    for definition in Kinds::read(&root).0.values() {
        let version = definition.storage_version().unwrap();
        let object = json!({"spec": {}});
        let form = build(version.schema().unwrap(), FormInput::new(&hints, &object));
        assert!(
            form.field_count <= 1_500,
            "{}: {}",
            definition.name,
            form.field_count
        );
        assert!(
            serde_json::to_string(&form).unwrap().len() < 1_500_000,
            "{}",
            definition.name
        );
        let has_spec = version
            .schema()
            .unwrap()
            .root()
            .property("spec")
            .is_some_and(|spec| spec.properties().count() > 0);
        assert!(form.field_count > 0 || !has_spec, "{}", definition.name);
    }
}

#[test]
fn samples_go_through_their_forms_unchanged() {
    let Some(root) = corpus() else { return };
    let kinds = Kinds::read(&root);
    let hints = FormHints::default();
    let mut wrong = Vec::new();
    for (file, object) in documents(&root.join("samples")) {
        let Some((definition, version)) = kinds.of(&object) else {
            continue;
        };
        let Some(schema) = schema(definition, &version) else {
            continue;
        };
        for object in [object.clone(), schema.defaulted(&object)] {
            for object in emptied(&object) {
                // Through the YAML tab and the form.
                let told = yaml::parse(&yaml::print(&object)).unwrap_or_default();
                let form = build(schema, FormInput::new(&hints, &told));
                let decoded = decode(schema, &told, &encode(&form));
                let (given, taken) = (object.to_string(), decoded.object.to_string());
                let is_sample = schema.validate(&object, None).is_empty();
                if is_sample && taken != given {
                    wrong.push(format!("{file}:\n  in  {object}\n  out {}", decoded.object));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

/// An object, and copies of it with one list, map or string in its `spec` emptied.
fn emptied(object: &Value) -> Vec<Value> {
    /// Copies per object at most.
    const MAX_POINTERS: usize = 60;
    let mut pointers = Vec::new();
    collect(&object["spec"], "/spec".to_owned(), &mut pointers);
    let mut all = vec![object.clone()];
    for pointer in pointers.iter().take(MAX_POINTERS) {
        let mut emptied = object.clone();
        if let Some(value) = emptied.pointer_mut(pointer) {
            *value = match value {
                Value::Array(_) => json!([]),
                Value::Object(_) => json!({}),
                _ => json!(""),
            };
        }
        all.push(emptied);
    }
    all
}

fn collect(value: &Value, pointer: String, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                let step = name.replace('~', "~0").replace('/', "~1");
                collect(value, format!("{pointer}/{step}"), found);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                collect(value, format!("{pointer}/{index}"), found);
            }
        }
        Value::String(_) => {}
        _ => return,
    }
    found.push(pointer);
}
