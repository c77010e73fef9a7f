//! Mutated samples: validate them on creation and update, and decode them through a form.
#![no_main]

use arbitrary::Unstructured;
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
    let mut object = sample.clone();
    mutate(&mut object, choices)?;
    let mut posted = Vec::new();
    for _ in 0..choices.int_in_range(0..=6_u8)? {
        posted.push((name(choices)?, choices.arbitrary::<&str>()?.to_owned()));
    }
    for version in &kind.definition.versions {
        validate(&kind.definition, &version.name, &object, None);
        validate(&kind.definition, &version.name, &object, Some(sample));
        let _ = kind.definition.validate_status(&version.name, &object, sample);
        if let Ok(schema) = version.schema() {
            round_trip_form(schema, &object, &posted);
        }
    }
    Ok(())
}

/// A random input name.
fn name(choices: &mut Unstructured<'_>) -> arbitrary::Result<String> {
    const PARTS: [&str; 14] = [
        "/spec", "/0", "/1", "/@0", "/@1", "/key", "/value", "/@yaml", "/@branch", "/size", "/ports",
        "/labels", "/a", "/free",
    ];
    if choices.ratio(1_u8, 8_u8)? {
        return Ok("_do".to_owned());
    }
    let mut name = String::new();
    for _ in 0..choices.int_in_range(0..=5_u8)? {
        name.push_str(choices.choose(&PARTS)?);
    }
    Ok(name)
}
