use leptos::prelude::*;
use portico_domain::request::Action;
use portico_domain::view::{ApprovalRow, ApprovalsPage, Frame};

use super::request::decision;
use crate::islands::Decide;
use crate::parts::badge::action_word;
use crate::parts::summary::quota;
use crate::parts::text::{diff, empty};
use crate::parts::{Query, document, glyph, icon, pager, time};

/// The approval queue: should I say yes?
#[must_use]
pub fn approvals(frame: &Frame, page: &ApprovalsPage) -> String {
    document(frame, || {
        let body = if page.rows.items.is_empty() {
            empty(
                "approvals",
                "Nobody waits for you",
                "Requests that need your agreement appear here by themselves, the longest waiting first.",
                Some(("/requests".to_owned(), "Show all requests")),
            )
        } else {
            let rows: Vec<_> = page
                .rows
                .items
                .iter()
                .enumerate()
                .map(|(index, row)| approval(frame, row, index == 0))
                .collect();
            view! { <ol role="list" class="queue">{rows}</ol> }.into_any()
        };
        view! {
            <div class="page-head">
                <h1>"Approvals"</h1>
                <p class="keys when-alive"><kbd>"j"</kbd>" "<kbd>"k"</kbd>" next and previous, "<kbd>"a"</kbd>" approve, "<kbd>"r"</kbd>" reject"</p>
            </div>
            <Decide />
            <div class="live" data-live="approvals" data-decide="">
                {body}
                {pager(&page.rows, &Query::new("/approvals"))}
            </div>
        }
        .into_any()
    })
}

fn approval(frame: &Frame, approval: &ApprovalRow, open: bool) -> impl IntoView + use<> {
    let row = &approval.row;
    let why: Vec<_> = approval
        .why
        .iter()
        .map(|why| view! { <li class="line">{icon("shield")}<span>{why.clone()}</span></li> })
        .collect();
    let note = approval.note.clone().map(|note| view! { <div><h2>"Note from "{row.requester.clone()}</h2><blockquote class="note">{note}</blockquote></div> });
    let comments: Vec<_> = approval
        .comments
        .iter()
        .map(|comment| {
            view! {
                <li>
                    <strong>{comment.by.clone()}</strong>" "<span class="reason">{time(frame.now, comment.at)}</span>
                    <blockquote class="note">{comment.text.clone()}</blockquote>
                </li>
            }
        })
        .collect();
    let comments = (!comments.is_empty())
        .then(|| view! { <div><h2>"Said about it"</h2><ul role="list" class="stack">{comments}</ul></div> });
    let quotas = (!approval.quota.is_empty())
        .then(|| view! { <div><h2>"Quota after this"</h2>{quota(&approval.quota)}</div> });
    let diffs_title = if row.action == Action::Create {
        "What is asked for"
    } else {
        "What differs"
    };
    let diffs = (!approval.diff.is_empty())
        .then(|| view! { <div><h2>{diffs_title}</h2>{diff(&approval.diff)}</div> });
    view! {
        <li id=format!("a-{}", row.id)>
            <details class="approval" id=format!("approval-{}", row.id) open=open>
                <summary>
                    {icon(glyph(&row.icon, "other"))}
                    <span class="approval-what">
                        <strong>{row.requester.clone()}</strong>" · "{action_word(row.action).to_lowercase()}" "{row.offering_title.clone()}
                        " "<strong>{row.claim.name.to_string()}</strong>
                        <span class="reason">{format!("{}/{}", row.tenant, row.environment)}" · asked for "{time(frame.now, row.created_at)}</span>
                    </span>
                    {icon("down")}
                </summary>
                <div class="approval-body">
                    <div class="stack-l">
                        <p class="sentence">{approval.sentence.clone()}</p>
                        {note}
                        {comments}
                        {diffs}
                    </div>
                    <div class="stack-l">
                        <div><h2>"Why it needs you"</h2><ul role="list" class="lines">{why}</ul></div>
                        {quotas}
                        <p class="quiet">{approval.history.clone()}</p>
                        <p><a href=row.href.clone()>"The whole request"</a></p>
                        {decision(frame, &row.id.to_string(), approval.revision)}
                    </div>
                </div>
            </details>
        </li>
    }
}
