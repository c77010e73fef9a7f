use leptos::prelude::*;
use portico_api::{Frame, Link};

use crate::parts::{bare_document, document};

/// A page that says what went wrong and what to do. Has the frame if the viewer is signed in.
#[must_use]
pub fn error(frame: &Frame, status: u16, title: &str, what_to_do: &str) -> String {
    let content = || {
        view! {
            <div class="lonely" data-error="">
                <p class="quiet">{format!("Error {status}")}</p>
                <h1>{title.to_owned()}</h1>
                <p>{what_to_do.to_owned()}</p>
                <p><a class="button" href=Link::Home.to_string()>"Go to the start"</a></p>
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
