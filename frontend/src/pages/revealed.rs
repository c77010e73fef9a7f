use leptos::prelude::*;
use portico_domain::view::{ClaimRow, Frame, Revealed};

use crate::parts::document;

/// One key of a claim's secret, revealed: the answer to a reveal where scripts are off. Send it with `no-store`.
#[must_use]
pub fn revealed(frame: &Frame, claim: &ClaimRow, revealed: &Revealed) -> String {
    document(frame, || {
        view! {
            <div class="page-head"><h1>{revealed.key.clone()}" of "{claim.reference.name.to_string()}</h1></div>
            <pre class="revealed" data-revealed="">{revealed.value.clone()}</pre>
            {revealed.base64.then(|| view! { <p class="quiet">"The value is not text. This is its base64."</p> })}
            <p>"That you saw it has been recorded. It is not kept here: reload this page and it is gone."</p>
            <p><a class="button" href=claim.href.clone()>"Back to the claim"</a></p>
        }
        .into_any()
    })
}
