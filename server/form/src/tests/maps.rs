//! Maps with user-defined keys.

use serde_json::json;

use super::{all, post, schema, setup};
use crate::{Control, Decoded, Field, Form, FormHints, FormInput, build};

#[test]
fn missing_and_duplicate_keys_are_explained() {
    let decoded = post(
        &json!({}),
        &[
            ("/spec/labels", "{}"),
            ("/spec/labels/@0/key", "a"),
            ("/spec/labels/@0/value", "1"),
            ("/spec/labels/@1/key", "a"),
            ("/spec/labels/@1/value", "2"),
            ("/spec/labels/@2/key", ""),
            ("/spec/labels/@2/value", "3"),
        ],
    );
    let problems: Vec<&str> = decoded
        .problems
        .iter()
        .map(|problem| problem.detail.as_str())
        .collect();
    assert_eq!(
        problems,
        ["has this key twice", "has a value without a key: \"3\""]
    );
    assert_eq!(decoded.object["spec"]["labels"], json!({"a": "1"}));
    let shown = all(&again(&decoded))["/spec/labels"].clone();
    assert_eq!(
        rows(&shown),
        [
            ("a", "1", vec![]),
            ("a", "2", vec!["Has this key twice"]),
            ("", "3", vec!["Has a value without a key: \"3\""]),
        ]
    );
}

/// The form that is shown after a post.
fn again(decoded: &Decoded) -> Form {
    let hints = FormHints::default();
    build(
        &schema(),
        FormInput {
            violations: &decoded.problems,
            typed: Some(&decoded.typed),
            ..setup(&decoded.object, &hints)
        },
    )
}

/// Key, value and problems of each row of a map of strings.
fn rows(map: &Field) -> Vec<(&str, &str, Vec<&str>)> {
    let Control::Map { entries } = &map.control else {
        panic!("{map:?}")
    };
    entries
        .iter()
        .map(|entry| {
            let text: &str = match &entry.value.control {
                Control::Text { text, .. } => text,
                other => panic!("{other:?}"),
            };
            let problems = entry.key_problems.iter().map(String::as_str).collect();
            (entry.key.as_str(), text, problems)
        })
        .collect()
}

#[test]
fn commands_next_to_a_duplicate_key_apply_to_the_shown_rows() {
    let typed = [
        ("/spec/labels", "{}"),
        ("/spec/labels/@0/key", "a"),
        ("/spec/labels/@0/value", "1"),
        ("/spec/labels/@1/key", "a"),
        ("/spec/labels/@1/value", "2"),
        ("/spec/labels/@2/key", "b"),
        ("/spec/labels/@2/value", "3"),
    ];
    let press = |command| post(&json!({}), &[&typed[..], &[("_do", command)]].concat());
    let decoded = press("remove:/spec/labels/@2");
    let shown = all(&again(&decoded))["/spec/labels"].clone();
    assert_eq!(
        rows(&shown),
        [("a", "1", vec![]), ("a", "2", vec!["Has this key twice"])]
    );
    let decoded = press("remove:/spec/labels/@0");
    assert_eq!(decoded.object["spec"]["labels"], json!({"a": "2", "b": "3"}));
    assert_eq!(decoded.problems, []);
    let decoded = press("remove:/spec/labels/@1");
    assert_eq!(decoded.object["spec"]["labels"], json!({"a": "1", "b": "3"}));
    let decoded = press("add:/spec/labels");
    let shown = all(&again(&decoded))["/spec/labels"].clone();
    assert_eq!(
        rows(&shown),
        [
            ("a", "1", vec![]),
            ("a", "2", vec!["Has this key twice"]),
            ("b", "3", vec![]),
            ("", "", vec![]),
        ]
    );
}
