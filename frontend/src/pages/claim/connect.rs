//! How to connect: the connection URL, its parts, secrets to reveal or copy, snippets.

use leptos::prelude::*;
use portico_api::{ConnectionDetails, ConnectionKey, Frame, Link, Snippet, names};
use portico_domain::claim::ClaimRef;

use crate::pages::claims::csrf;
use crate::parts::icon;
use crate::parts::tabs::tabs;
use crate::parts::text::{code, code_with_secrets};

pub(super) fn panel(frame: &Frame, claim: &ClaimRef, connect: &ConnectionDetails) -> AnyView {
    // Parts that are also a key are shown once.
    let is_shown = |value: &String| connect.keys.iter().any(|key| key.value.as_ref() == Some(value));
    let endpoints: Vec<_> = connect
        .endpoints
        .iter()
        .enumerate()
        .filter(|(_, (_, value))| !is_shown(value))
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
        .enumerate()
        .map(|(index, key)| one_key(frame, claim, connect, key, index))
        .collect();
    let why_hidden = (!connect.keys.is_empty() && !connect.may_reveal.allowed).then(|| {
        let why = connect
            .may_reveal
            .why_not
            .clone()
            .unwrap_or_else(|| "You may not reveal it.".to_owned());
        view! { <p class="why-not wide">{icon("lock")}<span>{why}</span></p> }
    });
    let secrets = connect.keys.iter().filter(|key| key.value.is_none()).count();
    let recorded = (secrets > 0 && connect.may_reveal.allowed).then(|| {
        let all = (secrets > 1).then(|| {
            view! {
                <form method="post" action=Link::RevealSecret(claim.clone()).to_string() data-reveal="">
                    {csrf(frame)}
                    <button class="button small" name=names::KEY value=names::ALL_KEYS>{icon("eye")}"Reveal all"</button>
                </form>
            }
        });
        view! {
            <div class="beside">
                <p class="help">"Each reveal and each copy of a secret is recorded. Values come from the control plane and are kept nowhere else."</p>
                {all}
            </div>
        }
    });
    let address = connect
        .address
        .clone()
        .map(|address| address_line(frame, claim, connect, address));
    let waiting = connect
        .waiting
        .clone()
        .map(|waiting| view! { <p class="line">{icon("clock")}<span>{waiting}</span></p> });
    let secret = connect.secret.clone().map(|secret| {
        let namespace = connect.namespace.clone().map(|namespace| format!("{namespace}/"));
        view! { <div><dt>"Secret"</dt><dd class="mono">{namespace}{secret}</dd></div> }
    });
    let anything = !connect.endpoints.is_empty() || !connect.keys.is_empty() || connect.secret.is_some();
    let values = anything.then(|| {
        let facts = view! { <dl class="facts connect">{endpoints}{keys}{secret}</dl> };
        ("Values".to_owned(), facts.into_any())
    });
    let panels: Vec<_> = values.into_iter().chain(snippets(connect)).collect();
    let ways = (address.is_some() || !panels.is_empty()).then(|| {
        view! {
            <div class="connect-box">
                {address}
                {tabs("connect", "How to connect", panels)}
                {why_hidden}
                {recorded}
            </div>
        }
    });
    view! {
        <section aria-labelledby="connect">
            <h2 id="connect">"Connect"</h2>
            <div class="stack">
                {waiting}
                {ways}
            </div>
        </section>
    }
    .into_any()
}

/// The snippets, those of one title together.
fn snippets(connect: &ConnectionDetails) -> Vec<(String, AnyView)> {
    let mut panels = Vec::new();
    let mut from = 0;
    for same in connect.snippets.chunk_by(|one, other| one.title == other.title) {
        let title = same.first().map(|first| first.title.clone()).unwrap_or_default();
        let blocks: Vec<_> = (from..)
            .zip(same)
            .map(|(index, each)| snippet(each, index))
            .collect();
        from += same.len();
        panels.push((title, blocks.into_any()));
    }
    panels
}

/// A command or piece of code that connects.
fn snippet(snippet: &Snippet, index: usize) -> AnyView {
    let label = format!("the snippet for {}", snippet.title);
    let id = format!("snippet-{index}");
    let purpose = snippet
        .purpose
        .clone()
        .map(|purpose| view! { <p class="help">{purpose}</p> });
    let body = if snippet.pieces.is_empty() {
        code(id, label, snippet.text.clone()).into_any()
    } else {
        code_with_secrets(id, label, &snippet.pieces).into_any()
    };
    view! { {purpose}{body} }.into_any()
}

/// The placeholder for a secret.
const MASK: &str = "●●●●●●●●";

/// The connection URL with dots for the password, to copy without showing it.
fn address_line(frame: &Frame, claim: &ClaimRef, connect: &ConnectionDetails, address: String) -> AnyView {
    let acts = connect
        .address_key
        .clone()
        .filter(|_| connect.may_reveal.allowed)
        .map(|key| secret_buttons(frame, claim, &key, "connection string"));
    view! {
        <div class="address">
            <h3 class="quiet">"Connection string"</h3>
            <div class="secret" data-keep="@address"><code class="mono">{address}</code>{acts}</div>
        </div>
    }
    .into_any()
}

fn one_key(
    frame: &Frame,
    claim: &ClaimRef,
    connect: &ConnectionDetails,
    key: &ConnectionKey,
    index: usize,
) -> AnyView {
    let alias = (key.title != key.key).then(|| view! { <span class="reason mono">{key.key.clone()}</span> });
    let title = key.title.clone();
    let body = match &key.value {
        Some(value) if value.contains('\n') => {
            let file = format!("{}-{}", connect.secret.clone().unwrap_or_default(), key.key);
            let href = format!("data:application/x-pem-file,{}", percent_encoded(value));
            view! { <a class="button small" href=href download=file>{icon("download")}"Download"<span class="unseen">" "{title.clone()}</span></a> }
                .into_any()
        }
        Some(value) => {
            let id = format!("known-{index}");
            view! {
                <span class="copyable">
                    <span class="mono" id=id.clone()>{value.clone()}</span>
                    <button type="button" class="icon-button when-alive" data-copy=id aria-label=format!("Copy {title}") title="Copy">{icon("copy")}</button>
                </span>
            }
            .into_any()
        }
        None if connect.may_reveal.allowed => {
            let acts = secret_buttons(frame, claim, &key.key, &key.title);
            view! { <span class="dots" aria-label="Hidden" role="img">{MASK}</span>{acts} }.into_any()
        }
        None => view! { <span class="quiet">"Hidden"</span> }.into_any(),
    };
    // Keep what is revealed when the page is updated.
    view! { <div><dt>{title}{alias}</dt><dd class="secret" data-keep=key.key.clone()>{body}</dd></div> }
        .into_any()
}

/// Buttons to copy a secret without showing it, and to reveal it.
fn secret_buttons(frame: &Frame, claim: &ClaimRef, key: &str, title: &str) -> AnyView {
    view! {
        <form method="post" action=Link::RevealSecret(claim.clone()).to_string() data-reveal="">
            {csrf(frame)}
            <button class="button small when-alive" name=names::KEY value=key.to_owned() data-copy-only="">
                {icon("copy")}"Copy"<span class="unseen">" "{title.to_owned()}</span>
            </button>
            <button class="button small" name=names::KEY value=key.to_owned()>
                {icon("eye")}"Reveal"<span class="unseen">" "{title.to_owned()}</span>
            </button>
        </form>
    }
    .into_any()
}

/// Percent-encodes a text for a URL.
fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len() * 2);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.push(char::from(HEX_DIGITS[usize::from(byte >> 4)]));
            encoded.push(char::from(HEX_DIGITS[usize::from(byte & 15)]));
        }
    }
    encoded
}

const HEX_DIGITS: &[u8; 16] = b"0123456789ABCDEF";
