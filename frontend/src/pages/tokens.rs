use leptos::prelude::*;
use portico_api::{CreatedToken, Frame, Link, TokenRow, TokensPage, names};
use portico_domain::tenancy::TokenScope;

use crate::pages::claims::csrf;
use crate::parts::text::{code, empty};
use crate::parts::{document, icon, time};

/// Token lifetimes, in days and as text.
const LIFETIMES: [(u32, &str); 4] = [(7, "7 days"), (30, "30 days"), (90, "90 days"), (365, "1 year")];

/// API tokens: which programs act for me, and how do I stop one?
#[must_use]
pub fn tokens(frame: &Frame, page: &TokensPage) -> String {
    document(frame, || {
        let list = if page.rows.is_empty() {
            empty(
                "key",
                "No API tokens yet",
                "A token lets a program, such as a pipeline, do what you can do here. Create one below.",
                None,
            )
        } else {
            table(frame, &page.rows)
        };
        view! {
            <div class="page-head"><div>
                <h1>"API tokens"</h1>
                <p>"For programs that speak for you to "<a href=Link::OpenApi.to_string()>"the API"</a>". Each can do at most what you may do, and ends by itself. All stop while you have not signed in for "{page.sign_in_within_days}" days, or when your sign-in service ends your sessions; they work again once you sign in."</p>
            </div></div>
            {page.made.as_ref().map(made)}
            <section aria-label="Your tokens">{list}</section>
            {form(frame, page)}
        }
        .into_any()
    })
}

fn made(made: &CreatedToken) -> AnyView {
    view! {
        <section class="made" aria-labelledby="made-title">
            <h2 id="made-title">{icon("ready")}"Token "{made.token.name.clone()}" is made"</h2>
            <p>"Copy it now: it is shown this once, and kept by nobody but you. It goes into the header "<code>"Authorization"</code>", after the word "<code>"Bearer"</code>"."</p>
            {code("made".to_owned(), "the token".to_owned(), made.secret.clone())}
        </section>
    }
    .into_any()
}

fn table(frame: &Frame, rows: &[TokenRow]) -> AnyView {
    let rows: Vec<_> = rows.iter().map(|each| row(frame, each)).collect();
    view! {
        <div class="table-wrap"><table class="rows">
            <caption class="unseen">"Your tokens"</caption>
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

fn row(frame: &Frame, row: &TokenRow) -> impl IntoView + use<> {
    let now = frame.now;
    let used = match row.last_used_at {
        Some(at) => time(now, at).into_any(),
        None => view! { <span class="quiet">"Never"</span> }.into_any(),
    };
    let ends = if row.expires_at <= now {
        view! { <span class="caution">{icon("degraded")}<span>"Ended "{time(now, row.expires_at)}</span></span> }
            .into_any()
    } else {
        time(now, row.expires_at).into_any()
    };
    view! {
        <tr>
            <th scope="row">{row.name.clone()}</th>
            <td data-label="May do">{row.scope.title()}</td>
            <td data-label="Made">{time(now, row.created_at)}</td>
            <td data-label="Last used">{used}</td>
            <td data-label="Ends">{ends}</td>
            <td class="act">
                <form method="post" action=Link::RevokeToken(row.id).to_string()>
                    {csrf(frame)}
                    <button class="button" aria-label=format!("Revoke {}", row.name)>"Revoke"</button>
                </form>
            </td>
        </tr>
    }
}

/// The allowed lifetimes, the longest last.
fn lifetimes(longest: u32) -> Vec<(u32, String)> {
    let mut lifetimes: Vec<(u32, String)> = LIFETIMES
        .iter()
        .filter(|(days, _)| *days <= longest)
        .map(|&(days, words)| (days, words.to_owned()))
        .collect();
    if lifetimes.last().is_none_or(|(days, _)| *days < longest) {
        lifetimes.push((longest, format!("{longest} days")));
    }
    lifetimes
}

fn form(frame: &Frame, page: &TokensPage) -> AnyView {
    let problems_of = |field: &str| -> Option<AnyView> {
        let problems: Vec<_> = page
            .problems
            .iter()
            .filter(|problem| problem.field == field)
            .map(|problem| view! { <p class="problem">{icon("warning")}<span>{problem.message.clone()}</span></p> })
            .collect();
        (!problems.is_empty()).then(|| {
            view! { <div class="problems" id=format!("{field}-problems")>{problems}</div> }.into_any()
        })
    };
    let (name_problems, days_problems) = (problems_of("name"), problems_of("days"));
    let class = |problems: &Option<AnyView>| {
        if problems.is_some() {
            "field wrong"
        } else {
            "field"
        }
    };
    let (name_class, days_class) = (class(&name_problems), class(&days_problems));
    let wrong = name_problems.is_some();
    let lifetimes: Vec<_> = lifetimes(page.longest_days)
        .into_iter()
        .map(|(days, words)| {
            view! { <option value=days.to_string() selected=page.days == days>{words}</option> }
        })
        .collect();
    let scopes: Vec<_> = TokenScope::ALL
        .iter()
        .map(|scope| {
            let help = match scope {
                TokenScope::Read => "It can look, and change nothing.",
                TokenScope::Full => "It can request, change and delete claims, decide on requests, and reveal secrets.",
            };
            view! {
                <label class="plan-choice">
                    <input type="radio" name=names::SCOPE value=scope.slug() checked=page.scope == *scope />
                    <span class="plan-text"><strong>{scope.title()}</strong><span class="help">{help}</span></span>
                </label>
            }
        })
        .collect();
    view! {
        <section aria-labelledby="new">
            <h2 id="new">"New token"</h2>
            <form class="narrow-form" method="post" action=Link::Tokens.to_string()>
                {csrf(frame)}
                <div class=name_class>
                    <label class="label" for="name">"Name"<span class="mark">"required"</span></label>
                    <p class="help" id="name-help">"What uses it: you will know by this which one to revoke."</p>
                    {name_problems}
                    <input type="text" id="name" name=names::NAME value=page.name.clone() placeholder="deploy pipeline" maxlength="100"
                        autocomplete="off" aria-required="true" aria-invalid=wrong.then_some("true")
                        aria-describedby=if wrong { "name-help name-problems" } else { "name-help" } />
                </div>
                <fieldset class="field">
                    <legend class="label">"What it may do"</legend>
                    <div class="plan-choices">{scopes}</div>
                </fieldset>
                <div class=days_class>
                    <label class="label" for="days">"Good for"</label>
                    {days_problems}
                    <div class="select"><select id="days" name=names::DAYS>{lifetimes}</select>{icon("down")}</div>
                </div>
                <div class="actions"><button class="button primary">{icon("plus")}"Make token"</button></div>
            </form>
        </section>
    }
    .into_any()
}
