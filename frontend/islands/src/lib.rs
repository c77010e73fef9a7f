//! Code that runs in the browser. Each island enhances something that works without it: a link, a form, or a page that
//! one could reload. It finds its elements in the page that the server rendered, and does nothing if there are none.
//!
//! Islands do not render pages. They fetch the page from the server again and apply the differences ([`morph`]), so
//! that there is only one place that knows what a page looks like. So they need no framework: with the one that renders
//! the pages they were half as large again.

#![cfg(target_family = "wasm")]

mod approval_keys;
mod browser;
mod busy;
mod command_palette;
mod copy;
mod drafts;
mod live;
mod live_form;
mod morph;
mod recent;
mod reveal;
mod search;
mod select_rows;
mod theme;
mod toast;
mod undo;
mod user_state;

use wasm_bindgen::prelude::wasm_bindgen;

/// Starts the islands of the page. The browser calls it once, when it has loaded the code.
#[wasm_bindgen(start)]
fn start() {
    // Panics appear in the console.
    std::panic::set_hook(Box::new(|panic| {
        web_sys::console::error_1(&panic.to_string().into());
    }));
    // Pages for strangers, which ask them to sign in for example, have no islands: above all, drafts outlive these.
    if browser::find(".frame").is_none() {
        return;
    }
    theme::start();
    recent::start();
    command_palette::start();
    approval_keys::start();
    undo::start();
    live_form::start();
    reveal::start();
    search::start();
    select_rows::start();
    // After those that handle submits: what they handle is not busy.
    live::start();
    copy::start();
}
