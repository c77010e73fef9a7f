use serde_json::{Value, json};

use super::{Kinds, corpus, documents};
use crate::documents::FormHints;
use crate::schema::form::{Setup, build, decode};
use crate::schema::{Definition, Schema, form::encode::encode};

fn setup<'a>(object: &'a Value, hints: &'a FormHints, is_composite: bool) -> Setup<'a> {
    Setup {
        is_composite,
        is_change: false,
        hints,
        plan: None,
        object,
        typed: None,
        violations: &[],
    }
}

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
        let form = build(version.schema().unwrap(), setup(&object, &hints, false));
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
            let form = build(schema, setup(&object, &hints, false));
            let decoded = decode(schema, &object, &encode(&form));
            let (given, taken) = (object.to_string(), decoded.object.to_string());
            if taken != given {
                wrong.push(format!("{file}:\n  in  {object}\n  out {}", decoded.object));
            }
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
#[ignore = "prints outlines"]
fn outlines() {
    use crate::view::{Control, Field};
    fn outline(field: &Field, depth: usize) {
        let pad = "  ".repeat(depth);
        let kind = match &field.control {
            Control::Text {
                format, multiline, ..
            } => format!("text {format:?} {multiline}"),
            Control::Number { .. } => "number".into(),
            Control::Toggle { on } => format!("toggle {on}"),
            Control::OptionalToggle { on } => format!("optional toggle {on:?}"),
            Control::Choice { choices, .. } => format!("choice of {}", choices.len()),
            Control::Object { .. } => "object".into(),
            Control::List { item_label, .. } => format!("list of {item_label}"),
            Control::Map { .. } => "map".into(),
            Control::Union { .. } => "union".into(),
            Control::Yaml { .. } => "yaml".into(),
        };
        let mark = if field.required { "*" } else { "" };
        println!(
            "{pad}{}{mark} [{kind}] {} default {:?}",
            field.label, field.name, field.default
        );
        match &field.control {
            Control::Object { fields } => fields.iter().for_each(|field| outline(field, depth + 1)),
            Control::Union { branches, .. } => {
                branches
                    .iter()
                    .flat_map(|branch| &branch.fields)
                    .for_each(|field| outline(field, depth + 2));
            }
            _ => {}
        }
    }
    let hints = FormHints::default();
    for path in std::env::var("OUTLINES")
        .unwrap_or_default()
        .split(':')
        .filter(|path| !path.is_empty())
    {
        for document in crate::schema::yaml::parse_all(&std::fs::read_to_string(path).unwrap()).unwrap() {
            let documents = if document["kind"] == "CompositeResourceDefinition" {
                super::definitions_of(&document)
            } else {
                vec![document]
            };
            for document in documents {
                let definition = Definition::parse(&document).unwrap();
                let schema = definition.storage_version().unwrap().schema().unwrap();
                let object = crate::schema::form::start(schema, &hints, None, &json!({}));
                let form = build(schema, setup(&object, &hints, true));
                println!("\n=== {} ({} fields)", definition.name, form.field_count);
                form.main.iter().for_each(|field| outline(field, 0));
                for section in &form.sections {
                    println!("-- {} open {}", section.title, section.open);
                    section.fields.iter().for_each(|field| outline(field, 1));
                }
            }
        }
    }
}
