use leptos::prelude::*;
use portico_api::{Frame, Link, PeoplePage, PersonPage, PersonRow, TokenRow, names};

use super::tabs;
use crate::pages::claims::csrf;
use crate::pages::sessions::session_table;
use crate::parts::text::empty;
use crate::parts::{document, icon, time};

/// The people who have signed in.
#[must_use]
pub fn admin_people(frame: &Frame, page: &PeoplePage) -> String {
    document(frame, || {
        let found = if page.rows.is_empty() {
            empty(
                "people",
                "Nobody is called that",
                "Everybody who has signed in to Portico.",
                None,
            )
        } else {
            let rows: Vec<_> = page.rows.iter().map(|each| row(frame, each)).collect();
            view! {
                <div class="table-wrap"><table class="rows">
                    <caption class="unseen">"People"</caption>
                    <thead><tr>
                        <th scope="col">"Person"</th>
                        <th scope="col">"Signs in with"</th>
                        <th scope="col">"Last signed in"</th>
                        <th scope="col" class="number">"Sessions"</th>
                        <th scope="col" class="number">"API tokens"</th>
                    </tr></thead>
                    <tbody>{rows}</tbody>
                </table></div>
            }
            .into_any()
        };
        let more = page
            .more
            .then(|| view! { <p class="quiet">"There are more. Search for who you look for."</p> });
        view! {
            <div class="page-head"><h1>"Admin"</h1></div>
            {tabs(frame, &Link::People)}
            <form class="search" role="search" method="get" action=Link::People.to_string()>
                <label class="search-box">
                    {icon("search")}
                    <span class="unseen">"Search people"</span>
                    <input type="search" name="q" value=page.query.clone() placeholder="Name or e-mail address" autocomplete="off" maxlength="200" />
                </label>
                <button class="button">"Search"</button>
            </form>
            <section aria-label="People">{found}{more}</section>
        }
        .into_any()
    })
}

fn row(frame: &Frame, row: &PersonRow) -> impl IntoView + use<> {
    view! {
        <tr>
            <th scope="row"><a href=Link::Person(row.id).to_string()>{row.name.clone()}</a><span class="reason">{row.email.clone()}</span></th>
            <td data-label="Signs in with">{provider(row)}</td>
            <td data-label="Last signed in">{time(frame.now, row.signed_in_at)}</td>
            <td data-label="Sessions" class="number">{row.sessions}</td>
            <td data-label="API tokens" class="number">{row.tokens}{suspended(row)}</td>
        </tr>
    }
}

fn provider(row: &PersonRow) -> AnyView {
    match row.provider.clone() {
        Some(provider) => provider.into_any(),
        None => {
            view! { <span class="caution">{icon("degraded")}<span>"A provider that is configured no more"</span></span> }
                .into_any()
        }
    }
}

fn suspended(row: &PersonRow) -> Option<AnyView> {
    row.suspended_at
        .is_some()
        .then(|| view! { <span class="mark">"suspended"</span> }.into_any())
}

/// A person: what can be done in their name, and how to stop it.
#[must_use]
pub fn admin_person(frame: &Frame, page: &PersonPage) -> String {
    document(frame, || {
        let row = &page.row;
        let action = Link::EndAccess(row.id).to_string();
        let end = (row.sessions > 0 || !page.tokens.is_empty()).then(|| {
            view! {
                <form method="post" action=action.clone()>
                    {csrf(frame)}
                    <button class="button danger">{icon("sign-out")}"End all sessions and tokens"</button>
                </form>
            }
        });
        let groups: Vec<_> = page
            .groups
            .iter()
            .map(|group| view! { <li class="mono">{group.clone()}</li> })
            .collect();
        let groups = if groups.is_empty() {
            view! { <span class="quiet">"None"</span> }.into_any()
        } else {
            view! { <ul role="list">{groups}</ul> }.into_any()
        };
        let session_action = action.clone();
        view! {
            <div class="page-head">
                <div><h1>{row.name.clone()}</h1><p>{row.email.clone()}</p></div>
                {end}
            </div>
            <section aria-labelledby="about">
                <h2 id="about">"Who it is"</h2>
                <dl class="facts">
                    <div><dt>"Signs in with"</dt><dd>{provider(row)}</dd></div>
                    <div><dt>"Last signed in"</dt><dd>{time(frame.now, row.signed_in_at)}</dd></div>
                    <div><dt>"Subject"</dt><dd class="mono">{page.subject.clone()}</dd></div>
                    <div><dt>"Groups then"</dt><dd>{groups}</dd></div>
                </dl>
            </section>
            <section aria-labelledby="sessions">
                <h2 id="sessions">"Sessions"</h2>
                {session_table(frame, &page.sessions, |_| session_action.clone())}
            </section>
            <section aria-labelledby="tokens">
                <h2 id="tokens">"API tokens"</h2>
                {suspension(frame, row)}
                {tokens(frame, &page.tokens, &action)}
            </section>
        }
        .into_any()
    })
}

fn suspension(frame: &Frame, row: &PersonRow) -> Option<AnyView> {
    row.suspended_at.map(|at| {
        view! {
            <p class="caution">{icon("paused")}<span>"Suspended "{time(frame.now, at)}": the sign-in service ended their sessions. The tokens work again once they sign in."</span></p>
        }
        .into_any()
    })
}

fn tokens(frame: &Frame, rows: &[TokenRow], action: &str) -> AnyView {
    if rows.is_empty() {
        return empty(
            "key",
            "No API tokens",
            "They have made none, or revoked them.",
            None,
        );
    }
    let rows: Vec<_> = rows.iter().map(|each| token(frame, each, action)).collect();
    view! {
        <div class="table-wrap"><table class="rows">
            <caption class="unseen">"API tokens"</caption>
            <thead><tr>
                <th scope="col">"Name"</th>
                <th scope="col">"May do"</th>
                <th scope="col">"Made"</th>
                <th scope="col">"Last used"</th>
                <th scope="col">"Ends"</th>
                <th scope="col"><span class="unseen">"What to do"</span></th>
            </tr></thead>
            <tbody>{rows}</tbody>
        </table></div>
    }
    .into_any()
}

fn token(frame: &Frame, row: &TokenRow, action: &str) -> impl IntoView + use<> {
    let used = match row.last_used_at {
        Some(at) => time(frame.now, at).into_any(),
        None => view! { <span class="quiet">"Never"</span> }.into_any(),
    };
    view! {
        <tr>
            <th scope="row">{row.name.clone()}</th>
            <td data-label="May do">{row.scope.title()}</td>
            <td data-label="Made">{time(frame.now, row.created_at)}</td>
            <td data-label="Last used">{used}</td>
            <td data-label="Ends">{time(frame.now, row.expires_at)}</td>
            <td class="act">
                <form method="post" action=action.to_owned()>
                    {csrf(frame)}
                    <input type="hidden" name=names::TOKEN value=row.id.to_string() />
                    <button class="button" aria-label=format!("Revoke {}", row.name)>"Revoke"</button>
                </form>
            </td>
        </tr>
    }
}
