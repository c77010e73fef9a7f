//! Shared by the fuzz targets: published definitions and samples as seeds, and structure-aware mutations.

pub mod corpus;
pub mod mutate;

use kube_schema::{Definition, Schema};
use portico_form::{FormHints, FormInput, build, decode, initial_object};
use serde_json::Value;

/// Builds the form of an object, decodes a post, and builds the form of the result.
pub fn round_trip_form(schema: &Schema, object: &Value, pairs: &[(String, String)]) {
    let hints = FormHints::default();
    let initial = initial_object(schema, &hints, None, object);
    let input = |object| FormInput::new(&hints, object);
    let _ = build(schema, input(&initial));
    let untouched = decode(schema, object, &[]);
    if object.is_object() {
        assert_eq!(
            untouched.object, *object,
            "fields without a posted input are kept"
        );
    }
    let decoded = decode(schema, object, pairs);
    let violations = schema.validate(&decoded.object, None);
    let _ = build(
        schema,
        FormInput {
            typed: Some(&decoded.typed),
            violations: &violations,
            ..input(&decoded.object)
        },
    );
}

/// Validates an object and checks that validation is idempotent: a stored object is valid and is stored unchanged.
pub fn validate(definition: &Definition, version: &str, object: &Value, old: Option<&Value>) {
    let Ok(result) = definition.validate(version, object, old) else {
        return;
    };
    let _ = result.api_server_violations();
    if old.is_some() || !result.is_valid() {
        return;
    }
    let again = definition
        .validate(version, &result.object, None)
        .expect("the version exists");
    assert!(
        again.is_valid(),
        "valid first, then invalid: {:?}\n{object}",
        again.violations
    );
    assert_eq!(again.object, result.object, "a stored object is stored unchanged");
    assert!(again.pruned.is_empty(), "pruned twice: {:?}", again.pruned);
}
