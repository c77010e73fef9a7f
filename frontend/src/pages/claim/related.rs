//! Claims that one depends on, or that depend on it.

use leptos::prelude::*;
use portico_api::RelatedClaim;

use crate::parts::badge::health;

/// A section with these claims; `None` if there are none.
pub(super) fn section(id: &'static str, title: &'static str, claims: &[RelatedClaim]) -> Option<AnyView> {
    (!claims.is_empty()).then(|| {
        view! { <section aria-labelledby=id><h2 id=id>{title}</h2>{list(claims)}</section> }.into_any()
    })
}

/// The claims with their health, and the fields in which one names the other.
pub(in crate::pages) fn list(claims: &[RelatedClaim]) -> impl IntoView + use<> {
    let rows: Vec<_> = claims
        .iter()
        .map(|claim| {
            view! {
                <li class="related">
                    <span><a href=claim.href.to_string()>{claim.name.to_string()}</a>", "{claim.offering_title.clone()}</span>
                    {health(claim.health)}
                    <span class="reason mono">{claim.fields.join(", ")}</span>
                </li>
            }
        })
        .collect();
    view! { <ul role="list" class="lines">{rows}</ul> }
}
