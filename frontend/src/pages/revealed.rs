use leptos::prelude::*;
use portico_api::{ClaimRow, Frame, RevealedKey, names};

use crate::parts::document;

/// Revealed keys of a claim's secret, for browsers without scripts. Send it with `Cache-Control: no-store`.
#[must_use]
pub fn revealed(frame: &Frame, claim: &ClaimRow, revealed: &[RevealedKey]) -> String {
    let values: Vec<_> = revealed
        .iter()
        .map(|revealed| {
            let title = (revealed.key != names::ADDRESS_KEY).then(|| revealed.key.clone());
            view! {
                <section class="stack">
                    <h2>{title.unwrap_or_else(|| "Connection string".to_owned())}</h2>
                    <pre class="revealed" data-revealed=revealed.key.clone()>{revealed.value.clone()}</pre>
                    {revealed.base64.then(|| view! { <p class="quiet">"The value is not text. This is its base64."</p> })}
                </section>
            }
        })
        .collect();
    document(frame, || {
        view! {
            <div class="page-head"><h1>"How to connect to "{claim.reference.name.to_string()}</h1></div>
            {values}
            <p>"That you saw it has been recorded. It is not kept here: reload this page and it is gone."</p>
            <p><a class="button" href=claim.href.to_string()>"Back to the claim"</a></p>
        }
        .into_any()
    })
}
