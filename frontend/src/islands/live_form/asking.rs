//! What is asked of the server while one fills in the form, one thing after another.

use std::cell::RefCell;
use std::collections::VecDeque;

use portico_domain::view::names;
use wasm_bindgen_futures::spawn_local;
use web_sys::{Document, HtmlFormElement, UrlSearchParams};

use super::fields::{go_on, mark_newer, send_for_real, spare_untouched, touch, unmark};
use crate::islands::browser::{collect, document, fields, find, now, pause};
use crate::islands::held::unpressed;
use crate::islands::renew::{self, Answer, Values};
use crate::islands::{drafts, toast};

/// Milliseconds without a key before the server is asked.
const PATIENCE: f64 = 350.0;

/// Milliseconds without a key after which nobody is in the middle of a word any more.
const REST: f64 = 1000.0;

/// What one types into, key by key.
const TYPED_INTO: &str = "textarea, input:not([type=radio], [type=checkbox], [type=hidden])";

/// What is to be asked of the server, one thing after another: answers that overtake each other would undo what was
/// done since.
#[derive(Default)]
struct Asking {
    /// What buttons and choices want done.
    acts: VecDeque<String>,
    /// Whether to ask what is wrong.
    check: bool,
    busy: bool,
    /// Counts what was typed and chosen.
    turn: u32,
    /// When that was last.
    at: f64,
    /// An answer that names problems of a word that somebody is in the middle of.
    withheld: Option<String>,
}

thread_local! {
    static ASKING: RefCell<Asking> = RefCell::default();
}

/// Somebody typed or chose.
pub(super) fn changed(form: &HtmlFormElement, input: &web_sys::Element) {
    touch(input);
    mark_newer(form, input);
    drafts::keep(form);
    let turn = ASKING.with_borrow_mut(|asking| {
        asking.turn += 1;
        asking.at = now();
        asking.withheld = None;
        asking.check = true;
        asking.turn
    });
    go(form);
    spawn_local(async move {
        pause(milliseconds(REST)).await;
        if ASKING.with_borrow(|asking| asking.turn == turn) {
            show_withheld();
        }
    });
}

/// Does what a button or a choice says, and puts the focus where one goes on.
pub(super) fn act(form: &HtmlFormElement, what: String) {
    ASKING.with_borrow_mut(|asking| {
        asking.withheld = None;
        asking.acts.push_back(what);
    });
    go(form);
}

/// Whoever leaves a field has written the word.
pub(super) fn left() {
    ASKING.with_borrow_mut(|asking| asking.at = 0.0);
    spawn_local(async {
        pause(0).await;
        unpressed().await;
        show_withheld();
    });
}

/// Does something with the form before anything else is asked.
pub(super) fn first(form: &HtmlFormElement, what: impl Future<Output = ()> + 'static) {
    ASKING.with_borrow_mut(|asking| asking.busy = true);
    let form = form.clone();
    spawn_local(async move {
        what.await;
        ASKING.with_borrow_mut(|asking| asking.busy = false);
        go(&form);
    });
}

fn show_withheld() {
    let text = ASKING.with_borrow_mut(|asking| asking.withheld.take());
    if let Some(page) = text.and_then(|text| form_page(&text)) {
        show(&page, Values::Keep, true);
    }
}

pub(super) fn show(page: &Document, values: Values, hold: bool) {
    prepare(page);
    renew::apply(page, "data-live-form", values, hold);
}

pub(super) fn form_page(text: &str) -> Option<Document> {
    let page = renew::parse(text)?;
    let form = page.query_selector("form[data-form]").ok().flatten();
    form.map(|_| page)
}

pub(super) async fn send(form: &HtmlFormElement, body: &UrlSearchParams, what: &str) -> Answer {
    body.set(names::DO, what);
    let action = form.get_attribute("action").unwrap_or_default();
    let answer = renew::fetch(&action, Some(body)).await;
    if matches!(answer, Answer::Page(_)) {
        toast::clear();
    }
    answer
}

enum Next {
    Act(String),
    /// Ask what is wrong, after so many milliseconds.
    Check(f64),
    Nothing,
}

/// Asks for all that is to be asked, unless somebody is about it.
fn go(form: &HtmlFormElement) {
    if ASKING.with_borrow_mut(|asking| std::mem::replace(&mut asking.busy, true)) {
        return;
    }
    let form = form.clone();
    spawn_local(async move {
        loop {
            let next = ASKING.with_borrow_mut(|asking| {
                if let Some(what) = asking.acts.front() {
                    Next::Act(what.clone())
                } else if asking.check {
                    Next::Check(PATIENCE - (now() - asking.at))
                } else {
                    asking.busy = false;
                    Next::Nothing
                }
            });
            match next {
                Next::Act(what) => carry_out(&form, &what).await,
                Next::Check(wait) if wait > 0.0 => pause(milliseconds(wait)).await,
                Next::Check(_) => check(&form).await,
                Next::Nothing => return,
            }
        }
    });
}

#[expect(clippy::cast_possible_truncation, reason = "at most a second or so")]
fn milliseconds(time: f64) -> i32 {
    time.ceil() as i32
}

async fn carry_out(form: &HtmlFormElement, what: &str) {
    let turn = ASKING.with_borrow(|asking| asking.turn);
    let answer = post(form, what).await;
    unpressed().await;
    let typed_since = ASKING.with_borrow(|asking| asking.turn != turn);
    // What moves fields moves what was typed in them: it is asked again with that.
    let moves = what != "update";
    if moves && typed_since && matches!(answer, Answer::Page(_)) {
        return;
    }
    ASKING.with_borrow_mut(|asking| {
        asking.acts.pop_front();
        asking.check = typed_since;
    });
    match answer {
        Answer::Page(text) => match form_page(&text) {
            Some(page) => {
                show(&page, Values::Take, !moves);
                go_on(form, what);
                drafts::keep(form);
            }
            None => send_for_real(form, what),
        },
        Answer::Failed => send_for_real(form, what),
        Answer::SignedOut => toast::signed_out(),
        Answer::Offline => toast::offline(),
    }
}

async fn check(form: &HtmlFormElement) {
    let turn = ASKING.with_borrow_mut(|asking| {
        asking.check = false;
        asking.turn
    });
    let answer = post(form, "update").await;
    unpressed().await;
    if ASKING.with_borrow(|asking| asking.turn != turn || !asking.acts.is_empty()) {
        return;
    }
    match answer {
        Answer::Page(text) => arrived(text),
        Answer::SignedOut => toast::signed_out(),
        Answer::Offline => toast::offline(),
        Answer::Failed => {}
    }
}

/// An answer to what was typed. Of a word in the middle nobody wants to hear that it is wrong, only that it is right
/// again.
fn arrived(text: String) {
    let Some(page) = form_page(&text) else { return };
    if in_mid_word() && says_more(&page) {
        ASKING.with_borrow_mut(|asking| asking.withheld = Some(text));
        return;
    }
    show(&page, Values::Keep, true);
}

fn in_mid_word() -> bool {
    let typing = document().active_element().is_some_and(|focus| {
        focus.matches(TYPED_INTO).unwrap_or(false)
            && focus.closest("form[data-form]").ok().flatten().is_some()
    });
    typing && ASKING.with_borrow(|asking| now() - asking.at < REST)
}

/// Whether it names a problem that is not on the screen yet.
fn says_more(page: &Document) -> bool {
    prepare(page);
    let said = |page: &Document| -> Vec<String> {
        collect(page.query_selector_all("form[data-form] .problem").ok())
            .into_iter()
            .filter(|problem| !problem.has_attribute("data-count"))
            .filter_map(|problem| problem.text_content())
            .collect()
    };
    let shown = said(&document());
    said(page).iter().any(|problem| !shown.contains(problem))
}

async fn post(form: &HtmlFormElement, what: &str) -> Answer {
    unmark(form);
    match fields(form) {
        Some(body) => send(form, &body, what).await,
        None => Answer::Failed,
    }
}

/// Leaves out of an answer what there is no need to say yet, or to say there.
fn prepare(page: &Document) {
    if page.query_selector("form[data-tried]").ok().flatten().is_some() {
        return;
    }
    // A list of problems at the top would push away the field that one types in; the summary has them too.
    if find("#problems").is_none()
        && let Some(list) = page.get_element_by_id("problems")
    {
        list.remove();
    }
    spare_untouched(page);
}
