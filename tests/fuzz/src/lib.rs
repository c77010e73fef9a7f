//! What the fuzz targets share: the published definitions and samples they begin from, and changes that keep a
//! document a document.

pub mod corpus;
pub mod mutate;

use kube_schema::{Definition, Schema};
use portico_form::{FormHints, Setup, build, decode, start};
use serde_json::Value;

/// The form of an object is built, posted back empty-handed, and built again from what that comes to.
pub fn through_the_form(schema: &Schema, object: &Value, pairs: &[(String, String)]) {
    let hints = FormHints::default();
    let begun = start(schema, &hints, None, object);
    let setup = |object| Setup::new(&hints, object);
    let _ = build(schema, setup(&begun));
    let untouched = decode(schema, object, &[]);
    if object.is_object() {
        assert_eq!(untouched.object, *object, "what no input was posted for is kept");
    }
    let decoded = decode(schema, object, pairs);
    let violations = schema.validate(&decoded.object, None);
    let _ = build(
        schema,
        Setup {
            typed: Some(&decoded.typed),
            violations: &violations,
            ..setup(&decoded.object)
        },
    );
}

/// Judges an object, and holds the verdict to its promises: what is stored is stored again as it is, and is accepted
/// as an update of itself.
pub fn judge(definition: &Definition, version: &str, object: &Value, old: Option<&Value>) {
    let Ok(judgement) = definition.judge(version, object, old) else {
        return;
    };
    let _ = judgement.as_api_server();
    if old.is_some() || !judgement.is_accepted() {
        return;
    }
    let again = definition
        .judge(version, &judgement.object, None)
        .expect("it has just been judged");
    assert!(
        again.is_accepted(),
        "accepted once, then refused: {:?}\n{object}",
        again.violations
    );
    assert_eq!(
        again.object, judgement.object,
        "what is stored is stored again as it is"
    );
    assert!(again.pruned.is_empty(), "pruned twice: {:?}", again.pruned);
}
