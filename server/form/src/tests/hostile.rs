//! What hostile definitions may ask of a form: bounded time and memory, and a clear answer.

use std::time::Duration;

use kube_schema::Schema;
use serde_json::{Value, json};

use crate::{FormHints, Setup, build};

/// Runs with the stack that a worker of the server has, and fails when it takes long.
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
fn as_many_levels_as_are_read_have_a_form_on_a_small_stack() {
    bounded(|| {
        let schema = Schema::parse(&nested(60, json!({"type": "integer", "default": 1}))).unwrap();
        let mut object = json!({});
        for _ in 0..59 {
            object = json!({"a": object});
        }
        let object = schema.defaulted(&object);
        let hints = FormHints::default();
        let _ = build(&schema, Setup::new(&hints, &object));
    });
}

#[test]
fn a_form_of_very_many_fields_says_what_it_leaves_out() {
    let form = bounded(|| {
        let properties = (0..50_000)
            .map(|index| (format!("<b>{index}"), json!({"type": "string"})))
            .collect();
        let schema = Schema::parse(&json!({"type": "object", "properties": {
            "spec": {"type": "object", "properties": Value::Object(properties)},
        }}))
        .unwrap();
        let (hints, object) = (FormHints::default(), json!({}));
        build(&schema, Setup::new(&hints, &object))
    });
    assert!(form.field_count <= 1_200);
    assert_eq!(
        form.problems,
        ["48800 more fields are not shown here; set them in the YAML tab"]
    );
}
