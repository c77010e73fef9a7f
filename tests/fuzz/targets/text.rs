//! Arbitrary text as YAML, as a definition, and as an object.
#![no_main]

use kube_schema::{Definition, yaml};
use libfuzzer_sys::fuzz_target;
use portico_fuzz::corpus::KINDS;
use portico_fuzz::{round_trip_form, validate};

fuzz_target!(|text: &str| {
    let Ok(documents) = yaml::parse_all(text) else {
        return;
    };
    for document in &documents {
        let printed = yaml::print(document);
        let read = yaml::parse(&printed);
        assert_eq!(read.as_ref(), Ok(document), "printed as {printed:?}");
    }
    let [definition, objects @ ..] = documents.as_slice() else {
        return;
    };
    validate(&KINDS[0].definition, "v1", definition, None);
    let Ok(definition) = Definition::parse(definition) else {
        return;
    };
    for version in &definition.versions {
        for object in objects {
            validate(&definition, &version.name, object, None);
            if let Ok(schema) = version.schema() {
                round_trip_form(schema, object, &[]);
            }
        }
    }
});
