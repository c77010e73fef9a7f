//! Hostile definitions: time and memory stay bounded.

use std::time::Duration;

use kube_schema::Schema;
use serde_json::{Value, json};

use crate::{FormHints, FormInput, build};

/// Runs `work` on a 2 MiB stack, as a tokio worker has, and panics if it takes too long.
fn bounded<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (send, receive) = std::sync::mpsc::channel();
    let thread = std::thread::Builder::new().stack_size(2 * 1024 * 1024);
    thread.spawn(move || send.send(work())).unwrap();
    receive
        .recv_timeout(Duration::from_mins(1))
        .expect("done in time, without a crash")
}

fn nested(levels: usize, mut inner: Value) -> Value {
    for _ in 0..levels {
        inner = json!({"type": "object", "properties": {"a": inner}});
    }
    inner
}

#[test]
fn the_deepest_allowed_schema_has_a_form_on_a_small_stack() {
    bounded(|| {
        let schema = Schema::parse(&nested(60, json!({"type": "integer", "default": 1}))).unwrap();
        let mut object = json!({});
        for _ in 0..59 {
            object = json!({"a": object});
        }
        let object = schema.defaulted(&object);
        let hints = FormHints::default();
        let _ = build(&schema, FormInput::new(&hints, &object));
    });
}

#[test]
fn a_form_with_too_many_fields_says_how_many_are_left_out() {
    let form = bounded(|| {
        let properties = (0..50_000)
            .map(|index| (format!("<b>{index}"), json!({"type": "string"})))
            .collect();
        let schema = Schema::parse(&json!({"type": "object", "properties": {
            "spec": {"type": "object", "properties": Value::Object(properties)},
        }}))
        .unwrap();
        let (hints, object) = (FormHints::default(), json!({}));
        build(&schema, FormInput::new(&hints, &object))
    });
    assert!(form.field_count <= 1_200);
    assert_eq!(
        form.problems,
        ["48800 more fields are not shown here; set them in the YAML tab"]
    );
}
