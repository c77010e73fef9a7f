use leptos::prelude::*;
use portico_api::words::PriceWords;
use portico_api::{ApprovalRow, Closed, Frame, InboxPage, Link, RequestRow, message, names};
use portico_domain::request::{Action, MAX_COMMENT_CHARACTERS};

use super::request::{decision, expires, letter_keys};
use crate::parts::badge::{action, action_word};
use crate::parts::summary::{price_parts, quota};
use crate::parts::text::{code, diff, empty, lower_noun, place};
use crate::parts::{Query, document, glyph, icon, pager, rich, since, text, time, words};

/// The approval queue: should I approve? The list, and beside it one request with the decision always in view. Narrow
/// screens show one of the two.
#[must_use]
pub fn approvals(frame: &Frame, page: &InboxPage) -> String {
    document(frame, || {
        let here = Query::new(Link::Approvals).with("page", number(page.rows.page));
        let count = page.rows.total.unwrap_or(page.rows.items.len());
        let heading = match count {
            0 => text!("approvals"),
            count => text!("home-requests-wait", count = count),
        };
        let body = match &page.opened {
            Some(opened) => {
                let class = if page.chosen { "inbox chosen" } else { "inbox" };
                view! {
                    <div class=class>
                        {list(frame, page, &here)}
                        {open(frame, page, opened, &here)}
                    </div>
                }
                .into_any()
            }
            None => empty(
                "approvals",
                text!("approvals-nobody"),
                text!("approvals-nobody-hint"),
                Some((Link::Requests.to_string(), text!("requests-show-all"))),
            ),
        };
        // Another request must not take the place of the one that somebody reads.
        let source = page
            .opened
            .as_ref()
            .filter(|_| !page.chosen)
            .map(|opened| here.clone().with("opened", opened.row.id.to_string()).href());
        view! {
            <div class="live" data-live="approvals" data-live-at=source data-decide="">
                <div class="page-head inbox-head">
                    <h1>{heading}</h1>
                    {(count > 0).then(|| view! { <p class="keys when-alive"><kbd>"j"</kbd>" "<kbd>"k"</kbd>" "{text!("approvals-key-move")}" · "<kbd>"a"</kbd>" "{text!("approvals-key-approve")}" · "<kbd>"r"</kbd>" "{text!("approvals-key-reject")}" · "<kbd>"u"</kbd>" "{text!("approvals-key-undo")}</p> })}
                </div>
                {body}
            </div>
            {letter_keys()}
        }
        .into_any()
    })
}

fn number(page: usize) -> String {
    if page > 1 { page.to_string() } else { String::new() }
}

/// The address of a request in the queue.
fn href(here: &Query, row: &RequestRow) -> String {
    here.clone().with("request", row.id.to_string()).href()
}

fn list(frame: &Frame, page: &InboxPage, here: &Query) -> AnyView {
    let opened = page.opened.as_ref().map(|opened| opened.row.id);
    let rows: Vec<_> = page
        .rows
        .items
        .iter()
        .map(|approval| {
            let current = opened == Some(approval.row.id);
            inbox_row(frame, approval, href(here, &approval.row), current)
        })
        .collect();
    let nothing = page
        .rows
        .items
        .is_empty()
        .then(|| view! { <p class="quiet inbox-nothing">{text!("approvals-nobody-sentence")}</p> });
    view! {
        <nav class="inbox-list" aria-label=text!("approvals-list")>
            {nothing}
            <ol role="list">{rows}</ol>
            {pager(&page.rows, &Query::new(Link::Approvals))}
        </nav>
    }
    .into_any()
}

/// A request to decide on, in two lines: who wants what and since when; plan, place and price.
pub(super) fn inbox_row(
    frame: &Frame,
    approval: &ApprovalRow,
    href: String,
    current: bool,
) -> impl IntoView + use<> {
    let row = &approval.row;
    let facts = [
        row.plan.as_ref().map(ToString::to_string),
        Some(place(Some(&row.tenant), Some(&row.environment))),
        approval.price.as_ref().map(|price| amount(&price_parts(price))),
    ];
    let facts: Vec<String> = facts.into_iter().flatten().collect();
    view! {
        <li id=format!("a-{}", row.id)>
            <a class="inbox-row" href=href aria-current=current.then_some("true")>
                <span class="inbox-what">
                    {icon(glyph(&row.icon, "other"))}
                    <span>{row.requester.clone()}" · "{what(row)}" "<strong>{row.claim.name.to_string()}</strong></span>
                </span>
                <span class="inbox-since">{since(frame.now, row.created_at)}</span>
                <span class="inbox-facts">{facts.join(" · ")}</span>
            </a>
        </li>
    }
}

/// `Queue`, or `change of Queue`.
fn what(row: &RequestRow) -> String {
    match row.action {
        Action::Create => row.offering_title.clone(),
        action => text!(
            "approvals-action-of",
            action = lower_noun(&action_word(action)),
            offering = &row.offering_title
        ),
    }
}

/// The price without what it is compared with: `190 EUR a month`.
fn amount(words: &PriceWords) -> String {
    format!("{} {}", words.amount, words.period)
}

fn open(frame: &Frame, page: &InboxPage, approval: &ApprovalRow, here: &Query) -> AnyView {
    let row = &approval.row;
    let why: Vec<_> = approval
        .why
        .iter()
        .map(|why| view! { <li class="line">{icon("shield")}<span>{words(why)}</span></li> })
        .collect();
    let why = (!why.is_empty()).then(
        || view! { <section><h3>{text!("approvals-why-you")}</h3><ul role="list" class="lines">{why}</ul></section> },
    );
    let note = approval.note.clone().map(|note| {
        view! { <section><h3>{text!("approvals-note-from", name = &row.requester)}</h3><blockquote class="note">{note}</blockquote></section> }
    });
    let comments: Vec<_> = approval
        .comments
        .iter()
        .map(|comment| {
            view! {
                <li>
                    <strong>{comment.by.clone()}</strong>" "<span class="quiet">{time(frame.now, comment.at)}</span>
                    <blockquote class="note">{comment.text.clone()}</blockquote>
                </li>
            }
        })
        .collect();
    let comments = (!comments.is_empty()).then(
        || view! { <section><h3>{text!("approvals-comments")}</h3><ul role="list" class="stack">{comments}</ul></section> },
    );
    let quotas = (!approval.quota.is_empty()).then(|| {
        view! { <section class="inbox-quota"><h3>{text!("approvals-quota")}</h3>{quota(&approval.quota)}</section> }
    });
    let price = approval.price.as_ref().map(|price| {
        let words = price_parts(price);
        let price = amount(&words);
        let rest = words
            .comparison
            .map(|rest| view! { <span class="quiet">{rest}</span> });
        view! { <p class="price"><span class="unseen">{text!("approvals-price")}</span><strong>{price}</strong>{rest}</p> }
    });
    let asked = message!("approvals-asked", name = &row.requester);
    let asked = rich(asked, [("when", time(frame.now, row.created_at).into_any())]);
    let expires = approval
        .expires_at
        .filter(|_| page.closed.is_none())
        .map(|at| expires(frame, at));
    view! {
        <article class="inbox-open" id=format!("approval-{}", row.id) aria-labelledby="opened">
            <p class="inbox-back"><a href=here.href()>{text!("approvals-all-waiting")}</a></p>
            <header class="inbox-title">
                <div>
                    <h2 id="opened" tabindex="-1">{row.offering_title.clone()}" "{row.claim.name.to_string()}" "{action(row.action)}</h2>
                    <p class="sentence">{words(&approval.sentence)}"."</p>
                    <p class="quiet">{asked}{expires}</p>
                </div>
                {price}
            </header>
            {differs(approval)}
            {note}
            {comments}
            <div class="inbox-facts-grid">{why}{quotas}</div>
            <p class="quiet">{words(&approval.history)}</p>
            <div class="stack">
                {(row.action != Action::Delete).then(|| whole(approval))}
                <p><a href=row.href.to_string()>{text!("approvals-all-about")}</a></p>
            </div>
            {decide(frame, page, approval, here)}
        </article>
    }
    .into_any()
}

/// The decision, or why there is none to make. Both keep the text area, and with it what somebody has typed.
fn decide(frame: &Frame, page: &InboxPage, approval: &ApprovalRow, here: &Query) -> AnyView {
    let row = &approval.row;
    let next = next(page, approval);
    let Some(closed) = &page.closed else {
        let after = next.map_or_else(|| Link::Approvals.to_string(), |row| href(here, row));
        return decision(frame, row, approval.revision, after);
    };
    let words = closed_words(closed, &row.requester);
    let next = next.map(|row| view! { " "<a href=href(here, row)>{text!("approvals-next")}</a> });
    let id = &row.id;
    let comment = page.may_comment.then(|| {
        view! {
            <textarea id=format!("comment-{id}") name=names::COMMENT rows="1" maxlength=MAX_COMMENT_CHARACTERS required
                aria-label=text!("request-comment") placeholder=text!("approvals-comment-anyway")></textarea>
            <div class="actions"><button class="button">{icon("comment")}{text!("request-send-comment")}</button></div>
        }
    });
    view! {
        <form class="decide" id=format!("decide-{id}") method="post" action=Link::Comment(row.id).to_string()>
            <input type="hidden" name=names::CSRF value=frame.csrf.clone() />
            <input type="hidden" name=names::RETURN_TO value=href(here, row) />
            <p class="line decide-closed" role="status">{icon("warning")}<span>{words}" "<span class="quiet">{time(frame.now, row.updated_at)}</span>{next}</span></p>
            {comment}
        </form>
    }
    .into_any()
}

/// The request to open after a decision: the one below, else the one above.
fn next<'p>(page: &'p InboxPage, approval: &ApprovalRow) -> Option<&'p RequestRow> {
    let rows = &page.rows.items;
    let at = rows.iter().position(|row| row.row.id == approval.row.id);
    let next = match at {
        Some(at) => rows.get(at + 1).or_else(|| rows.get(at.checked_sub(1)?)),
        None => rows.first(),
    };
    next.map(|next| &next.row)
}

fn closed_words(closed: &Closed, requester: &str) -> String {
    match closed {
        Closed::Withdrawn => text!("approvals-taken-back", name = requester),
        Closed::Approved(None) => text!("approvals-you-approved"),
        Closed::Approved(Some(who)) => text!("approvals-approved", name = who),
        Closed::Rejected(None) => text!("approvals-you-rejected"),
        Closed::Rejected(Some(who)) => text!("approvals-rejected", name = who),
        Closed::Refused => text!("approvals-refused"),
        Closed::Expired => text!("approvals-expired"),
        Closed::Denied(denial) => words(&denial.text()),
        Closed::NoneNeeded => text!("approvals-none-needed"),
    }
}

/// The differences, which come first.
fn differs(approval: &ApprovalRow) -> Option<AnyView> {
    if approval.row.action == Action::Delete {
        return None;
    }
    let body = if approval.diff.is_empty() {
        view! { <p class="line well">{icon("ready")}<span>{text!("request-nothing-differs", against = &approval.against)}</span></p> }.into_any()
    } else {
        diff(&approval.diff).into_any()
    };
    Some(view! { <section><h3>{text!("request-what-differs", against = &approval.against)}</h3>{body}</section> }.into_any())
}

/// The whole manifest, folded: this is what gets approved.
fn whole(approval: &ApprovalRow) -> AnyView {
    let id = format!("manifest-{}", approval.row.id);
    let fold = format!("{id}-fold");
    view! {
        <details class="fold" id=fold>
            <summary>{icon("right")}{text!("request-manifest")}</summary>
            {code(id, text!("request-the-manifest-of", claim = approval.row.claim.name.as_str()), approval.manifest.clone())}
        </details>
    }
    .into_any()
}
