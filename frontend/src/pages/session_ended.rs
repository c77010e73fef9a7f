use leptos::prelude::*;
use portico_api::{Frame, names};

use crate::parts::bare_document;

/// Fields of a form whose text is shown, with their labels.
const TEXT_FIELDS: [(&str, &str); 3] = [
    (names::COMMENT, "Your comment"),
    (names::NOTE, "Your note"),
    (names::REASON, "Your reason"),
];

/// The answer to a form post without a session: a link to sign in, and the input. Request forms can be resumed; of
/// other forms the text is shown.
#[must_use]
pub fn session_ended(frame: &Frame, sign_in: &str, post_to: &str, typed: &[(String, String)]) -> String {
    let again = typed.iter().any(|(name, _)| name == names::TAB).then(|| {
        let fields: Vec<_> = typed
            .iter()
            .filter(|(name, _)| name != names::CSRF && name != names::DO)
            .map(|(name, value)| view! { <textarea hidden=true name=name.clone()>{crate::parts::text::area(value)}</textarea> })
            .collect();
        view! {
            <form method="post" action=post_to.to_owned() class="stack">
                {fields}
                <p>"Signed in again in another window? Then go on here:"</p>
                <p><button class="button" name=names::DO value="update">"Back to what I typed"</button></p>
            </form>
        }
    });
    let texts: Vec<_> = TEXT_FIELDS
        .iter()
        .filter_map(|(name, title)| {
            let text = typed
                .iter()
                .find(|(known, value)| known == name && !value.trim().is_empty());
            text.map(|(_, text)| (*title, text.clone()))
        })
        .filter(|_| again.is_none())
        .map(|(title, text)| view! { <h2>{title}</h2><pre tabindex="0" class="typed">{text}</pre> })
        .collect();
    bare_document(frame, || {
        view! {
            <div class="lonely" data-error="">
                <h1>"Your session has ended"</h1>
                <p>"Nothing was sent. Sign in again and go on: what you typed is not lost."</p>
                <p>
                    <a class="button primary when-alive" href=sign_in.to_owned()>"Sign in"</a>
                    <a class="button primary when-still" href=sign_in.to_owned() target="_blank" rel="noopener">"Sign in in a new window"</a>
                </p>
                {again}
                {texts}
            </div>
        }
        .into_any()
    })
}
