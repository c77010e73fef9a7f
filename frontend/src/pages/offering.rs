use leptos::prelude::*;
use portico_api::words::Denial;
use portico_api::{Frame, Link, OfferingPage, PlanColumn, ServedOn, message, names};

use crate::parts::lifecycle::{Reader, lifecycle_notice, phase_badge};
use crate::parts::rows::{Columns, claim_table};
use crate::parts::{document, duration, glyph_tile, icon, money, rich, text, words};

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
                    </div>
                    <div class="stack-l">
                        {receives(page)}
                        {served_on(frame, page)}
                        {facts(page)}
                        {administration(frame, page)}
                    </div>
                </div>
                {claims(frame, page)}
            </div>
        }
        .into_any()
    })
}

fn head(page: &OfferingPage) -> AnyView {
    let card = &page.card;
    let action = if page.may_request.allowed {
        view! {
            <a class="button primary" href=Link::NewRequest(card.name.clone()).to_string()>{text!("offering-request", offering = &card.title)}</a>
        }
        .into_any()
    } else {
        let why = page.may_request.reason.as_ref().map(Denial::text);
        let why = why.map_or_else(|| text!("offering-may-not"), |why| words(&why));
        view! { <p class="why-not">{icon("lock")}<span>{why}</span></p> }.into_any()
    };
    let problem = card.problem.clone().map(|problem| {
        view! { <div class="notice bad" role="status">{icon("degraded")}<p>{problem}</p></div> }
    });
    let badge = phase_badge(card.lifecycle.phase).map(|badge| view! { " "{badge} });
    view! {
        <div class="page-head">
            <div class="titled">
                {glyph_tile(&card.icon, card.category.slug(), true)}
                <div>
                    <h1>{card.title.clone()}{badge}</h1>
                    <p>{card.summary.clone()}</p>
                </div>
            </div>
            <div class="actions">{action}</div>
        </div>
        {lifecycle_notice(&card.title, &card.lifecycle, Reader::Offering)}
        {problem}
    }
    .into_any()
}

/// The plans side by side: what each costs, the way to choose it, and what it states.
fn plans(page: &OfferingPage) -> Option<AnyView> {
    if page.plans.is_empty() {
        return None;
    }
    let heads: Vec<_> = page.plans.iter().map(|plan| plan_head(page, plan)).collect();
    let rows: Vec<_> = page
        .facts
        .iter()
        .enumerate()
        .map(|(index, fact)| {
            let cells = page.plans.iter().map(|plan| {
                let value = plan.facts.get(index).filter(|value| !value.is_empty());
                value.cloned().unwrap_or_else(|| "–".to_owned())
            });
            plan_row(fact.clone(), cells)
        })
        .collect();
    let adjustable = page
        .plans
        .iter()
        .any(|plan| !plan.adjustable.is_empty())
        .then(|| {
            let cells = page.plans.iter().map(|plan| match plan.adjustable.as_slice() {
                [] => "–".to_owned(),
                labels => labels.join(", "),
            });
            plan_row(text!("offering-you-may-change"), cells)
        });
    let view = view! {
        <section aria-labelledby="plans">
            <h2 id="plans" class="unseen">{text!("offering-plans")}</h2>
            <div class="table-wrap">
                <table class="plans" aria-labelledby="plans">
                    <thead><tr><td></td>{heads}</tr></thead>
                    <tbody>{rows}{adjustable}</tbody>
                </table>
            </div>
        </section>
    };
    Some(view.into_any())
}

fn plan_row(title: String, cells: impl Iterator<Item = String>) -> AnyView {
    let cells: Vec<_> = cells.map(|cell| view! { <td>{cell}</td> }).collect();
    view! { <tr><th scope="row">{title}</th>{cells}</tr> }.into_any()
}

fn plan_head(page: &OfferingPage, plan: &PlanColumn) -> AnyView {
    let summary = plan
        .summary
        .clone()
        .map(|summary| view! { <span class="reason">{summary}</span> });
    let price = plan.price.as_ref().map(|price| {
        view! { <span class="plan-price"><strong>{money(price.monthly, &price.currency)}</strong>{format!(" {}", text!("price-month"))}</span> }
    });
    let choose = page.may_request.allowed.then(|| {
        let form = Link::NewRequest(page.card.name.clone());
        let href = format!("{form}?{}={}", names::PLAN, plan.name);
        view! { <a class="button" href=href>{text!("offering-choose")}<span class="unseen">" "{plan.title.clone()}</span></a> }
    });
    view! {
        <th scope="col">
            <strong class="plan-title">{plan.title.clone()}</strong>
            {price}
            {summary}
            {choose}
        </th>
    }
    .into_any()
}

fn documentation(page: &OfferingPage) -> Option<AnyView> {
    page.documentation_html.clone().map(|html| {
        view! {
            <section aria-labelledby="documentation">
                <h2 id="documentation">{text!("offering-documentation")}</h2>
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
                <h2 id="claims">{text!("offering-your-team-runs")}</h2>
                {claim_table(frame.now, &page.claims, Columns::Fewer)}
            </section>
        }
        .into_any()
    })
}

/// What platform admins can do about it.
fn administration(frame: &Frame, page: &OfferingPage) -> Option<AnyView> {
    let name = &page.card.name;
    frame.platform_admin.then(|| {
        view! {
            <section aria-labelledby="administration">
                <h2 id="administration">{text!("offering-administration")}</h2>
                <ul role="list" class="lines">
                    <li><a href=Link::TryHealth(name.clone()).to_string()>{text!("offering-try-health")}</a></li>
                    <li><a href=Link::Differences(name.clone()).to_string()>{text!("offering-differences")}</a></li>
                </ul>
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
        .map(|owner| view! { <div><dt>{text!("offering-owner")}</dt><dd>{owner}</dd></div> });
    let support = page.support.clone().map(|link| {
        let text = link
            .strip_prefix("mailto:")
            .or_else(|| link.strip_prefix("https://"))
            .unwrap_or(&link)
            .to_owned();
        view! { <div><dt>{text!("offering-support")}</dt><dd><a href=link>{text}</a></dd></div> }
    });
    let ready = card
        .typical_seconds
        .map(|seconds| view! { <div><dt>{text!("offering-typically-ready")}</dt><dd>{duration(seconds)}</dd></div> });
    let approval = card.needs_approval.map(|needed| {
        let words = if needed {
            text!("offering-approval-needed")
        } else {
            text!("offering-approval-not-needed")
        };
        view! { <div><dt>{text!("offering-approval")}</dt><dd>{words}</dd></div> }
    });
    view! {
        <section aria-labelledby="about">
            <h2 id="about">{text!("about")}</h2>
            <dl class="facts">
                {owner}
                {support}
                {ready}
                {approval}
                <div><dt>{text!("offering-kind")}</dt><dd><span class="mono">{page.kind.clone()}</span><span class="reason mono">{page.group.clone()}</span></dd></div>
            </dl>
        </section>
    }
    .into_any()
}

/// What a claim gives, in two sentences: its addresses and its secret.
fn receives(page: &OfferingPage) -> Option<AnyView> {
    let connection = &page.connection;
    let endpoints = (!connection.endpoints.is_empty()).then(|| {
        let each: Vec<_> = connection
            .endpoints
            .iter()
            .map(|title| view! { <li>{title.clone()}</li> })
            .collect();
        view! { <p>{text!("offering-addresses", count = connection.endpoints.len())}</p><ul role="list" class="lines quiet">{each}</ul> }
    });
    let secret = (!connection.keys.is_empty() || connection.secret.is_some()).then(|| {
        let title = match connection.secret.clone() {
            Some(name) => {
                let name = view! { <code>{name}</code> };
                rich(message!("offering-secret-named"), [("name", name.into_any())])
            }
            None => text!("offering-secret").into_any(),
        };
        let keys = (!connection.keys.is_empty()).then(|| {
            let each: Vec<_> = connection
                .keys
                .iter()
                .map(|key| view! { <span class="tag mono">{key.clone()}</span> })
                .collect();
            view! { <p class="tags">{each}</p> }
        });
        view! { <p>{title}</p>{keys} }
    });
    (endpoints.is_some() || secret.is_some()).then(|| {
        view! {
            <section aria-labelledby="receives">
                <h2 id="receives">{text!("offering-receives")}</h2>
                <div class="stack">{endpoints}{secret}</div>
            </section>
        }
        .into_any()
    })
}

fn served_on(frame: &Frame, page: &OfferingPage) -> AnyView {
    let rows: Vec<_> = page.served_on.iter().map(|served| plane(frame, served)).collect();
    if let Some(publisher) = &page.card.published_by {
        return view! {
            <section aria-labelledby="where">
                <h2 id="where">{text!("offering-where")}</h2>
                <p>{text!("offering-of-team", team = publisher)}</p>
            </section>
        }
        .into_any();
    }
    let nowhere = page
        .served_on
        .is_empty()
        .then(|| view! { <p class="quiet">{text!("offering-nowhere")}</p> });
    view! {
        <section aria-labelledby="where">
            <h2 id="where">{text!("offering-where")}</h2>
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
            || text!("offering-plane-down"),
            |at| {
                text!(
                    "offering-plane-down-since",
                    when = portico_api::relative(frame.now, at)
                )
            },
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
