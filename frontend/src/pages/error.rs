use leptos::prelude::*;
use portico_api::{Frame, Link, Text};

use crate::parts::{bare_document, document, text, words};

/// A page that says what went wrong and what to do. Has the frame if the viewer is signed in.
#[must_use]
pub fn error(frame: &Frame, status: u16, title: &Text, what_to_do: &Text) -> String {
    let content = || {
        view! {
            <div class="lonely" data-error="">
                <p class="quiet">{text!("error-status", status = status.to_string())}</p>
                <h1>{words(title)}</h1>
                <p>{words(what_to_do)}</p>
                <p><a class="button" href=Link::Home.to_string()>{text!("go-to-start")}</a></p>
            </div>
        }
        .into_any()
    };
    if frame.person.is_some() {
        document(frame, content)
    } else {
        bare_document(frame, content)
    }
}
