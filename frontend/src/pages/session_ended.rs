use leptos::prelude::*;
use portico_api::{Frame, names};

use crate::parts::text::area;
use crate::parts::{bare_document, text};

/// The label of a field of a form whose text is shown.
fn label(name: &str) -> Option<String> {
    match name {
        names::COMMENT => Some(text!("your-comment")),
        names::NOTE => Some(text!("your-note")),
        names::REASON => Some(text!("your-reason")),
        _ => None,
    }
}

/// The answer to a form post without a session: a link to sign in, and the input. Request forms can be resumed; of
/// other forms the text is shown.
#[must_use]
pub fn session_ended(frame: &Frame, sign_in: &str, post_to: &str, typed: &[(String, String)]) -> String {
    bare_document(frame, || {
        let again = again(post_to, typed);
        let texts: Vec<_> = typed
            .iter()
            .filter(|(_, text)| again.is_none() && !text.trim().is_empty())
            .filter_map(|(name, text)| Some((label(name)?, text.clone())))
            .map(|(title, text)| view! { <h2>{title}</h2><pre tabindex="0" class="typed">{text}</pre> })
            .collect();
        view! {
            <div class="lonely" data-error="">
                <h1>{text!("session-ended")}</h1>
                <p>{text!("session-ended-hint")}</p>
                <p>
                    <a class="button primary when-alive" href=sign_in.to_owned()>{text!("sign-in")}</a>
                    <a class="button primary when-still" href=sign_in.to_owned() target="_blank" rel="noopener">{text!("sign-in-new-window")}</a>
                </p>
                {again}
                {texts}
            </div>
        }
        .into_any()
    })
}

/// The form that goes on with what was typed; only request forms can.
fn again(post_to: &str, typed: &[(String, String)]) -> Option<AnyView> {
    typed.iter().any(|(name, _)| name == names::TAB).then(|| {
        let fields: Vec<_> = typed
            .iter()
            .filter(|(name, _)| name != names::CSRF && name != names::DO)
            .map(|(name, value)| view! { <textarea hidden=true name=name.clone()>{area(value)}</textarea> })
            .collect();
        view! {
            <form method="post" action=post_to.to_owned() class="stack">
                {fields}
                <p>{text!("signed-in-again")}</p>
                <p><button class="button" name=names::DO value="update">{text!("back-to-typed")}</button></p>
            </form>
        }
        .into_any()
    })
}
