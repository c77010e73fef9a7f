//! A published sample with something changed in it: judged on creation and on update, and through its form.
#![no_main]

use arbitrary::Unstructured;
use libfuzzer_sys::fuzz_target;
use portico_fuzz::corpus::KINDS;
use portico_fuzz::mutate::mutate;
use portico_fuzz::{judge, through_the_form};

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
        judge(&kind.definition, &version.name, &object, None);
        judge(&kind.definition, &version.name, &object, Some(sample));
        let _ = kind.definition.validate_status(&version.name, &object, sample);
        if let Ok(schema) = version.schema() {
            through_the_form(schema, &object, &posted);
        }
    }
    Ok(())
}

/// A name of an input: some of the ways in which forms name them.
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
