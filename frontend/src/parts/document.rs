//! The HTML document of every page.

use leptos::prelude::*;
use portico_api::Frame;

use super::frame::{notices, rail, top};
use super::icon::sprite_for;
use super::language::text;
use super::visible_text::with_visible_characters;

/// Loads the wasm, which starts the islands. Does not depend on the page.
const START: &str = "const s=document.currentScript.dataset;\
import(s.script).then(async m=>{await m.default({module_or_path:s.wasm});\
document.documentElement.dataset.alive=''})";

/// Speculation rules: lets the browser prefetch pages. Not filters of the list of claims: the one that was opened last is
/// remembered.
const SPECULATION: &str = r#"{"prefetch":[{"where":{"and":[{"href_matches":"/*"},{"not":{"href_matches":"/auth/*"}},{"not":{"href_matches":"/api/*"}},{"not":{"href_matches":"/claims\\?*"}},{"not":{"selector_matches":"[download]"}}]},"eagerness":"moderate"}]}"#;

/// A page with the frame: navigation rail, top bar, notices, and `content`.
pub(crate) fn document(frame: &Frame, content: impl FnOnce() -> AnyView) -> String {
    render(frame, || {
        view! {
            <a class="skip" href="#main">{text!("skip-to-content")}</a>
            <div class="frame">
                {rail(frame)}
                <div class="column">
                    {top(frame)}
                    <main id="main" tabindex="-1" data-at=frame.now.as_millisecond()>
                        {notices(frame)}
                        {content()}
                    </main>
                </div>
            </div>
            <div id="announcements" class="unseen" aria-live="polite"></div>
        }
        .into_any()
    })
}

/// A page without the frame, for viewers who are not signed in.
pub(crate) fn bare_document(frame: &Frame, content: impl FnOnce() -> AnyView) -> String {
    render(frame, || {
        view! {
            <main id="main" class="bare" tabindex="-1">
                {notices(frame)}
                {content()}
            </main>
        }
        .into_any()
    })
}

fn render(frame: &Frame, body: impl FnOnce() -> AnyView) -> String {
    let owner = Owner::new_root(None);
    owner.with(|| provide_context(frame.language));
    let body = owner.with(|| body().to_html());
    let head = owner.with(|| head(frame).to_html());
    let foot = owner.with(|| foot(frame).to_html());
    let sprite = sprite_for(&body);
    let theme = match frame.theme.as_deref() {
        Some("light") => " data-theme=\"light\"",
        Some("dark") => " data-theme=\"dark\"",
        _ => "",
    };
    // Left to right is what browsers take without the attribute.
    let direction = match frame.language.direction() {
        "rtl" => " dir=\"rtl\"",
        _ => "",
    };
    let page = [
        "<!DOCTYPE html><html lang=\"",
        frame.language.tag(),
        "\"",
        direction,
        theme,
        "><head>",
        &head,
        "</head><body>",
        &body,
        &sprite,
        &foot,
        "</body></html>",
    ]
    .concat();
    with_visible_characters(page)
}

fn head(frame: &Frame) -> AnyView {
    let title = if frame.title.is_empty() {
        frame.company.clone()
    } else {
        format!("{} · {}", frame.title, frame.company)
    };
    let nonce = frame.nonce.clone();
    let style = view! {
        <link rel="preload" href=frame.font.clone() r#as="font" r#type="font/woff2" crossorigin="anonymous" nonce=nonce.clone() />
        <link rel="stylesheet" href=frame.style.clone() nonce=nonce.clone() />
    };
    let preloads = frame.script.clone().zip(frame.wasm.clone()).map(|(script, wasm)| {
        view! {
            <link rel="modulepreload" href=script nonce=nonce.clone() />
            <link rel="preload" href=wasm r#as="fetch" r#type="application/wasm" crossorigin="anonymous" nonce=nonce />
        }
    });
    view! {
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>{title}</title>
        <link rel="icon" href="data:," />
        {style}
        {preloads}
    }
    .into_any()
}

fn foot(frame: &Frame) -> AnyView {
    let start = frame
        .script
        .clone()
        .zip(frame.wasm.clone())
        .map(|(script, wasm)| {
            view! { <script nonce=frame.nonce.clone() data-script=script data-wasm=wasm>{START}</script> }
        });
    view! {
        <script type="speculationrules" nonce=frame.nonce.clone()>{SPECULATION}</script>
        {start}
    }
    .into_any()
}
