use serde_json::json;

use super::{Kinds, corpus, documents};
use crate::documents::FormHints;
use crate::schema::form::{Setup, build, decode};
use crate::schema::{Definition, Schema, form::encode::encode};

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
        let form = build(version.schema().unwrap(), Setup::new(&hints, &object));
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
            let form = build(schema, Setup::new(&hints, &object));
            let decoded = decode(schema, &object, &encode(&form));
            let (given, taken) = (object.to_string(), decoded.object.to_string());
            if taken != given {
                wrong.push(format!("{file}:\n  in  {object}\n  out {}", decoded.object));
            }
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}
