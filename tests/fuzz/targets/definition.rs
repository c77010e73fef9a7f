//! Mutated definitions: parse them, validate samples, build forms.
#![no_main]

use arbitrary::Unstructured;
use kube_schema::{Definition, validate_crd};
use libfuzzer_sys::fuzz_target;
use portico_fuzz::corpus::KINDS;
use portico_fuzz::mutate::mutate;
use portico_fuzz::{round_trip_form, validate};

fuzz_target!(|bytes: &[u8]| {
    let _ = run(&mut Unstructured::new(bytes));
});

fn run(choices: &mut Unstructured<'_>) -> arbitrary::Result<()> {
    let kind = &KINDS[choices.choose_index(KINDS.len())?];
    let sample = choices.choose(&kind.samples)?;
    let mut document = kind.document.clone();
    // Mutate mostly the schema.
    let schema = if choices.ratio(7_u8, 8_u8)? {
        document.pointer_mut("/spec/versions/0/schema/openAPIV3Schema")
    } else {
        None
    };
    match schema {
        Some(schema) => mutate(schema, choices)?,
        None => mutate(&mut document, choices)?,
    }
    let errors = validate_crd(&document);
    let Ok(definition) = Definition::parse(&document) else {
        return Ok(());
    };
    // A form cannot be completed if a default is invalid.
    if errors.iter().any(|error| error.path.contains("default")) {
        return Ok(());
    }
    for version in &definition.versions {
        let Ok(schema) = version.schema() else { continue };
        validate(&definition, &version.name, sample, None);
        validate(&definition, &version.name, sample, Some(sample));
        round_trip_form(schema, sample, &[]);
    }
    Ok(())
}
