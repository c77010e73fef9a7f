use leptos::prelude::*;
use portico_api::{Frame, OfferingPage, PlanColumn, ServedOn, names};

use crate::parts::rows::{Columns, claim_table};
use crate::parts::{document, duration, glyph, icon, relative};

/// An offering: is it the right one, and what do I get?
#[must_use]
pub fn offering(frame: &Frame, page: &OfferingPage) -> String {
    document(frame, || {
        view! {
            {head(page)}
            <div class="live" data-live="offering">
                {plans(page)}
                <div class="two">
                    <div class="stack-l">
                        {documentation(page)}
                        {claims(frame, page)}
                    </div>
                    <div class="stack-l">
                        {facts(page)}
                        {receives(page)}
                        {served_on(frame, page)}
                    </div>
                </div>
            </div>
        }
        .into_any()
    })
}

fn head(page: &OfferingPage) -> AnyView {
    let card = &page.card;
    let action = if page.may_request.allowed {
        view! {
            <a class="button primary" href=format!("/catalog/{}/request", card.name)>{format!("Request {}", card.title)}</a>
        }
        .into_any()
    } else {
        let why = page
            .may_request
            .why_not
            .clone()
            .unwrap_or_else(|| "You may not request this here.".to_owned());
        view! { <p class="why-not">{icon("lock")}<span>{why}</span></p> }.into_any()
    };
    let problem = card.problem.clone().map(|problem| {
        view! { <div class="notice bad" role="status">{icon("degraded")}<p>{problem}</p></div> }
    });
    view! {
        <div class="page-head">
            <div class="titled">
                <span class="glyph large">{icon(glyph(&card.icon, card.category.slug()))}</span>
                <div>
                    <h1>{card.title.clone()}</h1>
                    <p>{card.summary.clone()}</p>
                </div>
            </div>
            <div class="actions">{action}</div>
        </div>
        {problem}
    }
    .into_any()
}

fn plans(page: &OfferingPage) -> Option<AnyView> {
    if page.plans.is_empty() {
        return None;
    }
    let heads: Vec<_> = page
        .plans
        .iter()
        .map(|plan| {
            let summary = plan
                .summary
                .clone()
                .map(|summary| view! { <span class="reason">{summary}</span> });
            view! { <th scope="col"><strong>{plan.title.clone()}</strong>{summary}</th> }
        })
        .collect();
    let rows: Vec<_> = page
        .facts
        .iter()
        .enumerate()
        .map(|(index, fact)| {
            let cells: Vec<_> = page
                .plans
                .iter()
                .map(|plan| {
                    let value = plan.facts.get(index).filter(|value| !value.is_empty());
                    view! { <td>{value.cloned().unwrap_or_else(|| "–".to_owned())}</td> }
                })
                .collect();
            view! { <tr><th scope="row">{fact.clone()}</th>{cells}</tr> }
        })
        .collect();
    let prices = page.plans.iter().any(|plan| plan.price.is_some()).then(|| {
        let cells: Vec<_> = page
            .plans
            .iter()
            .map(|plan| view! { <td>{price(plan)}</td> })
            .collect();
        view! { <tr><th scope="row">"Price"</th>{cells}</tr> }
    });
    let adjustable = page
        .plans
        .iter()
        .any(|plan| !plan.adjustable.is_empty())
        .then(|| {
            let cells: Vec<_> = page
                .plans
                .iter()
                .map(|plan| {
                    let words = if plan.adjustable.is_empty() {
                        "–".to_owned()
                    } else {
                        plan.adjustable.join(", ")
                    };
                    view! { <td>{words}</td> }
                })
                .collect();
            view! { <tr><th scope="row">"You may change"</th>{cells}</tr> }
        });
    let request = page.may_request.allowed.then(|| {
        let cells: Vec<_> = page
            .plans
            .iter()
            .map(|plan| {
                let href = format!("/catalog/{}/request?{}={}", page.card.name, names::PLAN, plan.name);
                view! { <td><a class="button" href=href>"Choose"<span class="unseen">" "{plan.title.clone()}</span></a></td> }
            })
            .collect();
        view! { <tr class="choose"><td></td>{cells}</tr> }
    });
    let view = view! {
        <section aria-labelledby="plans">
            <h2 id="plans">"Plans"</h2>
            <div class="table-wrap">
                <table class="plans">
                    <thead><tr><td></td>{heads}</tr></thead>
                    <tbody>{rows}{prices}{adjustable}{request}</tbody>
                </table>
            </div>
        </section>
    };
    Some(view.into_any())
}

/// The price of a plan, as text.
pub(super) fn price(plan: &PlanColumn) -> String {
    plan.price
        .as_ref()
        .map_or_else(|| "–".to_owned(), portico_domain::documents::Price::in_words)
}

fn documentation(page: &OfferingPage) -> Option<AnyView> {
    page.documentation_html.clone().map(|html| {
        view! {
            <section aria-labelledby="documentation">
                <h2 id="documentation">"Documentation"</h2>
                <div class="prose" inner_html=html></div>
            </section>
        }
        .into_any()
    })
}

fn claims(frame: &Frame, page: &OfferingPage) -> Option<AnyView> {
    (!page.claims.is_empty()).then(|| {
        view! {
            <section aria-labelledby="claims">
                <h2 id="claims">"What your team runs"</h2>
                {claim_table(frame.now, &page.claims, Columns::Fewer)}
            </section>
        }
        .into_any()
    })
}

fn facts(page: &OfferingPage) -> AnyView {
    let card = &page.card;
    let owner = page
        .owner
        .clone()
        .map(|owner| view! { <div><dt>"Owner"</dt><dd>{owner}</dd></div> });
    let ready = card
        .typical_seconds
        .map(|seconds| view! { <div><dt>"Typically ready in"</dt><dd>{duration(seconds)}</dd></div> });
    let approval = card.needs_approval.map(|needed| {
        let words = if needed {
            "Needed where you work"
        } else {
            "Not needed where you work"
        };
        view! { <div><dt>"Approval"</dt><dd>{words}</dd></div> }
    });
    view! {
        <section aria-labelledby="about">
            <h2 id="about">"About"</h2>
            <dl class="facts">
                {owner}
                {ready}
                {approval}
                <div><dt>"Category"</dt><dd>{card.category.title()}</dd></div>
                <div><dt>"Kind"</dt><dd class="mono">{page.kind.clone()}</dd></div>
                <div><dt>"API group"</dt><dd class="mono">{page.group.clone()}</dd></div>
            </dl>
        </section>
    }
    .into_any()
}

fn receives(page: &OfferingPage) -> Option<AnyView> {
    (!page.receives.is_empty()).then(|| {
        let rows: Vec<_> = page
            .receives
            .iter()
            .map(|item| view! { <div><dt>{item.title.clone()}</dt><dd class="quiet">{item.source.clone()}</dd></div> })
            .collect();
        view! {
            <section aria-labelledby="receives">
                <h2 id="receives">"What you receive"</h2>
                <dl class="facts">{rows}</dl>
            </section>
        }
        .into_any()
    })
}

fn served_on(frame: &Frame, page: &OfferingPage) -> AnyView {
    let rows: Vec<_> = page.served_on.iter().map(|served| plane(frame, served)).collect();
    let nowhere = page
        .served_on
        .is_empty()
        .then(|| view! { <p class="quiet">"No control plane that you may use serves it just now."</p> });
    view! {
        <section aria-labelledby="where">
            <h2 id="where">"Where it runs"</h2>
            <ul role="list" class="lines">{rows}</ul>
            {nowhere}
        </section>
    }
    .into_any()
}

fn plane(frame: &Frame, served: &ServedOn) -> impl IntoView + use<> {
    let region = served.plane.region.clone().map(|region| format!(", {region}"));
    let state = if served.reachable {
        None
    } else {
        let seen = served.last_seen.map_or_else(
            || "Does not answer".to_owned(),
            |at| format!("Does not answer, last seen {}", relative(frame.now, at)),
        );
        Some(view! { <span class="problem">{icon("unreachable")}<span>{seen}</span></span> })
    };
    let deprecated = served
        .deprecated
        .clone()
        .map(|warning| view! { <span class="caution">{icon("warning")}<span>{warning}</span></span> });
    view! {
        <li>
            <span>{served.plane.title.clone()}<span class="quiet">{region}" · "<span class="mono">{served.version.clone()}</span></span></span>
            {state}
            {deprecated}
        </li>
    }
}
