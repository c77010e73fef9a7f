//! What the fuzz targets share: the published definitions and samples they begin from, and changes that keep a
//! document a document.

pub mod corpus;
pub mod mutate;

use kube_schema::{Definition, Schema};
use portico_form::{FormHints, FormInput, build, decode, initial_object};
use serde_json::Value;

/// The form of an object is built, posted back empty-handed, and built again from what that comes to.
pub fn through_the_form(schema: &Schema, object: &Value, pairs: &[(String, String)]) {
    let hints = FormHints::default();
    let begun = initial_object(schema, &hints, None, object);
    let setup = |object| FormInput::new(&hints, object);
    let _ = build(schema, setup(&begun));
    let untouched = decode(schema, object, &[]);
    if object.is_object() {
        assert_eq!(untouched.object, *object, "what no input was posted for is kept");
    }
    let decoded = decode(schema, object, pairs);
    let violations = schema.validate(&decoded.object, None);
    let _ = build(
        schema,
        FormInput {
            typed: Some(&decoded.typed),
            violations: &violations,
            ..setup(&decoded.object)
        },
    );
}

/// Judges an object, and holds the verdict to its promises: what is stored is stored again as it is, and is accepted
/// as an update of itself.
pub fn judge(definition: &Definition, version: &str, object: &Value, old: Option<&Value>) {
    let Ok(result) = definition.validate(version, object, old) else {
        return;
    };
    let _ = result.api_server_violations();
    if old.is_some() || !result.is_valid() {
        return;
    }
    let again = definition
        .validate(version, &result.object, None)
        .expect("it has just been judged");
    assert!(
        again.is_valid(),
        "accepted once, then refused: {:?}\n{object}",
        again.violations
    );
    assert_eq!(
        again.object, result.object,
        "what is stored is stored again as it is"
    );
    assert!(again.pruned.is_empty(), "pruned twice: {:?}", again.pruned);
}
