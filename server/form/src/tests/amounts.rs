//! Amounts: a number and its unit, posted apart or together.

use kube_schema::Schema;
use serde_json::{Value, json};

use crate::{AmountUnit, Control, Form, FormHints, FormInput, build, decode, encode};

const QUANTITY: &str = r"^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE])?$";

fn schema() -> Schema {
    Schema::parse(
        &json!({"type": "object", "properties": {"spec": {"type": "object", "properties": {
            "size": {"type": "string", "pattern": "^[1-9][0-9]*(Gi|Ti)$"},
            "memory": {"x-kubernetes-int-or-string": true, "pattern": QUANTITY},
            "cpu": {"x-kubernetes-int-or-string": true, "pattern": QUANTITY},
            "name": {"type": "string"},
        }}}}),
    )
    .unwrap()
}

fn form(object: &Value, typed: Option<&crate::Decoded>) -> Form {
    let hints = FormHints::default();
    let input = FormInput {
        typed: typed.map(|decoded| &decoded.typed),
        ..FormInput::new(&hints, object)
    };
    build(&schema(), input)
}

fn unit(form: &Form, name: &str) -> Option<AmountUnit> {
    let mut found = None;
    let fields = form
        .main
        .iter()
        .chain(form.sections.iter().flat_map(|section| &section.fields));
    for field in fields {
        field.each(&mut |field| {
            if field.name == name
                && let Control::Text { unit, .. } = &field.control
            {
                found.clone_from(unit);
            }
        });
    }
    found
}

fn posted(pairs: &[(&str, &str)]) -> crate::Decoded {
    let pairs: Vec<_> = pairs
        .iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
        .collect();
    decode(&schema(), &json!({"spec": {}}), &pairs)
}

#[test]
fn the_unit_is_chosen_among_those_that_the_field_accepts() {
    let form = form(
        &json!({"spec": {"size": "20Gi", "memory": "512Ki", "cpu": "500m", "name": "20Gi"}}),
        None,
    );
    let of = |name: &str| unit(&form, name).map(|unit| (unit.chosen, unit.choices.join(" ")));
    assert_eq!(of("/spec/size"), Some(("Gi".into(), "Gi Ti".into())));
    assert_eq!(of("/spec/memory"), Some(("Ki".into(), "Ki Mi Gi Ti".into())));
    assert_eq!(of("/spec/cpu"), None);
}

#[test]
fn an_empty_amount_has_the_unit_of_its_schema() {
    let form = form(&json!({"spec": {}}), None);
    let of = |name: &str| unit(&form, name).map(|unit| unit.chosen);
    assert_eq!(of("/spec/size").as_deref(), Some("Gi"));
    assert_eq!(of("/spec/memory").as_deref(), Some("Gi"));
    assert_eq!(of("/spec/cpu"), None);
    assert_eq!(of("/spec/name"), None);
}

#[test]
fn a_number_takes_the_unit_beside_it() {
    for (number, unit, size) in [
        ("30", "Gi", "30Gi"),
        (" 30 ", "Ti", "30Ti"),
        // A unit of its own counts more.
        ("30Ti", "Gi", "30Ti"),
        ("30 GiB", "Ti", "30Gi"),
        ("plenty", "Gi", "plenty"),
        ("30", "apples", "30"),
        // The field refuses powers of 1,000: what was typed stays.
        ("30 GB", "Gi", "30 GB"),
    ] {
        let decoded = posted(&[("/spec/size", number), ("/spec/size/@unit", unit)]);
        assert_eq!(decoded.object["spec"]["size"], size, "{number} {unit}");
    }
    let decoded = posted(&[("/spec/memory", "64"), ("/spec/memory/@unit", "Mi")]);
    assert_eq!(decoded.object["spec"]["memory"], "64Mi");
}

#[test]
fn while_it_is_typed_the_field_stays_an_amount() {
    for number in ["", "plenty", "3"] {
        let decoded = posted(&[("/spec/cpu", number), ("/spec/cpu/@unit", "Ti")]);
        let form = form(&decoded.object, Some(&decoded));
        assert_eq!(
            unit(&form, "/spec/cpu").map(|unit| unit.chosen).as_deref(),
            Some("Ti"),
            "{number}"
        );
    }
}

#[test]
fn an_unchanged_amount_posts_itself() {
    let object = json!({"spec": {"size": "20Gi", "memory": 1024}});
    let form = form(&object, None);
    assert_eq!(decode(&schema(), &object, &encode(&form)).object, object);
}
