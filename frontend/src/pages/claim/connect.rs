//! How to connect: addresses, the secret's keys to reveal one by one, snippets.

use leptos::prelude::*;
use portico_domain::view::{Connect, Frame, names};

use crate::pages::claims::csrf;
use crate::parts::icon;
use crate::parts::text::code;

pub(super) fn panel(frame: &Frame, href: &str, connect: &Connect) -> AnyView {
    let endpoints: Vec<_> = connect
        .endpoints
        .iter()
        .enumerate()
        .map(|(index, (title, value))| {
            let id = format!("endpoint-{index}");
            view! {
                <div>
                    <dt>{title.clone()}</dt>
                    <dd class="copyable">
                        <span class="mono" id=id.clone()>{value.clone()}</span>
                        <button type="button" class="icon-button when-alive" data-copy=id aria-label=format!("Copy {title}") title="Copy">{icon("copy")}</button>
                    </dd>
                </div>
            }
        })
        .collect();
    let keys: Vec<_> = connect
        .keys
        .iter()
        .map(|key| {
            let action = format!("{href}/reveal");
            let reveal = if connect.may_reveal.allowed {
                view! {
                    <form method="post" action=action data-reveal="">
                        {csrf(frame)}
                        <button class="button small" name=names::KEY value=key.key.clone()>
                            {icon("eye")}"Reveal"<span class="unseen">" "{key.title.clone()}</span>
                        </button>
                    </form>
                }
                .into_any()
            } else {
                view! { <span class="quiet">"Hidden"</span> }.into_any()
            };
            // What is revealed here stays when the page is renewed around it.
            let alias = (key.title != key.key).then(|| view! { <span class="reason mono">{key.key.clone()}</span> });
            view! { <div><dt>{key.title.clone()}{alias}</dt><dd data-keep=key.key.clone()>{reveal}</dd></div> }
        })
        .collect();
    let why_hidden = (!connect.keys.is_empty() && !connect.may_reveal.allowed).then(|| {
        let why = connect
            .may_reveal
            .why_not
            .clone()
            .unwrap_or_else(|| "You may not reveal it.".to_owned());
        view! { <p class="why-not wide">{icon("lock")}<span>{why}</span></p> }
    });
    let recorded = (!connect.keys.is_empty() && connect.may_reveal.allowed)
        .then(|| view! { <p class="help">"Each reveal is recorded. Values come from the control plane and are kept nowhere else."</p> });
    let waiting = connect
        .waiting
        .clone()
        .map(|waiting| view! { <p class="line">{icon("clock")}<span>{waiting}</span></p> });
    let secret = connect.secret.clone().map(|secret| {
        let namespace = connect.namespace.clone().map(|namespace| format!("{namespace}/"));
        view! { <div><dt>"Secret"</dt><dd class="mono">{namespace}{secret}</dd></div> }
    });
    let snippets: Vec<_> = connect
        .snippets
        .iter()
        .enumerate()
        .map(|(index, snippet)| {
            let label = format!("the snippet for {}", snippet.title);
            view! {
                <details class="section" id=format!("snippet-{index}-fold") open=index == 0>
                    <summary>{icon("right")}<h3>{snippet.title.clone()}</h3></summary>
                    {code(format!("snippet-{index}"), label, snippet.text.clone())}
                </details>
            }
        })
        .collect();
    let snippets = (!snippets.is_empty()).then(|| view! { <div class="sections">{snippets}</div> });
    let anything = !connect.endpoints.is_empty() || !connect.keys.is_empty() || connect.secret.is_some();
    let facts = anything.then(|| view! { <dl class="facts connect">{endpoints}{keys}{secret}</dl> });
    view! {
        <section aria-labelledby="connect">
            <h2 id="connect">"Connect"</h2>
            <div class="stack">
                {waiting}
                {facts}
                {why_hidden}
                {recorded}
                {snippets}
            </div>
        </section>
    }
    .into_any()
}
