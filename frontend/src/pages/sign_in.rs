use leptos::prelude::*;
use portico_api::{Frame, SignInPage};

use crate::parts::{bare_document, icon, languages, notice, text, words};

/// The sign-in page.
#[must_use]
pub fn sign_in(page: &SignInPage, frame: &Frame) -> String {
    bare_document(frame, || {
        let logo = match &page.logo {
            Some(url) => view! { <img class="logo" src=url.clone() alt="" /> }.into_any(),
            None => view! { <span class="logo">{icon("portico")}</span> }.into_any(),
        };
        let providers: Vec<_> = page
            .providers
            .iter()
            .enumerate()
            .map(|(index, provider)| {
                let class = if index == 0 {
                    "button primary wide"
                } else {
                    "button wide"
                };
                view! { <a class=class href=provider.href.clone()>{words(&provider.title)}</a> }
            })
            .collect();
        let nothing = page.providers.is_empty().then(|| {
            view! { <p>{text!("no-identity-provider")}</p> }
        });
        let message = page
            .message
            .as_ref()
            .map(|message| view! { <div class="notices">{notice(message)}</div> });
        view! {
            <div class="sign-in">
                {logo}
                <h1>{page.company.clone()}</h1>
                {message}
                <div class="stack">{providers}</div>
                {nothing}
                {languages(frame)}
            </div>
        }
        .into_any()
    })
}
