//! The requests of a form to the server, one at a time.

use std::cell::RefCell;
use std::collections::VecDeque;

use portico_page::names;
use wasm_bindgen_futures::spawn_local;
use web_sys::{Document, HtmlFormElement, UrlSearchParams};

use super::fields::{go_on, mark_newer, send_for_real, spare_untouched, touch, unmark};
use crate::browser::{collect, document, fields, find, now, pause};
use crate::morph::{self, Answer, Values};
use crate::user_state::wait_until_released;
use crate::{drafts, toast};

/// Time without a key press before the form is checked, in milliseconds.
const CHECK_DELAY_MS: f64 = 350.0;

/// Time without a key press after which nobody is in the middle of a word, in milliseconds.
const WORD_PAUSE_MS: f64 = 1000.0;

/// Inputs that are typed into.
const TEXT_INPUTS: &str = "textarea, input:not([type=radio], [type=checkbox], [type=hidden])";

/// Pending requests. They run one at a time, because answers out of order would undo later changes.
#[derive(Default)]
struct PendingRequests {
    /// Commands of buttons and choices.
    commands: VecDeque<String>,
    /// Whether to check the form.
    check: bool,
    busy: bool,
    /// Whether a draft is on its way into the form, which does not show it yet.
    restoring: bool,
    /// Counts changes by the person.
    change_count: u32,
    /// When the last change was, in milliseconds since 1970.
    changed_at: f64,
    /// An answer that reports problems in a word that is still being typed.
    withheld: Option<String>,
}

thread_local! {
    static PENDING: RefCell<PendingRequests> = RefCell::default();
}

/// Called when the person types or makes a choice.
pub(super) fn on_change(form: &HtmlFormElement, input: &web_sys::Element) {
    touch(input);
    mark_newer(form, input);
    // What is typed meanwhile is saved with the draft, once that is there: alone it would replace it.
    if !is_restoring() {
        drafts::save(form);
    }
    let change_count = PENDING.with_borrow_mut(|pending| {
        pending.change_count += 1;
        pending.changed_at = now();
        pending.withheld = None;
        pending.check = true;
        pending.change_count
    });
    run_pending(form);
    spawn_local(async move {
        pause(milliseconds(WORD_PAUSE_MS)).await;
        if PENDING.with_borrow(|pending| pending.change_count == change_count) {
            show_withheld();
        }
    });
}

/// Runs the command of a button or choice, then moves the focus to where one continues.
pub(super) fn run_command(form: &HtmlFormElement, what: String) {
    PENDING.with_borrow_mut(|pending| {
        pending.withheld = None;
        pending.commands.push_back(what);
    });
    run_pending(form);
}

/// Called when the person leaves a field, which completes the word.
pub(super) fn on_blur() {
    PENDING.with_borrow_mut(|pending| pending.changed_at = 0.0);
    spawn_local(async {
        pause(0).await;
        wait_until_released().await;
        show_withheld();
    });
}

/// Restores a draft before any other request.
pub(super) fn run_restore(form: &HtmlFormElement, restore: impl Future<Output = ()> + 'static) {
    PENDING.with_borrow_mut(|pending| (pending.busy, pending.restoring) = (true, true));
    let form = form.clone();
    spawn_local(async move {
        restore.await;
        PENDING.with_borrow_mut(|pending| (pending.busy, pending.restoring) = (false, false));
        run_pending(&form);
    });
}

/// True while the form does not show the draft that it is about to get. Whoever submits it now would send what is not
/// what they typed, and lose that.
pub(super) fn is_restoring() -> bool {
    PENDING.with_borrow(|pending| pending.restoring)
}

fn show_withheld() {
    let text = PENDING.with_borrow_mut(|pending| pending.withheld.take());
    if let Some(page) = text.and_then(|text| form_page(&text)) {
        show(&page, Values::Keep, true);
    }
}

pub(super) fn show(page: &Document, values: Values, hold: bool) {
    prepare(page);
    morph::apply(page, "data-live-form", values, hold);
}

pub(super) fn form_page(text: &str) -> Option<Document> {
    let page = morph::parse(text)?;
    let form = page.query_selector("form[data-form]").ok().flatten();
    form.map(|_| page)
}

pub(super) async fn send(form: &HtmlFormElement, body: &UrlSearchParams, what: &str) -> Answer {
    body.set(names::DO, what);
    let action = form.get_attribute("action").unwrap_or_default();
    let answer = morph::fetch(&action, Some(body)).await;
    if matches!(answer, Answer::Page(_)) {
        toast::clear();
    }
    answer
}

enum Next {
    Act(String),
    /// Check the form after this many milliseconds.
    Check(f64),
    Nothing,
}

/// Runs all pending requests, unless that is already happening.
fn run_pending(form: &HtmlFormElement) {
    if PENDING.with_borrow_mut(|pending| std::mem::replace(&mut pending.busy, true)) {
        return;
    }
    let form = form.clone();
    spawn_local(async move {
        loop {
            let next = PENDING.with_borrow_mut(|pending| {
                if let Some(what) = pending.commands.front() {
                    Next::Act(what.clone())
                } else if pending.check {
                    Next::Check(CHECK_DELAY_MS - (now() - pending.changed_at))
                } else {
                    pending.busy = false;
                    Next::Nothing
                }
            });
            match next {
                Next::Act(what) => execute(&form, &what).await,
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

async fn execute(form: &HtmlFormElement, what: &str) {
    let change_count = PENDING.with_borrow(|pending| pending.change_count);
    let answer = post(form, what).await;
    wait_until_released().await;
    let typed_since = PENDING.with_borrow(|pending| pending.change_count != change_count);
    // A command that moves fields makes the server see newer input as well.
    let moves = what != "update";
    if moves && typed_since && matches!(answer, Answer::Page(_)) {
        return;
    }
    PENDING.with_borrow_mut(|pending| {
        pending.commands.pop_front();
        pending.check = typed_since;
    });
    match answer {
        Answer::Page(text) => match form_page(&text) {
            Some(page) => {
                show(&page, Values::Take, !moves);
                go_on(form, what);
                drafts::save(form);
            }
            None => send_for_real(form, what),
        },
        Answer::Failed => send_for_real(form, what),
        Answer::SignedOut => toast::signed_out(),
        Answer::Offline => toast::offline(),
    }
}

async fn check(form: &HtmlFormElement) {
    let change_count = PENDING.with_borrow_mut(|pending| {
        pending.check = false;
        pending.change_count
    });
    let answer = post(form, "update").await;
    wait_until_released().await;
    if PENDING.with_borrow(|pending| pending.change_count != change_count || !pending.commands.is_empty()) {
        return;
    }
    match answer {
        Answer::Page(text) => on_answer(text),
        Answer::SignedOut => toast::signed_out(),
        Answer::Offline => toast::offline(),
        Answer::Failed => {}
    }
}

/// Handles the answer to a check. While a word is being typed, new problems are withheld, but solved ones disappear.
fn on_answer(text: String) {
    let Some(page) = form_page(&text) else { return };
    if is_mid_word() && has_new_problems(&page) {
        PENDING.with_borrow_mut(|pending| pending.withheld = Some(text));
        return;
    }
    show(&page, Values::Keep, true);
}

fn is_mid_word() -> bool {
    let typing = document().active_element().is_some_and(|focus| {
        focus.matches(TEXT_INPUTS).unwrap_or(false)
            && focus.closest("form[data-form]").ok().flatten().is_some()
    });
    typing && PENDING.with_borrow(|pending| now() - pending.changed_at < WORD_PAUSE_MS)
}

/// True if the answer has a problem that is not shown yet.
fn has_new_problems(page: &Document) -> bool {
    prepare(page);
    let problems_of = |page: &Document| -> Vec<String> {
        collect(page.query_selector_all("form[data-form] .problem").ok())
            .into_iter()
            .filter(|problem| !problem.has_attribute("data-count"))
            .filter_map(|problem| problem.text_content())
            .collect()
    };
    let shown = problems_of(&document());
    problems_of(page).iter().any(|problem| !shown.contains(problem))
}

async fn post(form: &HtmlFormElement, what: &str) -> Answer {
    unmark(form);
    match fields(form) {
        Some(body) => send(form, &body, what).await,
        None => Answer::Failed,
    }
}

/// Removes from an answer what should not be shown yet.
fn prepare(page: &Document) {
    if page.query_selector("form[data-tried]").ok().flatten().is_some() {
        return;
    }
    // A list of problems at the top would move the field that is being typed in; the summary has them, too.
    if find("#problems").is_none()
        && let Some(list) = page.get_element_by_id("problems")
    {
        list.remove();
    }
    spare_untouched(page);
}
