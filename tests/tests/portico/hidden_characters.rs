//! Invisible and bidirectional characters are shown as code points on pages, and left unchanged in the API.

use portico_tests::demo::Demo;
use portico_tests::html::Page;
use portico_tests::person::Person;
use portico_tests::story::{POSTGRESQL, QUEUE, request, submit_form, until_request};
use reqwest::Method;

/// One of each: override, zero width, line separator, isolate, mark, tag, soft hyphen, a C0 and a C1 control.
const HIDDEN: [char; 9] = [
    '\u{202E}',
    '\u{200B}',
    '\u{2028}',
    '\u{2066}',
    '\u{200F}',
    '\u{E0041}',
    '\u{AD}',
    '\u{7}',
    '\u{85}',
];

fn word(begin: &str) -> String {
    let hidden: String = HIDDEN.iter().collect();
    format!("{begin}{hidden}end")
}

#[tokio::test(flavor = "multi_thread")]
async fn hidden_characters_in_user_text_are_made_visible() {
    let demo = Demo::start().await;
    let (dana, ada, pat) = (
        demo.sign_in("dana").await,
        demo.sign_in("ada").await,
        demo.sign_in("pat").await,
    );
    dana.work_in("payments/production").await;
    let note = word("note");
    let id = request(&dana, QUEUE, "hidden", &[("_note", &note)]).await;
    let _ = until_request(&dana, &id, "Awaiting approval").await;
    let comment = word("comment");
    let path = format!("/requests/{id}/comment");
    let _ = dana.post(&path, &[("_comment", &comment)]).await.expect(200);
    let reason = word("reason");
    let cordon = "/admin/control-planes/us-shared/cordon";
    let _ = pat.post(cordon, &[("_reason", &reason)]).await.expect(200);

    let mut seen = 0;
    for (person, paths) in [
        (&dana, vec!["/", "/requests", "/approvals"]),
        (&ada, vec!["/", "/requests", "/approvals"]),
        (
            &pat,
            vec![
                "/",
                "/requests",
                "/admin/record",
                "/admin/control-planes",
                "/admin/control-planes/us-shared",
            ],
        ),
    ] {
        let own = format!("/requests/{id}");
        for path in paths.into_iter().chain([own.as_str()]) {
            seen += count_shown(person, path).await;
        }
    }
    assert!(
        seen >= 4,
        "hidden characters are visible to the approver on {seen} pages only"
    );

    // The API returns the original text.
    let api = dana
        .api(Method::GET, &format!("/api/v1/requests/{id}"), None)
        .await
        .expect(200);
    let text = api.json().to_string();
    assert!(text.contains('\u{202E}') && text.contains('\u{200B}'), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_says_which_invisible_characters_its_inputs_hold() {
    let demo = Demo::start().await;
    let dana = demo.sign_in("dana").await;
    dana.work_in("payments/dev").await;
    let yaml = "spec:\n  storage: { size: 20Gi }\n# \u{202E}note\u{200B}\n";
    let refused = submit_form(&dana, POSTGRESQL, "Hidden", &[("_tab", "yaml"), ("_yaml", yaml)])
        .await
        .expect(422);
    let page = refused.page();
    let said = page.text("[data-field=_yaml] .caution").unwrap();
    assert!(said.contains("invisible characters: U+202E, U+200B"), "{said}");
    assert!(
        refused.text.contains("# \u{202E}note\u{200B}"),
        "the text itself is unchanged"
    );
}

/// Counts visible code points (0 or 1); panics if a hidden character is raw in visible text.
async fn count_shown(person: &Person, path: &str) -> usize {
    let answer = person.get(path).await.expect(200);
    let page: Page = answer.page();
    let body = page.body();
    let raw: Vec<char> = HIDDEN
        .into_iter()
        .filter(|hidden| body.contains(*hidden))
        .collect();
    assert!(raw.is_empty(), "{path} has {raw:?} raw:\n{body}");
    usize::from(body.contains("[U+202E]"))
}
