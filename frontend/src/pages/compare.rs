use leptos::prelude::*;
use portico_api::words::money;
use portico_api::{Frame, Link, MAX_OFFERING_CLAIMS, OfferingPage};

use super::catalog::{ready_in, where_it_runs};
use crate::parts::lifecycle::phase_badge;
use crate::parts::text::counted;
use crate::parts::{document, icon};

/// Offerings side by side: which of these is the right one?
#[must_use]
pub fn compare(frame: &Frame, offerings: &[OfferingPage]) -> String {
    document(frame, || {
        view! {
            <div class="page-head"><h1 id="compared">"Compare offerings"</h1></div>
            <div class="live" data-live="catalog">{table(offerings)}</div>
        }
        .into_any()
    })
}

fn table(offerings: &[OfferingPage]) -> AnyView {
    let heads: Vec<_> = offerings.iter().map(head).collect();
    view! {
        <div class="table-wrap">
            <table class="plans" aria-labelledby="compared">
                <thead><tr><td></td>{heads}</tr></thead>
                <tbody>
                    {row("Price", offerings, price)}
                    {row("Plans", offerings, plans)}
                    {row("Ready in", offerings, ready)}
                    {row("Approval", offerings, approval)}
                    {row("Where it runs", offerings, |page| Some(view! { <span class="tags">{where_it_runs(&page.card)}</span> }.into_any()))}
                    {row("Version of the API", offerings, versions)}
                    {row("What you receive", offerings, receives)}
                    {row("Your team runs", offerings, claims)}
                    {row("Owner", offerings, |page| page.owner.clone().map(IntoAny::into_any))}
                </tbody>
            </table>
        </div>
    }
    .into_any()
}

fn head(page: &OfferingPage) -> AnyView {
    let card = &page.card;
    let badge = phase_badge(card.lifecycle.phase).map(|badge| view! { " "{badge} });
    let request = page.may_request.allowed.then(|| {
        let href = Link::NewRequest(card.name.clone()).to_string();
        view! { <a class="button" href=href>"Request"<span class="unseen">" "{card.title.clone()}</span></a> }
    });
    let problem = card.problem.clone().map(|problem| {
        view! { <span class="reason problem">{icon("degraded")}<span>{problem}</span></span> }
    });
    view! {
        <th scope="col">
            <a class="plan-title" href=Link::Offering(card.name.clone()).to_string()>{card.title.clone()}{badge}</a>
            <span class="reason">{card.summary.clone()}</span>
            {problem}
            {request}
        </th>
    }
    .into_any()
}

/// A row of what each has; nothing if none has it.
fn row(
    title: &'static str,
    offerings: &[OfferingPage],
    of: impl Fn(&OfferingPage) -> Option<AnyView>,
) -> Option<AnyView> {
    let values: Vec<_> = offerings.iter().map(of).collect();
    if values.iter().all(Option::is_none) {
        return None;
    }
    let cells: Vec<_> = values
        .into_iter()
        .map(|value| view! { <td>{value.unwrap_or_else(|| "–".into_any())}</td> })
        .collect();
    Some(view! { <tr><th scope="row">{title}</th>{cells}</tr> }.into_any())
}

fn price(page: &OfferingPage) -> Option<AnyView> {
    let price = page.card.price_from.as_ref()?;
    Some(view! { "from "<strong>{money(price.monthly, &price.currency)}</strong>" a month" }.into_any())
}

fn plans(page: &OfferingPage) -> Option<AnyView> {
    let titles: Vec<_> = page.plans.iter().map(|plan| plan.title.clone()).collect();
    (!titles.is_empty()).then(|| titles.join(", ").into_any())
}

fn ready(page: &OfferingPage) -> Option<AnyView> {
    page.card
        .typical_seconds
        .map(|seconds| ready_in(seconds).into_any())
}

fn approval(page: &OfferingPage) -> Option<AnyView> {
    let words = if page.card.needs_approval? {
        "Needed where you work"
    } else {
        "Not needed where you work"
    };
    Some(words.into_any())
}

fn versions(page: &OfferingPage) -> Option<AnyView> {
    let mut versions: Vec<_> = page
        .served_on
        .iter()
        .map(|served| served.version.clone())
        .collect();
    versions.sort_unstable();
    versions.dedup();
    (!versions.is_empty()).then(|| view! { <span class="mono">{versions.join(", ")}</span> }.into_any())
}

fn receives(page: &OfferingPage) -> Option<AnyView> {
    let titles: Vec<_> = page.receives.iter().map(|item| item.title.clone()).collect();
    (!titles.is_empty()).then(|| titles.join(", ").into_any())
}

fn claims(page: &OfferingPage) -> Option<AnyView> {
    let href = Link::Claims.with_query([("offering", page.card.name.as_str())]);
    let words = match page.claims.len() {
        0 => return None,
        MAX_OFFERING_CLAIMS => format!("{MAX_OFFERING_CLAIMS} claims or more"),
        few => counted(few, "claim", "claims"),
    };
    Some(view! { <a href=href>{words}</a> }.into_any())
}
